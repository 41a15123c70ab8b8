"""Whether something is in a log, answered so that whoever asks can check it 存证查询.

The answer holds the entry as it lies there now, what proves it, and the checkpoint it is proved against. Whether that holds is not
said here: who asks finds that out with the file that inspectors are given, `deploy/witness/verify.py`. What can't be proved because
the database no longer holds it is said in `broken`, and is no error: it is what was asked for.
"""

import msgspec

from services.chassis.errors import NotFound
from services.chassis.tree import Signed, SignedTree, TreeBroken


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of itself; bytes are base64 in JSON."""

    checkpoint: str
    """The checkpoint that most witnesses have signed, of those as long as was asked for; the last one where none is, empty where nothing is signed."""
    keys: list[str]
    """The public keys by which its signatures are known here."""
    entry: bytes | None = None
    """The entry as it lies there now, where one was asked for and is there."""
    path: list[bytes] = []
    """What proves it, from the leaf up."""
    consistency: list[bytes] = []
    """What proves that the log goes on from the earlier size."""
    broken: str = ""
    """What is missing of what was signed, and where; empty where all is there."""


def prove(tree: SignedTree, *, position: int | None = None, earlier: int | None = None) -> Proven:
    """What there is to be checked of an entry, and of the way from an earlier size; raises `NotFound` for what is not signed yet."""
    keys = tree.keys()
    try:
        signed = _as_long_as(tree, max(position or 1, earlier or 1))
    except NotFound:
        if position is not None or earlier is not None:
            raise
        return Proven(checkpoint="", keys=keys)
    found = Proven(checkpoint=signed.note, keys=keys)
    if position is not None and position > signed.size:
        raise NotFound(
            f"第 {position} 条尚未签名 / entry {position} is not signed yet; that takes a minute at most after it was recorded."
        )
    try:
        if earlier is not None and earlier <= signed.size:
            found = msgspec.structs.replace(found, consistency=tree.consistency(earlier, size=signed.size))
        if position is not None:
            path = tree.inclusion(position, size=signed.size)
            found = msgspec.structs.replace(found, path=path, entry=_entry(tree, position))
    except (NotFound, TreeBroken) as error:  # what was signed is there for good: that it is missing is the answer
        return msgspec.structs.replace(found, broken=str(error))
    return found


def _entry(tree: SignedTree, position: int) -> bytes:
    try:
        return tree.entry(position)
    except NotFound:
        message = f"the entry at position {position} was signed and is missing"
        raise TreeBroken(message) from None


def _as_long_as(tree: SignedTree, size: int) -> Signed:
    """The checkpoint to prove against; raises `NotFound` where nothing is signed at all."""
    try:
        return tree.signed(at_least=size)
    except NotFound:
        return tree.signed(at_least=1)
