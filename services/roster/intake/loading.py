"""From files to batches in force: read once, previewed without writing anything, and loaded whole.

Each step can be repeated: the same file is the same batch. A crash between two steps leaves whole batches, and running it
again does the rest. A preview makes the very draft that a comparison would, over the batches that would be in force, and lets
the aggregates decide what they would record: so the two can't differ, except by what others do between them.
"""

import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from services.chassis.vault import Vault
from services.contracts.divisions import DIVISIONS, township_code
from services.roster.application import Roster
from services.roster.batches import WHOLE, Part, in_one_numbering
from services.roster.comparison import OWNER_OF_MISSED, Comparison
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.statements import Rehearsed
from services.roster.lookup import Claim, Lookup
from services.roster.reconcile.model import Register, Reject, Row
from services.roster.reconcile.normalise import compact
from services.roster.reconcile.reading import MAX_FILE_BYTES, TABLES, OwnRows, Reading, read_content, too_large
from services.roster.reconcile.registers import Naming

Progress = Callable[[str, int, int], None]

NEWEST: Final = sys.maxsize
"""When a batch comes into force that is only previewed: after all others."""

NOT_OF_THE_SCHOOL: Final = "the school code is another school's; a school hands in its own pupils (不是本校学生)"
NOT_OF_THE_TOWNSHIP: Final = "not a place of this township; a township hands in its own children (不是本乡镇儿童)"


