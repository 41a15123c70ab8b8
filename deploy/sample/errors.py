"""How often offices write things otherwise than they are: error classes as data, with presets.

Each field is a probability; the unit is said beside its group. The first groups are *ways of writing* the same fact and are
never a contradiction; the next are *wrong facts*, which make `identity_mismatch`; the last are wrong *rows*. This division is
the truth's definition of `identity_mismatch`, so a new class must be put into the right group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from deploy.sample.mishaps import MISHAPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Rates of every error class; all zero by default, which is `CLEAN`. Raises ValueError for a rate outside 0 to 1."""

    # Ways of writing a name, per row.
    stray_space: float = 0.0
    traditional_form: float = 0.0
    # The same, per row of a name that has a rare character or a dot.
    rare_as_pinyin: float = 0.0
    rare_as_question_mark: float = 0.0
    rare_as_box: float = 0.0
    missing_dot: float = 0.0
    other_dot: float = 0.0

    # Ways of writing a number, per row.
    full_width_number: float = 0.0
    spaced_number: float = 0.0
    small_x: float = 0.0
    missing_number: float = 0.0
    rounded_number: float = 0.0

    # Ways of writing dates, places and peoples, per row.
    other_date_habit: float = 0.0
    former_township: float = 0.0
    short_township: float = 0.0
    short_ethnicity: float = 0.0

    # School-status numbers and class lists.
    older_number_in_school_number: float = 0.0  # per pupil: G and a number that was wrong and has been corrected since
    temporary_school_number: float = 0.0  # per pupil: L although there is a number
    class_list_without_number: float = 0.0  # per school: its in-school list gives names only
    class_list_number_left_out: float = 0.0  # per row of the other schools

    # Wrong names, per row.
    homophone: float = 0.0
    look_alike: float = 0.0
    former_name: float = 0.0  # per child: renamed with the police, and school or helpers may keep the old name

    # Wrong numbers, per row.
    wrong_digit: float = 0.0
    swapped_digits: float = 0.0
    siblings_number: float = 0.0  # per row of a child with a brother or sister

    # Wrong sex and birth dates, per row.
    wrong_sex: float = 0.0
    swapped_day_and_month: float = 0.0
    wrong_birth: float = 0.0

    # Wrong rows.
    repeated_row: float = 0.0  # per row; not in the enrolment register, where it would be a double enrolment
    double_enrolment: float = 0.0  # per active pupil
    listed_at_both: float = 0.0  # per doubly enrolled pupil in a seat
    listed_though_absent: float = 0.0  # per pupil marked 在籍不在校
    ghost_enrolment: float = 0.0  # per child of school age on the household register
    double_household_entry: float = 0.0  # per child on the household register: two hukou with two numbers
    false_suspect: float = 0.0  # per child in its seat
    suspect_missed: float = 0.0  # per child out of school
    suspect_number: float = 0.0  # per row of the suspect list: the number is wrong or missing

    # Lines that are no rows (notes, blank lines, totals at the foot), per file.
    extra_lines: float = 0.0

    # Rates of the classes of `mishaps.MISHAPS` by name; drawn after everything else, from streams of their own.
    mishaps: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rates = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "mishaps"}
        for name, rate in (*rates.items(), *self.mishaps.items()):
            if not 0 <= rate <= 1:
                raise ValueError(f"error rate {name} is {rate}; it must lie between 0 and 1")
        if unknown := sorted(set(self.mishaps) - set(MISHAPS)):
            raise ValueError(f"{unknown[0]} is no class of mishap; there are {', '.join(sorted(MISHAPS))}")


CLEAN = Errors()
"""Every office writes what is true, once; there are still children out of school."""

TYPICAL = Errors(
    stray_space=0.006,
    traditional_form=0.003,
    rare_as_pinyin=0.12,
    rare_as_question_mark=0.12,
    rare_as_box=0.06,
    missing_dot=0.25,
    other_dot=0.25,
    full_width_number=0.003,
    spaced_number=0.006,
    small_x=0.15,
    missing_number=0.03,
    rounded_number=0.0015,
    other_date_habit=0.08,
    former_township=0.03,
    short_township=0.03,
    short_ethnicity=0.07,
    older_number_in_school_number=0.008,
    temporary_school_number=0.015,
    class_list_without_number=0.3,
    class_list_number_left_out=0.02,
    homophone=0.006,
    look_alike=0.003,
    former_name=0.0006,
    wrong_digit=0.006,
    swapped_digits=0.003,
    siblings_number=0.0006,
    wrong_sex=0.002,
    swapped_day_and_month=0.002,
    wrong_birth=0.003,
    repeated_row=0.002,
    double_enrolment=0.004,
    listed_at_both=0.05,
    listed_though_absent=0.1,
    ghost_enrolment=0.002,
    double_household_entry=0.0005,
    false_suspect=0.003,
    suspect_missed=0.35,
    suspect_number=0.4,
)
"""A county that keeps its files with ordinary care."""

HARD = Errors(
    stray_space=0.03,
    traditional_form=0.015,
    rare_as_pinyin=0.25,
    rare_as_question_mark=0.25,
    rare_as_box=0.15,
    missing_dot=0.4,
    other_dot=0.4,
    full_width_number=0.015,
    spaced_number=0.03,
    small_x=0.4,
    missing_number=0.10,
    rounded_number=0.02,
    other_date_habit=0.3,
    former_township=0.15,
    short_township=0.12,
    short_ethnicity=0.3,
    older_number_in_school_number=0.04,
    temporary_school_number=0.06,
    class_list_without_number=0.6,
    class_list_number_left_out=0.1,
    homophone=0.03,
    look_alike=0.015,
    former_name=0.003,
    wrong_digit=0.03,
    swapped_digits=0.015,
    siblings_number=0.005,
    wrong_sex=0.01,
    swapped_day_and_month=0.012,
    wrong_birth=0.015,
    repeated_row=0.01,
    double_enrolment=0.015,
    listed_at_both=0.3,
    listed_though_absent=0.3,
    ghost_enrolment=0.005,
    double_household_entry=0.003,
    false_suspect=0.01,
    suspect_missed=0.3,
    suspect_number=0.6,
    extra_lines=1.0,
)
"""Old exports, much retyping, two registers merged by hand."""

HARSH = replace(TYPICAL, mishaps={name: mishap.usual for name, mishap in MISHAPS.items()})
"""A typical county with some of every class of mishap."""

HARSHEST = replace(HARD, mishaps={name: min(1.0, 2 * mishap.usual) for name, mishap in MISHAPS.items()})
"""A hard county with twice as many mishaps; more than any office would hand over."""

PRESETS = {"clean": CLEAN, "typical": TYPICAL, "hard": HARD, "harsh": HARSH, "harshest": HARSHEST}
