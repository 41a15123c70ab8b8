"""Habits of whole offices: what one village, school or township does to all its rows in one register."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from random import Random
from typing import Protocol

from deploy.sample.slips import Draft

Drafts = Mapping[str, list[Draft]]


class Habit(Protocol):
    """Strikes some offices of the county, at a rate."""

    def __call__(self, drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
        """Change the drafts of the offices drawn; `name` is the class they are then struck by."""
        ...


def _office(draft: Draft) -> tuple[str, ...]:
    """The office that wrote a row: the school, or else the township within a register."""
    school = draft.get("学校标识码")
    return draft.register, str(school) if school else draft.child.household.village.township.code


def _offices(drafts: Drafts, registers: str, *, rate: float, rng: Random) -> list[list[Draft]]:
    found: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for register in registers.split():
        for draft in drafts[register]:
            found[_office(draft)].append(draft)
    return [found[office] for office in sorted(found) if rng.random() < rate]


def _phone_of_the_cadre(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """All rows of a village carry the telephone number of whoever filled in the list."""
    for register, column in (("hukou", "联系电话"), ("enrolment", "监护人电话")):
        villages: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts[register]:
            villages[draft.child.household.village.code].append(draft)
        for code in sorted(villages):
            if rng.random() < rate:
                phone = f"161{rng.randrange(10**8):08d}"
                for draft in villages[code]:
                    if "all" not in draft.fields:
                        draft.put(column, phone)
                        draft.struck.append(name)


def _village_renamed(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """A village merged into another: the helpers and the federation write the new name, the police the old one."""
    villages = sorted({d.child.household.village.code for listed in drafts.values() for d in listed})
    renamed = {code: rng.choice("新中大和") + rng.choice("兴安合盛") + "村" for code in villages if rng.random() < rate}
    for register in ("poverty", "disability"):
        for draft in drafts[register]:
            new = renamed.get(draft.child.household.village.code)
            if new and draft.claim("place"):
                draft.put("行政村", new)
                draft.struck.append(name)


def _school_renamed(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """A school merged or renamed: the class lists have the new code and name, the 学籍 the old."""
    for number, rows in enumerate(_offices(drafts, "in_school", rate=rate, rng=rng)):
        for draft in rows:
            draft.put("学校标识码", f"31410279{number:02d}")
            draft.put("学校名称", f"汝阳县第{number + 1}实验学校")
            draft.struck.append(name)


def _classes_renumbered(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """Classes formed anew this term: the class lists have the new ones, the 学籍 the old."""
    for rows in _offices(drafts, "in_school", rate=rate, rng=rng):
        count = len({str(draft.get("班级")) for draft in rows})
        for draft in rows:
            draft.put("班级", f"{rng.randint(1, max(2, count))}班")
            draft.struck.append(name)


_GRADES = tuple(f"{n}年级" for n in "一二三四五六七八九")


def _grade_behind(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """A school that has not moved its 学籍 up: all are in last year's grade there."""
    for rows in _offices(drafts, "enrolment", rate=rate, rng=rng):
        for draft in rows:
            grade = str(draft.get("年级"))
            if grade in _GRADES[1:]:
                draft.put("年级", _GRADES[_GRADES.index(grade) - 1])
                draft.struck.append(name)


def _grades_by_year_of_entry(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """A class list that names the year in which its pupils came to school instead of their grade: 2022级."""
    for rows in _offices(drafts, "in_school", rate=rate, rng=rng):
        for draft in rows:
            grade = _GRADES.index(str(draft.get("年级"))) if draft.get("年级") in _GRADES else None
            if grade is not None:
                born = draft.child.birth
                draft.put("年级", f"{born.year + (7 if born.month >= 9 else 6) + (6 if grade >= 6 else 0)}级")
                draft.struck.append(name)


def _classes_written_out(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
    """A class list that writes 七（3）班 for class 3 of grade 7."""
    for rows in _offices(drafts, "in_school", rate=rate, rng=rng):
        for draft in rows:
            grade, number = str(draft.get("年级"))[:1], str(draft.get("班级")).removesuffix("班")
            draft.put("班级", f"{grade}（{number}）班")
            draft.struck.append(name)


def _write_dates(write: Callable[[date], str | int]) -> Habit:
    def habit(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
        for rows in _offices(drafts, "hukou enrolment poverty disability", rate=rate, rng=rng):
            for draft in rows:
                if draft.stated.birth is not None and "all" not in draft.fields:
                    draft.put("出生日期", write(draft.stated.birth))
                    draft.struck.append(name)

    return habit


_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")


def _tens(number: int) -> str:
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return ("" if tens == 0 else "十" if tens == 1 else digits[tens] + "十") + (digits[ones] if ones else "")


def _chinese(day: date) -> str:
    return f"{str(day.year).translate(_DIGITS)}年{_tens(day.month)}月{_tens(day.day)}日"


def _write_names(write: Callable[[Draft], str]) -> Habit:
    def habit(drafts: Drafts, *, rate: float, rng: Random, name: str) -> None:
        for rows in _offices(drafts, "hukou enrolment in_school poverty disability", rate=rate, rng=rng):
            for draft in rows:
                if "all" not in draft.fields:
                    draft.put("姓名", write(draft))
                    draft.struck.append(name)

    return habit


OFFICE_HABITS: Mapping[str, Habit] = {
    "phone_of_the_cadre": _phone_of_the_cadre,
    "village_renamed": _village_renamed,
    "school_renamed": _school_renamed,
    "classes_renumbered": _classes_renumbered,
    "grade_behind": _grade_behind,
    "grades_by_year_of_entry": _grades_by_year_of_entry,
    "classes_written_out": _classes_written_out,
    "dates_as_day_numbers": _write_dates(lambda day: day.toordinal() - date(1899, 12, 30).toordinal()),
    "dates_with_time": _write_dates(lambda day: f"{day.isoformat()} 00:00:00"),
    "dates_in_chinese_numerals": _write_dates(_chinese),
    "dates_day_first": _write_dates(lambda day: f"{day:%d/%m/%Y}"),
    "names_spaced": _write_names(lambda draft: " ".join(str(draft.get("姓名")))),
    "names_with_sex": _write_names(lambda draft: f"{draft.get('姓名')}（{draft.child.sex}）"),
}
