"""Sheets of the field check as villages bring them back 摸排表回收: read with all the habits of offices, taken child by child.

Every line of a list carries the list's number and the child's, so a sheet may be sorted, cut, or hold several villages. A line
without a child's number is somebody met whom no register knows. A line on which nothing was filled in says nothing yet.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final, cast
from uuid import UUID

from services.chassis.errors import Refused
from services.roster.domain.field_check import FOUND, FieldCheck, Found
from services.roster.field_checks import COLUMNS, Returned
from services.roster.intake.tables import Place
from services.roster.reconcile.door import read_found
from services.roster.reconcile.model import Register, Row
from services.roster.reconcile.normalise import parse_date
from services.roster.reconcile.reading import Reading, read_content

MOST_BYTES: Final = 16 * 2**20
"""Of one sheet; a village's takes some fifty kB."""
LONGEST_REMARK: Final = 500

ListOf = Callable[[UUID], FieldCheck]
"""A list by its number, which whoever acts may answer; raises `NotFound` or `Forbidden`."""


@dataclass(slots=True)
class Sheets:
    """What was read: what each sheet says of each list, and the lines and cells that can't be taken."""

    returned: list[Returned] = field(default_factory=list)
    rejects: list[Place] = field(default_factory=list)


@dataclass(slots=True)
class _OfList:
    """What one file says of one list so far."""

    answers: dict[UUID, tuple[Found, date | None]] = field(default_factory=dict)
    remarks: dict[UUID, str] = field(default_factory=dict)
    met: list[dict[str, str]] = field(default_factory=list)


def read_sheets(files: Sequence[tuple[str, bytes]], *, list_of: ListOf, today: date) -> Sheets:
    """Reads sheets, name and bytes. Raises `Refused`, naming the file, for what is none, and what `list_of` raises."""
    sheets = Sheets()
    for name, content in files:
        if len(content) > MOST_BYTES:
            raise Refused(f"{name}: 超过 {MOST_BYTES // 2**20} MB / larger than {MOST_BYTES // 2**20} MB.")
        reading = Reading()
        read_content(name, content, into=reading)
        if reading.unknown or any(row.ref.register is not Register.FIELD_CHECK for row in reading.rows):
            raise Refused(
                f"{name}: 不是摸排表，请用下发的名单填写 / not a sheet of the field check; fill in the list that went out."
            )
        sheets.rejects += (Place("field_check", r.file, r.sheet, r.line, r.column, r.reason) for r in reading.rejects)
        sheets.returned += _taken(
            reading.rows, sheet=sha256(content).hexdigest(), into=sheets, list_of=list_of, today=today
        )
    return sheets


def _taken(rows: Sequence[Row], *, sheet: str, into: Sheets, list_of: ListOf, today: date) -> list[Returned]:
    lists: dict[UUID, FieldCheck] = {}
    of_list: dict[UUID, _OfList] = defaultdict(_OfList)
    numbers = {number for row in rows if (number := _uuid(row.cells.get("list_number", "")))}
    only = next(iter(numbers)) if len(numbers) == 1 else None
    for row in rows:
        number = _uuid(row.cells.get("list_number", "")) or only
        if number is None:
            _reject(row, "list_number", "it can't be told which list this line is of (名单编号缺失)", into=into)
            continue
        if number not in lists:
            lists[number] = list_of(number)
        _take(row, of=lists[number], to=of_list[number], into=into, today=today)
    return [
        Returned(number, sheet, said.answers, said.remarks, said.met)
        for number, said in of_list.items()
        if said.answers or said.remarks or said.met
    ]


def _take(row: Row, *, of: FieldCheck, to: _OfList, into: Sheets, today: date) -> None:
    cells = row.cells
    if not cells.get("found", ""):
        if not cells.get("child_number", "") or any(cells.get(name) for name in ("visited_on", "note")):
            _reject(row, "found", "what was found is not filled in (摸排结果未填)", into=into)
        return
    found = read_found(cells["found"])
    if found not in FOUND:
        _reject(row, "found", "not one of the results on the list (摸排结果无法识别)", into=into)
        return
    visited_on = _visited_on(row, into=into, today=today)
    if not cells.get("child_number", ""):
        person = {name: text for name in COLUMNS if (text := cells.get(name, ""))}
        to.met.append(person | {"found": found, "visited_on": str(visited_on or "")})
        return
    child_id = _uuid(cells["child_number"])
    if child_id is None or child_id not in of.children:
        _reject(row, "child_number", "not a child of this list (儿童编号不在本名单)", into=into)
    elif child_id in to.answers:
        _reject(row, "child_number", "the same child stands twice on this sheet (同一儿童填了两行)", into=into)
    else:
        to.answers[child_id] = cast("Found", found), visited_on
        if remark := cells.get("note", ""):
            to.remarks[child_id] = remark[:LONGEST_REMARK]


def _visited_on(row: Row, *, into: Sheets, today: date) -> date | None:
    written = row.cells.get("visited_on", "")
    day = parse_date(written) if written else None
    if written and (day is None or day > today):
        _reject(row, "visited_on", "not a day up to today (摸排日期无法识别或在将来)", into=into)
        return None
    return day


def _reject(row: Row, column: str, reason: str, *, into: Sheets) -> None:
    into.rejects.append(Place("field_check", row.file, row.sheet, row.line, CALLED[column], reason))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


CALLED: Final[Mapping[str, str]] = {
    "list_number": "名单编号",
    "child_number": "儿童编号",
    "found": "摸排结果",
    "visited_on": "摸排日期",
}
"""The columns of the list, as they are headed."""
