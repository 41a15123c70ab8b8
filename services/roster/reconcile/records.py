"""A register row brought to comparable form: what linking and findings work on.

`Record` keeps keys (see `normalise.py`), never shown; `row` keeps what was written, for the facts and for people.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from services.roster.reconcile.births import BirthLevel, compare_births
from services.roster.reconcile.identity import (
    NO_NUMBER,
    Number,
    NumberKind,
    read_certificate,
    read_number,
    read_student_number,
)
from services.roster.reconcile.model import Register, Row, RowRef, Sex
from services.roster.reconcile.normalise import (
    class_key,
    compact,
    is_blank,
    is_day_or_month_first,
    name_key,
    parse_date,
    parse_grade,
    parse_sex,
    people_keys,
    phone_key,
    school_key,
    split_address,
    township_key,
    village_key,
    word,
)

_ACTIVE = frozenset({"在读", "在籍", "在校", "就读", "正常"})
_ELSEWHERE = ("外地就读", "异地就读", "在外就读")
_PLACED = ("送教",)
_ABSENT = ("不在校", "未在校", "未到", "未报到", "未返校", "缺", "辍", "失联", "流失")
_NOT_REPORTED = (*_ABSENT, "请假", "否", "没", "×")  # of a check-in, where leave is to be verified as well
CLASS_LISTS = frozenset({Register.IN_SCHOOL, Register.CHECK_IN})


class Record(Struct, frozen=True, gc=False):
    """One row by its keys. Enrolment, in-school and check-in rows alone have a school; the flags at the end are of enrolment rows."""

    row: Row
    ref: RowRef
    register: Register
    name: str
    sex: Sex | None
    birth: date | None  # the birth date cell
    births: tuple[
        date, ...
    ]  # birth dates the row states: the cell first, then the one inside the number unless a stray
    stray: bool  # the number passes its check but is of somebody born on quite another day than the row says
    number: Number  # own cell, or the number inside a disability certificate
    student_number: str
    older_number: Number  # inside a G 学籍号: the number at enrolment, which later corrections don't reach
    township: str
    village: str
    household: str  # 户号
    people: tuple[str, ...]  # guardian and head of household
    phone: str
    school: str
    grade: int
    school_class: str
    state: str  # 学籍状态 of enrolment rows
    active: bool  # 在读
    elsewhere: bool  # 外地就读
    placed: bool  # 送教上门
    absent: bool  # 在籍不在校, or an in-school or check-in row that says the child did not come

    @property
    def content(self) -> frozenset[tuple[str, str]]:
        """What the row says, cell for cell; its place in the list 序号 is no part of it."""
        return frozenset((field, text) for field, text in self.row.cells.items() if field != "serial" and text)

    @property
    def expected_in_class(self) -> bool:
        """Whether the 学籍 says that the child sits in this school's class."""
        return self.active and not (self.elsewhere or self.placed or self.absent)


def read_records(rows: Iterable[Row]) -> list[Record]:
    """Records in the order of their addresses, whatever the order of the rows."""
    return in_county(sorted(map(read_record, rows), key=attrgetter("ref")))


def in_county(records: Sequence[Record]) -> list[Record]:
    """The records of a county with township and village of those who state an address alone, by the townships that others name."""
    cores = frozenset(r.township for r in records) - {""}
    return [
        record
        if record.township or is_blank(address := record.row.cells.get("address", ""))
        else _living_at(record, split_address(address, cores))
        for record in records
    ]


def _living_at(record: Record, place: tuple[str, str]) -> Record:
    township, village = place
    return replace(record, township=township, village=village)


_WHOLE_NUMBER = re.compile(r"\d{17}[\dX]")


def in_place(cells: Mapping[str, str]) -> Mapping[str, str]:
    """The cells where they belong, of a row that slipped a column or two to the left or right behind the name 串列.

    A citizen number that passes its check tells by how much: where its own cell holds none, and beside the one that is found
    stands the birth date it holds. What fell out of the table on the way stays empty.
    """
    if "id_number" not in cells or "birth_date" not in cells or _WHOLE_NUMBER.fullmatch(cells["id_number"]):
        return cells
    fields = list(cells)
    own, after = fields.index("id_number"), fields.index("name") if "name" in cells else -1
    to_birth = fields.index("birth_date") - own
    for at in range(max(0, own - 2), min(len(fields), own + 3)):
        text = cells[fields[at]]
        if at == own or len(text) < 18 or (number := read_number(text)).kind is not NumberKind.VALID:
            continue
        if 0 <= at + to_birth < len(fields) and parse_date(cells[fields[at + to_birth]]) == number.birth:
            sources = {field: place + at - own for place, field in enumerate(fields) if place > after}
            moved = {f: cells[fields[s]] if after < s < len(fields) else "" for f, s in sources.items()}
            return {**cells, **moved}
    return cells


