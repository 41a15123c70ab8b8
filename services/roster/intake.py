"""From files handed in to batches 送册: read, refused or taken in whole; `comparison.py` makes children of what is in force.

Each step can be repeated: the same file is the same batch. A crash between two steps leaves whole batches, and running it
again does the rest.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from services.chassis.vault import Vault
from services.roster.application import Roster
from services.roster.comparison import Comparison
from services.roster.lookup import Lookup
from services.roster.reconcile.model import Register, Reject, Row
from services.roster.reconcile.reading import Reading, read_file

Progress = Callable[[str, int, int], None]


def _silent(_step: str, _done: int, _total: int) -> None:
    """Tells nobody."""


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
    """Reads files and keeps their batches, for `comparison` to compare; call both inside `acting(...)`."""

    def __init__(self, *, roster: Roster, lookup: Lookup, vault: Vault) -> None:
        self.comparison = Comparison(roster=roster, lookup=lookup, vault=vault)
        self._roster = roster
        self._lookup = lookup

    def load_files(self, files: Sequence[Path], *, progress: Progress = _silent) -> Loaded:
        """Takes a delivery in: all files of a register together are its new word, the one before is no more.

        Raises `Refused`, naming the file, where one can't be read at all; then nothing of the delivery is taken in.
        """
        reading = Reading()
        content: dict[str, bytes] = {}
        for path in sorted(files):
            progress(path.name, 0, 1)
            read_file(path, into=reading)
            content[path.name] = hashlib.sha256(path.read_bytes()).digest()
            progress(path.name, 1, 1)
        by_register: dict[Register, list[Row]] = defaultdict(list)
        for row in reading.rows:
            by_register[row.ref.register].append(row)
        in_force = self._lookup.batches_in_force()
        batches: dict[str, UUID] = {}
        known = True
        for register, rows in by_register.items():
            sha256 = hashlib.sha256(b"".join(sorted({content[row.file] for row in rows}))).hexdigest()
            rejected = sum(reject.register == register for reject in reading.rejects)
            batch_id = self._load_batch(register, rows, sha256=sha256, rejected=rejected, in_force=in_force)
            known = known and in_force.get(register) == batch_id
            batches[register] = batch_id
        counts = {str(register): len(rows) for register, rows in by_register.items()}
        return Loaded(tuple(content), batches, counts, tuple(reading.rejects), known)

    def _load_batch(
        self, register: Register, rows: Sequence[Row], *, sha256: str, rejected: int, in_force: dict[str, UUID]
    ) -> UUID:
        batch = self._roster.load_batch(register=register, sha256=sha256, rows=len(rows), rejected=rejected)
        if in_force.get(register) != batch.id:
            self._lookup.keep_rows(batch.id, rows)
            self._lookup.put_in_force(register, batch.id)
        return batch.id
