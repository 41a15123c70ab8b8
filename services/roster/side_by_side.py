"""Two rows that may be of one child, cell by cell 并列比照: what each says, as written, and what reads the same or not: pure."""

from collections.abc import Callable, Mapping
from typing import Final

from services.contracts.review import RowCells
from services.roster.reconcile.model import Row
from services.roster.reconcile.normalise import is_blank
from services.roster.reconcile.records import Record

READ_AS: Final[Mapping[str, Callable[[Record], object]]] = {
    "name": lambda record: record.name,
    "id_number": lambda record: record.number.text,
    "student_number": lambda record: record.student_number,
    "birth_date": lambda record: record.birth,
    "sex": lambda record: record.sex,
    "guardian_name": lambda record: record.people,
    "guardian_phone": lambda record: record.phone,
    "place": lambda record: record.township and (record.township, record.village),
    "household_number": lambda record: record.household,
    "school_name": lambda record: record.school,
    "grade": lambda record: record.grade,
    "school_class": lambda record: record.school_class,
}
"""The cells of `RowCells`, and what each is read as; what can't be read is nothing."""

WRITTEN_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "id_number": ("id_number", "disability_certificate"),
    "guardian_name": ("guardian_name", "household_head"),
}
"""Where else a register writes it, the first that says something."""


def cells_of(record: Record) -> RowCells:
    """What a row says, as it is written."""
    return RowCells(
        **{name: _written(record.row, name) for name in READ_AS if name != "place"}, place=_place(record.row)
    )


def compared(one: Record, other: Record) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cells that both rows fill in and that read the same, and those that don't."""
    both = [name for name, read in READ_AS.items() if read(one) and read(other)]
    agree = tuple(name for name in both if READ_AS[name](one) == READ_AS[name](other))
    return agree, tuple(name for name in both if name not in agree)


def _written(row: Row, name: str) -> str:
    cells = (row.cells.get(field, "") for field in WRITTEN_IN.get(name, (name,)))
    return next((cell for cell in cells if not is_blank(cell)), "")


def _place(row: Row) -> str:
    township, village, address = (_written(row, name) for name in ("township", "village", "address"))
    return f"{township}{village}" or address
