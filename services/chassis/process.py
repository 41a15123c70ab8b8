"""A process of the distributed profile: the parts it was told to run, their health over HTTP, until it is told to stop.

    python -m services.cases api relay inbox       any of its parts; `all` for all of them
    python -m services.cases relay --generation 2  tells its events again, into a new generation of its topic

`run` is all that a service's `__main__` needs; the gateway, which is no service, builds its parts itself `within` a
process. What a process needs comes from its environment (`config.ProcessSettings`); it ends with 2 where that is not enough.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from fastapi import FastAPI

from services.chassis.clock import SystemClock
from services.chassis.config import ProcessSettings, read_process_settings
from services.chassis.errors import Refused, ServiceError
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.log_kafka import Cluster, KafkaLog, KafkaSender, Topic, read_topics
from services.chassis.logs import log_to_stderr
from services.chassis.notes import Key
from services.chassis.relay import Relay
from services.chassis.runtime import Part, Runtime, Service, collect_seldom, until_told_to_stop, watch
from services.chassis.signing import read_signer
from services.chassis.telemetry import Telemetry, observe_pool
from services.chassis.vault import Vault
from services.chassis.web import WebServer, add_health

PARTS = ("api", "relay", "inbox")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Process:
    """What the parts of one process have in common."""

    name: str
    parts: frozenset[str]
    """Which of its parts it was told to run."""
    settings: ProcessSettings
    clock: SystemClock
    vault: Vault
    topics: tuple[Topic, ...]

    def dsn(self, role: str) -> str:
        """How one of the database roles of this service, `app`, reaches its database."""
        return self.settings.dsn(self.name, f"{self.name}_{role}")

    @property
    def tree_secret(self) -> bytes:
        """That of which the keys of the trees are made."""
        return bytes.fromhex(self.settings.secret("trees.key"))

    @property
    def signing_beside(self) -> tuple[Key, ...]:
        """The keys elsewhere that sign checkpoints beside those."""
        return read_signer(self.settings.signer)

    @property
    def surroundings(self) -> Surroundings:
        """What the HTTP face of a service needs."""
        return Surroundings(
            clock=self.clock,
            token=self.settings.secret("services.token"),
            witnessed_within=self.settings.witnessed_within,
        )

    @property
    def brokers(self) -> Cluster:
        """The way to the brokers; raises `Refused` where it isn't set."""
        if not self.settings.kafka:
            raise Refused("BAOXUE_KAFKA is not set; name the brokers, host:port,host:port.")
        return Cluster(bootstrap=self.settings.kafka, security=self.settings.kafka_client())

    @property
    def log(self) -> KafkaLog:
        """What the others tell."""
        return KafkaLog(cluster=self.brokers, topics=self.topics)

    def topic(self) -> Topic:
        """Where this service tells its events."""
        return next(topic for topic in self.topics if topic.producer == self.name)

    def keep_running(self, parts: Sequence[Part], *, app: FastAPI | None) -> None:
        """Runs the parts, and beside them the web server with `app` or only their health, until told to stop."""
        app = app or FastAPI(title=f"{self.name} health", docs_url=None, redoc_url=None, openapi_url=None)
        runtime = Runtime(
            [*parts, WebServer(app, name=self.name, host=self.settings.host, port=self.settings.port)],
        )
        add_health(app, report=runtime.report)
        runtime.observe()
        observe_pool("key store", stats=self.vault.pool_stats)
        with runtime:
            until_told_to_stop()


def run(name: str, start: Callable[[Process], Service], *, also: Sequence[str] = ()) -> None:
    """Runs the parts of one service that the command line names; ends the process with 2 where it is refused.

    `also` names the parts that only this service has.
    """
    with within(name, parts=(*PARTS, *also)) as process, ExitStack() as stack:
        service = start(process)
        stack.callback(service.close)
        observe_pool(f"{name} store", stats=service.application.recorder_of_commands.pool_stats)
        process.keep_running(list(_parts(process, service)), app=service.api if "api" in process.parts else None)


def _parts(process: Process, service: Service) -> Iterator[Part]:
    if "api" in process.parts:
        yield watch(f"{service.name} store", service.dsn)
        yield watch("key store", process.settings.dsn("vault", "vault_app"))
    if "relay" in process.parts:
        topic = process.topic()
        sender = KafkaSender(cluster=process.brokers, topic=topic)
        yield Relay(publication=service.publication, sender=sender, dsn=service.dsn, place=topic.name)
        yield service.tree_keeper(
            secret=process.tree_secret,
            also=process.signing_beside,
            clock=process.clock,
            within=process.settings.witnessed_within,
        )
    if "inbox" in process.parts:
        if service.hears:
            yield service.inbox(log=process.log, clock=process.clock)
        yield service.ticker(clock=process.clock)
    for name, parts in service.also.items():
        if name in process.parts:
            yield from parts(process.clock)


@contextmanager
def within(name: str, *, parts: Sequence[str]) -> Iterator[Process]:
    """The surroundings of a process whose command line names some of `parts`; whatever is refused ends it with 2."""
    arguments = _arguments(name, parts)
    collect_seldom()
    try:
        with ExitStack() as stack:
            settings = read_process_settings()
            process_name = f"{name} {' '.join(arguments.parts)}"
            log_to_stderr(service=process_name)
            stack.enter_context(
                Telemetry(endpoint=settings.otlp_endpoint, service=process_name, share=settings.trace_share)
            )
            vault = Vault(dsn=settings.dsn("vault", "vault_app"), ring=KeyRing(lambda: settings.secret("vault.kek")))
            stack.callback(vault.close)
            topics = read_topics(settings.topics)
            if arguments.generation is not None:
                topics = tuple(
                    replace(topic, generation=arguments.generation) if topic.producer == name else topic
                    for topic in topics
                )
            yield Process(
                name=name,
                parts=frozenset(parts if ALL in arguments.parts else arguments.parts),
                settings=settings,
                clock=SystemClock(),
                vault=vault,
                topics=topics,
            )
    except ServiceError as error:
        sys.stderr.write(f"refused: {error}\n")
        sys.exit(2)


def _arguments(name: str, parts: Sequence[str]) -> argparse.Namespace:
    package = "gateway" if name == "gateway" else f"services.{name}"
    parser = argparse.ArgumentParser(
        prog=f"python -m {package}", description=f"Runs parts of {name} in this process, until it is told to stop."
    )
    parser.add_argument("parts", nargs="+", choices=(*parts, ALL), metavar=f"{{{','.join((*parts, ALL))}}}")
    parser.set_defaults(generation=None)
    if "relay" in parts:
        parser.add_argument(
            "--generation", type=int, help="the relay's topic generation, where it isn't the listed one"
        )
    return parser.parse_args()
