"""The distributed profile on one machine: every part a process of its own, real brokers between them, no containers.

What containers do in earnest, in small: PostgreSQL from the wheel, Apache Kafka from its jars, and the same commands
that `compose.yaml` and `kubernetes/` give. Each process has its own log in `logs/`. The processes end with whoever
started them, however that ends; databases and brokers are adopted by the next start.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from deploy.kafka.broker import Brokers
from deploy.kafka.topics import FILE as TOPICS
from deploy.kafka.topics import make_topics
from deploy.migrate import migrate
from deploy.policy import keys_of, release_for_development
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from deploy.secrets import make_keys
from services.chassis.clock import SystemClock
from services.chassis.config import LOOPBACK, SERVICES, Settings
from services.chassis.errors import Refused
from services.chassis.log_kafka import Cluster as KafkaCluster

START_S: Final = 60.0
STOP_S: Final = 20.0
HEALTH_S: Final = 2.0
LOOK_EVERY_S: Final = 0.1
PARTS: Final = (
    *((service, part) for service in SERVICES for part in ("api", "relay", "inbox")),
    ("notify", "sender"),
    ("gateway", "projector"),
    ("gateway", "api"),
)
"""Every process: whose it is, and which part of it; in the order in which they are started."""


class NotReady(Exception):
    """A process did not become ready; the message names it and where its log is."""


@dataclass(slots=True)
class Worker:
    """One process: how it is started, and the process itself while there is one."""

    name: str
    """`cases relay`."""
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process, or the last one there was."""
        return None if self.process is None else self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Starts the process where it doesn't run; `wait_until_ready` says when it works."""
        if self.is_running:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own programs with our own arguments
                (*_dying_with_us(), *self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us: we end them in order
            )

    def send(self, number: signal.Signals) -> None:
        """Sends a signal where it runs."""
        if self.process is not None and self.is_running:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Ends it as a power cut would; returns when it has ended."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(STOP_S)

    def stop(self) -> None:
        """Ends it in good order, or by force where that takes too long; returns when it has ended."""
        self.send(signal.SIGTERM)
        if self.process is not None:
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def health(self) -> dict[str, object] | None:
        """What it says of its readiness, or None where it doesn't answer."""
        # By the standard library: asked ten times a second of eighteen processes that start, a client that first reads all
        # certificates of the machine would take the processor from them.
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=HEALTH_S)) as connection:
            try:
                connection.request("GET", "/health/ready")
                answer = connection.getresponse()
                said: dict[str, object] = json.load(answer)
            except (OSError, HTTPException, ValueError):
                return None
        return {"ready": answer.status == HTTPStatus.OK, **said}

    def wait_until_ready(self, *, within_s: float = START_S) -> None:
        """Returns when it says it is ready; raises `NotReady`."""
        deadline = time.monotonic() + within_s
        while True:
            health = self.health()
            if health is not None and health["ready"]:
                return
            if not self.is_running or time.monotonic() > deadline:
                state = "is not ready" if self.is_running else "has ended"
                raise NotReady(f"{self.name} {state}: {health or self._last_words()}; its log is {self.log}")
            time.sleep(LOOK_EVERY_S)

    def _last_words(self) -> str:
        return " / ".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]) or "it said nothing"


