"""What tests of intake and comparison have in common: an office takes files in, compares them, and what came of it."""

import csv
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from services.roster.batches import in_one_numbering
from services.roster.comparison import Compared
from services.roster.domain.child import Child
from services.roster.intake import Intake, Loaded
from services.roster.reconcile.model import Row
from tests.roster.conftest import AS_OF, Office
from tests.roster.given import acting_on


def load(office: Office, folder: Path) -> list[Loaded]:
    """Hands in every file of a folder."""
    with acting_on(AS_OF):
        return [office.intake.load_files([path]) for path in sorted(folder.iterdir())]


def compare(office: Office, *, intake: Intake | None = None) -> Compared:
    """Compares the registers in force."""
    with acting_on(AS_OF):
        return (intake or office.intake).comparison.compare(as_of=AS_OF, progress=lambda *_: None)


def rows_of(office: Office) -> list[Row]:
    """All rows of the registers in force, as a comparison sees them."""
    rows, _ = in_one_numbering(office.lookup.rows_in_force())
    return rows


def children_of(office: Office) -> dict[UUID, Child]:
    """Every child the roster knows, by id."""
    notifications = office.roster.recorder_of_commands.follow(0, 100_000)
    ids = [told.event.originator_id for told in notifications if told.event.topic == "roster.Child.Registered"]
    assert len(set(ids)) == len(ids)
    return {child_id: office.roster.get(Child, child_id) for child_id in ids}


def told_since(office: Office, position: int) -> list[tuple[str, UUID]]:
    """Topic and aggregate of everything recorded after a position."""
    told = office.roster.recorder_of_commands.follow(position, 100_000)
    return [(notification.event.topic, notification.event.originator_id) for notification in told]


def rewritten(path: Path, rewrite: Callable[[list[list[str]]], list[list[str]]], *, encoding: str) -> None:
    """Writes a delimited register anew; the first line is its header."""
    with path.open(encoding=encoding, newline="") as file:
        lines = list(csv.reader(file))
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rewrite(lines))
