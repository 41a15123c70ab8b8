"""From one county to a province, reckoned from what one county was measured to take. Simulated, not run: a machine for ten million children is not at hand.

    make bench-scale                              # writes the tables of deploy/SCALE.md

Sizes are those of a county of 6,000 children after its first load, by `pg_total_relation_size` and the number of rows. Rates are those of
BENCHMARKS.md on two quiet cores. The day simulated is the worst of a year, the first of a term: every county hands its registers in, each at a
moment of its own, between half past eight and half past five or within one hour. A store records one delivery after the other; projectors
show what was recorded in the order in which it was.
"""

import random
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.figures import table

PAGE: Final = Path(__file__).parents[3] / "deploy" / "SCALE.md"
COUNTY: Final = 86_000
"""Children of a county."""
PLACES: Final = (("county", 1), ("prefecture", 10), ("province", 116))
"""How many counties each has; a province of 116 has ten million children."""

FIRST_LOAD: Final = 5.0
"""Events of a child when its county is taken in (430,593 of 85,594 children)."""
A_YEAR: Final = 30.0
"""Events of a child and year once the county works with it: 2.6 million a county, as the county's own history is reckoned."""
EVENT_B, JOURNAL_B, CHILD_B, KEY_B, LOOK_B, KAFKA_B = 742, 855, 4_950, 170, 400, 900
"""Bytes with indexes: of a stored event, of one in the gateway's journal, of a child in the read model, of its key, of a look; of an event in Kafka, once."""
LOOKS: Final = 20.0
"""Looks at a child in a year, by all departments."""
COPIES: Final = 3
"""Of each topic, on three brokers."""

RECORDED: Final = 2_040.0
"""Events a second that one roster compares and records: 430,593 in 211 s."""
SHOWN: Final = 1_600.0
"""Events a second that one projector shows: the same events in 272 s, recording beside it on the same two cores."""
PARTITIONS: Final = 6
ALL_DAY: Final = range(8 * 60 + 30, 17 * 60 + 30)
AT_ONCE: Final = range(9 * 60, 10 * 60)
"""Minutes of the day in which counties hand in: as they come to it, or all within the hour after a circular."""
SEEDS: Final = 20


@dataclass(frozen=True, slots=True)
class Day:
    """What came of a simulated day: minutes until a county's registers were shown, counted from their being handed in."""

    median: float
    worst: float


def simulate(counties: int, *, within: range, stores: int, projectors: int, seed: int) -> Day:
    """One term's first day. Counties share so many stores, each recording one delivery after the other, and so many projectors over all."""
    chance = random.Random(seed)  # noqa: S311  # when offices come to work is of no secret
    handed_in = sorted((chance.choice(within) + chance.random(), chance.randrange(stores)) for _ in range(counties))
    each = COUNTY * FIRST_LOAD
    free = [0.0] * stores
    recorded: list[tuple[float, float]] = []
    for moment, store in handed_in:
        begun = max(moment, free[store])
        free[store] = begun + each / RECORDED / 60
        recorded.append((free[store], moment))
    shown_at, waits = 0.0, []
    for moment, began in sorted(recorded):
        shown_at = max(shown_at, moment - each / RECORDED / 60) + each / (SHOWN * projectors) / 60
        waits.append(max(shown_at, moment) - began)
    return Day(statistics.median(waits), max(waits))


def days(counties: int, *, within: range, stores: int, projectors: int) -> list[str]:
    """The median county over many such days, and the worst of the worst."""
    every = [
        simulate(counties, within=within, stores=stores, projectors=projectors, seed=seed) for seed in range(SEEDS)
    ]
    return [f"{statistics.median(day.median for day in every):,.0f}", f"{max(day.worst for day in every):,.0f}"]


def hottest(counties: int, *, by: str) -> float:
    """How much more the fullest partition holds than an even share, with children spread by their own id or by their county's code."""
    chance, worst = random.Random(1), []  # noqa: S311
    for _ in range(SEEDS):
        held = [0.0] * PARTITIONS
        if by == "county":
            for _ in range(counties):
                held[chance.randrange(PARTITIONS)] += COUNTY
        else:  # so many throws of a die, by the normal law: the mean and spread of a multinomial
            children = counties * COUNTY
            share, spread = children / PARTITIONS, (children / PARTITIONS * (1 - 1 / PARTITIONS)) ** 0.5
            held = [chance.gauss(share, spread) for _ in range(PARTITIONS)]
        worst.append(max(held) / (sum(held) / PARTITIONS))
    return statistics.median(worst)


def gib(size: float) -> str:
    """Bytes as gibibytes."""
    return f"{size / 2**30:,.1f}"


def sizes() -> str:
    """What a year takes on disk."""
    rows = []
    for name, counties in PLACES:
        children = counties * COUNTY
        events = children * (FIRST_LOAD + A_YEAR)
        rows.append(
            [
                name, f"{children:,}", f"{events / 1e6:,.1f} M", gib(events * EVENT_B), gib(events * JOURNAL_B), gib(children * CHILD_B),
                gib(children * LOOKS * LOOK_B), gib(children * KEY_B), gib(events * KAFKA_B * COPIES),
            ]
        )  # fmt: skip
    header = ("", "children", "events", "event stores", "journal", "read model", "looks", "keys", "Kafka × 3")
    return table(header, rows)


def lags() -> str:
    """The worst day by how a province is cut."""
    ways: Sequence[tuple[str, int, int, int]] = (
        ("a county by itself", 1, 1, 1),
        ("a prefecture in one store", 10, 1, 1),
        ("a province in one store, one projector", 116, 1, 1),
        ("a province in one store, six projectors", 116, 1, 6),
        ("a province, a store for each prefecture, six projectors", 116, 12, 6),
        ("a province, a store and a projector for each county", 116, 116, 116),
    )
    rows = [
        [
            said,
            *days(counties, within=ALL_DAY, stores=stores, projectors=projectors),
            *days(counties, within=AT_ONCE, stores=stores, projectors=projectors),
        ]
        for said, counties, stores, projectors in ways
    ]
    return table(
        ("minutes until all is shown", "over the day: median", "worst", "within an hour: median", "worst"), rows
    )


def hot() -> str:
    """How even partitions are."""
    rows = [[name, f"{hottest(n, by='child'):.3f}", f"{hottest(n, by='county'):.2f}"] for name, n in PLACES[1:]]
    return table(("", "spread by the child's id", "spread by the county's code"), rows)


def main() -> None:
    """Reckons, prints, and writes the tables into the page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in (("sizes", sizes()), ("lags", lags()), ("hot", hot())):
        sys.stdout.write(text + "\n\n")
        section = f"<!-- {name} -->\n{text}\n<!-- /{name} -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, section=section: section, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
