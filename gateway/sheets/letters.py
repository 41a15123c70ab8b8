"""Letters to guardians 致监护人文书 as Word: the office's own template once for each letter of a village, in one file.

The body of a template is repeated letter by letter, each on a page of its own; what stands in head or foot is the same on all of them,
so only what all have in common may be placed there. Each letter carries a QR code 二维码 that leads to the page on which its service is
kept. It holds an address and the letter's code: whoever reads it learns nothing of anybody without signing in.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import segno
from docx.shared import Mm

from gateway.access.policy import Grants
from gateway.schema.map import TABLES, column, identity_join, scope
from gateway.sheets.paper import IN_FULL, of_child, require_names, written
from gateway.sheets.stamp import Stamp
from gateway.sheets.template import fill_each
from gateway.words import WORDS, day, office, word
from services.chassis.typed_code import grouped
from services.contracts.divisions import DIVISIONS

MOST: Final = 2_000
"""Letters of one download: a township's year is six or seven hundred."""
_SIDE: Final = Mm(24)
_OF_LETTER: Final = ("kind", "schoolYear", "code", "legalBasis", "serveBy", "madeOn")
COLUMNS: Final = ("child_id", "village", "township", *_OF_LETTER, *IN_FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which letters: of a run; all or those that are out; of a township, village or school where one is named."""

    run_id: Any
    township: str | None
    village: str | None
    school: str | None
    is_outstanding: bool


def choose(wanted: Wanted, *, grants: Grants) -> tuple[bytes, dict[str, object]]:
    """The statement that brings the letters within the caller's reach, village by village; raises `Forbidden` without their names."""
    require_names(grants)
    child = ", ".join(column(TABLES["Child"], field, alias="c", grants=grants) for field in IN_FULL)
    letter = ", ".join(column(TABLES["GuardianLetter"], field, alias="l", grants=grants) for field in _OF_LETTER)
    places = {
        f"c.{name} = %({name})s": value
        for name, value in (("township", wanted.township), ("village", wanted.village), ("school", wanted.school))
        if value is not None
    }
    conditions = [
        "l.run_id = %(run_id)s",
        "l.state = 'out'" if wanted.is_outstanding else "l.state <> 'withdrawn'",
        *places,
        scope(TABLES["GuardianLetter"], alias="l", grants=grants),
        scope(TABLES["Child"], alias="c", grants=grants),
    ]
    statement = (
        f"select l.child_id, c.village, c.township, {letter}, {child}"  # noqa: S608  # our own words
        " from guardian_letter l join child c on c.child_id = l.child_id"
        f" {identity_join(alias='c', grants=grants)} where {' and '.join(conditions)}"
        f" order by c.township, c.village, l.letter_id limit {MOST + 1}"
    )
    given = {"township": wanted.township, "village": wanted.village, "school": wanted.school}
    return statement.encode(), {
        "run_id": wanted.run_id,
        **{name: value for name, value in given.items() if value is not None},
    }


def render(letters: Sequence[Mapping[str, Any]], *, address: str, stamp: Stamp, templates: Path | None) -> bytes:
    """The letters, all of one kind, in one Word file; `address` is the system's own. Raises `Refused` for a template that can't be filled."""
    kind = letters[0]["kind"]
    return fill_each(
        f"{kind}_letter",
        (_facts(letter, address=address, stamp=stamp) for letter in letters),
        folder=templates,
        side=_SIDE,
    )


def called(letter: Mapping[str, Any]) -> str:
    """The name of a village's file, without its ending: what it is and where, nobody's name."""
    place = DIVISIONS.name_of(letter["village"]) or DIVISIONS.name_of(letter["township"]) or letter["village"]
    return f"{word('letters', letter['kind'])} {letter['schoolYear']} {place}"


def by_village(letters: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The letters by where their child lives."""
    villages: dict[str, list[Mapping[str, Any]]] = {}
    for letter in letters:
        villages.setdefault(letter["village"] or letter["township"], []).append(letter)
    return villages


def qr(address: str, code: str) -> bytes:
    """The QR code of a letter, as PNG."""
    picture = io.BytesIO()
    segno.make(f"{address}/l/{code}", error="m", micro=False).save(picture, kind="png", scale=6, border=2)
    return picture.getvalue()


def _facts(letter: Mapping[str, Any], *, address: str, stamp: Stamp) -> dict[str, Any]:
    year = str(letter["schoolYear"])[:4]
    made_on: date | None = letter["madeOn"]
    facts = {
        **of_child(
            name=letter["name"],
            guardian_name=letter["guardianName"],
            school_name=letter["schoolName"],
            stage=letter["stage"],
        ),
        "office": office(f"education_bureau:{str(letter['township'])[:6]}"),
        "number": grouped(letter["code"]),
        "school_year": letter["schoolYear"],
        "begins": f"{year}年9月1日",
        "serve_by": day(letter["serveBy"]),
        "legal_basis": letter["legalBasis"],
        "issued_on": day(made_on),
        "village": DIVISIONS.name_of(letter["village"]) or "",
        "ways_of_service": "　".join(f"□{name}" for name in WORDS["letter_services"].values()),
        "qr": qr(address, letter["code"]),
        "stamp": stamp.words,
    }
    return written(f"{letter['kind']}_letter", facts)
