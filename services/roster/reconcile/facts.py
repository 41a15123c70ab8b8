"""Which of several contradicting values holds, by the table of sources `precedence.toml`, and the value as it is shown.

Birth date and number are decided by vote: every source has a weight, the value with most weight holds, ties go to the source
named first. Everything else is taken from the first source that states it.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from services.roster.reconcile.codes import name_in
from services.roster.reconcile.identity import Number, NumberKind, read_certificate
from services.roster.reconcile.model import Facts, HukouState, Register, Risk, RowRef, Sex
from services.roster.reconcile.normalise import (
    is_yes,
    name_key,
    name_shown,
    parse_date,
    parse_hukou_state,
    parse_risk,
    phone_key,
    plain,
    repeated,
    word,
)
from services.roster.reconcile.records import Record

_TABLE: Final = Path(__file__).with_name("precedence.toml")


@dataclass(frozen=True, slots=True)
class Precedence:
    """Which register's word counts first for a fact, the cells that state it, why (`reason`), and on what ground (`basis`)."""

    registers: tuple[Register, ...]
    cells: tuple[str, ...]
    reason: str
    basis: str
    votes: Mapping[Register, float] = field(default_factory=dict)


def _read_table() -> dict[str, Precedence]:
    table: dict[str, dict[str, Any]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        fact: Precedence(
            registers=tuple(map(Register, line["registers"])),
            cells=tuple(line["cells"]),
            reason=line["reason"],
            basis=line["basis"],
            votes={Register(register): weight for register, weight in line.get("votes", {}).items()},
        )
        for fact, line in table.items()
    }


PRECEDENCE: Final[Mapping[str, Precedence]] = _read_table()

Held = Mapping[Register, Sequence[Record]]
"""The rows of one child by register, each register's in the order of their addresses."""
NO_CELLS: Final[Mapping[str, str]] = {}

# Votes for a birth date inside a number.
VALID_NUMBER_VOTE, OLDER_NUMBER_VOTE, CUT_NUMBER_VOTE = 3.0, 0.7, 1.0
OTHER_NUMBER_VOTE = 0.5  # of one that fails its check
NUMBER_VOTES: Final[Mapping[NumberKind, float]] = dict.fromkeys(NumberKind, OTHER_NUMBER_VOTE) | {
    NumberKind.VALID: VALID_NUMBER_VOTE,
    NumberKind.ROUNDED: CUT_NUMBER_VOTE,
}
STRAY_NUMBER_VOTE = 0.4  # of somebody born on quite another day than the row says: a sibling's, a guardian's

# Votes for a number: the one kept in the 学籍号, and what it fits.
OLDER_VOTE, FITS_BIRTH_VOTE, FITS_SEX_VOTE = 0.4, 2.0, 0.5


def by_register(rows: Iterable[Record]) -> dict[Register, list[Record]]:
    """The rows of one child by register."""
    held: dict[Register, list[Record]] = {}
    for r in rows:
        held.setdefault(r.register, []).append(r)
    return held


def in_order(held: Held, fact: str) -> Sequence[Record]:
    """The rows in the order in which their word counts for a fact."""
    registers = _heard(tuple(held))[fact]
    if len(registers) == 1:
        return held[registers[0]]
    return [r for register in registers for r in held[register]]


@lru_cache(maxsize=1024)  # children are in some fifty combinations of registers
def _heard(held: tuple[Register, ...]) -> Mapping[str, tuple[Register, ...]]:
    """By fact, the registers of some whose word counts for it, in that order."""
    return {
        fact: tuple(register for register in precedence.registers if register in held)
        for fact, precedence in PRECEDENCE.items()
    }


