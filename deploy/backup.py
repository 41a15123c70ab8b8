"""`baoxue backup`: a copy of the embedded profile's data in one place, and of the keys that open it in another.

    TARGET/<moment>/manifest.json, manifest.mac    what it is, and its authentication under the key-encryption key
    TARGET/<moment>/cluster/                       the databases, as `pg_basebackup` wrote them
    KEYS/<moment>-keys/keys.json, vault.kek, …     the secrets; shredded.list: who had been erased by then

Works while the system runs and while it is stopped. Everything is made in a folder `.<moment>.unfinished` and gets its
name when it is whole and on the disk, the keys first: what has a name is complete. What a killed backup left is swept
away by the next one. `restore.py` reads what is written here; `FORMAT` rises with every change of it.

The read model is part of the copy, and it holds names in the clear (`child_identity`): keeping the keys apart protects
events, journal and register rows, so the copy itself still belongs on an encrypted disk. See the runbook `backup.md`.
"""

import hashlib
import hmac
import importlib.metadata
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from rich.console import Console

from deploy.postgres import basebackup
from deploy.postgres.basebackup import Progress, sha256_of
from deploy.postgres.cluster import SUPERUSER, Cluster, ClusterError, postgresql_version
from deploy.postgres.host import flush, held_alone, write_private
from deploy.postgres.positions import Head, read_head
from deploy.secrets import KEYS as MADE_KEYS
from deploy.secrets import PROVIDER, WAYS_OUT
from deploy.showing import StepBars, table
from gateway.access.policy_keys import PUBLIC_KEYS
from services.chassis.config import SERVICES, Settings, read_secret
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing

FORMAT: Final = 1
CLUSTER: Final = "cluster"
MANIFEST: Final = "manifest.json"
MAC: Final = "manifest.mac"
KEYS: Final = "keys.json"
SHRED_LIST: Final = "shredded.list"
PASSWORDS: Final = "secrets"
UNFINISHED: Final = ".unfinished"
CHUNK_BYTES: Final = 1 << 20


class File(msgspec.Struct, frozen=True):
    """A file of the copy: its path within it, with `/`, its bytes and what they must be."""

    path: str
    bytes: int
    sha256: str


class Position(msgspec.Struct, frozen=True):
    """How far one service's log was when the copying began; the copy holds at least this."""

    position: int
    newest: UUID | None
    newest_at: datetime | None


