"""Which of several contradicting values holds, by a table of sources with reasons, and the value as it is shown.

Birth date and number are decided by vote: every source has a weight, the value with most weight holds, ties go to the source
named first. Everything else is taken from the first source that states it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.roster.reconcile.identity import NumberKind, read_certificate
from services.roster.reconcile.model import Facts, HukouState, Register, RowRef, Sex
from services.roster.reconcile.normalise import is_blank, is_yes, name_shown, parse_hukou_state, plain, word
from services.roster.reconcile.records import Record


@dataclass(frozen=True, slots=True)
class Precedence:
    """Which register's word counts first for a fact, and why."""

    registers: tuple[Register, ...]
    reason: str


_POLICE_FIRST = (
    Register.HUKOU, Register.ENROLMENT, Register.DISABILITY, Register.POVERTY, Register.SUSPECTS, Register.IN_SCHOOL,
)  # fmt: skip

PRECEDENCE: Mapping[str, Precedence] = {
    "name": Precedence(_POLICE_FIRST, "户籍登记是法定姓名; schools and offices copy it by hand"),
    "sex": Precedence(
        _POLICE_FIRST, "the number's 17th digit counts first where a valid number exists, then the household register"
    ),
    "birth_date": Precedence(_POLICE_FIRST, "a valid number is protected by its check digit, a typed date is not"),
    "id_number": Precedence(_POLICE_FIRST, "the police issue it; others copy it"),
    "residence": Precedence(
        (Register.HUKOU, Register.POVERTY, Register.DISABILITY, Register.ENROLMENT, Register.SUSPECTS),
        "控辍责任按户籍地落实; a school's address column is free text",
    ),
    "guardian_name": Precedence(
        (Register.ENROLMENT, Register.HUKOU, Register.DISABILITY, Register.POVERTY),
        "schools speak with the guardian; the head of a household often is a grandparent",
    ),
    "guardian_phone": Precedence(
        (Register.ENROLMENT, Register.HUKOU, Register.POVERTY, Register.DISABILITY),
        "schools call the number every term",
    ),
    "school": Precedence(
        (Register.IN_SCHOOL, Register.ENROLMENT), "where the child was seen counts before where the 学籍 is"
    ),
}

# Votes for a birth date, by what states it.
BIRTH_VOTES: Mapping[Register, float] = {
    Register.HUKOU: 2.0,
    Register.DISABILITY: 2.0,
    Register.ENROLMENT: 1.5,
    Register.POVERTY: 1.0,
    Register.SUSPECTS: 0.5,
    Register.IN_SCHOOL: 0.5,
}
VALID_NUMBER_VOTE, OLDER_NUMBER_VOTE, CUT_NUMBER_VOTE = 3.0, 0.7, 1.0
STRAY_NUMBER_VOTE = 0.4  # of somebody born on quite another day than the row says: a sibling's, a guardian's

# Votes for a number that passes its check; a certificate was issued after looking at the number.
NUMBER_VOTES: Mapping[Register, float] = {
    Register.HUKOU: 3.0,
    Register.DISABILITY: 2.5,
    Register.ENROLMENT: 2.0,
    Register.POVERTY: 1.5,
    Register.SUSPECTS: 0.5,
    Register.IN_SCHOOL: 0.0,
}
OLDER_VOTE, FITS_BIRTH_VOTE, FITS_SEX_VOTE = 0.4, 2.0, 0.5


def in_order(rows: Iterable[Record], fact: str) -> list[Record]:
    """The rows, given in the order of their addresses, in the order in which their word counts for a fact."""
    return [r for register in PRECEDENCE[fact].registers for r in rows if r.register is register]


def best_birth_date(rows: Sequence[Record]) -> tuple[date | None, RowRef | None]:
    """The birth date that holds and a row that states it."""
    votes: dict[date, float] = defaultdict(float)
    sources: dict[date, RowRef] = {}
    for r in in_order(rows, "birth_date"):
        stated = [(r.birth, BIRTH_VOTES[r.register])]
        if r.number.birth:
            weight = {NumberKind.VALID: VALID_NUMBER_VOTE, NumberKind.ROUNDED: CUT_NUMBER_VOTE}.get(r.number.kind, 0.5)
            weight = STRAY_NUMBER_VOTE if r.stray else weight
            stated.append((r.number.birth, weight))
        if r.older_number.kind is NumberKind.VALID:
            stated.append((r.older_number.birth, OLDER_NUMBER_VOTE))
        for day, weight in stated:
            if day is not None:
                votes[day] += weight
                sources.setdefault(day, r.ref)
    if not votes:
        return None, None
    best = max(votes, key=lambda day: votes[day])  # the first of equals, so by precedence
    return best, sources[best]


def best_number(rows: Sequence[Record], *, birth: date | None) -> tuple[str, RowRef | None]:
    """The valid number that holds ('' where none is given) and a row that states it."""
    votes: dict[str, float] = defaultdict(float)
    sources: dict[str, RowRef] = {}
    sexes = [r.sex for r in rows if r.sex]
    for r in in_order(rows, "id_number"):
        for number, weight in ((r.number, NUMBER_VOTES[r.register]), (r.older_number, OLDER_VOTE)):
            if number.kind is not NumberKind.VALID:
                continue
            if number.text not in votes:
                votes[number.text] += FITS_BIRTH_VOTE * (number.birth == birth) + FITS_SEX_VOTE * (number.sex in sexes)
                sources[number.text] = r.ref
            votes[number.text] += weight
    if not votes:
        return "", None
    best = max(votes, key=lambda number: votes[number])
    return best, sources[best]


