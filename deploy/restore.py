"""`baoxue restore`: a backup and its keys become an installation again, whole or not at all.

It is built in a folder beside the data folder, recovered, made to forget whom the backup doesn't know to be erased, and
examined; only then it takes the data folder's name, in one step. What had that name is put aside, never deleted. Whatever
goes wrong before leaves the data folder as it was; what a killed restore has left is swept away by the next one.

The order is: keys, stores, erasures (`erasures.py`), positions, and only then somebody could open it.
"""

import fcntl
import hashlib
import hmac
import importlib.metadata
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import psycopg
from rich.console import Console

from deploy import backup as kept
from deploy.backup import Keys, Manifest, Position, authentication, keys_folder
from deploy.migrate import migrate
from deploy.postgres import basebackup
from deploy.postgres.basebackup import Progress, sha256_of
from deploy.postgres.cluster import SUPERUSER, Cluster, postgresql_version
from deploy.postgres.databases import prepare
from deploy.postgres.host import exchange, flush, is_root, write_private
from deploy.postgres.positions import Head
from deploy.recovered import make_ready, read_shred_lists, show
from deploy.showing import StepBars
from gateway.access.policy_keys import PUBLIC_KEYS
from services.chassis.config import Settings, read_secret
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing
from services.chassis.shred_list import ShredList
from services.contracts.envelope import event_id

MARK: Final = "unfinished"
"""Stands in a folder that is being built; locked for as long as whoever builds it lives."""
SPARE: Final = 1.2
"""How much more room than the copy's own size a restore asks for."""
MB: Final = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was opened: its manifest is authentic and its keys are the right ones."""

    folder: Path
    keys: Path
    manifest: Manifest


class _Version(msgspec.Struct, frozen=True):
    """What every format of the manifest says, so that a newer one is refused in words."""

    format: int
    baoxue: str
    postgresql: str


def restore(
    console: Console,
    *,
    settings: Settings,
    source: Path,
    keys: Path,
    shred_lists: Sequence[Path] = (),
    replace: bool = False,
    rehearse: bool = False,
    durable: bool = True,
    progress: Progress | None = None,
) -> None:
    """Makes the data folder what the backup in `source` holds; `keys` is its folder of keys, or the place of all keys.

    `shred_lists` are further lists of who was erased since. `replace` puts data that is there aside. `rehearse` does
    everything but the last step, and deletes what it built. Raises `Refused`, `ClusterError`, `basebackup.BackupFailed`,
    `positions.Astray`; then the data folder is as it was.
    """
    folder = settings.data_folder.resolve()
    backup = open_backup(source.absolute(), keys=keys.absolute())
    with ExitStack() as stack:
        if not rehearse:
            _refuse_target(folder, replace=replace)
            if (folder / "postgres" / "lock").exists():
                stack.enter_context(Cluster.at_rest(folder / "postgres"))
        lists = [*_lists_beside(backup.keys), folder / kept.SHRED_LIST, *shred_lists]
        listed = read_shred_lists(lists, wanted=shred_lists)
        tell = progress or stack.enter_context(StepBars(console)).tell
        building = stack.enter_context(_building(folder, room=backup.manifest.bytes))
        _put_data(backup, building, progress=tell)
        _put_keys(backup, building)
        with Cluster.start(building / "postgres", durable=durable) as cluster:
            heads, came_back = _make_whole(cluster, building, backup=backup, listed=listed, progress=tell)
        aside = None if rehearse else _move_in(building, folder, replace=replace, durable=durable)
    show(console, heads, title=f"Restored from {backup.manifest.name} 已恢复", listed=listed, came_back=came_back)
    if rehearse:
        console.print("It was a rehearsal: everything was built and found well, and deleted again.")
    else:
        console.print(f"Restored to {folder}; start it with `baoxue up`.")
    if aside is not None:
        console.print(f"What was there before lies in {aside}; delete it when it is needed no more.")


def open_backup(source: Path, *, keys: Path) -> Backup:
    """Reads what a backup is and checks that these are its keys; raises `Refused` in words. Doesn't read the copy yet."""
    try:
        written = (source / kept.MANIFEST).read_bytes()
        mac = (source / kept.MAC).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(f"{source} holds no finished backup; name the folder baoxue-… itself.") from None
    except UnicodeDecodeError:
        raise Refused(f"{source / kept.MAC} is damaged; take another backup.") from None
    _refuse_newer(_read(written, as_=_Version, named=source / kept.MANIFEST))
    manifest = _read(written, as_=Manifest, named=source / kept.MANIFEST)
    own = keys if (keys / kept.KEYS).exists() else keys_folder(keys, name=Path(manifest.name).name)
    _check_keys(own, manifest=manifest)
    ring = KeyRing(lambda: _read_key(own / "vault.kek"))
    if not hmac.compare_digest(authentication(written, kek=ring.newest.key), mac):
        raise Refused(f"{source / kept.MANIFEST} is damaged or was altered; take another backup.")
    return Backup(folder=source, keys=own, manifest=manifest)