class Keys(msgspec.Struct, frozen=True):
    """What lies in the folder of keys, by SHA-256 of each file; every one of them holds a random secret, or no secret."""

    format: int
    name: str
    files: dict[str, str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is and holds."""

    format: int
    name: str
    begun_at: datetime
    finished_at: datetime
    baoxue: str
    postgresql: str
    positions: dict[str, Position]
    wal_end: str
    """Everything the databases had committed before this place of their log is in the copy."""
    children: int
    erased: int
    keys: str
    """SHA-256 of the `keys.json` that belongs to it."""
    folders: list[str]
    files: list[File]

    @property
    def bytes(self) -> int:
        """The size of the copy."""
        return sum(file.bytes for file in self.files)


def backup(
    console: Console,
    *,
    settings: Settings,
    target: Path,
    keys: Path,
    beside: bool = False,
    durable: bool = True,
    progress: Progress | None = None,
) -> Path:
    """Makes a backup below `target`, its keys below `keys`, and returns its folder.

    `beside` allows keys within, above or beside the data; without `durable`, which is for tests, it may die with the
    machine. Raises `Refused`, `ClusterError`,
    `basebackup.BackupFailed`; then there is no backup.
    """
    target, keys = target.absolute(), keys.absolute()
    if not beside:
        refuse_beside(target, keys)
    if not (settings.data_folder / "postgres" / "server").exists():
        raise Refused(f"{settings.data_folder} holds no data to back up; BAOXUE_DATA names the folder.")
    for key in MADE_KEYS:
        read_secret(settings.data_folder / key)  # refused now, and not after everything was copied
    begun_at = datetime.now(UTC)
    name = f"baoxue-{begun_at:%Y%m%dT%H%M%S.%fZ}"
    with (
        _held(target, "data"),
        _held(keys, "keys"),
        running_cluster(settings) as cluster,
        StepBars(console) as bars,
    ):
        tell = progress or bars.tell
        purpose = f"baoxue backup {hashlib.sha256(os.fsencode(target)).hexdigest()[:16]}"
        _sweep(cluster, places=(target, keys), purpose=purpose)
        fresh = target / f".{name}{UNFINISHED}"
        fresh.mkdir(mode=0o700)
        positions, children = _look(cluster)
        wal = basebackup.take(
            dsn=cluster.dsn("postgres", SUPERUSER),
            into=fresh / CLUSTER,
            programs=cluster.programs,
            purpose=purpose,
            progress=tell,
        )
        files = list_files(fresh / CLUSTER, progress=tell)
        erased, keys_sha256 = _write_keys(settings, keys=keys, name=name, durable=durable)
        manifest = Manifest(
            format=FORMAT,
            name=name,
            begun_at=begun_at,
            finished_at=datetime.now(UTC),
            baoxue=importlib.metadata.version("baoxue"),
            postgresql=postgresql_version(),
            positions=positions,
            wal_end=wal.end,
            children=children,
            erased=erased,
            keys=keys_sha256,
            folders=sorted(
                str(path.relative_to(fresh / CLUSTER)) for path in (fresh / CLUSTER).rglob("*") if path.is_dir()
            ),
            files=files,
        )
        _write_manifest(manifest, fresh, ring=KeyRing.of(settings.data_folder / "vault.kek"))
        _name(fresh, target / name, durable=durable)
    _show(console, manifest, where=target / name, keys=keys_folder(keys, name=name))
    return target / name


def refuse_beside(target: Path, keys: Path) -> None:
    """Raises `Refused` where one of the two places lies within the other."""
    data, secret = target.resolve(), keys.resolve()
    if data == secret or data in secret.parents or secret in data.parents:
        raise Refused(
            f"The keys would lie beside the data they open ({target} and {keys}): whoever finds one finds both. Name "
            "another place, best on another disk, with --keys, or say --keys-beside if this place is locked away as a whole."
        )


def keys_folder(keys: Path, *, name: str) -> Path:
    """Where the keys of a backup lie within the place for keys."""
    return keys / f"{name}-keys"


def authentication(manifest: bytes, *, kek: bytes) -> str:
    """What proves that a manifest was written by whoever holds the key-encryption key: HMAC-SHA256, hex."""
    own_key = hmac.digest(kek, b"baoxue backup manifest", "sha256")
    return hmac.digest(own_key, manifest, "sha256").hex()


def list_files(folder: Path, *, progress: Progress) -> list[File]:
    """Every file below a folder with its SHA-256; raises `Refused` where something else lies there."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    files = []
    for done, path in enumerate(paths, start=1):
        if path.is_symlink() or not path.is_file():
            raise Refused(
                f"{path} is no ordinary file; a cluster with tablespaces of its own can't be backed up like this."
            )
        files.append(File(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path)))
        progress("check", done, len(paths))
    return files


@contextmanager
def running_cluster(settings: Settings) -> Iterator[Cluster]:
    """The installation's cluster: the running one, or one that is started for as long as this lasts."""
    folder = settings.data_folder / "postgres"
    try:
        cluster = Cluster.attach(folder)
    except ClusterError:
        with Cluster.start(folder) as started:
            yield started
    else:
        yield cluster


def _look(cluster: Cluster) -> tuple[dict[str, Position], int]:
    """How far each service is and how many children there are."""
    heads: dict[str, Head] = {}
    for service in SERVICES:
        with psycopg.connect(cluster.dsn(service, SUPERUSER), connect_timeout=10) as connection:
            heads[service] = read_head(connection)
    with psycopg.connect(cluster.dsn("gateway", SUPERUSER), connect_timeout=10) as gateway:
        children = int(gateway.execute("select count(*) from child").fetchall()[0][0])
    positions = {name: Position(head.position, head.newest, head.newest_at) for name, head in heads.items()}
    return positions, children