def _silent(_step: str, _done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was handed in; its bytes are asked for once."""

    name: str
    content: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a delivery, nothing of it kept yet; batches by register."""

    part: str
    files: tuple[str, ...]
    reading: Reading
    rows: dict[Register, list[Row]]
    sha256: dict[Register, str]

    @property
    def batches(self) -> dict[Register, UUID]:
        """The batch that each register would be."""
        return {
            register: RegisterBatch.id_of(register=register, sha256=sha256, part=self.part)
            for register, sha256 in self.sha256.items()
        }

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each register."""
        return {str(register): len(rows) for register, rows in self.rows.items()}


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change if a delivery were taken in."""

    rows: int
    rejected: int
    said: Rehearsed
    missed: int
    doubts: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A delivery that was taken in: its batch per register, and what of it could not be read."""

    files: tuple[str, ...]
    batches: dict[str, UUID]
    rows: dict[str, int]
    rejects: tuple[Reject, ...]
    known: bool
    """Whether all of it was there already."""


class Intake:
    """Reads files and keeps their batches, for `comparison` to compare; call all of it inside `acting(...)`."""

    def __init__(self, *, roster: Roster, lookup: Lookup, vault: Vault) -> None:
        self.comparison = Comparison(roster=roster, lookup=lookup, vault=vault)
        self._roster = roster
        self._lookup = lookup

    @contextmanager
    def alone(self, *, wait_s: float = 0.0) -> Iterator[Claim]:
        """While nobody else loads or compares; raises `Refused` where somebody still does after the wait."""
        with self._lookup.claim(wait_s=wait_s) as claim:
            yield claim

    def load_files(self, files: Sequence[Path], *, progress: Progress = _silent) -> Loaded:
        """Takes a delivery in: all files of a register together are its new word, the one before is no more.

        Raises `Refused`, naming the file, where one can't be read at all; then nothing of the delivery is taken in.
        """
        return self.load(self.read_paths(files, progress=progress), progress=progress)

    def read_paths(self, files: Sequence[Path], *, keep_spoilt: bool = False, progress: Progress = _silent) -> Read:
        """Reads the tables among the files of a folder, as the county's word."""
        tables = [File(path.name, partial(_content, path)) for path in files if path.suffix.lower() in TABLES]
        return self.read(tables, keep_spoilt=keep_spoilt, progress=progress)

    def read(
        self,
        files: Iterable[File],
        *,
        part: str = WHOLE,
        namings: Sequence[Naming] = (),
        keep_spoilt: bool = False,
        progress: Progress = _silent,
    ) -> Read:
        """Reads files, each once, and keeps nothing. Raises `Refused`, naming the file, where one can't be read at all."""
        reading = Reading(namings=namings, own=_own_rows(part), keep_spoilt=keep_spoilt)
        digests: dict[str, bytes] = {}
        for file in sorted(files, key=lambda file: file.name):
            progress(file.name, 0, 1)
            content = file.content()
            digests[file.name] = hashlib.sha256(content).digest()
            read_content(file.name, content, into=reading)
            progress(file.name, 1, 1)
        rows: dict[Register, list[Row]] = defaultdict(list)
        of_register: dict[Register, set[bytes]] = defaultdict(set)
        for row in reading.rows:
            rows[row.ref.register].append(row)
            of_register[row.ref.register].add(digests[row.file])
        sha256 = {
            register: hashlib.sha256(b"".join(sorted(digests))).hexdigest() for register, digests in of_register.items()
        }
        reading.rows.clear()
        return Read(part, tuple(digests), reading, dict(rows), sha256)

    def preview(self, read: Read, *, as_of: date, progress: Progress = _silent) -> Preview:
        """What loading and comparing would change on a date; nothing is written."""
        fresh = [
            (Part(register, read.part, batch_id, NEWEST), read.rows[register])
            for register, batch_id in read.batches.items()
        ]
        kept = self._lookup.rows_in_force(without={(part.register, part.part) for part, _ in fresh})
        rows, batches = in_one_numbering([*kept, *fresh])
        del kept
        draft = self.comparison.draft(rows, batches=batches, as_of=as_of, progress=progress)
        del rows
        said: Counter[str] = Counter()
        done, total = 0, len(draft.reconciliation.children)
        for statements in self.comparison.statements(draft):
            unsaid, _ = self.comparison.unsaid(statements)
            _count(self._roster.rehearse(statements=unsaid), into=said)
            done += len(statements)
            progress("preview", done, total)
        missed = self.comparison.missed(draft)
        of_missed = self._roster.rehearse(missed=missed, owner=OWNER_OF_MISSED)
        said["raised"] += of_missed.raised
        said["resolved"] += of_missed.resolved
        _, doubts, _ = self.comparison.doubts(draft, draft.standing)
        return Preview(
            rows=sum(read.counts.values()),
            rejected=len(read.reading.rejects),
            said=Rehearsed(said["new"], said["changed"], said["raised"], said["resolved"]),
            missed=len(missed),
            doubts=len(doubts),
        )

    def replaced(self, read: Read) -> dict[str, int]:
        """How many rows are in force of each register, or the part of it, that a delivery would take the place of."""
        in_force = self._lookup.batches_in_force()
        places = {register: in_force.get((register, read.part)) for register in read.batches}
        batches = {
            register: self._roster.find(RegisterBatch, batch_id) for register, batch_id in places.items() if batch_id
        }
        return {str(register): batch.rows for register, batch in batches.items() if batch is not None}

    def load(self, read: Read, *, progress: Progress = _silent) -> Loaded:
        """Puts what was read in force, register by register."""
        heard = self._lookup.heard()
        known = True
        for done, (register, batch_id) in enumerate(read.batches.items()):
            progress("load", done, len(read.batches))
            if batch_id not in heard:
                known = False
                self._load_batch(read, register, batch_id)
        progress("load", len(read.batches), len(read.batches))
        batches = {str(register): batch_id for register, batch_id in read.batches.items()}
        return Loaded(read.files, batches, read.counts, tuple(read.reading.rejects), known)

    def _load_batch(self, read: Read, register: Register, batch_id: UUID) -> None:
        rows = read.rows[register]
        rejected = sum(reject.register == register for reject in read.reading.rejects)
        self._roster.load_batch(
            register=register, sha256=read.sha256[register], rows=len(rows), rejected=rejected, part=read.part
        )
        self._lookup.keep_rows(batch_id, rows)
        self._lookup.put_in_force(register, batch_id, part=read.part)


def _count(rehearsed: Rehearsed, *, into: Counter[str]) -> None:
    into["new"] += rehearsed.new
    into["changed"] += rehearsed.changed
    into["raised"] += rehearsed.raised
    into["resolved"] += rehearsed.resolved


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise too_large(path.name)
    return path.read_bytes()


def _own_rows(part: str) -> OwnRows | None:
    """What holds for rows of a unit that speaks for itself only."""
    kind, _, area = part.partition(":")
    if kind == "school":
        return partial(_of_school, area)
    if kind == "township":
        return partial(_of_township, area)
    return None


def _of_school(area: str, _register: Register, cells: dict[str, str]) -> tuple[str, str] | None:
    code = compact(cells.get("school_code", "")).removesuffix(".0")
    if not code:
        cells["school_code"] = area
    return None if code in {"", area} else ("school_code", NOT_OF_THE_SCHOOL)


def _of_township(area: str, _register: Register, cells: dict[str, str]) -> tuple[str, str] | None:
    name = cells.get("township", "")
    if not name:
        cells["township"] = DIVISIONS.name_of(area)
        return None
    return None if township_code(name) == area else ("township", NOT_OF_THE_TOWNSHIP)