def _read(written: bytes, *, as_: type[T], named: Path) -> T:
    try:
        return msgspec.json.decode(written, type=as_)
    except msgspec.DecodeError:
        raise Refused(f"{named} is damaged; take another backup.") from None


def _refuse_newer(made_by: _Version) -> None:
    """A newer program may have written what this one would misread; another major version's files can't be read at all."""
    own = importlib.metadata.version("baoxue")
    if made_by.format > kept.FORMAT or _numbers(made_by.baoxue) > _numbers(own):
        raise Refused(f"The backup was made by Baoxue {made_by.baoxue}; this is {own}. Install that version first.")
    major = _numbers(postgresql_version())[0]
    if _numbers(made_by.postgresql)[:1] != (major,):
        raise Refused(
            f"The backup was made by {made_by.postgresql}; this program carries PostgreSQL {major}. Restore it with the "
            f"Baoxue that made it ({made_by.baoxue})."
        )


def _numbers(version: str) -> tuple[int, ...]:
    last = version.rsplit(maxsplit=1)[-1] if version.split() else ""
    return tuple(int(part) for part in last.split(".") if part.isdigit())


def _check_keys(folder: Path, *, manifest: Manifest) -> None:
    try:
        written = (folder / kept.KEYS).read_bytes()
    except FileNotFoundError:
        raise Refused(f"The keys of {manifest.name} are not in {folder}; without them it can't be restored.") from None
    if hashlib.sha256(written).hexdigest() != manifest.keys:
        raise Refused(f"The keys in {folder} are not those of {manifest.name}, or were altered.")
    for name, sha256 in _read(written, as_=Keys, named=folder / kept.KEYS).files.items():
        if not (folder / name).exists() or sha256_of(folder / name) != sha256:
            raise Refused(f"{folder / name} is missing or damaged; take another copy of the keys.")


def _refuse_target(folder: Path, *, replace: bool) -> None:
    if os.path.ismount(folder):
        raise Refused(f"{folder} is where a disk is mounted, so nothing can take its place; use a folder below it.")
    if folder.exists() and any(folder.iterdir()) and not replace:
        raise Refused(f"{folder} holds data. With --replace it is put aside; nothing of it is deleted.")


def _lists_beside(keys: Path) -> list[Path]:
    """The shred lists of all backups whose keys lie in the same place: the newest of them knows most."""
    return sorted({keys / kept.SHRED_LIST, *keys.parent.glob(f"*-keys/{kept.SHRED_LIST}")})


