"""How far a report of the public is 举报进度, read by the number on its receipt, and told in plain words.

Whoever holds the receipt learns the stage and its days, and nothing of a child, a family, a case, or who looked into it.
Row security opens the one report whose number or secret is shown, and nothing else.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from gateway.readmodel.reading import Reader, claims
from services.chassis.typed_code import read_code

_NUMBER: Final = re.compile(r"JB([0-9]{8})([0-9A-Z]{11})")
_BLANKS: Final = re.compile(r"[\s‐–—-]+")
_READ: Final = b"""
    select report_id, receipt_number, received_on, inquiries, inquired_on, outcome, handled_on
    from public_report where receipt_number = %(shown)s or (follow_up = %(shown)s and follow_up <> '')"""

Stage = Literal["received", "looked_into", "in_hand", "not_so", "passed_on", "empty"]
STAGES: Final[Mapping[str, Stage]] = {
    "case_opened": "in_hand",
    "known_already": "in_hand",
    "not_so": "not_so",
    "passed_on": "passed_on",
    "empty": "empty",
}
"""What the public is told of each outcome of `report_outcomes`: whether there is a case is nobody's but the offices'."""
WORDS: Final[Mapping[Stage, str]] = {
    "received": "已受理，正在安排核查。",
    "looked_into": "正在核查。",
    "in_hand": "已核查，有关单位正在依法办理。",
    "not_so": "已核查，未发现所反映的情况。",
    "passed_on": "已转有关部门处理。",
    "empty": "反映的内容不够具体，无法核查。如有新的情况，请再次举报。",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows: a report's number 回执号, or the secret 查询码 by which only who told it can ask."""

    key: str
    """As it stands in the read model: the number, or the secret's SHA-256 in hex."""
    secret: str = ""

    @classmethod
    def of_secret(cls, secret: str) -> "Shown":
        """Who shows a secret shows its hash to the read model."""
        return cls(key=hashlib.sha256(secret.encode()).hexdigest(), secret=secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A report as whoever told it may know it."""

    report_id: UUID
    receipt_number: str
    stage: Stage
    received_on: date
    since_on: date
    """The day of the stage."""
    is_open: bool

    @property
    def words(self) -> str:
        """The stage in plain words."""
        return WORDS[self.stage]


def read_shown(typed: str) -> Shown | None:
    """What somebody typed from the receipt; None where it is neither a number nor a secret, or a sign of it is wrong."""
    if (secret := read_code(typed)) is not None:
        return Shown.of_secret(secret)
    number = _NUMBER.fullmatch(_BLANKS.sub("", unicodedata.normalize("NFKC", typed).upper()))
    if number is not None and read_code(number[2]) is not None:
        return Shown(key=f"JB{number[1]}-{number[2]}")
    return None


async def find_standing(reader: Reader, shown: Shown) -> Standing | None:
    """The report that a number or a secret is of; raises `ReadModelUnavailable`."""
    found = await reader.fetch_dicts(_READ, {"shown": shown.key}, claims=claims(report=shown.key))
    return _standing(found[0]) if found else None


def _standing(row: Mapping[str, Any]) -> Standing:
    ended = row["handled_on"] is not None
    stage: Stage = "looked_into" if row["inquiries"] else "received"
    return Standing(
        report_id=row["report_id"],
        receipt_number=row["receipt_number"],
        stage=STAGES.get(row["outcome"], "in_hand") if ended else stage,
        received_on=row["received_on"],
        since_on=row["handled_on"] or row["inquired_on"] or row["received_on"],
        is_open=not ended,
    )