def key_files(folder: Path) -> list[str]:
    """The keys beside the passwords: those every installation has, and what others know it by, where it has any."""
    return [*MADE_KEYS, *(name for name in (*WAYS_OUT, PROVIDER) if (folder / name).exists())]


def _write_keys(settings: Settings, *, keys: Path, name: str, durable: bool) -> tuple[int, str]:
    """Copies the secrets; returns how many had been erased, and the SHA-256 of the list of what was copied."""
    final = keys_folder(keys, name=name)
    fresh = final.with_name(f".{final.name}{UNFINISHED}")
    (fresh / PASSWORDS).mkdir(parents=True, mode=0o700)
    fresh.chmod(0o700)
    for file in key_files(settings.data_folder):
        write_private(fresh / file, read_secret(settings.data_folder / file))
    for role in sorted((settings.data_folder / "postgres" / PASSWORDS).iterdir()):
        if not role.name.endswith(".new"):
            write_private(fresh / PASSWORDS / role.name, read_secret(role))
    if (
        settings.data_folder / PUBLIC_KEYS
    ).exists():  # no secret, but without it no release of the policy can be checked
        shutil.copyfile(settings.data_folder / PUBLIC_KEYS, fresh / PUBLIC_KEYS)
        (fresh / PUBLIC_KEYS).chmod(0o600)
    listed = settings.data_folder / SHRED_LIST
    shredded = listed.read_bytes() if listed.exists() else b""
    write_private(fresh / SHRED_LIST, shredded.decode("ascii"))
    files = {path.relative_to(fresh).as_posix(): sha256_of(path) for path in sorted(fresh.rglob("*")) if path.is_file()}
    written = msgspec.json.format(msgspec.json.encode(Keys(FORMAT, name, files)))
    write_private(fresh / KEYS, written.decode())
    _name(fresh, final, durable=durable)
    return shredded.count(b"\n"), hashlib.sha256(written).hexdigest()


def _write_manifest(manifest: Manifest, folder: Path, *, ring: KeyRing) -> None:
    written = msgspec.json.format(msgspec.json.encode(manifest))
    (folder / MANIFEST).write_bytes(written)
    (folder / MAC).write_text(authentication(written, kek=ring.newest.key), encoding="ascii")


def _name(fresh: Path, final: Path, *, durable: bool) -> None:
    """Gives what is whole its name, for good."""
    if durable:
        flush(fresh)
    fresh.rename(final)
    if durable:
        flush(final.parent)


@contextmanager
def _held(place: Path, what: str) -> Iterator[None]:
    """A place for backups that nobody else writes to meanwhile."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(held_alone(place / f".{what}.lock"))
        except BlockingIOError:
            raise Refused(f"Another backup is being written to {place}; wait until it has ended.") from None
        yield


def _sweep(cluster: Cluster, *, places: Sequence[Path], purpose: str) -> None:
    """Ends and deletes what killed backups left in places that are held."""
    with psycopg.connect(cluster.dsn("postgres", SUPERUSER), autocommit=True, connect_timeout=10) as connection:
        basebackup.end_left_over(connection, purpose=purpose)
    for place in places:
        for left in place.glob(f".*{UNFINISHED}"):
            shutil.rmtree(left)


def _show(console: Console, manifest: Manifest, *, where: Path, keys: Path) -> None:
    console.print(show_positions("Backed up 已备份", manifest.positions))
    seconds = (manifest.finished_at - manifest.begun_at).total_seconds()
    console.print(
        f"{manifest.children:,} children, {manifest.erased:,} erased; {manifest.bytes / 1e6:,.0f} MB in {seconds:.1f} s, "
        f"every file checked.\nData: {where}\nKeys: {keys}\nWithout its keys a backup can't be restored; keep them apart."
    )


def show_positions(title: str, positions: dict[str, Position]) -> Any:
    """A table of how far each service is."""
    rows = [
        (name, place.position, f"{place.newest_at:%Y-%m-%d %H:%M:%S %Z}" if place.newest_at else "nothing yet")
        for name, place in positions.items()
    ]
    return table(title, ("service", "events", "newest"), rows)