def best_birth_date(held: Held) -> tuple[date | None, RowRef | None]:
    """The birth date that holds and a row that states it."""
    weights = PRECEDENCE["birth_date"].votes
    votes: dict[date, float] = {}
    sources: dict[date, RowRef] = {}

    def vote(day: date | None, weight: float, ref: RowRef) -> None:
        if day is not None:
            votes[day] = votes.get(day, 0.0) + weight
            sources.setdefault(day, ref)

    for r in in_order(held, "birth_date"):
        vote(r.birth, weights[r.register], r.ref)
        vote(r.number.birth, STRAY_NUMBER_VOTE if r.stray else NUMBER_VOTES[r.number.kind], r.ref)
        if r.older_number.kind is NumberKind.VALID:
            vote(r.older_number.birth, OLDER_NUMBER_VOTE, r.ref)
    if not votes:
        return None, None
    best = max(votes, key=votes.__getitem__)  # the first of equals, so by precedence
    return best, sources[best]


def best_number(held: Held, *, birth: date | None) -> tuple[str, RowRef | None]:
    """The valid number that holds ('' where none is given) and a row that states it."""
    weights = PRECEDENCE["id_number"].votes
    votes: dict[str, float] = {}
    sources: dict[str, RowRef] = {}
    sexes = {r.sex for rows in held.values() for r in rows}

    def vote(number: Number, weight: float, ref: RowRef) -> None:
        if number.text not in votes:
            votes[number.text] = FITS_BIRTH_VOTE * (number.birth == birth) + FITS_SEX_VOTE * (number.sex in sexes)
            sources[number.text] = ref
        votes[number.text] += weight

    for r in in_order(held, "id_number"):
        if r.number.kind is NumberKind.VALID:
            vote(r.number, weights[r.register], r.ref)
        if r.older_number.kind is NumberKind.VALID:
            vote(r.older_number, OLDER_VOTE, r.ref)
    if not votes:
        return "", None
    best = max(votes, key=votes.__getitem__)
    return best, sources[best]


@dataclass(frozen=True, slots=True)
class Places:
    """Townships and villages by key, as the county's registers mostly write them (王坪乡 for 王坪)."""

    townships: Mapping[str, str]
    villages: Mapping[str, str]


def usual_places(records: Iterable[Record]) -> Places:
    """How the registers mostly write each place."""
    township: dict[str, Counter[str]] = defaultdict(Counter)
    village: dict[str, Counter[str]] = defaultdict(Counter)
    for r in records:
        if r.township and (cell := r.row.cells.get("township")):
            township[r.township][cell] += 1
        if r.village and (cell := r.row.cells.get("village")):
            village[r.village][cell] += 1
    return Places(townships=_usual(township), villages=_usual(village))


def _usual(written: Mapping[str, Counter[str]]) -> dict[str, str]:
    return {key: word(min(forms, key=lambda form: (-forms[form], form))) for key, forms in written.items()}


def best_facts(held: Held, *, places: Places) -> Facts:
    """What is held true of the child whose rows these are, each register's in the order of their addresses."""
    sources: dict[str, RowRef] = {}
    heard = _heard(tuple(held))

    def first(fact: str, *, key: Callable[[str], str], show: Callable[[str], str]) -> str:
        for register in heard[fact]:
            for r in held[register]:
                for cell in PRECEDENCE[fact].cells:
                    value = r.row.cells.get(cell)
                    if value and key(value):
                        sources[fact] = r.ref
                        return show(value)
        return ""

    name = first("name", key=name_key, show=name_shown)
    birth, birth_source = best_birth_date(held)
    number, number_source = best_number(held, birth=birth)
    if birth_source is not None:
        sources["birth_date"] = birth_source
    if number_source is not None:
        sources["id_number"] = number_source
    hukou = _hukou(held)
    residents = in_order(held, "residence")
    township = next((r.township for r in residents if r.township), "")
    village = next((r.village for r in residents if r.village), "")
    kind, grade = _disability(held)
    risk, monitored_on, risk_removed_on = _monitoring(held)
    school, student = _school(held), _student_row(held)
    stated_by = {
        "residence": next((r for r in residents if r.village or r.township), None),
        "school": school,
        "student_number": student,
        "disability": next(iter(in_order(held, "disability")), None),
    }
    sources |= {fact: r.ref for fact, r in stated_by.items() if r is not None}
    enrolments = [r.row.cells for r in held.get(Register.ENROLMENT, ())]
    sits = school.row.cells if school else NO_CELLS
    return Facts(
        name=name,
        sex=_sex(held, number),
        birth_date=birth,
        id_number=number,
        student_number=student.student_number if student else "",
        township=places.townships.get(township, township),
        village=places.villages.get(village, village),
        hukou_state=parse_hukou_state(hukou.row.cells.get("hukou_state", "")) if hukou else None,
        household_number=hukou.row.cells.get("household_number", "") if hukou else "",
        guardian_name=first("guardian_name", key=name_key, show=name_shown),
        guardian_phone=first("guardian_phone", key=phone_key, show=plain),
        school_code=repeated(sits.get("school_code", "")),
        school_name=repeated(sits.get("school_name", "")),
        grade=repeated(sits.get("grade", "")),
        school_class=repeated(sits.get("school_class", "")),
        poverty_kind=first("poverty_kind", key=word, show=repeated),
        risk=risk,
        monitored_on=monitored_on,
        risk_removed_on=risk_removed_on,
        relief_kind=first("relief_kind", key=word, show=repeated),
        disability_kind=kind,
        disability_grade=grade,
        left_behind=any(is_yes(cells.get("left_behind", "")) for cells in enrolments),
        migrant=any(is_yes(cells.get("migrant", "")) for cells in enrolments),
        boarding=any(word(cells.get("attendance_mode", "")).startswith(("住", "寄宿")) for cells in enrolments),
        sources=sources,
    )


