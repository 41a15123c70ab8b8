"""A Merkle tree over a log that only grows 默克尔树, as RFC 6962 (section 2.1) and RFC 9162 define it: roots and proofs.

    leaf = SHA-256(0x00 ‖ entry)        node = SHA-256(0x01 ‖ left ‖ right)

Perfect subtrees never change once they are full, so they alone are kept: `node(level, index)` is the root of the entries
`index·2^level` to `(index+1)·2^level`, the rest is computed from them. What verifies is written apart from this, on purpose: see
`deploy/witness/verify.py`.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree of no entries."""

Nodes = Callable[[int, int], bytes]
"""The root of a perfect subtree: its level (0 are the leaves) and its place among those of its level."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """The right edge of a tree: as much of it as is needed to make it grow and to know its root."""

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        """Begins with nothing, or goes on where `edge`, the perfect subtrees of `size` entries, the largest first, ended."""
        self.size = size
        self._edge = list(edge)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Takes in the hash of the next entry and returns the perfect subtrees it fills: level, index, root."""
        full = [(0, self.size, leaf)]
        index = self.size
        while index & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            index >>= 1
            full.append((len(full), index, leaf))
        self._edge.append(leaf)
        self.size += 1
        return full

    def root(self) -> bytes:
        """The root of all entries so far."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            root = node_hash(left, root)
        return root


def edge_of(size: int, nodes: Nodes) -> list[bytes]:
    """The perfect subtrees that make up the first `size` entries, the largest first."""
    edge, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            edge.append(nodes(level, start >> level))
            start += 1 << level
    return edge


def root_of(size: int, nodes: Nodes) -> bytes:
    """The root of the first `size` entries of a tree that may have grown since."""
    return _root(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """What proves that an entry is in the tree of the first `size`: siblings, from the leaf's up (RFC 6962, 2.1.1).

    Raises `ValueError` where that tree has no such entry.
    """
    if not 0 <= index < size:
        message = f"a tree of {size} entries has none at {index}"
        raise ValueError(message)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            path.append(_root(middle, end, nodes))
            end = middle
        else:
            path.append(_root(start, middle, nodes))
            start = middle
    return path[::-1]


def consistency_proof(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """What proves that the tree of the first `old` entries is the beginning of that of the first `size` (RFC 6962, 2.1.2).

    Raises `ValueError` where it can't be: trees don't shrink.
    """
    if not 0 <= old <= size:
        message = f"a tree of {size} entries doesn't go on from one of {old}"
        raise ValueError(message)
    if old in {0, size}:
        return []
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = start + _largest_power_below(end - start)
        if old <= middle:
            path.append(_root(middle, end, nodes))
            end = middle
        else:
            path.append(_root(start, middle, nodes))
            start, whole = middle, False
    return ([] if whole else [_root(start, end, nodes)]) + path[::-1]


def beside(start: int, end: int, size: int, nodes: Nodes) -> tuple[list[bytes], list[bytes]]:
    """What stands to the left and to the right of the entries from `start` to before `end`, as perfect subtrees in order.

    With these entries between them they make up the root of the first `size`: so nobody can leave one out. Raises `ValueError`
    where that tree has no such entries.
    """
    if not 0 <= start <= end <= size:
        message = f"a tree of {size} entries has none from {start} to {end}"
        raise ValueError(message)
    right, at = [], end
    while at < size:
        level = (size - at).bit_length() - 1
        while at & ((1 << level) - 1):
            level -= 1
        right.append(nodes(level, at >> level))
        at += 1 << level
    return edge_of(start, nodes), right


def _root(start: int, end: int, nodes: Nodes) -> bytes:
    """The root over the entries from `start` to before `end`, where they begin at a subtree's beginning."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _largest_power_below(count)
    return node_hash(_root(start, middle, nodes), _root(middle, end, nodes))


def _largest_power_below(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)
