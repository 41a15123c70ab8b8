"""What persons decided about pairs of rows, put before everything the engine finds by itself.

`apart` is laid first and `same` joins within it, so that where decisions contradict each other two children stay two: a wrong
link hides a child, a missing one only shows it twice. Which of several contradicting decisions gives way depends on the rows'
addresses, not on the order in which they were decided.
"""

from collections.abc import Iterable

from services.roster.reconcile.groups import Groups
from services.roster.reconcile.model import Doubt, RowRef

Pairs = Iterable[tuple[RowRef, RowRef]]

DECIDED = "decided_same"
CONTRADICTED = "人工判定相互矛盾：判为同一人，又直接或经由其他行判为不同的人"


def lay_down(groups: Groups, *, same: Pairs, apart: Pairs) -> list[Doubt]:
    """Join what was decided to be one child and part what was decided to be two; return the pairs decided both ways.

    Rows that are not there any more decide nothing.
    """
    places = {record.ref: position for position, record in enumerate(groups.records)}

    def found(pairs: Pairs) -> list[tuple[int, int]]:
        return sorted({
            (min(places[a], places[b]), max(places[a], places[b]))
            for a, b in pairs
            if a != b and a in places and b in places
        })  # fmt: skip

    for a, b in found(apart):
        groups.part(a, b)
    return [
        Doubt(a=groups.records[a].ref, b=groups.records[b].ref, score=0.5, reason=CONTRADICTED)
        for a, b in found(same)
        if not groups.join(a, b, rule=DECIDED, score=1.0)
    ]


def undecided(groups: Groups, doubts: Iterable[Doubt]) -> list[Doubt]:
    """The doubts about pairs that are neither one child by now nor kept apart, each pair of rows once, in their order."""
    places = {record.ref: position for position, record in enumerate(groups.records)}
    kept: dict[tuple[RowRef, RowRef], Doubt] = {}
    for doubt in doubts:
        a, b = places[doubt.a], places[doubt.b]
        if groups.of(a) != groups.of(b) and not groups.are_parted(a, b):
            kept.setdefault((doubt.a, doubt.b), doubt)
    return [kept[pair] for pair in sorted(kept)]
