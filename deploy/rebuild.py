"""`baoxue rebuild`: the gateway's read model made anew from all events, while people go on reading the old one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from deploy.embedded import Embedded
from deploy.operate import NamedServers
from deploy.postgres.cluster import Cluster, ClusterError
from deploy.postgres.databases import Server
from deploy.services import built
from deploy.showing import StepBars
from gateway.readmodel import rebuild as readmodel
from services.chassis.clock import SystemClock
from services.chassis.config import ProcessSettings, Settings, read_secret
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.log import Log
from services.chassis.log_kafka import Cluster as Brokers
from services.chassis.log_kafka import KafkaLog, read_topics
from services.chassis.runtime import collect_seldom
from services.chassis.vault import Vault


def rebuild_embedded(console: Console, *, settings: Settings) -> None:
    """On this machine: beside `baoxue up` where that runs, else by itself."""
    try:
        cluster = Cluster.attach(settings.data_folder / "postgres")
    except ClusterError:
        with Embedded(settings=settings, clock=SystemClock(), serving=False) as running:
            _rebuild(console, running.cluster, log=running.log, vault=running.vault)
    else:
        with _log_of(cluster, settings.data_folder) as (log, vault):
            _rebuild(console, cluster, log=log, vault=vault)


def rebuild_distributed(console: Console, *, settings: ProcessSettings) -> None:
    """On the servers that the settings name; needs the secrets of the projector and `gateway_owner`'s."""
    brokers = Brokers(bootstrap=settings.kafka, security=settings.kafka_client())
    log = KafkaLog(cluster=brokers, topics=read_topics(settings.topics))
    vault = Vault(dsn=settings.dsn("vault", "vault_app"), ring=KeyRing(lambda: settings.secret("vault.kek")))
    with ExitStack() as stack:
        stack.callback(vault.close)
        _rebuild(console, NamedServers(settings), log=log, vault=vault)


def _rebuild(console: Console, server: Server, *, log: Log, vault: Vault) -> None:
    collect_seldom()
    with StepBars(console) as bars:
        read = readmodel.rebuild(
            dsn=server.dsn("gateway", "gateway_writer"),
            owner_dsn=server.dsn("gateway", "gateway_owner"),
            log=log,
            opener=vault,
            progress=bars.tell,
        )
    console.print(f"The read model was made anew from {read:,} events; the journal and the receipts stay.")


@contextmanager
def _log_of(cluster: Cluster, folder: Path) -> Iterator[tuple[Log, Vault]]:
    """The log of a system that another process runs, read from its stores."""
    with ExitStack() as stack:
        vault = Vault(dsn=cluster.dsn("vault", "vault_app"), ring=KeyRing.of(folder / "vault.kek"))
        stack.callback(vault.close)
        surroundings = Surroundings(clock=SystemClock(), token=read_secret(folder / "services.token"))
        key_secret = bytes.fromhex(read_secret(folder / "roster.key"))
        services = built(cluster, vault=vault, surroundings=surroundings, key_secret=key_secret)
        yield stack.enter_context(services).direct_log(), vault
