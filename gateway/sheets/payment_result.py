"""What the bank answers for a payment list 银行回执, read from the list as it went out: line by line paid, refused, or nothing yet.

Every line carries its award's number, so a sheet may be sorted or cut. A line on which the bank filled in nothing is not
answered yet. Money is not guessed at: what can't be read for certain is named by its place, and then nothing of the file is taken.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, Literal
from uuid import UUID

from gateway.words import WORDS
from services.chassis.errors import Refused
from services.chassis.workbook.reading import ARCHIVE, OLD_WORKBOOK, refuse_old, sheets_of, text_of

MOST_BYTES: Final = 4 * 2**20
"""Of one file; a list of 500 lines takes some forty kB."""
MOST_REJECTS: Final = 200
"""Places that are named at once."""

AWARD, AMOUNT, OUTCOME, ON, REASON = "资助编号", "金额(元)", "发放结果", "发放日期", "退票原因"
OUTCOMES: Final[Mapping[str, Literal["paid", "refused"]]] = {"已发放": "paid", "退票": "refused"}
_HEADER_SEARCH: Final = 30
_LINE: Final = re.compile(r"Line (\d+): ")
_DAY: Final = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))"
)
"""A day with its year first; whoever writes it in another way is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """One answered line, `row` as a person counts it; `reason` of a refusal, else empty."""

    row: int
    sheet: str
    award_id: UUID
    outcome: Literal["paid", "refused"]
    amount_fen: int
    on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A place that can't be taken, and why; never what stands there."""

    file: str
    sheet: str
    row: int
    column: str
    reason: str


@dataclass(slots=True)
class Result:
    """What was read: the answered lines, how many are not answered yet, and what can't be taken."""

    file: str
    lines: list[BankLine] = field(default_factory=list)
    unanswered: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, sheet: str, row: int, column: str, reason: str) -> None:
        """Names a place."""
        self.rejects.append(Reject(file=self.file, sheet=sheet, row=row, column=column, reason=reason))


class _NotReadable(ValueError):
    """A cell that can't be read for certain; the words say why, and `column` is where."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def read(content: bytes, *, file: str, awards: Collection[UUID], today: date) -> Result:
    """Reads a bank's answer for a list of these awards. Raises `Refused`, naming the file, for what is no such workbook."""
    if content.startswith(OLD_WORKBOOK):
        refuse_old(file, content)
    if not content.startswith(ARCHIVE):
        raise Refused(f"{file}: 不是 XLSX 工作簿 / not an XLSX workbook; fill in the list that went out.")
    result = Result(file)
    seen: dict[UUID, int] = {}
    tables = 0
    for sheet, lines in sheets_of(file, content):
        rows = enumerate(([text_of(cell).strip() for cell in line] for line in lines), start=1)
        places = _header(rows)
        if places is None:
            continue
        tables += 1
        for number, cells in rows:
            of = {title: cells[at] if at < len(cells) else "" for title, at in places.items()}
            if not of[AWARD] and not of[OUTCOME]:
                continue  # a sum, a signature, an empty line
            try:
                award_id = _award(of[AWARD], awards=awards, seen=seen)
                seen[award_id] = number
                line = _line(of, award_id=award_id, sheet=sheet, row=number, today=today)
            except _NotReadable as error:
                result.reject(sheet, number, error.column, str(error))
                continue
            if line is None:
                result.unanswered += 1
            else:
                result.lines.append(line)
    if not tables:
        raise Refused(
            f"{file}: 没有“{AWARD}”和“{OUTCOME}”栏，请在发出的名册上填写 / no columns of a payment list; fill in the list that went out."
        )
    return result


def line_of(words: str) -> tuple[int | None, str]:
    """Which line assistance refused, counted from 1, and why; None where it refused all of them."""
    found = _LINE.match(words)
    return (int(found[1]), words[found.end() :]) if found else (None, words)


def _header(rows: Iterator[tuple[int, Sequence[str]]]) -> dict[str, int] | None:
    """Where the columns stand, the rows read up to and with the heading; None where there is none near the top."""
    for number, cells in rows:
        places = {title: cells.index(title) for title in (AWARD, AMOUNT, OUTCOME, ON, REASON) if title in cells}
        if AWARD in places and OUTCOME in places and len(places) == len((AWARD, AMOUNT, OUTCOME, ON, REASON)):
            return places
        if number >= _HEADER_SEARCH:
            return None
    return None


def _award(text: str, *, awards: Collection[UUID], seen: Mapping[UUID, int]) -> UUID:
    try:
        award_id = UUID(text)
    except ValueError:
        raise _NotReadable(AWARD, "not the number of an award (资助编号缺失或无法识别)") from None
    if award_id not in awards:
        raise _NotReadable(AWARD, "not an award of this list (不在本名册)")
    if award_id in seen:
        raise _NotReadable(AWARD, f"the same award as in row {seen[award_id]} (与第{seen[award_id]}行重复)")
    return award_id


def _line(of: Mapping[str, str], *, award_id: UUID, sheet: str, row: int, today: date) -> BankLine | None:
    """The line as it was answered; None where nothing was filled in."""
    if not of[OUTCOME]:
        if of[ON] or of[REASON]:
            raise _NotReadable(OUTCOME, "a day or a reason without an outcome (填了日期或原因但未填发放结果)")
        return None
    outcome = OUTCOMES.get(of[OUTCOME])
    if outcome is None:
        raise _NotReadable(OUTCOME, f"one of {', '.join(OUTCOMES)} (发放结果无法识别)")
    if outcome == "paid" and of[REASON]:
        raise _NotReadable(REASON, "a reason of refusal on a line that was paid (已发放却填了退票原因)")
    return BankLine(
        row=row,
        sheet=sheet,
        award_id=award_id,
        outcome=outcome,
        amount_fen=_fen(of[AMOUNT]),
        on=_day(of[ON], today=today),
        reason=_reason(of[REASON]) if outcome == "refused" else "",
    )


def _fen(text: str) -> int:
    """Yuan as written, in whole fen; exact."""
    try:
        fen = Decimal(text.replace(",", "").replace("，", "")) * 100
    except InvalidOperation:
        raise _NotReadable(AMOUNT, "no amount in yuan (金额无法识别)") from None
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 < fen < 10**9:
        raise _NotReadable(AMOUNT, "no amount in yuan and whole fen (金额无法识别)")
    return int(fen)


def _day(text: str, *, today: date) -> date:
    found = _DAY.fullmatch(text)
    try:
        day = date(*(int(part) for part in found.groups() if part is not None)) if found else None
    except ValueError:
        day = None
    if day is None or day > today:
        raise _NotReadable(ON, "not a day up to today, year first (发放日期缺失、无法识别或在将来)")
    return day


def _reason(text: str) -> str:
    """The code of a reason, from its word or itself."""
    reasons = WORDS["return_reasons"]
    code = next((code for code, word in reasons.items() if text in {code, word}), None)
    if code is None:
        raise _NotReadable(REASON, f"one of {', '.join(reasons.values())} (退票原因缺失或无法识别)")
    return code
