"""Townships that go by two names, learnt from the children whose rows are one already.

Townships are merged and renamed, and offices go on writing the name that was. Where a good part of the children of one village stand
under another township in another register, both names are of one township there; a slip of the pen does not come that often.
"""

from collections import Counter
from itertools import permutations

from services.roster.reconcile.groups import Groups

LEAST_CHILDREN = 5
LEAST_SHARE = 0.03
"""Of the children of the smaller of the two."""


def one_township(groups: Groups) -> frozenset[tuple[str, str]]:
    """The pairs of township keys, in either order, that are two names of one township."""
    children: Counter[str] = Counter()
    met: Counter[tuple[str, str]] = Counter()
    for root in groups.roots():
        places = {(r.township, r.village) for i in groups.members(root) if (r := groups.records[i]).township}
        children.update({township for township, _ in places})
        if len(places) > 1:
            met.update({(a, b) for (a, x), (b, y) in permutations(places, 2) if x == y != "" and a != b})
    return frozenset(
        (a, b)
        for (a, b), count in met.items()
        if count >= max(LEAST_CHILDREN, LEAST_SHARE * min(children[a], children[b]))
    )
