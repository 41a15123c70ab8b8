"""Schools of an invented county as they are counted for statistics: numbers that hang together, as those of children do."""

import random
from collections.abc import Mapping
from typing import Final

from services.cases.domain.pack import CountedLine
from services.chassis.indicators import IDENTITIES, MEASURES

MEASURED: Final = tuple(MEASURES)
TOWNSHIPS: Final = ("410326103", "410326104", "410326105")


def lines_of(chance: random.Random, *, schools: int) -> tuple[CountedLine, ...]:
    """A line for each school, and one for each township's children of no school."""
    codes = [("410326100", f"31410{number:05d}") for number in range(schools)]
    places = [(chance.choice(TOWNSHIPS), school) for _, school in codes] + [(township, "") for township in TOWNSHIPS]
    return tuple(line(township, school, _counts(chance)) for township, school in places)


def line(township: str, school: str, counts: Mapping[str, int]) -> CountedLine:
    """A line with these numbers, and none of what is not named."""
    return CountedLine(
        township=township,
        school=school,
        name=f"第{school[-2:]}学校" if school else "",
        counts=tuple(counts.get(measure, 0) for measure in MEASURED),
    )


def _counts(chance: random.Random) -> dict[str, int]:
    """Numbers at random, of which those sums agree that one count makes both sides of."""
    counts = {measure: chance.randrange(40) for measure in MEASURED}
    for identity in IDENTITIES:
        if identity.always:
            [whole] = identity.left
            counts[whole] = sum(counts[part] for part in identity.right)
    return counts
