"""Apache Kafka's own brokers on this machine, from its jars: for tests, benchmarks and the distributed profile without containers.

Needs Java 17 and, the first time, Maven: `pom.xml` names the jars, they are copied once into the user's cache. What a
reader must know to change this:

Folder: `cluster.id`, `ports.json` (kept from start to start where they are free, so that clients find the brokers
again), and for each node `node-<n>/` with `server.properties`, `log4j2.properties`, `pid`, `server.log` and `data/`.

KRaft: every node is broker and controller at once, one node or three; a quorum of three survives the loss of one.
Loopback only, without passwords: this is no set-up for more than one machine.

Owner: brokers are processes of their own that outlive whoever started them; `Brokers.start` adopts those it finds
running, `stop` ends them whoever started them. A pid counts only if that process runs on this folder: pids are used again.
"""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from xml.etree import ElementTree as ET

JAVA_MIN = 17
POM = Path(__file__).with_name("pom.xml")
PORTS = range(20_000, 32_000)  # below the ports Linux hands to outgoing connections
START_SECONDS = 60.0
STOP_SECONDS = 20.0
FETCH_SECONDS = 600.0
JVM = (
    *("-Xmx384m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto"),
    *("-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true"),
)

SETTINGS = """\
# Written by Baoxue at every start.
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
# Topics are made by `create_topics` only: one that sprang up by itself would have the wrong number of partitions.
auto.create.topics.enable=false
delete.topic.enable=true
default.replication.factor={replicas}
min.insync.replicas={in_sync}
unclean.leader.election.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# After kill -9 a node is taken back only when its last life has timed out.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
"""

LOGGING = """\
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
appender.out.type = RollingFile
appender.out.name = out
appender.out.fileName = {log}
appender.out.filePattern = {log}.%i
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{{ISO8601}} %p %c{{1}} %m%n
appender.out.policies.type = Policies
appender.out.policies.size.type = SizeBasedTriggeringPolicy
appender.out.policies.size.size = 10MB
appender.out.strategy.type = DefaultRolloverStrategy
appender.out.strategy.max = 1
"""


class KafkaUnavailable(Exception):
    """Kafka can't be had or doesn't run on this machine; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Broker:
    """One node: a broker and controller in one process, in one folder."""

    node: int
    folder: Path
    port: int
    controller_port: int

    @property
    def address(self) -> str:
        """Where clients reach it: `127.0.0.1:<port>`."""
        return f"127.0.0.1:{self.port}"

    def pid(self) -> int | None:
        """Its process, or None when it doesn't run."""
        try:
            pid = int((self.folder / "pid").read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid if os.fsencode(self._settings) in command else None

    def start(self) -> None:
        """Starts the process where it doesn't run; `wait` says when it takes connections."""
        if self.pid() is not None:
            return
        launch = '"$@" </dev/null >>"$OUTPUT" 2>&1 & echo $!'  # the shell ends: the broker is nobody's child
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        command = (*_java_command(logging), "kafka.Kafka", str(self._settings))
        started = subprocess.run(  # noqa: S603 - the arguments are our own, none of them is read by the shell
            ("/bin/sh", "-c", launch, "sh", *command),
            env={**_environment(), "OUTPUT": str(self.folder / "output.log")},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            timeout=10,
            check=True,
        )
        (self.folder / "pid").write_text(started.stdout.strip(), encoding="ascii")

    def wait(self) -> None:
        """Waits until it takes connections, at most `START_SECONDS`; raises `KafkaUnavailable`."""
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.port):
            if self.pid() is None:
                raise KafkaUnavailable(f"Kafka in {self.folder} ended while starting: {self._last_words()}")
            if time.monotonic() > deadline:
                raise KafkaUnavailable(f"Kafka in {self.folder} did not start in time: {self._last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it in good order, or by force where that takes too long; returns when it has ended."""
        if not self._end(signal.SIGTERM, within=STOP_SECONDS):
            self.kill()

    def kill(self) -> None:
        """Ends it as a power cut would; returns when it has ended."""
        if not self._end(signal.SIGKILL, within=STOP_SECONDS):
            raise KafkaUnavailable(f"Kafka in {self.folder} can't be ended")

    def prepare(self, *, cluster_id: str, nodes: Sequence["Broker"]) -> None:
        """Writes the settings; gives an empty data folder its identity."""
        self.folder.mkdir(parents=True, exist_ok=True)
        replicas = len(nodes)
        settings = SETTINGS.format(
            node=self.node,
            port=self.port,
            controller_port=self.controller_port,
            voters=",".join(f"{node.node}@127.0.0.1:{node.controller_port}" for node in nodes),
            data=self.folder / "data",
            replicas=replicas,
            in_sync=replicas // 2 + 1,
        )
        self._settings.write_text(settings, encoding="utf-8")
        (self.folder / "log4j2.properties").write_text(LOGGING.format(log=self.folder / "server.log"), encoding="utf-8")
        if not (self.folder / "data" / "meta.properties").exists():
            formatting = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}")  # an id may begin with `-`
            settings_option = ("--config", str(self._settings))
            _run((*_java_command(), *formatting, *settings_option), timeout=START_SECONDS, what="Kafka's format")

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    def _end(self, number: signal.Signals, *, within: float) -> bool:
        deadline = time.monotonic() + within
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _last_words(self) -> str:
        for name in ("output.log", "server.log"):
            file = self.folder / name
            if file.exists() and (text := file.read_text(encoding="utf-8", errors="replace").strip()):
                return " / ".join(text.splitlines()[-4:])
        return "it said nothing"