@dataclass(frozen=True, slots=True)
class Places:
    """Townships and villages by key, as the county's registers mostly write them (王坪乡 for 王坪)."""

    townships: Mapping[str, str]
    villages: Mapping[str, str]


def usual_places(records: Iterable[Record]) -> Places:
    """How the registers mostly write each place."""
    written: dict[str, dict[str, Counter[str]]] = {"township": defaultdict(Counter), "village": defaultdict(Counter)}
    for r in records:
        for field, key in (("township", r.township), ("village", r.village)):
            if key and (cell := r.row.cells.get(field)):
                written[field][key][cell] += 1
    usual = {
        field: {key: word(min(forms, key=lambda form: (-forms[form], form))) for key, forms in keys.items()}
        for field, keys in written.items()
    }
    return Places(townships=usual["township"], villages=usual["village"])


def best_facts(rows: Sequence[Record], *, places: Places) -> Facts:
    """What is held true of the child these rows describe."""
    sources: dict[str, RowRef] = {}

    def first(fact: str, *fields: str, show: Callable[[str], str] = plain) -> str:
        for r in in_order(rows, fact):
            for field in fields:
                value = r.row.cells.get(field, "")
                if not is_blank(value):
                    sources[fact] = r.ref
                    return show(value)
        return ""

    birth, birth_source = best_birth_date(rows)
    number, number_source = best_number(rows, birth=birth)
    sources |= {k: v for k, v in (("birth_date", birth_source), ("id_number", number_source)) if v is not None}
    hukou = _hukou(rows)
    township, village = _residence(rows, "township"), _residence(rows, "village")
    kind, grade = _disability(rows)
    enrolments = [r for r in rows if r.register is Register.ENROLMENT]
    return Facts(
        name=first("name", "name", show=name_shown),
        sex=_sex(rows, number),
        birth_date=birth,
        id_number=number,
        student_number=next((r.student_number for r in _best_first(enrolments) if r.student_number), ""),
        township=places.townships.get(township, township),
        village=places.villages.get(village, village),
        hukou_state=parse_hukou_state(hukou.row.cells.get("hukou_state", "")) if hukou else None,
        household_number=hukou.row.cells.get("household_number", "") if hukou else "",
        guardian_name=first("guardian_name", "guardian_name", "household_head", show=name_shown),
        guardian_phone=first("guardian_phone", "guardian_phone"),
        poverty_kind=next(
            (plain(r.row.cells.get("poverty_kind", "")) for r in rows if r.register is Register.POVERTY), ""
        ),
        disability_kind=kind,
        disability_grade=grade,
        left_behind=any(is_yes(r.row.cells.get("left_behind", "")) for r in enrolments),
        migrant=any(is_yes(r.row.cells.get("migrant", "")) for r in enrolments),
        boarding=any(plain(r.row.cells.get("attendance_mode", "")).startswith(("住", "寄宿")) for r in enrolments),
        sources=sources,
        **_school(rows),
    )


def _best_first(rows: Iterable[Record]) -> list[Record]:
    """School rows: class lists first, then active 学籍 that expect the child in class, then the other active ones."""
    return sorted(
        rows, key=lambda r: (r.register is not Register.IN_SCHOOL, not r.active, not r.expected_in_class, r.ref)
    )


def _school(rows: Sequence[Record]) -> dict[str, str]:
    fields = ("school_code", "school_name", "grade", "school_class")
    school = next(iter(_best_first(r for r in rows if r.school)), None)
    return {field: plain(school.row.cells.get(field, "")) if school else "" for field in fields}


def _residence(rows: Sequence[Record], field: str) -> str:
    """Township or village by its key, of the first row that states it."""
    found = (getattr(r, field) for r in in_order(rows, "residence"))
    return next((str(key) for key in found if key), "")


def _hukou(rows: Sequence[Record]) -> Record | None:
    """The hukou row that counts: of two, one that is in force, for a double registration ends by cancelling the other."""
    found = [r for r in rows if r.register is Register.HUKOU]
    in_force = (r for r in found if parse_hukou_state(r.row.cells.get("hukou_state", "")) is HukouState.NORMAL)
    return next(in_force, found[0] if found else None)


def _sex(rows: Sequence[Record], number: str) -> Sex | None:
    if number:
        return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return next((r.sex for r in in_order(rows, "sex") if r.sex), None)


def _disability(rows: Sequence[Record]) -> tuple[str, str]:
    row = next((r.row for r in rows if r.register is Register.DISABILITY), None)
    if row is None:
        return "", ""
    _, kind, grade = read_certificate(row.cells.get("disability_certificate", ""))
    return plain(row.cells.get("disability_kind", "")) or kind, plain(row.cells.get("disability_grade", "")) or grade
