"""The logs as a mirror reads them: over HTTP, from a real store, to who shows the secret; and nothing of a person in the clear."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from deploy.tiles import Tiles, TileServer
from deploy.witness import verify
from deploy.witness.mirror import AT_ONCE, Away, Goal, Mirror, Served
from services.chassis.clock import SystemClock
from services.chassis.errors import NotFound, Refused
from services.chassis.store import Recorder
from services.chassis.tree import LogTree, origin_of, signer_of
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import migrate_store_and_tree
from tests.fixtures.stored_events import an_event

TOKEN = "0123456789abcdef" * 2
SIGNED, UNSIGNED = AT_ONCE + 44, 3


@pytest.fixture(scope="module")
def tree(module_database: Callable[..., FreshDatabase]) -> Iterator[LogTree]:
    """A log of which the last events are not signed yet."""
    fresh = module_database("roster", migrate=migrate_store_and_tree)
    with closing(Recorder(dsn=fresh.app)) as recorder:
        found = LogTree(dsn=fresh.app, signer=signer_of(origin_of("roster"), secret=bytes(32)), clock=SystemClock())
        recorder.insert_events([an_event() for _ in range(SIGNED)])
        found.keep_up()
        recorder.insert_events([an_event() for _ in range(UNSIGNED)])
        yield found


@pytest.fixture(scope="module")
def address(tree: LogTree) -> Iterator[str]:
    with TileServer(Tiles({"roster": tree}, token=TOKEN), host="127.0.0.1", port=0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_mirror_copies_the_log_as_it_is_served(tree: LogTree, address: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    signed = tree.signed()
    copy = Mirror(tmp_path / "mirror", origin=tree.origin)
    source = Served(f"{address}/roster", token=tmp_path / "token")
    assert list(copy.pull(source, Goal(signed.size, signed.root, signed.note))) == [AT_ONCE, SIGNED]

    entry, proof = copy.entry(SIGNED)
    trusted = [verify.Verifier.parse(tree.verifier)]
    assert verify.check_tlog_proof(proof, entry=entry, trusted=trusted, origin=tree.origin).size == SIGNED
    assert entry == tree.entry(SIGNED)
    assert list(copy.compare(source))[-1] == SIGNED


def test_nobody_without_the_secret_is_shown_anything(address: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN[:-1])
    with pytest.raises(Away, match="401"):
        Served(f"{address}/roster", token=tmp_path / "token").read("checkpoint")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/police/checkpoint",
        "/roster/entries/001.p/45",
        "/roster/entries/002",
        "/roster/entries/1",
        "/roster/tile/9/000",
        "/roster/tile/1/001",
        "/roster/entries/000.p/257",
        "/roster/../roster/checkpoint",
        "/roster/entries/000?x=1",
    ],
)
def test_what_is_not_signed_or_no_path_is_not_there(tree: LogTree, path: str) -> None:
    with pytest.raises(NotFound):
        Tiles({"roster": tree}, token=TOKEN).read(path)


def test_a_secret_that_could_be_guessed_is_refused(tree: LogTree) -> None:
    with pytest.raises(Refused, match="32 characters"):
        Tiles({"roster": tree}, token="short")
