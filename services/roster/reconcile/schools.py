"""How the schools of the class lists answer to those of the 学籍, learnt from the children who are found in both.

Schools are merged, renamed and given new codes, and a school may have moved its 学籍 up a grade late. The class list then stands
under a school or grade that the 学籍 does not know. The children tell: where most of a class list's children have their 学籍 at
one other school, the two are one; where most are a grade apart, the whole school is. So it is with classes: one that a list calls
2024级3班 or 启航班 is the class of the 学籍 that most of its children are in.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from services.roster.reconcile.groups import Groups
from services.roster.reconcile.model import Register
from services.roster.reconcile.records import Record

LEAST_CHILDREN = 3  # fewer may have changed school
LEAST_SHARE = 0.3  # of a class list's children, to take two schools for one: three may have merged
LEAST_GRADE_SHARE = 0.6
LEAST_CLASS_SHARE = 0.6


class Place(NamedTuple):
    """Where a row sits: school, grade and class, comparable between class lists and 学籍."""

    school: str
    grade: int
    school_class: str


@dataclass(frozen=True, slots=True)
class Schools:
    """Schools that are one by the name of one of them, by how much the 学籍 of a school is behind in grade, and the grade and class
    of the 学籍 that a class list calls otherwise."""

    one: dict[str, str]
    behind: dict[str, int]
    classes: dict[tuple[str, str, str], tuple[int, str]]

    def place(self, record: Record) -> Place:
        """Where the row sits."""
        grade = record.grade
        if record.register is not Register.ENROLMENT and (known := self.classes.get(_called(record))):
            return Place(self.one.get(record.school, record.school), *known)
        if record.register is Register.ENROLMENT and self.behind:
            grade += self.behind.get(record.school, 0)
        return Place(self.one.get(record.school, record.school), grade, record.school_class)


def align_schools(groups: Groups, class_list: Register) -> Schools:
    """Learn from the children of a kind of class list who have a 学籍 which schools are one and which 学籍 are a grade behind it."""
    schools: dict[str, Counter[str]] = defaultdict(Counter)
    grades: dict[str, Counter[int]] = defaultdict(Counter)
    classes: dict[tuple[str, str, str], Counter[tuple[str, int, str]]] = defaultdict(Counter)
    for seat, enrolment in _met(groups, class_list):
        schools[seat.school][enrolment.school] += 1
        classes[_called(seat)][enrolment.school, enrolment.grade, enrolment.school_class] += 1
        if seat.grade and enrolment.grade:
            grades[enrolment.school][seat.grade - enrolment.grade] += 1
    one: dict[str, str] = {}
    for school in sorted(schools):
        found = schools[school]
        least = max(LEAST_CHILDREN, LEAST_SHARE * found.total())
        for other in sorted(other for other, count in found.items() if other != school and count >= least):
            mine, theirs = one.get(school, school), one.get(other, other)
            first = min(mine, theirs)
            one |= {name: first for name, now in one.items() if now in {mine, theirs}} | {school: first, other: first}
    behind: dict[str, int] = {}
    for school, counted in grades.items():
        step, count = min(counted.items(), key=lambda item: (-item[1], abs(item[0]), item[0]))
        if abs(step) == 1 and count >= max(LEAST_CHILDREN, LEAST_GRADE_SHARE * counted.total()):
            behind[school] = step
    return Schools(one=one, behind=behind, classes=_named_otherwise(classes, behind))


def _called(record: Record) -> tuple[str, str, str]:
    """School, grade and class as the list calls them."""
    return record.school, record.row.cells.get("grade", ""), record.row.cells.get("school_class", "")


def _named_otherwise(
    classes: dict[tuple[str, str, str], Counter[tuple[str, int, str]]], behind: dict[str, int]
) -> dict[tuple[str, str, str], tuple[int, str]]:
    """Grade and class of the 学籍 that most children of a listed class are in."""
    named: dict[tuple[str, str, str], tuple[int, str]] = {}
    for called, found in classes.items():
        (school, grade, school_class), count = min(found.items(), key=lambda item: (-item[1], item[0]))
        if grade and count >= max(LEAST_CHILDREN, LEAST_CLASS_SHARE * found.total()):
            named[called] = (grade + behind.get(school, 0), school_class)
    return named


def _met(groups: Groups, class_list: Register) -> Iterator[tuple[Record, Record]]:
    """(class list row, active 学籍 row) of one child: joined already, or of a name that is once in each register."""
    enrolments: dict[str, list[Record]] = defaultdict(list)
    lone: dict[str, list[Record]] = defaultdict(list)
    for i, record in enumerate(groups.records):
        if record.register is Register.ENROLMENT and record.active:
            enrolments[record.name].append(record)
        elif record.register is class_list:
            held = [
                r for j in groups.members(i) if (r := groups.records[j]).register is Register.ENROLMENT and r.active
            ]
            if len(held) == 1:
                yield record, held[0]
            elif not held:
                lone[record.name].append(record)
    for name, found in lone.items():
        held = enrolments.get(name, [])
        if len(found) == len(held) == 1 and (not found[0].grade or abs(found[0].grade - held[0].grade) <= 1):
            yield found[0], held[0]
