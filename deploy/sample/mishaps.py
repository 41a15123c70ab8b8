"""Further classes of errors, each struck into the finished rows: of one row, of two rows, or of a whole office.

`clerk` writes a row as an office would; what goes wrong beyond that is here, one function a class, so that a class can be measured
alone. A class changes the cells and, where a wrong *fact* results, also what the row states (`clerk.Stated`), from which the truth
is computed; whose a row is never changes. One field of a row is struck once at most. `MISHAPS` lists the classes with the rate of
the preset `harsh`; the unit of the rate is said beside each group.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from deploy.sample import mixups, slips
from deploy.sample.offices import OFFICE_HABITS
from deploy.sample.slips import Draft

if TYPE_CHECKING:
    from deploy.sample.lives import Life
    from deploy.sample.registers import Row


@dataclass(frozen=True, slots=True)
class Mishap:
    """A class: its usual rate and, for those of one row, the function that strikes a draft and says whether it could."""

    usual: float
    strike: Callable[[Draft, Random], bool] | None = None
    registers: frozenset[str] = frozenset()  # none named: all


def _of(registers: str, usual: float, strike: Callable[[Draft, Random], bool]) -> Mishap:
    return Mishap(usual=usual, strike=strike, registers=frozenset(registers.split()))


MISHAPS: Mapping[str, Mishap] = {
    # Names, per row (of a name that can be struck so).
    "name_sounds_alike": Mishap(0.003, slips.sound_alike),
    "name_looks_alike": Mishap(0.003, slips.look_alike),
    "name_in_variant_form": Mishap(0.003, slips.variant_form),
    "rare_character_private": Mishap(0.2, slips.private_character),
    "dotted_name_cut": Mishap(0.2, slips.cut_dotted),
    "surname_of_other_parent": Mishap(0.0008, slips.other_surname),
    "given_name_reversed": Mishap(0.0006, slips.reversed_given),
    "character_lost": Mishap(0.0006, slips.lost_character),
    "milk_name": _of("poverty in_school", 0.0006, slips.milk_name),
    "name_in_pinyin": Mishap(0.0003, slips.pinyin_name),
    "name_with_note": Mishap(0.001, slips.noted_name),
    "name_told_apart": _of("enrolment in_school", 0.0006, mixups.told_apart),
    "former_name_noted": Mishap(0.0006, mixups.former_name_noted),
    "both_surnames": Mishap(0.0004, mixups.both_surnames),
    "name_and_guardian_swapped": Mishap(0.0004, mixups.name_and_guardian_swapped),
    # Numbers, per row.
    "digit_missing": Mishap(0.002, slips.missing_digit),
    "digit_doubled": Mishap(0.001, slips.doubled_digit),
    "digit_of_next_key": Mishap(0.002, slips.next_key),
    "letter_for_digit": Mishap(0.001, slips.letter_for_digit),
    "x_written_oddly": Mishap(0.1, slips.odd_x),
    "guardians_number": _of("hukou enrolment poverty", 0.0006, slips.guardians_number),
    "number_issued_anew": Mishap(0.0008),  # per child: the police have the new one, everybody else the old
    "strangers_number": _of("enrolment poverty", 0.0004, slips.strangers_number),
    "student_number_slip": _of("in_school", 0.004, slips.student_number_slip),
    "number_of_fifteen": Mishap(0.0006, mixups.number_of_fifteen),
    "number_labelled": Mishap(0.0006, mixups.labelled_number),
    "phone_for_number": Mishap(0.0004, mixups.phone_for_number),
    "birth_for_number": Mishap(0.0004, mixups.birth_for_number),
    "number_end_missing": Mishap(0.0004, mixups.end_missing),
    "two_digits_wrong": Mishap(0.0008, mixups.two_digits),
    "certificate_slip": _of("disability", 0.01, mixups.certificate_slip),
    # Birth dates, per row.
    "lunar_birth": Mishap(0.002, slips.lunar_birth),
    "birth_year_off": Mishap(0.001, slips.year_off),
    "birth_first_of_january": Mishap(0.001, slips.first_of_january),
    "birth_missing": Mishap(0.003, slips.missing_birth),
    "birth_digit": Mishap(0.001, slips.birth_digit),
    "birth_decade": Mishap(0.0004, mixups.birth_decade),
    "number_and_birth_wrong": Mishap(0.0003, slips.number_and_birth),
    # Homes, per row.
    "other_guardian": Mishap(0.01, slips.other_guardian),
    "both_guardians": Mishap(0.003, mixups.both_guardians),
    "other_phone": Mishap(0.01, slips.other_phone),
    "phone_slip": Mishap(0.003, slips.phone_slip),
    "moved_away": Mishap(0.004, slips.moved),
    "village_missing": Mishap(0.003, slips.missing_village),
    "cells_shifted": _of("hukou poverty", 0.0004, slips.shifted_cells),
    # Two rows: brothers' and sisters' numbers exchanged in one register, per row of a child with siblings.
    "siblings_exchanged": Mishap(0.002),
    # Whole offices (see `offices`), per office.
    "phone_of_the_cadre": Mishap(0.03),
    "village_renamed": Mishap(0.03),
    "school_renamed": Mishap(0.05),
    "classes_renumbered": Mishap(0.05),
    "grade_behind": Mishap(0.03),
    "grades_by_year_of_entry": Mishap(0.03),
    "classes_written_out": Mishap(0.05),
    "dates_as_day_numbers": Mishap(0.02),
    "dates_with_time": Mishap(0.02),
    "dates_in_chinese_numerals": Mishap(0.01),
    "dates_day_first": Mishap(0.01),
    "names_spaced": Mishap(0.03),
    "names_with_sex": Mishap(0.02),
    # Children who are alike (see `kin`), per child who has such a brother, sister or neighbour.
    "twins_of_one_sound": Mishap(0.3),
    "twins_numbered_in_a_row": Mishap(0.3),
    "triplets": Mishap(0.01),
    "siblings_a_year_apart": Mishap(0.05),
    "namesake_in_village": Mishap(0.006),
    "namesake_of_one_birth": Mishap(0.001),
}


@dataclass(slots=True)
class _Files:
    """Drafts by register."""

    drafts: dict[str, list[Draft]]
    of_child: dict[str, list[Draft]] = field(default_factory=lambda: defaultdict(list))


def befall(
    registers: Mapping[str, list["Row"]],
    *,
    lives: list["Life"],
    rates: Mapping[str, float],
    columns: Mapping[str, tuple[str, ...]],
    seed: str,
) -> dict[str, list["Row"]]:
    """The rows after all mishaps of these rates; the rows themselves where there are none. Each class has a stream of its own."""
    if not any(rates.values()):
        return dict(registers)

    def stream(mishap: str) -> Random:
        return Random(f"{seed}:{mishap}")  # noqa: S311 - repeatable, and nothing here is secret

    known = {life.child.id: life.child for life in lives}
    files = _Files(
        drafts={
            register: [
                Draft(
                    register=register,
                    child=known[row.child_id],
                    columns=columns[register],
                    cells=list(row.cells),
                    stated=row.stated,
                )
                for row in rows
            ]
            for register, rows in registers.items()
        }
    )
    for drafts in files.drafts.values():
        for draft in drafts:
            files.of_child[draft.child.id].append(draft)
    _issue_anew(files, rate=rates.get("number_issued_anew", 0.0), rng=stream("number_issued_anew"))
    _exchange(files, rate=rates.get("siblings_exchanged", 0.0), rng=stream("siblings_exchanged"))
    for name, mishap in MISHAPS.items():
        rate = rates.get(name, 0.0)
        if mishap.strike is not None and rate:
            _strike(files, name, mishap, rate=rate, rng=stream(name))
    for name, habit in OFFICE_HABITS.items():
        if rates.get(name):
            habit(files.drafts, rate=rates[name], rng=stream(name), name=name)
    return {
        register: [
            replace(
                row,
                cells=tuple(draft.cells),
                stated=draft.stated,
                school_number=draft.school_number(row.school_number),
                mishaps=tuple(dict.fromkeys(draft.struck)),
            )
            for row, draft in zip(rows, files.drafts[register], strict=True)
        ]
        for register, rows in registers.items()
    }


def _strike(files: _Files, name: str, mishap: Mishap, *, rate: float, rng: Random) -> None:
    for register, drafts in files.drafts.items():
        if mishap.registers and register not in mishap.registers:
            continue
        for draft in drafts:
            if rng.random() < rate and mishap.strike is not None and mishap.strike(draft, rng):
                draft.struck.append(name)


def _issue_anew(files: _Files, *, rate: float, rng: Random) -> None:
    """A number corrected by the police: the household register has the new one, the others keep the old."""
    taken = {draft.child.number for drafts in files.drafts.values() for draft in drafts}
    for drafts in files.of_child.values():
        if rng.random() >= rate or drafts[0].child.number is None:
            continue
        anew = slips.another_number(drafts[0].child, taken=taken, rng=rng)
        for draft in drafts:
            if draft.register == "hukou" and draft.stated.number == draft.child.number and draft.write_number(anew):
                draft.struck.append("number_issued_anew")


def _exchange(files: _Files, *, rate: float, rng: Random) -> None:
    """Two children of one household whose numbers stand in each other's row of one register."""
    for register in ("hukou", "enrolment", "poverty"):
        by_number = {
            d.stated.number: d for d in files.drafts[register] if d.stated.number and d.stated.number == d.child.number
        }
        for draft in list(by_number.values()):
            for number in draft.child.siblings:
                other = by_number.get(number)
                if other is None or rng.random() >= rate:
                    continue
                mine = draft.child.number or ""
                if (
                    "number" not in draft.fields | other.fields
                    and draft.write_number(number)
                    and other.write_number(mine)
                ):
                    draft.struck.append("siblings_exchanged")
                    other.struck.append("siblings_exchanged")