@dataclass(frozen=True, slots=True)
class Brokers:
    """A cluster of one or three nodes in one folder."""

    folder: Path
    nodes: tuple[Broker, ...]

    @classmethod
    def start(cls, folder: Path, *, nodes: Literal[1, 3] = 1) -> Self:
        """The running cluster in `folder`: made where there is none, started, or adopted; raises `KafkaUnavailable`.

        The number of nodes is for good: of an existing cluster it must be what it was.
        """
        folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "starting"):
            brokers = cls(folder, _nodes(folder, _ports(folder, nodes)))
            if len(brokers.nodes) != nodes:
                raise KafkaUnavailable(f"The Kafka cluster in {folder} has {len(brokers.nodes)} nodes, not {nodes}.")
            cluster_id = _kept(folder / "cluster.id", lambda: urlsafe_b64encode(secrets.token_bytes(16)).decode()[:22])
            idle = [broker for broker in brokers.nodes if broker.pid() is None]
            for broker in idle:
                broker.prepare(cluster_id=cluster_id, nodes=brokers.nodes)
            for broker in idle:
                broker.start()
            brokers.wait()
        return brokers

    @classmethod
    def attach(cls, folder: Path) -> Self:
        """The cluster in `folder` as it is, running or not; raises `KafkaUnavailable` when there is none."""
        folder = folder.absolute()
        ports = folder / "ports.json"
        if not ports.exists():
            raise KafkaUnavailable(f"There is no Kafka cluster in {folder}.")
        return cls(folder, _nodes(folder, json.loads(ports.read_text(encoding="utf-8"))))

    @property
    def bootstrap(self) -> tuple[str, ...]:
        """The addresses for clients."""
        return tuple(broker.address for broker in self.nodes)

    def wait(self) -> None:
        """Waits until every node takes connections; raises `KafkaUnavailable`."""
        for broker in self.nodes:
            broker.wait()

    def stop(self) -> None:
        """Ends all nodes; the last would wait in vain for a quorum, so they are told at the same time."""
        for broker in self.nodes:
            if (pid := broker.pid()) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        for broker in self.nodes:
            broker.stop()

    def delete(self) -> None:
        """Ends all nodes at once and deletes everything they hold."""
        for broker in self.nodes:
            broker.kill()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


@functools.cache
def kafka_version() -> str:
    """The version that `pom.xml` asks for."""
    found = ET.parse(POM).find("{*}properties/{*}kafka.version")  # noqa: S314 - our own file
    return (found.text or "") if found is not None else ""


@functools.cache
def jars() -> Path:
    """The folder with Kafka's jars, fetched by Maven where it isn't there yet; raises `KafkaUnavailable`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "baoxue" / "kafka"
    folder = cache / f"{kafka_version()}-{hashlib.sha256(POM.read_bytes()).hexdigest()[:8]}"
    if folder.exists():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("Kafka's jars are not here and Maven (mvn) is not installed to fetch them.")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KafkaUnavailable(f"Kafka's jars can't be kept in {cache}: {error.strerror}.") from None
    with locked(cache / "fetching"):
        if not folder.exists():
            fresh = folder.with_name(folder.name + ".new")
            shutil.rmtree(fresh, ignore_errors=True)
            copying = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fresh}")
            _run((maven, "-B", "-q", "-f", str(POM), *copying), timeout=FETCH_SECONDS, what="Maven")
            fresh.rename(folder)
    return folder


@functools.cache
def java() -> str:
    """The path of a Java that is new enough; raises `KafkaUnavailable`."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        raise KafkaUnavailable(f"Java is not installed; Kafka needs Java {JAVA_MIN} or newer.")
    said = _run((program, "-version"), timeout=30, what="java -version")
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA_MIN:
        raise KafkaUnavailable(f"Kafka needs Java {JAVA_MIN} or newer; {program} is another.")
    return program


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Held by one process at a time."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _java_command(*options: str) -> tuple[str, ...]:
    return (java(), *JVM, *options, "-cp", f"{jars()}/*")


def _ports(folder: Path, nodes: int) -> list[list[int]]:
    """Two ports for each node, as they were where nobody else has taken them since; while any runs, they stay."""
    file = folder / "ports.json"
    ports: list[list[int]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else [[0, 0]] * nodes
    if any(broker.pid() is not None for broker in _nodes(folder, ports)):
        return ports
    taken = {port for pair in ports for port in pair}
    chosen = [[port if _is_free(port) else _free_port(taken) for port in pair] for pair in ports]
    file.write_text(json.dumps(chosen), encoding="utf-8")
    return chosen


def _nodes(folder: Path, ports: list[list[int]]) -> tuple[Broker, ...]:
    return tuple(Broker(node, folder / f"node-{node}", *pair) for node, pair in enumerate(ports, start=1))


def _free_port(taken: set[int]) -> int:
    for _ in range(200):
        port = secrets.choice(PORTS)
        if port not in taken and _is_free(port):
            taken.add(port)
            return port
    raise KafkaUnavailable(f"No free TCP port was found on 127.0.0.1 in {PORTS.start}-{PORTS.stop - 1}.")


def _is_free(port: int) -> bool:
    if port == 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        file.write_text(make(), encoding="ascii")
    return file.read_text(encoding="ascii")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(Path.home())}


def _run(command: Sequence[str], *, timeout: float, what: str) -> str:
    """Runs a program to its end and returns what it said; raises `KafkaUnavailable`."""
    try:
        done = subprocess.run(  # noqa: S603 - only programs named in this module, never through a shell
            command,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise KafkaUnavailable(f"{what} took longer than {timeout:.0f} s.") from None
    if done.returncode != 0:
        raise KafkaUnavailable(f"{what} failed: {' / '.join(done.stdout.strip().splitlines()[-4:])}")
    return done.stdout