def _school_rank(r: Record) -> int:
    """Class lists first, then 学籍 that are active and expect the child in class, the other active ones, who reported, the rest."""
    if r.register is Register.ENROLMENT:
        return 1 if r.expected_in_class else 2 if r.active else 4
    return 0 if r.register is Register.IN_SCHOOL else 3


def _school(held: Held) -> Record | None:
    """The row whose school counts."""
    rows = [r for r in in_order(held, "school") if r.school and not (r.register is Register.CHECK_IN and r.absent)]
    return min(rows, key=_school_rank, default=None)


def _student_row(held: Held) -> Record | None:
    """The row whose 学籍号 counts: the 学籍 that counts for the school; else what a list copied."""
    for register in PRECEDENCE["student_number"].registers:
        for r in sorted(held.get(register, ()), key=_school_rank):
            if r.student_number:
                return r
    return None


def _hukou(held: Held) -> Record | None:
    """The hukou row that counts: of two, one that is in force, for a double registration ends by cancelling the other."""
    found = held.get(Register.HUKOU, ())
    in_force = (r for r in found if parse_hukou_state(r.row.cells.get("hukou_state", "")) is HukouState.NORMAL)
    return next(in_force, found[0] if found else None)


def _sex(held: Held, number: str) -> Sex | None:
    if number:
        return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return next((r.sex for r in in_order(held, "sex") if r.sex), None)


def _disability(held: Held) -> tuple[str, str]:
    row = next((r.row for r in in_order(held, "disability")), None)
    if row is None:
        return "", ""
    _, kind, grade = read_certificate(row.cells.get("disability_certificate", ""))
    stated_kind, stated_grade = row.cells.get("disability_kind", ""), row.cells.get("disability_grade", "")
    return (
        name_in("disability_kind", stated_kind) or kind or plain(stated_kind),
        name_in("disability_grade", stated_grade) or grade or plain(stated_grade),
    )


def _monitoring(held: Held) -> tuple[Risk | None, date | None, date | None]:
    """Whether the risk of a monitored household is removed, since when it is monitored, and when the risk was removed.

    They belong to the row that says what kind of household it is. A day of removal alone says that it is; a risk that is not
    removed, whatever day stands beside it, has none.
    """
    named = (r.row.cells for r in in_order(held, "monitoring") if word(r.row.cells.get("poverty_kind", "")))
    cells = next(named, NO_CELLS)
    monitored_on = parse_date(cells.get("monitored_on", ""))
    removed_on = parse_date(cells.get("risk_removed_on", ""))
    risk = parse_risk(cells.get("risk_state", "")) or (Risk.REMOVED if removed_on else None)
    return risk, monitored_on, removed_on if risk is Risk.REMOVED else None
