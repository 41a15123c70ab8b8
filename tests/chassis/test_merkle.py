"""Roots and proofs of a log that grows, against the reference's vectors and against what verifies, which shares no code with them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.witness import verify
from services.chassis.merkle import (
    EMPTY_ROOT,
    Growing,
    consistency_proof,
    edge_of,
    inclusion_proof,
    leaf_hash,
    root_of,
)

# Entries and roots of the reference implementation of Certificate Transparency.
ENTRIES = [bytes.fromhex(entry) for entry in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 70


class Grown:
    """A log of so many entries, and every perfect subtree of it."""

    def __init__(self, entries: list[bytes]) -> None:
        self.leaves = [leaf_hash(entry) for entry in entries]
        self.tree = Growing()
        self.kept: dict[tuple[int, int], bytes] = {}
        self.roots = [EMPTY_ROOT]
        for leaf in self.leaves:
            self.kept |= {(level, index): root for level, index, root in self.tree.append(leaf)}
            self.roots.append(self.tree.root())

    def nodes(self, level: int, index: int) -> bytes:
        return self.kept[level, index]


@pytest.fixture(scope="module")
def log() -> Grown:
    """The largest log that is tried from end to end."""
    return Grown([bytes([number]) for number in range(MOST)])


def test_the_reference_trees_have_their_roots() -> None:
    grown = Grown(ENTRIES)

    assert [root.hex() for root in grown.roots[1:]] == ROOTS
    assert [verify.root_of(grown.leaves[:size]).hex() for size in range(1, 9)] == ROOTS
    assert verify.root_of([]) == EMPTY_ROOT


def test_a_root_of_the_past_is_found_in_a_tree_that_has_grown(log: Grown) -> None:
    assert [root_of(size, log.nodes) for size in range(MOST + 1)] == log.roots


def test_a_tree_goes_on_where_it_was_left(log: Grown) -> None:
    for size in range(MOST):
        again = Growing(size, edge_of(size, log.nodes))
        again.append(log.leaves[size])
        assert again.root() == log.roots[size + 1]


def test_every_entry_of_every_small_tree_is_proved_and_nothing_else_is(log: Grown) -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            path = inclusion_proof(index, size, log.nodes)
            proof = {"size": size, "leaf": log.leaves[index], "root": log.roots[size]}
            verify.check_inclusion(index=index, path=path, **proof)  # type: ignore[arg-type]
            assert len(path) <= (size - 1).bit_length()
            for wrong in {(index + 1) % size, index ^ 1, size} - {index}:
                with pytest.raises(verify.NotProved):
                    verify.check_inclusion(index=wrong, path=path, **proof)  # type: ignore[arg-type]
            for spoilt in (path[:-1], [*path, EMPTY_ROOT], [EMPTY_ROOT, *path[1:]]):
                if spoilt != path:
                    with pytest.raises(verify.NotProved):
                        verify.check_inclusion(index=index, path=spoilt, **proof)  # type: ignore[arg-type]


def test_every_small_tree_is_proved_to_go_on_from_every_earlier_one(log: Grown) -> None:
    for size in range(MOST + 1):
        for old in range(size + 1):
            proof = {"old": old, "old_root": log.roots[old], "size": size, "root": log.roots[size]}
            path = consistency_proof(old, size, log.nodes)
            verify.check_consistency(path=path, **proof)  # type: ignore[arg-type]
            spoilt = [EMPTY_ROOT, *path[1:]] if path else [EMPTY_ROOT]
            for other in (spoilt, [*path, EMPTY_ROOT], path[:-1]):
                if other != path:
                    with pytest.raises(verify.NotProved):
                        verify.check_consistency(path=other, **proof)  # type: ignore[arg-type]


@given(entries=st.lists(st.binary(max_size=40), min_size=2, max_size=300), data=st.data())
def test_a_log_in_which_one_entry_was_changed_is_found_out(entries: list[bytes], data: st.DataObject) -> None:
    sizes = sorted(data.draw(st.sets(st.integers(1, len(entries)), min_size=1, max_size=5)) | {len(entries)})
    honest = Grown(entries)
    for old, size in pairwise(sizes):
        path = consistency_proof(old, size, honest.nodes)
        verify.check_consistency(old=old, old_root=honest.roots[old], size=size, root=honest.roots[size], path=path)
    where = data.draw(st.integers(0, sizes[0] - 1))
    forged = Grown([*entries[:where], entries[where] + b"!", *entries[where + 1 :]])
    for size in sizes:
        with pytest.raises(verify.NotProved):
            verify.check_consistency(
                old=sizes[0],
                old_root=honest.roots[sizes[0]],
                size=size,
                root=forged.roots[size],
                path=consistency_proof(sizes[0], size, forged.nodes),
            )


def test_what_is_not_there_can_t_be_asked_for(log: Grown) -> None:
    with pytest.raises(ValueError, match="has none at 7"):
        inclusion_proof(7, 7, log.nodes)
    with pytest.raises(ValueError, match="doesn't go on from"):
        consistency_proof(8, 7, log.nodes)