class Distributed:
    """The whole profile as one context. Read `__enter__` top to bottom."""

    def __init__(
        self,
        settings: Settings,
        *,
        brokers: Literal[1, 3] = 1,
        durable: bool = True,
        parts: Sequence[tuple[str, str]] = PARTS,
    ) -> None:
        """`settings` are those of the embedded profile; `durable=False` is for tests, where data may die with the machine."""
        self.folder = settings.data_folder.absolute()
        self._settings = settings
        self._nodes = brokers
        self._durable = durable
        self._parts = parts
        self._stack = ExitStack()
        self.cluster: Cluster
        self.brokers: Brokers
        self.workers: dict[str, Worker] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.cluster = stack.enter_context(Cluster.start(self.folder / "postgres", durable=self._durable))
            prepare(self.cluster)
            migrate(self.cluster)
            make_keys(self.secrets)
            if self._settings.development:
                now = SystemClock().now()
                release_for_development(self.cluster, folder=self.folder, keys=self.policy_keys, at=now)
            self.brokers = stack.enter_context(Brokers.start(self.folder / "kafka", nodes=self._nodes))
            make_topics(self.kafka, replicas=self._nodes)
            self.workers = self._workers()
            for worker in self.workers.values():
                stack.callback(worker.stop)
                worker.start()
            for worker in self.workers.values():
                worker.wait_until_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers.values():  # all at once: each finishes what is at hand
            worker.send(signal.SIGTERM)
        self._stack.close()

    @property
    def secrets(self) -> Path:
        """Where all secrets are; in containers each process gets only its own."""
        return self.cluster.folder / "secrets"

    @property
    def policy_keys(self) -> Path:
        """The list of public keys that release the policy."""
        return keys_of(self.folder, named=self._settings.policy_keys)

    @property
    def kafka(self) -> KafkaCluster:
        """How the brokers are reached."""
        return KafkaCluster(bootstrap=self.brokers.bootstrap)

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return self.workers["gateway api"].url

    def restart_what_ended(self) -> list[str]:
        """Starts again what has ended without being told to, and returns its names."""
        ended = [worker for worker in self.workers.values() if not worker.is_running]
        for worker in ended:
            worker.start()
        return [worker.name for worker in ended]

    def environment(self) -> dict[str, str]:
        """The settings that all processes have in common; what an operator's command needs as well."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("BAOXUE_")},
            "BAOXUE_POSTGRES": f"host={LOOPBACK} port={self.cluster.port} sslmode=disable gssencmode=disable",
            "BAOXUE_SECRETS": str(self.secrets),
            "BAOXUE_KAFKA": ",".join(self.brokers.bootstrap),
            "BAOXUE_TOPICS": str(TOPICS),
            "BAOXUE_HOST": self._settings.host,
            "BAOXUE_DEVELOPMENT": "yes" if self._settings.development else "no",
            "BAOXUE_POLICY_KEYS": str(self.policy_keys),
            "BAOXUE_STALE_AFTER_S": str(self._settings.stale_after_s),
            "BAOXUE_OTLP_ENDPOINT": self._settings.otlp_endpoint,
            "BAOXUE_TRACE_SHARE": str(self._settings.trace_share),
            "BAOXUE_WITNESSED_WITHIN_H": f"{self._settings.witnessed_within / timedelta(hours=1):g}",
            "BAOXUE_SIGNER": str(self._settings.signer or ""),
        }

    def _workers(self) -> dict[str, Worker]:
        ports = self._ports()
        addresses = {"BAOXUE_SERVICES": ",".join(f"{s}=http://{LOOPBACK}:{ports[f'{s} api']}" for s in SERVICES)}
        common = self.environment() | addresses
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        workers = {}
        for owner, part in self._parts:
            name = f"{owner} {part}"
            workers[name] = Worker(
                name=name,
                command=(sys.executable, "-m", owner if owner == "gateway" else f"services.{owner}", part),
                environment=common | {"BAOXUE_PORT": str(ports[name])},
                log=logs / f"{owner}-{part}.log",
                port=ports[name],
            )
        return workers

    def _ports(self) -> dict[str, int]:
        """A port for each process, as it was where nobody else has taken it since."""
        file = self.folder / "ports.json"
        kept: dict[str, int] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        with ExitStack() as held:
            ports = {f"{owner} {part}": _port(held, kept.get(f"{owner} {part}", 0)) for owner, part in PARTS}
            if self._settings.port:
                ports["gateway api"] = self._settings.port
        file.write_text(json.dumps(ports), encoding="utf-8")
        return ports


def answering(folder: Path) -> list[str]:
    """Where the processes of the distributed system in this folder answer; raises `Refused` where there is none."""
    file = folder / "ports.json"
    if not file.exists():
        raise Refused(f"There is no distributed system in {folder}; say where the processes answer, http://host:port.")
    ports: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    return [f"http://{LOOPBACK}:{port}" for port in ports.values()]


def _port(held: ExitStack, wanted: int) -> int:
    """The wanted port where it is free, else another; held until all are chosen, so that none is chosen twice."""
    for port in (wanted, 0):
        probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((LOOPBACK, port))
            return int(probe.getsockname()[1])
    raise NotReady("no free TCP port was found")


def _dying_with_us() -> tuple[str, ...]:
    """What to put before a command so that its process ends when this one is killed, where the system offers that."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
