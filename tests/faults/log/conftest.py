"""Lines of a producer, a topic and a reader for the fault tests of the log; see `line.py`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from services.chassis.key_store import migrate
from services.chassis.keyring import KeyRing
from services.chassis.log_kafka import Cluster, create_topics
from services.chassis.vault import Vault
from tests.contracts.log import Producer
from tests.faults.log.line import Line, Listener, NewLine, Place
from tests.faults.proxy import Proxy
from tests.fixtures.kafka import a_topic
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import migrate_store, migrate_store_and_places

KEK = bytes(range(32))


@pytest.fixture(scope="module")
def key_store(module_database: Callable[..., FreshDatabase]) -> FreshDatabase:
    """The key store of a module's tests; each has persons of its own."""
    return module_database("vault", migrate=migrate)


@pytest.fixture
def new_line(database: Callable[..., FreshDatabase], key_store: FreshDatabase) -> Iterator[NewLine]:
    """Makes lines over a cluster: `new_line(cluster, partitions=3, replicas=1)`; all are stopped at the end."""
    with ExitStack() as stack:

        def make(cluster: Cluster, *, partitions: int = 3, replicas: int = 1) -> Line:
            topic = a_topic("things", partitions=partitions)
            create_topics(cluster, [topic], replicas=replicas)
            place = Place(
                bootstrap=cluster.bootstrap,
                producer=topic.producer,
                generation=topic.generation,
                partitions=partitions,
                groups=topic.name,
                store=database("roster", migrate=migrate_store).app,
                vault=key_store.app,
                kek=KEK.hex(),
            )
            vault = stack.enter_context(closing(Vault(dsn=key_store.app, ring=KeyRing.single(KEK))))
            told = database("roster", migrate=migrate_store).app
            return stack.enter_context(
                closing(
                    Line(
                        producer=stack.enter_context(closing(Producer(topic.producer, dsn=told, vault=vault))),
                        listener=stack.enter_context(closing(Listener(store=place.store, vault=vault))),
                        places=database("roster", migrate=migrate_store_and_places).app,
                        place=place,
                        vault=vault,
                    )
                )
            )

        yield make


@pytest.fixture
def line(kafka: Cluster, new_line: NewLine) -> Line:
    """A line over the run's broker."""
    return new_line(kafka)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Between whoever is told to go through it and all brokers."""
    with Proxy() as between:
        yield between
