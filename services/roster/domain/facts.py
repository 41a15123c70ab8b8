"""What is said of a child 事实: who, where, at which school, in which groups, and from which row it comes."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.chassis.school_age import age_in, answered_for_until

DEFERRED: Final = "left_explained"
"""The accounted state of a child whose schooling is deferred, suspended or exempt 其他离校(有原因)."""

LAPSED: Final = "延缓入学、休学期满未返校"
"""Why a child is looked for whose deferral ran out."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a fact comes from 依据: register, batch, row counted from 1, and the rule that linked the row."""

    register: str
    batch_id: UUID
    row: int
    rule: str


@dataclass(frozen=True, slots=True)
class Source:
    """Which row a fact was taken from 出处, by the precedence of registers: the fact, register, batch, row counted from 1."""

    fact: str
    register: str
    batch_id: UUID
    row: int


Sources = tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class RowPlace:
    """A register row by its place: register, batch, row counted from 1."""

    register: str
    batch_id: UUID
    row: int


@dataclass(frozen=True, slots=True)
class RowLink:
    """Why two rows are of one child 关联依据: the rule as the engine calls it, and its score in 0..1."""

    one: RowPlace
    other: RowPlace
    rule: str
    score: float


Links = tuple[RowLink, ...]


def told_by_rows(grounds: tuple[Ground, ...], links: Links) -> tuple[list[str], list[tuple[str, ...]]]:
    """What is new of a child's rows where it is not as it was: which registers name the child, and by which rules they do.

    The same rows in another batch say nothing new, nor does another score by itself: it goes by how common a name is among all
    children of the county, so a child who is born elsewhere moves it.
    """
    between = [(*sorted((link.one.register, link.other.register)), link.rule) for link in links]
    return sorted(ground.register for ground in grounds), sorted(between)


OF_IDENTITY: Final = frozenset({"name", "id_number", "birth_date", "sex", "guardian_name", "guardian_phone"})
OF_RESIDENCE: Final = frozenset({"residence"})
OF_SCHOOLING: Final = frozenset({"school"})
OF_GROUPS: Final = frozenset({"poverty", "relief", "disability"})
OF_STUDENT_NUMBER: Final = frozenset({"student_number"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a child is 身份; unknown texts are empty, the birth date is ISO text because it is sealed as one."""

    name: str = ""
    id_number: str = ""
    birth_date: str = ""
    sex: str = ""
    guardian_name: str = ""
    guardian_phone: str = ""

    def completed_years(self, day: date) -> int | None:
        """The age on a day 周岁; None where no birth date is known."""
        try:
            born = date.fromisoformat(self.birth_date)
        except ValueError:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class SchoolYears:
    """From when until when a child is owed schooling 义务教育起止: 1 September and 31 August, so they tell no birth date."""

    begin_on: date
    end_on: date

    @classmethod
    def of(cls, identity: Identity) -> "SchoolYears | None":
        """Those of a birth date; None where none is known."""
        try:
            born = date.fromisoformat(identity.birth_date)
        except ValueError:
            return None
        return cls(age_in(born), answered_for_until(born))

    def turn_after(self, day: date) -> date | None:
        """The next day on which they begin, or are over; None once they are."""
        return next((turn for turn in (self.begin_on, self.end_on + timedelta(days=1)) if turn > day), None)


@dataclass(frozen=True, slots=True)
class Residence:
    """Where a child lives 住址: household, township code (9 digits), village code (12 digits; its name where no list has it)."""

    household_id: UUID | None
    township: str
    village: str


@dataclass(frozen=True, slots=True)
class Schooling:
    """What the registers say of a child's schooling 就学: school code and name, stage, grade, status, whether it boards 寄宿."""

    school: str = ""
    school_name: str = ""
    stage: str = ""
    grade: str = ""
    status: str = ""
    boarding: bool = False


@dataclass(frozen=True, slots=True)
class Groups:
    """The focus groups a child belongs to 重点群体 (N1.5).

    `relief` is what civil affairs supports it for 救助类别. Of a monitored household 监测对象, `risk` is `not_removed` 风险未消除 or
    `removed` 风险已消除, empty where the register doesn't say; it is monitored since `monitored_on`.
    """

    poverty: str = ""
    disability: str = ""
    disability_grade: str = ""
    left_behind: bool = False
    migrant: bool = False
    relief: str = ""
    risk: str = ""
    monitored_on: date | None = None
    risk_removed_on: date | None = None


@dataclass(frozen=True, slots=True)
class StudentNumbers:
    """The 学籍号 a child is enrolled under, '' where none is known, and those before it, in the order they were given up.

    L is temporary 临时, J formal without a citizen number, G formal with one; 18 characters follow.
    """

    current: str = ""
    former: tuple[str, ...] = ()

    def give_way_to(self, number: str) -> bool:
        """Whether a stated number takes the current one's place: not a lesser one, nor what is no 学籍号."""
        return number != self.current and _standing(number) >= max(0, _standing(self.current))

    def then(self, number: str) -> "StudentNumbers":
        """The numbers once this one is in force."""
        held = (*self.former, self.current)
        return StudentNumbers(number, tuple(earlier for earlier in held if earlier not in {"", number}))


def _standing(student_number: str) -> int:
    """How binding a 学籍号 is, from 0; -1 for what is none."""
    return "LJG".find(student_number[0]) if len(student_number) == 19 else -1


@dataclass(frozen=True, slots=True)
class Excuse:
    """A paper that says why a child is in no class here 凭据, and the state it is in as long as the paper holds.

    Both days are included. `source_id` is the deferral, or the proof of schooling elsewhere, that it comes from; `evidence`
    the paper's number, `approved_by` the unit that approved it.
    """

    source_id: UUID
    state: str
    reason: str
    from_on: date
    until_on: date
    evidence: str
    approved_by: str = ""

    def holds(self, day: date) -> bool:
        """Whether the paper holds on a day."""
        return self.from_on <= day <= self.until_on

    def defers(self, day: date) -> bool:
        """Whether it is a deferral that holds: then nobody has to look for the child."""
        return self.state == DEFERRED and self.holds(day)

    def account(self, *, state: str, reason: str, day: date) -> tuple[str, str]:
        """What a state that the registers give is on a day, beside this paper.

        While the paper holds, it explains what would be a suspicion. A deferral that ran out explains nothing any more,
        even where a register still keeps the child as suspended.
        """
        if state == "suspect" and self.holds(day):
            return self.state, self.reason
        if state == self.state == DEFERRED and day > self.until_on:
            return "suspect", LAPSED
        return state, reason
