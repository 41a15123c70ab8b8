"""Rows grouped into children: a union-find that remembers why each row joined."""

from collections.abc import Iterator, Sequence

from services.roster.reconcile.model import Link
from services.roster.reconcile.records import Record


class Groups:
    """Disjoint groups of records, by position; the first position of a group stands for it."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Every record starts alone."""
        self.records = records
        self._parent = list(range(len(records)))
        self._members: dict[int, list[int]] = {}
        self._links: dict[int, list[Link]] = {}

    def of(self, position: int) -> int:
        """The position that stands for the group of this record."""
        root = position
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[position] != root:
            self._parent[position], position = root, self._parent[position]
        return root

    def members(self, position: int) -> Sequence[int]:
        """The positions in the group of this record."""
        root = self.of(position)
        return self._members.get(root) or (root,)

    def rows(self, position: int) -> list[Record]:
        """The records in the group of this record, in the order of their addresses."""
        return [self.records[i] for i in sorted(self.members(position))]

    def links(self, position: int) -> tuple[Link, ...]:
        """Why the group of this record is one child."""
        return tuple(self._links.get(self.of(position), ()))

    def join(self, a: int, b: int, *, rule: str, score: float) -> None:
        """Make one group of two; nothing happens where they are one already."""
        x, y = sorted((self.of(a), self.of(b)))
        if x == y:
            return
        members = [*self.members(x), *self.members(y)]
        link = Link(rule=rule, score=round(score, 4), a=self.records[a].ref, b=self.records[b].ref)
        links = [*self._links.pop(x, ()), *self._links.pop(y, ()), link]
        self._members.pop(y, None)
        self._parent[y] = x
        self._members[x], self._links[x] = members, links

    def roots(self) -> Iterator[int]:
        """One position for each group, in the order of the records."""
        return (i for i, parent in enumerate(self._parent) if i == parent)