@contextmanager
def _building(folder: Path, *, room: int) -> Iterator[Path]:
    """A folder beside the data folder to build in; deleted at the end, unless it has taken the data folder's place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    if shutil.disk_usage(folder.parent).free < room * SPARE:
        raise Refused(f"{folder.parent} has too little room: {room * SPARE / MB:,.0f} MB are needed.")
    building = folder.with_name(f".{folder.name}.restoring-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    building.mkdir(mode=0o711 if is_root() else 0o700)
    mark = os.open(building / MARK, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX)
        yield building
    finally:
        if (building / MARK).exists():
            _delete(building)
        os.close(mark)


def _sweep(folder: Path) -> None:
    """Deletes what killed restores left half-built. Without the mark it is no such thing, but data that was replaced."""
    for left in folder.parent.glob(f".{folder.name}.restoring-*"):
        try:
            mark = os.open(left / MARK, os.O_WRONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _delete(left)
        except BlockingIOError:
            raise Refused(f"Another restore to {folder} is under way; wait until it has ended.") from None
        finally:
            os.close(mark)


def _delete(building: Path) -> None:
    if (building / "postgres").exists():
        Cluster.discard(building / "postgres")
    shutil.rmtree(building)


def _put_data(backup: Backup, building: Path, *, progress: Progress) -> None:
    """Copies the databases' files, each checked against the manifest while it is read, and all by PostgreSQL afterwards."""

    def fill(data: Path) -> None:
        for folder in backup.manifest.folders:
            (data / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        done = 0
        for file in backup.manifest.files:
            _copy(backup.folder / kept.CLUSTER / file.path, data / file.path, file=file)
            done += file.bytes
            progress("copy (MB)", done // MB, backup.manifest.bytes // MB)

    folder = building / "postgres"
    Cluster.put(folder, fill=fill)
    placed = Cluster(folder=folder, server=(folder / "server").resolve())
    progress("verify", 0, 1)
    basebackup.verify(placed.data, programs=placed.programs)
    progress("verify", 1, 1)


def _copy(source: Path, target: Path, *, file: kept.File) -> None:
    seen = hashlib.sha256()
    try:
        with source.open("rb") as reading, open(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as writing:  # noqa: PTH123  # private from the first byte
            while chunk := reading.read(kept.CHUNK_BYTES):
                seen.update(chunk)
                writing.write(chunk)
    except FileNotFoundError:
        raise Refused(f"{source} is missing from the backup; take another one.") from None
    if seen.hexdigest() != file.sha256:
        raise Refused(f"{source} of the backup is damaged; take another one.")


def _put_keys(backup: Backup, building: Path) -> None:
    for name in kept.key_files(backup.keys):
        write_private(building / name, _read_key(backup.keys / name))
    if (backup.keys / PUBLIC_KEYS).exists():
        shutil.copyfile(backup.keys / PUBLIC_KEYS, building / PUBLIC_KEYS)
    for role in (backup.keys / kept.PASSWORDS).iterdir():
        write_private(building / "postgres" / kept.PASSWORDS / role.name, _read_key(role))


def _read_key(path: Path) -> str:
    """A secret of a backup, whatever its mode: the medium it lies on may know of none."""
    return path.read_text(encoding="ascii").strip()


def _make_whole(
    cluster: Cluster, building: Path, *, backup: Backup, listed: dict[UUID, datetime], progress: Progress
) -> tuple[dict[str, Head], int]:
    """What has to be true before anybody opens it; returns the heads, and how many keys had come back."""
    prepare(cluster)
    migrate(cluster)
    progress("make ready", 0, 1)
    shred_list = ShredList(building / kept.SHRED_LIST)
    shred_list.add(listed)
    heads, came_back = make_ready(
        cluster,
        listed=listed,
        ring=KeyRing.of(building / "vault.kek"),
        roster_key=bytes.fromhex(read_secret(building / "roster.key")),
        shred_list=shred_list,
    )
    progress("make ready", 1, 1)
    for name, before in backup.manifest.positions.items():
        _refuse_other_history(cluster, name=name, before=before)
    return heads, came_back


def _refuse_other_history(cluster: Cluster, *, name: str, before: Position) -> None:
    """The event that was newest when the backup began must stand where it stood."""
    with psycopg.connect(cluster.dsn(name, SUPERUSER), connect_timeout=10) as connection:
        found = connection.execute(
            "select originator_id, originator_version from events where notification_id = %s", [before.position]
        ).fetchone()
    newest = None if found is None else event_id(*found)
    if newest != before.newest:
        raise Refused(f"{name} was at {before.position} when the backup began, and the copy doesn't hold that event.")


def _move_in(building: Path, folder: Path, *, replace: bool, durable: bool) -> Path | None:
    """Lets what was built take the data folder's name, and returns where what had it lies now."""
    _refuse_target(folder, replace=replace)
    aside = folder.with_name(f"{folder.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    if durable:
        for place in (building, (building / "postgres" / "server").resolve()):
            flush(place)
    built = building.stat().st_ino
    (building / MARK).unlink()  # before it is anybody's data: what has the mark may be swept away
    try:
        if not folder.exists():
            building.rename(folder)
        else:
            building.chmod(folder.stat().st_mode & 0o777)
            _trade_places(building, folder, aside=aside)
    except OSError:
        if building.exists() and building.stat().st_ino == built:  # and not the data that has traded places with it
            (building / MARK).touch()
        raise
    Cluster.moved(folder / "postgres")
    if durable:
        flush(folder.parent)
    if not aside.exists():
        return None
    if not any(aside.iterdir()):
        aside.rmdir()
        return None
    if (aside / "postgres" / "server").exists():
        Cluster.moved(aside / "postgres")
    return aside


def _trade_places(building: Path, folder: Path, *, aside: Path) -> None:
    """In one step where the file system can, so that at no moment there is no data folder."""
    if exchange(building, folder):
        building.rename(aside)
    else:
        folder.rename(aside)
        try:
            building.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
