"""Two versions of the program at once: a rolling upgrade under load, and the way back.

The next version is made from this one: its source is copied and changed as a next version may be. The roster tells a
completed transfer in a second version of its type, tells that a child was placed, which it kept to itself before, adds a
field to what it tells; the read model shows both versions of the completed transfer.

What the order is for. Readers are upgraded first, and writers brought back first: then nobody hears what it doesn't know.
Here the relay goes first all the same, for that is what happens: what this version's readers can't know they park, key by
key, and the next version's take it up when they start.
"""

import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest

from deploy.distributed import Distributed, Worker
from tests.faults.conftest import Log
from tests.faults.load import Load
from tests.faults.promises import wait_until_heard
from tests.faults.workers import second
from tests.fixtures.store import eventually

SOURCE = Path(__file__).parents[2]
READERS = ("gateway projector", "cases inbox", "assistance inbox", "notify inbox")
SECOND_VERSION = "roster.transfer-completed.v2"
NEW_TYPE = "roster.child-placed.v1"
PATCHES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "services/contracts/roster.py": (
        (
            "class PlacementDecided(",
            f'''class TransferCompletedV2(Published, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "{SECOND_VERSION}"
    transfer_id: UUID
    child_id: UUID
    to_school: str
    completed_on: date
    told_by: str = ""


class ChildPlaced(Published, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "{NEW_TYPE}"
    placement_id: UUID
    child_id: UUID


class PlacementDecided(''',
        ),
        ("    to_place: str\n", "    to_place: str\n    reason: str = 'moved'\n"),
    ),
    "services/roster/domain/transfer.py": (
        ("        completed_on: date\n", "        completed_on: date\n        told_by: str = ''\n"),
    ),
    "services/roster/publisher.py": (
        ("            return told.TransferCompleted(\n", "            return told.TransferCompletedV2(\n"),
        (
            "        case Child.Merged():\n",
            """        case Child.Placed():
            return told.ChildPlaced(placement_id=event.placement_id, child_id=event.originator_id)
        case Child.Merged():
""",
        ),
    ),
    "gateway/readmodel/roster.py": (
        ("    TransferCompleted,\n", "    TransferCompleted,\n    TransferCompletedV2,\n"),
        ("TransferOpened | TransferCompleted\n", "TransferOpened | TransferCompleted | TransferCompletedV2\n"),
        ("        case TransferCompleted():\n", "        case TransferCompleted() | TransferCompletedV2():\n"),
    ),
    "gateway/readmodel/owed_elsewhere.py": (
        (
            "        case roster.TransferCompleted():\n",
            "        case roster.TransferCompleted() | roster.TransferCompletedV2():\n",
        ),
    ),
}


@pytest.fixture(scope="module")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the next version."""
    tree = tmp_path_factory.mktemp("next")
    for package in ("services", "gateway"):
        shutil.copytree(SOURCE / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, changes in PATCHES.items():
        text = (tree / name).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{name} has changed: {old!r} is not there once"
            text = text.replace(old, new)
        (tree / name).write_text(text, encoding="utf-8")
    return tree


def test_a_rolling_upgrade_and_the_way_back_lose_nothing(
    system: Distributed, children: list[UUID], random: Random, log: Log, next_version: Path
) -> None:
    log.fault = "upgrade to the next version and back"
    before = {name: worker.environment for name, worker in system.workers.items()}
    later = {"PYTHONPATH": str(next_version), "PYTHONSAFEPATH": "1"}
    readers = [system.workers[name] for name in READERS]
    relay = system.workers["roster relay"]
    try:
        with Load(system, children=children, seed=random.getrandbits(32), pause_s=0.15) as load:
            load.wait_for(10)
            _replace([relay], {relay.name: {**relay.environment, **later}})
            eventually(lambda: _parked(system), within=60)
            wait_until_heard(system, "gateway")  # all other keys flow, past those that wait

            _replace(readers, {name: {**before[name], **later} for name in READERS})
            eventually(lambda: not _parked(system), within=60)

            with second(system, "roster api", environment=later) as [newer]:
                load.beside["roster"] = newer  # both versions take commands now
                load.wait_for(40)
                del load.beside["roster"]
            _replace([relay], before)
            for reader in READERS:
                wait_until_heard(system, reader.split()[0])
            _replace(readers, before)
            load.wait_for(20)
            log.rounds += 1
    finally:
        if any(worker.environment is not before[worker.name] for worker in (relay, *readers)):
            _replace([relay, *readers], before)
    log.conclude(load.ledger)
    assert _journalled(system, SECOND_VERSION)
    assert _journalled(system, NEW_TYPE)


def _replace(workers: Sequence[Worker], environments: Mapping[str, Mapping[str, str]]) -> None:
    """Ends processes in good order and starts them in another version."""
    for worker in workers:
        worker.send(signal.SIGTERM)
    for worker in workers:
        worker.stop()
        worker.environment = environments[worker.name]
        worker.start()
    for worker in workers:
        worker.wait_until_ready()


def _parked(system: Distributed) -> int:
    """How many records the read model has put aside and not yet taken up."""
    return _count(system, "select count(*) from parked where state = 'parked'")


def _journalled(system: Distributed, type_: str) -> int:
    return _count(system, "select count(*) from journal where type = %s", type_)


def _count(system: Distributed, query: str, *values: str) -> int:
    with psycopg.connect(system.cluster.dsn("gateway", "gateway_writer")) as connection:
        [(count,)] = connection.execute(query.encode(), values).fetchall()
    return int(count)
