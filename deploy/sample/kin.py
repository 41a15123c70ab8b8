"""Children who are alike: twins whose names sound the same or whose numbers follow one another, triplets, siblings a year apart,
namesakes who share more than a name.

These are no errors; they are what makes errors dangerous. `draw_alike` changes some of the children before anything is written.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from random import Random

from deploy.sample.confusions import SOUNDING_ALIKE
from deploy.sample.names import Name
from deploy.sample.numbers import citizen_number
from deploy.sample.people import Child


def draw_alike(people: list[Child], *, rates: Mapping[str, float], rng: Random) -> list[Child]:
    """The same children, some of them made alike; the children themselves where no rate asks for it."""
    if not any(
        rates.get(name)
        for name in (
            *("twins_of_one_sound", "twins_numbered_in_a_row", "triplets"),
            *("siblings_a_year_apart", "namesake_in_village", "namesake_of_one_birth"),
        )
    ):
        return people
    taken = {child.number for child in people}
    changed = {child.id: child for child in people}
    homes: dict[str, list[Child]] = defaultdict(list)
    villages: dict[str, list[Child]] = defaultdict(list)
    for child in people:
        homes[child.household.number].append(child)
        villages[child.household.village.code].append(child)
    for family in homes.values():
        if len(family) >= 3 and rng.random() < rates.get("triplets", 0.0):
            for child in family[1:3]:
                changed[child.id] = _born(changed[child.id], family[0].birth, taken=taken, rng=rng)
        for elder, younger in itertools.pairwise(changed[child.id] for child in family):
            names = {changed[child.id].name.given for child in family}
            _siblings(changed, elder, younger, rates=rates, taken=taken, taken_names=names, rng=rng)
    for neighbours in villages.values():
        for child, other in itertools.pairwise(neighbours):
            apart = child.household is not other.household and child.sex == other.sex
            if (
                apart
                and not child.siblings
                and abs(child.birth.year - other.birth.year) <= 1
                and rng.random() < rates.get("namesake_in_village", 0.0)
            ):
                changed[child.id] = replace(changed[child.id], name=changed[other.id].name)
    for child in people:
        other = rng.choice(people)
        strange = (
            child.household.village is not other.household.village and child.sex == other.sex and not child.siblings
        )
        if strange and rng.random() < rates.get("namesake_of_one_birth", 0.0):
            namesake = replace(changed[child.id], name=changed[other.id].name)
            changed[child.id] = _born(namesake, changed[other.id].birth, taken=taken, rng=rng)
    return _tell_siblings([changed[child.id] for child in people], homes)


def _siblings(
    changed: dict[str, Child],
    elder: Child,
    younger: Child,
    *,
    rates: Mapping[str, float],
    taken: set[str | None],
    taken_names: set[str],
    rng: Random,
) -> None:
    if elder.birth == younger.birth:
        if elder.number and younger.number and rng.random() < rates.get("twins_numbered_in_a_row", 0.0):
            _number_next(changed, elder, younger, taken=taken)
        given = changed[elder.id].name.given
        places = [i for i, char in enumerate(given) if char in SOUNDING_ALIKE]
        if places and not elder.name.dotted and rng.random() < rates.get("twins_of_one_sound", 0.0):
            place = rng.choice(places)
            other = given[:place] + rng.choice(SOUNDING_ALIKE[given[place]]) + given[place + 1 :]
            if other not in taken_names:
                changed[younger.id] = replace(changed[younger.id], name=Name(elder.name.family, other))
    elif rng.random() < rates.get("siblings_a_year_apart", 0.0):
        birth = date(elder.birth.year + 1, elder.birth.month, min(elder.birth.day, 28))
        changed[younger.id] = _born(changed[younger.id], birth, taken=taken, rng=rng)


def _number_next(changed: dict[str, Child], elder: Child, younger: Child, *, taken: set[str | None]) -> None:
    """The younger's number is the next free one of its sex after the elder's."""
    number = elder.number or ""
    for sequence in range(int(number[14:17]) + 1, 1000):
        after = citizen_number(division=number[:6], birth=elder.birth, sequence=sequence)
        if sequence % 2 == (younger.sex == "男") and after not in taken and not after.endswith("000"):
            taken.add(after)
            changed[younger.id] = replace(changed[younger.id], number=after)
            return


def _born(child: Child, birth: date, *, taken: set[str | None], rng: Random) -> Child:
    """The child as born on another day, with a number of that day."""
    number = child.number
    while number is not None and (number in taken or number.endswith("000")):
        sequence = rng.randrange(500) * 2 + (child.sex == "男")
        number = citizen_number(division=child.number[:6] if child.number else "", birth=birth, sequence=sequence)
    taken.add(number)
    return replace(child, birth=birth, number=number)


def _tell_siblings(people: list[Child], homes: Mapping[str, list[Child]]) -> list[Child]:
    """The children with the numbers of their brothers and sisters as they are now."""
    numbers = {child.id: child.number for child in people}
    others = {
        child.id: tuple(n for sibling in family if sibling.id != child.id and (n := numbers[sibling.id]))
        for family in homes.values()
        for child in family
    }
    return [replace(child, siblings=others[child.id]) for child in people]
