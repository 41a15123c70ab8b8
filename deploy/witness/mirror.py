"""The mirror 日志镜像: a copy of what was cosigned, kept by the supervising body, so that a county that lost or changed its log can be shown it.

    python mirror.py --data /srv/witness pull                               takes in what this witness has cosigned since
    python mirror.py --data /srv/witness check                              every entry of the copy once more
    python mirror.py --data /srv/witness compare                            the copy beside what the county serves now
    python mirror.py --data /srv/witness entry baoxue/410326/cases/1 17 --to folder      an entry with its proof

It works on the witness's own data folder, and keeps nothing that it has not checked against a root which that witness has cosigned.
Entries are events as they are stored: personal texts are sealed, and their keys are not here; accounts, units, places, states and days are
in the clear, so the copy is to be kept as carefully as the logs are. It needs this file, `witness.py` and `verify.py` beside it.

    mirrors                      what is copied, one `origin https-address token-file` a line, written by its holder
    mirror/<origin>/checkpoint   how far the copy is, with the signatures of the log and of this witness
    mirror/<origin>/entries/…    256 entries each, every one after its length in four bytes; the last file by its width, `….p/<width>`
    mirror/<origin>/tile/0/…     their hashes, as C2SP tlog-tiles has them
    mirror/<origin>/roots        the root of each full file of 256, so that a pull goes on where the last one ended

Paths are those of C2SP tlog-tiles, but for entries: its bundles have two bytes for a length, and an event may be longer than that.
"""

import argparse
import base64
import os
import shutil
import struct
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.error import URLError
from urllib.request import Request, urlopen

try:
    from deploy.witness import verify
    from deploy.witness.witness import Witness
except ImportError:  # run as a file of its own, with the two beside it
    import verify  # type: ignore[import-not-found,no-redef]
    from witness import Witness  # type: ignore[import-not-found,no-redef]

AT_ONCE = 256
HASH_BYTES = 32
WAIT_S = 30.0
MOST_BYTES = 64 * 1024 * 1024
"""What 256 entries may weigh."""
KEPT_TILES = 64
LEAST_FREE = 512 * 1024 * 1024
"""A disk with less than this left takes nothing more."""


class Away(Exception):
    """The county's logs could not be reached, or the disk is full; nothing is lost, it is tried again."""


class Source(Protocol):
    """Where a log is read from."""

    def read(self, path: str) -> bytes:
        """What stands at a path of C2SP tlog-tiles; raises `Away`."""
        ...


@dataclass(frozen=True)
class Goal:
    """What this witness has cosigned of a log: so many entries with this root."""

    size: int
    root: bytes
    note: str


class Served:
    """A log as a county serves it, `baoxue proof serve`."""

    def __init__(self, address: str, *, token: Path) -> None:
        if not address.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise verify.Malformed(f"{address} is no address of a log: it begins with https://")
        self._address = address.rstrip("/")
        self._token = token

    def read(self, path: str) -> bytes:
        """What stands at a path; raises `Away`."""
        headers = {"authorization": f"Bearer {self._token.read_text().strip()}"}
        request = Request(f"{self._address}/{path}", headers=headers)  # noqa: S310  # https only: see above
        try:
            with urlopen(request, timeout=WAIT_S) as response:  # noqa: S310
                content: bytes = response.read(MOST_BYTES + 1)
        except (URLError, OSError) as error:
            raise Away(f"{self._address}/{path} gave no answer: {error}") from None
        if len(content) > MOST_BYTES:
            raise Away(f"{self._address}/{path} is larger than {MOST_BYTES} bytes")
        return content


def path_of(place: int, width: int = AT_ONCE) -> str:
    """The place of a tile as C2SP tlog-tiles writes it: x001/x234/067, and .p/<width> where it isn't full."""
    parts = [f"{place % 1000:03}"]
    while place := place // 1000:
        parts.insert(0, f"x{place % 1000:03}")
    return "/".join(parts) + ("" if width == AT_ONCE else f".p/{width}")


