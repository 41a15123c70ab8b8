"""A small invented county, and the roster on databases of its own to take it in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from deploy.sample.county import generate
from services.chassis import key_store
from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.vault import Vault
from services.roster.application import Roster
from services.roster.intake import Intake
from services.roster.lookup import Lookup
from services.roster.service import build, migrate
from tests.chassis.things import NOON
from tests.fixtures.postgres import Databases, FreshDatabase

AS_OF = date(2026, 9, 14)
KEY_SECRET = bytes(range(32))
SURROUNDINGS = Surroundings(clock=SteppedClock(NOON), token="secret")


@dataclass(frozen=True, slots=True)
class Office:
    """The roster as an office works with it, and what lies beneath."""

    intake: Intake
    roster: Roster
    vault: Vault
    lookup: Lookup
    database: FreshDatabase
    key_store: FreshDatabase


@pytest.fixture(scope="session")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six register files of a county of some two hundred children."""
    folder = tmp_path_factory.mktemp("county")
    generate(children=230, seed=7, as_of=AS_OF).write(folder)
    return folder / "registers"


@pytest.fixture
def office(database: Callable[..., FreshDatabase]) -> Iterator[Office]:
    """An office that has seen no file yet."""
    with ExitStack() as stack:
        yield open_office(database, stack)


@pytest.fixture(scope="module")
def module_office(databases: Databases) -> Iterator[Office]:
    """An office that the tests of a module share."""
    with databases.fresh() as database, ExitStack() as stack:
        yield open_office(database, stack)


def open_office(database: Callable[..., FreshDatabase], stack: ExitStack) -> Office:
    """Opens an office on fresh databases; the stack closes it."""
    own, keys = database("roster", migrate=migrate), database("vault", migrate=key_store.migrate)
    vault = stack.enter_context(closing(Vault(dsn=keys.app, ring=KeyRing.single(bytes(32)))))
    service = build(dsn=own.app, vault=vault, surroundings=SURROUNDINGS, key_secret=KEY_SECRET)
    stack.callback(service.service.close)
    roster = service.service.application
    assert isinstance(roster, Roster)
    lookup = stack.enter_context(closing(Lookup(dsn=own.app, vault=vault, key_secret=KEY_SECRET)))
    return Office(service.intake, roster, vault, lookup, own, keys)
