"""A key store, and the little service of things on a database of its own."""

from collections.abc import Callable, Iterator

import pytest

from services.chassis.key_store import migrate
from services.chassis.keyring import KeyRing
from services.chassis.mapper import SealingMapper
from services.chassis.shred_list import ShredList
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from tests.chassis.things import Things
from tests.fixtures.postgres import FreshDatabase

KEK = bytes(range(32))
RING = KeyRing.single(KEK)


@pytest.fixture(scope="module")
def key_store(module_database: Callable[..., FreshDatabase]) -> FreshDatabase:
    """The key store of a module's tests; each has persons of its own."""
    return module_database("vault", migrate=migrate)


@pytest.fixture
def open_vault(key_store: FreshDatabase) -> Iterator[Callable[..., Vault]]:
    """Opens vaults on the same key store, as so many processes would."""
    opened: list[Vault] = []

    def open_one(*, ring: KeyRing = RING, shred_list: ShredList | None = None) -> Vault:
        opened.append(Vault(dsn=key_store.app, ring=ring, shred_list=shred_list))
        return opened[-1]

    yield open_one
    for vault in opened:
        vault.close()


@pytest.fixture
def vault(open_vault: Callable[..., Vault]) -> Vault:
    return open_vault()


@pytest.fixture
def things(recorder: Recorder, vault: Vault) -> Things:
    """Things on an empty store."""
    return Things(recorder=recorder, mapper=SealingMapper(vault=vault))