def unpacked(content: bytes, width: int) -> list[bytes]:
    """The entries of a file; raises `verify.Malformed` where there are not so many."""
    entries, at = [], 0
    while at + 4 <= len(content):
        [length] = struct.unpack_from(">I", content, at)
        entries.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    if at != len(content) or len(entries) != width:
        raise verify.Malformed(f"these are not {width} entries")
    return entries


class Mirror:
    """The copy of one log."""

    def __init__(self, folder: Path, *, origin: str) -> None:
        """Opens the copy and makes it where there is none; what a pull that broke off left behind is of no consequence."""
        if origin.startswith("."):
            raise verify.Malformed(f"{origin!r} is no log")
        self.origin = origin
        self._folder = folder / origin.replace("/", "_")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._roots = self._folder / "roots"
        self._roots.touch()
        with self._roots.open("r+b") as file:
            file.truncate(self._roots.stat().st_size // HASH_BYTES * HASH_BYTES)

    @property
    def size(self) -> int:
        """How many entries of the log are here for sure."""
        note = self._folder / "checkpoint"
        return verify.parse_size(note.read_text().split("\n")[1]) if note.exists() else 0

    def pull(self, source: Source, goal: Goal) -> Iterator[int]:
        """Takes in what is missing up to what was cosigned, telling how far it is; raises `verify.NotProved` and keeps nothing of that.

        What was taken in by then stays, each 256 by themselves checked against the cosigned root, so it goes on from there.
        """
        if goal.size < self.size:
            raise verify.NotProved(f"{self.origin}: the copy has {self.size} entries, and {goal.size} were cosigned")
        tiles = _Tiles(source, size=goal.size)
        roots = self._all_roots()
        edge = _edge_of(roots)
        for place in range(len(roots), -(-goal.size // AT_ONCE)):
            if shutil.disk_usage(self._folder).free < LEAST_FREE:
                raise Away("the disk is nearly full; nothing more is taken in")
            width = min(AT_ONCE, goal.size - place * AT_ONCE)
            content = source.read(f"entries/{path_of(place, width)}")
            leaves = self._checked(content, place, width, goal, edge=edge, tiles=tiles)
            self._keep(place, width, content, leaves)
            if width == AT_ONCE:
                root = verify.root_of(leaves)
                _append(self._roots, root)
                _grow(edge, root)
            yield place * AT_ONCE + width
        _write(self._folder / "checkpoint", goal.note.encode())

    def check(self, trusted: Sequence[verify.Verifier]) -> Iterator[int]:
        """Reads every entry of the copy once more, telling how far it is; raises `verify.NotProved` with the place of what is another."""
        found = verify.open_checkpoint(self.note(), trusted, origin=self.origin)
        edge: list[tuple[int, bytes]] = []
        leaves: list[bytes] = []
        for place in range(-(-found.size // AT_ONCE)):
            width = min(AT_ONCE, found.size - place * AT_ONCE)
            leaves = [verify.leaf_hash(entry) for entry in self._entries(place, width)]
            for number, (leaf, kept) in enumerate(zip(leaves, self._leaves(place, width), strict=True)):
                if leaf != kept:
                    raise verify.NotProved(
                        f"{self.origin}/{place * AT_ONCE + number + 1}: the copy of this entry was changed"
                    )
            if width == AT_ONCE:
                _grow(edge, verify.root_of(leaves))
            yield place * AT_ONCE + width
        rest = leaves if found.size % AT_ONCE else []
        start = found.size - len(rest)
        root = verify.root_around(start, rest, found.size, left=[node for _, node in edge], right=[])
        if root != found.root:
            raise verify.NotProved(f"{self.origin}: the copy as a whole is not what was cosigned")

    def compare(self, source: Source) -> Iterator[int]:
        """Holds the copy beside what the county serves now, telling how far it is; raises `verify.NotProved` with the first entry that is another."""
        size = self.size
        for place in range(-(-size // AT_ONCE)):
            width = min(AT_ONCE, size - place * AT_ONCE)
            mine, theirs = self._entries(place, width), source.read(f"entries/{path_of(place, width)}")
            try:
                shown = unpacked(theirs, width)
            except verify.Malformed as error:
                raise verify.NotProved(
                    f"{self.origin}/{place * AT_ONCE + 1}: the county's file is broken: {error}"
                ) from None
            for number, (one, other) in enumerate(zip(mine, shown, strict=True)):
                if one != other:
                    raise verify.NotProved(
                        f"{self.origin}/{place * AT_ONCE + number + 1}: the county now shows another entry than the one cosigned"
                    )
            yield place * AT_ONCE + width

    def note(self) -> str:
        """The checkpoint up to which the copy goes; raises `verify.Malformed` where there is none yet."""
        if not self.size:
            raise verify.Malformed(f"{self.origin}: nothing of it is copied yet")
        return (self._folder / "checkpoint").read_text()

    def entry(self, position: int) -> tuple[bytes, str]:
        """An entry of the copy, and its proof as C2SP tlog-proof has it; raises `verify.Malformed` where it isn't here."""
        note, size, index = self.note(), self.size, position - 1
        if not 0 <= index < size:
            raise verify.Malformed(f"{self.origin}: the copy has the entries 1 to {size}")
        roots = self._all_roots()

        def node(level: int, place: int) -> bytes:
            if level < 8:
                first = place << level
                leaves = self._leaves(first // AT_ONCE, min(AT_ONCE, size - first // AT_ONCE * AT_ONCE))
                return verify.root_of(leaves[first % AT_ONCE : first % AT_ONCE + (1 << level)])
            return verify.root_of(roots[place << (level - 8) : (place + 1) << (level - 8)])

        place = index // AT_ONCE
        entry = self._entries(place, min(AT_ONCE, size - place * AT_ONCE))[index % AT_ONCE]
        path = [base64.b64encode(sibling).decode() for sibling in _inclusion(index, 0, size, node)]
        return entry, "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *path, "", note])

    def _checked(
        self,
        content: bytes,
        place: int,
        width: int,
        goal: Goal,
        *,
        edge: Sequence[tuple[int, bytes]],
        tiles: "_Tiles",
    ) -> list[bytes]:
        """The hashes of entries that are those cosigned; raises `verify.NotProved` with the place of those that aren't."""
        start = place * AT_ONCE
        at = f"{self.origin}/{start + 1}-{start + width}"
        try:
            leaves = [verify.leaf_hash(entry) for entry in unpacked(content, width)]
        except verify.Malformed as error:
            raise verify.NotProved(f"{at}: {error}") from None
        right = [tiles.node(level, where) for level, where in _right_of(start + width, goal.size)]
        left = [node for _, node in edge]
        if verify.root_around(start, leaves, goal.size, left=left, right=right) == goal.root:
            return leaves
        for number, (leaf, told) in enumerate(zip(leaves, tiles.leaves(place, width), strict=True)):
            if leaf != told:
                raise verify.NotProved(
                    f"{self.origin}/{start + number + 1}: this entry is not the one whose hash is in its tile"
                )
        raise verify.NotProved(
            f"{at}: these entries, or the hashes beside them, are not those of the log that was cosigned"
        )

    def _keep(self, place: int, width: int, content: bytes, leaves: Sequence[bytes]) -> None:
        """Writes entries and hashes, each file whole or not at all; narrower ones of the same place go."""
        _write(self._folder / "entries" / path_of(place, width), content)
        _write(self._folder / "tile" / "0" / path_of(place, width), b"".join(leaves))
        for kind in ("entries", "tile/0"):
            narrower = self._folder / kind / path_of(place, 1)
            for file in narrower.parent.glob("*") if narrower.parent.is_dir() else ():
                if width == AT_ONCE or file.name != str(width):
                    file.unlink()

    def _entries(self, place: int, width: int) -> list[bytes]:
        return unpacked(self._read("entries", place, width), width)

    def _leaves(self, place: int, width: int) -> list[bytes]:
        hashes = self._read("tile/0", place, width)
        if len(hashes) != width * HASH_BYTES:
            raise verify.NotProved(f"{self.origin}: tile/0/{path_of(place, width)} of the copy is broken")
        return _cut(hashes)

    def _read(self, kind: str, place: int, width: int) -> bytes:
        try:
            return (self._folder / kind / path_of(place, width)).read_bytes()
        except OSError:
            raise verify.NotProved(f"{self.origin}: {kind}/{path_of(place, width)} of the copy is missing") from None

    def _all_roots(self) -> list[bytes]:
        return _cut(self._roots.read_bytes())


class _Tiles:
    """The hashes of a log as a county serves them: believed in nothing, they only have to lead to the root that was cosigned."""

    def __init__(self, source: Source, *, size: int) -> None:
        self._source = source
        self._size = size
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def node(self, level: int, place: int) -> bytes:
        """The root of a perfect subtree."""
        tile_level, above = divmod(level, 8)
        first = place << above
        hashes = self._tile(tile_level, first // AT_ONCE)[first % AT_ONCE : first % AT_ONCE + (1 << above)]
        return verify.root_of(hashes)

    def leaves(self, place: int, width: int) -> list[bytes]:
        """The hashes of these entries."""
        return self._tile(0, place)[:width]

    def _tile(self, level: int, place: int) -> list[bytes]:
        if (level, place) not in self._tiles:
            width = min(AT_ONCE, (self._size >> 8 * level) - place * AT_ONCE)
            content = self._source.read(f"tile/{level}/{path_of(place, width)}")
            if len(content) != width * HASH_BYTES:
                raise verify.NotProved(f"tile/{level}/{path_of(place, width)} has not {width} hashes")
            self._tiles[level, place] = _cut(content)
            if len(self._tiles) > KEPT_TILES:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end((level, place))
        return self._tiles[level, place]


def _cut(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _edge_of(roots: Sequence[bytes]) -> list[tuple[int, bytes]]:
    edge: list[tuple[int, bytes]] = []
    for root in roots:
        _grow(edge, root)
    return edge


def _grow(edge: list[tuple[int, bytes]], root: bytes) -> None:
    """Adds the root of 256 entries to the perfect subtrees before it, the largest first."""
    level, node = 8, root
    while edge and edge[-1][0] == level:
        node = verify.root_of([edge.pop()[1], node])
        level += 1
    edge.append((level, node))


def _right_of(at: int, size: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees from an entry to the end, by level and place."""
    while at < size:
        level = (size - at).bit_length() - 1
        while at % (1 << level):
            level -= 1
        yield level, at >> level
        at += 1 << level


def _inclusion(index: int, start: int, end: int, node: Callable[[int, int], bytes]) -> list[bytes]:
    """What proves an entry of those from `start` to before `end`, from the leaf up (RFC 6962, 2.1.1)."""
    if end - start == 1:
        return []
    middle = start + (1 << ((end - start - 1).bit_length() - 1))
    if index < middle:
        return [*_inclusion(index, start, middle, node), _root(middle, end, node)]
    return [*_inclusion(index, middle, end, node), _root(start, middle, node)]


def _root(start: int, end: int, node: Callable[[int, int], bytes]) -> bytes:
    count = end - start
    if count & (count - 1) == 0:
        return node(count.bit_length() - 1, start >> (count.bit_length() - 1))
    middle = start + (1 << ((count - 1).bit_length() - 1))
    return verify.root_of([_root(start, middle, node), _root(middle, end, node)])


def _write(path: Path, content: bytes) -> None:
    """A file whole or not at all, on disk before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _append(path: Path, root: bytes) -> None:
    with path.open("ab") as file:
        file.write(root)
        file.flush()
        os.fsync(file.fileno())


def goal_of(witness: Witness, origin: str) -> Goal | None:
    """How far this witness has cosigned a log, with the signatures of both; None where it never has."""
    found = witness.cosigned(origin)
    if found is None:
        return None
    size, root, note = found
    return Goal(size, root, note)


def read_mirrors(data: Path) -> list[tuple[str, Served]]:
    """What is to be copied, from where; raises `verify.Malformed` for a line that can't be read."""
    lines = (data / "mirrors").read_text().splitlines() if (data / "mirrors").exists() else []
    found = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            parts = line.split()
            if len(parts) != 3:
                raise verify.Malformed("a line of mirrors reads: origin https-address token-file")
            found.append((parts[0], Served(parts[1], token=Path(parts[2]))))
    return found


def main() -> None:
    """Does one thing with every copy; ends with 1 where something is not what was cosigned, with 2 where it can't be reached now."""
    parser = argparse.ArgumentParser(description="日志镜像 a copy of the logs that this witness cosigns")
    parser.add_argument("--data", type=Path, required=True, help="数据目录 the witness's folder")
    does = parser.add_subparsers(dest="does", required=True)
    pulling = does.add_parser("pull", help="取回 take in what was cosigned since")
    pulling.add_argument("--every", type=float, help="间隔秒 again and again, so many seconds apart")
    does.add_parser("check", help="核验 read every entry of the copies once more")
    does.add_parser("compare", help="对照 hold the copies beside what the county serves now")
    showing = does.add_parser("entry", help="取证 write an entry and its proof")
    showing.add_argument("origin")
    showing.add_argument("position", type=int)
    showing.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        witness = _witness(arguments.data)
        if arguments.does == "entry":
            _hand_out(Mirror(arguments.data / "mirror", origin=arguments.origin), arguments.position, arguments.to)
            return
        while True:
            for origin, source in read_mirrors(arguments.data):
                _work(arguments.does, Mirror(arguments.data / "mirror", origin=origin), source, witness)
            if not getattr(arguments, "every", None):
                return
            time.sleep(arguments.every)
    except verify.NotProved as error:
        sys.exit(f"未通过 NOT PROVED: {error}")
    except Away as error:
        print(f"稍后再试 LATER: {error}", file=sys.stderr)
        sys.exit(2)


def _witness(data: Path) -> Witness:
    """The witness whose folder this is, by the name it has; raises `verify.Malformed` where there is none."""
    known = data / "witness.vkey"
    if not known.exists():
        raise verify.Malformed(f"{data} is no folder of a witness; start witness.py with it first")
    return Witness(data, name=verify.Verifier.parse(known.read_text()).name)


def _work(does: str, mirror: Mirror, source: Source, witness: Witness) -> None:
    if does == "pull":
        goal = goal_of(witness, mirror.origin)
        steps: Iterator[int] = mirror.pull(source, goal) if goal is not None else iter(())
    else:
        steps = mirror.check(witness.keys_of(mirror.origin)) if does == "check" else mirror.compare(source)
    for number, done in enumerate(steps):
        if number % 100 == 0:
            print(f"{mirror.origin}: {done}", flush=True)
    print(f"{mirror.origin}: {mirror.size} 条 entries", flush=True)


def _hand_out(mirror: Mirror, position: int, to: Path) -> None:
    entry, proof = mirror.entry(position)
    to.mkdir(parents=True, exist_ok=True)
    name = f"{mirror.origin.replace('/', '_')}-{position}"
    (to / f"{name}.entry").write_bytes(entry)
    (to / f"{name}.tlog-proof").write_text(proof)
    print(f"已写出 written: {name}.entry, {name}.tlog-proof")


if __name__ == "__main__":
    main()