def read_record(row: Row) -> Record:
    """One row by its keys; where it states an address alone, the place waits for `in_county`."""
    if (cells := in_place(row.cells)) is not row.cells:
        row = replace(row, cells=cells)
    cell = row.cells.get
    register = row.ref.register
    if register is Register.DISABILITY and not is_blank(cell("disability_certificate", "")):
        number, _, _ = read_certificate(cell("disability_certificate", ""))
        if number.kind is not NumberKind.VALID and not is_blank(cell("id_number", "")):
            number = read_number(cell("id_number", ""))
    else:
        number = read_number(cell("id_number", ""), document=cell("id_type", ""))
    sex, birth = parse_sex(cell("sex", "")), parse_date(cell("birth_date", ""))
    if birth and number.birth != birth and number.valid and len(written := compact(cell("id_number", ""))) == 15:
        # Fifteen digits are the old form or what is left of eighteen; the date beside them tells which.
        number = Number(written, NumberKind.BROKEN)
    if sex is Sex.MALE and number.valid.endswith("000") and number.birth == birth:
        # One rounded number in eleven passes the check by chance; its 17th digit then says that a boy is a girl.
        number = Number(number.text, NumberKind.ROUNDED, birth=birth)
    if birth and number.birth and birth != number.birth and is_day_or_month_first(cell("birth_date", "")):
        # 5/9/2014 is a day of May or of September; the number beside it tells which.
        birth = number.birth if (number.birth.day, number.birth.month) == (birth.month, birth.day) else birth
    student_number, older_number = read_student_number(cell("student_number", ""))
    if len(student_number) == 18 and (without_letter := read_number(student_number)).valid:
        student_number, older_number = f"G{student_number}", without_letter
    guardians, heads = people_keys(cell("guardian_name", "")), people_keys(cell("household_head", ""))
    enrolled = register is Register.ENROLMENT
    presence = word(cell("presence", "")) + word(cell("placement", "")) if enrolled else word(cell("arrival", ""))
    state = word(cell("enrolment_state", "")) if enrolled else ""
    # A 学籍号 that holds the same number bears it out: then it is the date that is wrong.
    stray = _is_stray(number, birth, older_number) and number.valid != older_number.valid
    within = None if stray or number.birth == birth else number.birth
    return Record(
        row=row,
        ref=row.ref,
        register=register,
        name=name_key(cell("name", "")),
        sex=sex,
        birth=birth,
        births=tuple(day for day in (birth, within) if day is not None),
        stray=stray,
        number=number,
        student_number=student_number,
        older_number=older_number if enrolled or register in CLASS_LISTS else NO_NUMBER,
        township=township_key(cell("township", "")),
        village=village_key(cell("village", "")),
        household=compact(cell("household_number", "")),
        people=guardians if heads in {(), guardians} else tuple(dict.fromkeys(guardians + heads)),
        phone=phone_key(cell("guardian_phone", "")),
        school=school_key(cell("school_code", ""), cell("school_name", "")),
        grade=parse_grade(cell("grade", "")),
        school_class=class_key(cell("school_class", "")),
        state=state,
        active=state in _ACTIVE,
        elsewhere=enrolled and presence.startswith(_ELSEWHERE),
        placed=enrolled and _says(presence, _PLACED),
        absent=_says(presence, _NOT_REPORTED if register is Register.CHECK_IN else _ABSENT),
    )


@lru_cache(maxsize=1024)
def _says(presence: str, marks: tuple[str, ...]) -> bool:
    """Whether a cell that holds one of a few words says any of these."""
    return any(mark in presence for mark in marks)


def _is_stray(number: Number, birth: date | None, older: Number) -> bool:
    if number.kind is not NumberKind.VALID or birth is None or number.birth is None or number.birth == birth:
        return False
    # Where the 学籍号 has another number, of the very day the row says, a date near that of the number is no slip of it.
    return (bool(older.valid) and older.birth == birth) or compare_births(birth, number.birth) is BirthLevel.DIFFERENT
