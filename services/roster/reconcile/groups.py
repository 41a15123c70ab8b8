"""Rows grouped into children: disjoint sets that remember why each row joined, and which groups must never become one."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from services.roster.reconcile.model import Link, Register
from services.roster.reconcile.records import Record


class Groups:
    """Disjoint groups of records, by position; the first position of a group stands for it."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Every record starts alone."""
        self.records = records
        self._of = list(range(len(records)))
        self._members: dict[int, list[int]] = {}
        self._links: dict[int, list[Link]] = {}
        self._foes: dict[int, set[int]] = {}

    def of(self, position: int) -> int:
        """The position that stands for the group of this record."""
        return self._of[position]

    def members(self, position: int) -> Sequence[int]:
        """The positions in the group of this record."""
        root = self._of[position]
        return self._members.get(root) or (root,)

    def rows(self, position: int) -> list[Record]:
        """The records in the group of this record, in the order of their addresses."""
        found = self.members(position)
        return [self.records[i] for i in (sorted(found) if len(found) > 1 else found)]

    def holds(self, position: int, register: Register) -> bool:
        """Whether the group of this record has a row of a register."""
        records = self.records
        for i in self.members(position):  # noqa: SIM110 (asked a million times: three times as fast as `any`)
            if records[i].register is register:
                return True
        return False

    def holds_one_of(self, position: int, registers: AbstractSet[Register]) -> bool:
        """Whether the group of this record has a row of one of these registers."""
        records = self.records
        for i in self.members(position):  # noqa: SIM110 (as above)
            if records[i].register in registers:
                return True
        return False

    def links(self, position: int) -> tuple[Link, ...]:
        """Why the group of this record is one child."""
        return tuple(self._links.get(self.of(position), ()))

    def part(self, a: int, b: int) -> bool:
        """Keep the groups of two records apart for good, whatever joins them later; False where they are one already."""
        x, y = self.of(a), self.of(b)
        if x == y:
            return False
        self._foes.setdefault(x, set()).add(y)
        self._foes.setdefault(y, set()).add(x)
        return True

    def foes(self, position: int) -> AbstractSet[int]:
        """The groups, by the positions that stand for them, with which the group of this record must not become one."""
        return self._foes.get(self.of(position), frozenset()) if self._foes else frozenset()

    def are_parted(self, a: int, b: int) -> bool:
        """Whether the groups of two records must not become one."""
        return bool(self._foes) and self.of(b) in self.foes(a)

    def join(self, a: int, b: int, *, rule: str, score: float) -> bool:
        """Make one group of two, and say whether they are one now; groups that are kept apart stay so."""
        x, y = self._of[a], self._of[b]
        if x == y:
            return True
        if self.are_parted(x, y):
            return False
        if y < x:
            x, y = y, x
        joining = self.members(y)
        members = [*self.members(x), *joining]
        link = Link(rule=rule, score=round(score, 4), a=self.records[a].ref, b=self.records[b].ref)
        links = [*self._links.pop(x, ()), *self._links.pop(y, ()), link]
        self._members.pop(y, None)
        for position in joining:  # a child has few rows, and is asked for much oftener than joined
            self._of[position] = x
        self._members[x], self._links[x] = members, links
        for foe in self._foes.pop(y, ()):
            self._foes[foe].remove(y)
            self._foes[foe].add(x)
            self._foes.setdefault(x, set()).add(foe)
        return True

    def roots(self) -> Iterator[int]:
        """One position for each group, in the order of the records."""
        return (i for i, root in enumerate(self._of) if i == root)
