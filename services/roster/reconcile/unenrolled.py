"""Children who sit in class and whom no 学籍 knows: which of the children at home a class list row means.

All that the row says is a name, a school and a grade. The name leads to children without 学籍 and without a seat whose age fits the
grade; where the whole county has but one bearer, it is that one, else it must be the only one of the townships the school takes
its pupils from. What is left is for a person.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from statistics import median_low

from services.roster.reconcile.groups import Groups
from services.roster.reconcile.model import Register
from services.roster.reconcile.normalise import sound_keys
from services.roster.reconcile.records import CLASS_LISTS, Record

LEAST_SHARE = 0.1
"""Of a school's pupils, for a township to be one it takes them from."""

Key = tuple[str, str]


def seat_unenrolled(groups: Groups, rows: Iterable[int], once: frozenset[str]) -> None:
    """Join class list rows that still wait with children without 学籍, by a name borne once or in the school's own townships."""
    waiting = [i for i in rows if not groups.holds(i, Register.ENROLMENT)]
    if not waiting:
        return
    ages = _usual_births(groups)
    townships = _townships_of_schools(groups)

    oldest, youngest = min(ages.values(), default=0), max(ages.values(), default=0)

    def fits(row: Record, home: int) -> bool:
        usual = ages.get(row.grade)
        first, last = (usual - 1, usual + 1) if usual is not None else (oldest, youngest)
        return any(first <= birth.year <= last for k in groups.members(home) for birth in groups.records[k].births)

    def near(row: Record, home: int) -> bool:
        served = townships.get(row.school, frozenset())
        return fits(row, home) and any(groups.records[k].township in served for k in groups.members(home))

    homes = _at_home(groups)
    _join(groups, waiting, homes, keys=lambda n: [n] if n in once else [], fits=fits, rule="name borne once", score=0.9)
    _join(
        groups, waiting, homes, keys=lambda n: [n], fits=near, rule="only one of the name near the school", score=0.85
    )
    _join(groups, waiting, homes, keys=sound_keys, fits=near, rule="only one of the sound near the school", score=0.8)


def _join(
    groups: Groups,
    waiting: Iterable[int],
    homes: Iterable[int],
    *,
    keys: Callable[[str], Iterable[str]],
    fits: Callable[[Record, int], bool],
    rule: str,
    score: float,
) -> None:
    """Join where row and child are each other's only choice."""
    by_key: dict[str, set[int]] = defaultdict(set)
    free = {groups.of(home) for home in homes if not any(groups.holds(home, listed) for listed in CLASS_LISTS)}
    for home in free:
        for name in {groups.records[k].name for k in groups.members(home)}:
            for key in keys(name):
                by_key[key].add(home)
    choices: dict[int, set[int]] = {}
    for i in waiting:
        record = groups.records[i]
        if record.name and not groups.holds(i, Register.HUKOU):
            found = {home for key in keys(record.name) for home in by_key.get(key, ()) if fits(record, home)}
            if found:
                choices[i] = found
    claims = Counter(home for found in choices.values() for home in found)
    for i, found in choices.items():
        if len(found) == 1 and claims[home := found.pop()] == 1:
            groups.join(home, i, rule=f"in class without 学籍, {rule}, age fits", score=score)


def _at_home(groups: Groups) -> list[int]:
    """Registered children without 学籍."""
    return [i for i in groups.roots() if groups.holds(i, Register.HUKOU) and not groups.holds(i, Register.ENROLMENT)]


def _usual_births(groups: Groups) -> dict[int, int]:
    """The usual year of birth by grade."""
    years: dict[int, list[int]] = defaultdict(list)
    for record in groups.records:
        if record.register is Register.ENROLMENT and record.birth and record.grade:
            years[record.grade].append(record.birth.year)
    return {grade: median_low(found) for grade, found in years.items()}


def _townships_of_schools(groups: Groups) -> dict[str, frozenset[str]]:
    """The townships that each school takes a share of its pupils from, by their 学籍 and class lists."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for i, record in enumerate(groups.records):
        if record.register is Register.ENROLMENT and record.active and record.township:
            listed = {groups.records[k].school for k in groups.members(i) if groups.records[k].register in CLASS_LISTS}
            for school in {record.school, *listed}:
                counted[school][record.township] += 1
    return {
        school: frozenset(t for t, n in found.items() if n >= LEAST_SHARE * found.total())
        for school, found in counted.items()
    }
