"""Counties counted for public disclosure: invented children over township, stage, sex and standing, and the tables of them."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import product

from services.cases.domain.disclosure import CountedTable

TOWNSHIPS = tuple(f"4103261{number:02}" for number in range(6))
STAGES = ("primary", "junior", "none")
SEXES = ("male", "female")
STANDINGS = ("in_school", "other_form", "elsewhere", "returned", "verifying", "out_of_school")
MEASURES = ("visits", "orders", "penalties", "judicial", "referrals")
SUPERVISED = (
    *("inspections", "rectified_in_time", "rectified_late", "rectifying", "interviews", "circulars", "accountability"),
)
AXES = {"township": TOWNSHIPS, "stage": STAGES, "sex": SEXES, "standing": STANDINGS, "measure": MEASURES}
_SHARE = {"in_school": 40, "other_form": 2, "elsewhere": 4, "returned": 1, "verifying": 1, "out_of_school": 1}

Person = tuple[str, str, str, str]
County = Counter[Person]


def county(chance: random.Random) -> County:
    """How many children there are of each township, stage, sex and standing; most of the small kinds are few."""
    return Counter(
        {
            person: chance.choice((0, 0, 1, _SHARE[person[3]] * chance.randint(0, 9)))
            for person in product(TOWNSHIPS, STAGES, SEXES, STANDINGS)
        }
    )


def some_time_later(before: County, chance: random.Random, *, changes: int) -> County:
    """The same county after so many children changed their standing, came or went."""
    later = Counter(before)
    for _ in range(changes):
        township, stage, sex, standing = chance.choice([person for person, held in sorted(later.items()) if held])
        later[township, stage, sex, standing] -= 1
        later[township, stage, sex, chance.choice(STANDINGS)] += 1
    return later


def tables_of(
    children: County, *, acts: Sequence[Sequence[int]] | None = None, supervised: Sequence[Sequence[int]] | None = None
) -> tuple[CountedTable, ...]:
    """The tables of the list; `acts` are measures, `supervised` what supervision did, by township, none where left out."""
    by_axis = {
        axis: tuple(
            tuple(
                sum(held for person, held in children.items() if person[place] == row and person[3] == column)
                for column in STANDINGS
            )
            for row in AXES[axis]
        )
        for place, axis in enumerate(("township", "stage", "sex"))
    }
    return (
        *(
            CountedTable(table=f"children_by_{axis}", rows=AXES[axis], columns=STANDINGS, cells=cells)
            for axis, cells in by_axis.items()
        ),
        CountedTable(
            table="measures_by_township",
            rows=TOWNSHIPS,
            columns=MEASURES,
            cells=tuple(map(tuple, acts or [[0] * len(MEASURES)] * len(TOWNSHIPS))),
        ),
        CountedTable(
            table="supervision_by_township",
            rows=TOWNSHIPS,
            columns=SUPERVISED,
            cells=tuple(map(tuple, supervised or [[0] * len(SUPERVISED)] * len(TOWNSHIPS))),
        ),
    )
