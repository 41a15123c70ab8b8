"""Recovery of a PostgreSQL server to any moment 时间点恢复: an archive of its WAL, base copies, and a way back.

    ARCHIVE/wal/<segment>.gz              by the server's archive_command, archive_wal.sh
    ARCHIVE/base/<moment>/base.json       what a base copy is; it is there when the copy is whole and checked
    ARCHIVE/base/<moment>/cluster/        the copy

Works with any PostgreSQL from 15 on and uses that server's own programs; no container and no daemon. On the machine of
the server, as the server's user:

    python -m deploy.postgres.pitr settings --archive DIR             what to put into postgresql.conf
    python -m deploy.postgres.pitr base --archive DIR --dsn "host=…"  a base copy; old ones go, with the WAL they needed
    python -m deploy.postgres.pitr list --archive DIR
    python -m deploy.postgres.pitr restore --archive DIR --to NEW_PGDATA --at "2026-09-14 08:30:00+08:00"

A restored server doesn't archive until it is told to: it would write into the archive it came from. What must happen
before anybody opens it (shred list, positions) is `deploy/restore.py`'s and the runbook's (`point-in-time.md`).
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import msgspec
import psycopg
import typer
from rich.console import Console

from deploy.postgres import basebackup
from deploy.postgres.basebackup import BackupFailed, Progress, silent
from deploy.postgres.host import flush, held_alone, run_as
from services.chassis.errors import Refused

SCRIPT: Final = "archive_wal.sh"
BASE: Final = "base.json"
CLUSTER: Final = "cluster"
UNFINISHED: Final = ".unfinished"
PURPOSE: Final = "baoxue base copy"
KEEP: Final = 5
"""PhysicalCopy copies kept: with one a week, a moment of the last four weeks can be reached."""
CLEAN_S: Final = 600.0

RECOVERY: Final = """
# To get back to a moment; written by deploy/postgres/pitr.py. The server does it once, at its first start.
restore_command = 'test -f "{archive}/wal/%f.gz" && gzip -d -c "{archive}/wal/%f.gz" > "%p"'
recovery_target_time = '{at}'
recovery_target_timeline = '{timeline}'
recovery_target_action = 'promote'
archive_mode = 'off'        # or it would write into the archive it came from; see the runbook
"""


class PhysicalCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A base copy: from any moment after `finished_at` on, by the server's clock, one can get back with it."""

    name: str
    begun_at: datetime
    finished_at: datetime
    postgresql: str
    timeline: int
    wal_start: str
    first_segment: str
    """The oldest WAL segment it needs."""
    bytes: int


def install(archive: Path, *, server_uid: int | None = None) -> Path:
    """Makes the archive's folders and puts the script there; `server_uid` runs the server where that isn't us."""
    for folder in (archive, archive / "wal", archive / "base"):
        folder.mkdir(exist_ok=True, parents=True)
    script = archive / SCRIPT
    script.write_bytes((files(__package__) / SCRIPT).read_bytes())
    script.chmod(0o755)
    if server_uid is None:
        (archive / "wal").chmod(0o700)
    else:
        os.chown(archive / "wal", server_uid, -1)
    return script


def archiving(archive: Path) -> dict[str, str]:
    """The settings with which a server archives into `archive`, by name; it has to be restarted."""
    _refuse_quotes(archive)
    return {
        "wal_level": "replica",
        "archive_mode": "on",
        "archive_command": f'"{archive / SCRIPT}" "%p" "%f" "{archive}/wal"',
        "archive_timeout": "60s",  # what was committed is in the archive a minute later; an idle server hands in nothing
    }


def take_base(
    archive: Path,
    *,
    dsn: str,
    programs: Path,
    keep: int = KEEP,
    durable: bool = True,
    progress: Progress = silent,
) -> PhysicalCopy:
    """Makes a base copy of the server that `dsn` reaches, checks it, and then deletes those beyond the newest `keep`.

    Raises `BackupFailed`; then there is no new copy, and the old ones are kept.
    """
    with _alone(archive), psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        begun_at, version, archives = connection.execute(
            "select clock_timestamp(), current_setting('server_version'), current_setting('archive_mode')"
        ).fetchall()[0]
        if archives == "off":
            raise Refused("The server doesn't archive its WAL, so no moment can be reached; see `settings`.")
        basebackup.end_left_over(connection, purpose=PURPOSE)
        name = f"{begun_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
        with _named(archive / "base", name, durable=durable) as fresh:
            wal = basebackup.take(dsn=dsn, into=fresh / CLUSTER, programs=programs, purpose=PURPOSE, progress=progress)
            finished_at = connection.execute("select clock_timestamp()").fetchall()[0][0]
            base = PhysicalCopy(
                name=name,
                begun_at=begun_at.astimezone(UTC),
                finished_at=finished_at.astimezone(UTC),
                postgresql=version,
                timeline=wal.timeline,
                wal_start=wal.start,
                first_segment=_first_segment(fresh / CLUSTER),
                bytes=sum(path.stat().st_size for path in (fresh / CLUSTER).rglob("*") if path.is_file()),
            )
            (fresh / BASE).write_bytes(msgspec.json.format(msgspec.json.encode(base)))
        prune(archive, keep=keep, programs=programs)
    return base


def list_bases(archive: Path) -> list[PhysicalCopy]:
    """The base copies that are whole, oldest first."""
    return sorted(
        (
            msgspec.json.decode(path.read_bytes(), type=PhysicalCopy)
            for path in (archive / "base").glob(f"[0-9]*/{BASE}")
        ),
        key=lambda base: base.finished_at,
    )


def prune(archive: Path, *, keep: int, programs: Path) -> None:
    """Deletes base copies beyond the newest `keep`, at least one, and the WAL that no copy needs any more."""
    bases = list_bases(archive)
    for old in bases[:-keep]:
        (archive / "base" / old.name / BASE).unlink()  # from here on it is none, however far the deleting comes
        shutil.rmtree(archive / "base" / old.name)
    for left in (*(archive / "base").glob(f".*{UNFINISHED}"), *_without_description(archive)):
        shutil.rmtree(left)
    oldest = min(base.first_segment for base in bases[-keep:])
    cleaned = run_as(
        None,
        *(str(programs / "pg_archivecleanup"), "-x", ".gz", str(archive / "wal"), oldest),
        cwd=archive,
        timeout=CLEAN_S,
    )
    if cleaned.returncode != 0:
        raise BackupFailed(f"old WAL can't be deleted: {cleaned.stdout.strip()}")


def base_for(archive: Path, *, at: datetime) -> PhysicalCopy:
    """The base copy from which a moment is reached soonest; raises `Refused` where none is early enough."""
    bases = list_bases(archive)
    if not bases:
        raise Refused(f"{archive} holds no base copy.")
    early = [base for base in bases if base.finished_at <= at]
    if not early:
        raise Refused(f"The earliest moment that can be reached is {bases[0].finished_at:%Y-%m-%d %H:%M:%S.%f %Z}.")
    return early[-1]


def fill(
    data: Path,
    *,
    archive: Path,
    at: datetime,
    programs: Path,
    timeline: str = "latest",
    durable: bool = True,
    progress: Progress = silent,
) -> PhysicalCopy:
    """Fills an empty data directory so that a server started on it gets to `at` and opens there.

    Every transaction that was committed up to and including that moment, by the server's clock, is in it. The server
    refuses to start where the archive doesn't reach so far. Raises `Refused`, `BackupFailed`.
    """
    _refuse_quotes(archive)
    if at.tzinfo is None:
        raise Refused("Say the moment with its time zone, as 2026-09-14 08:30:00+08:00.")
    if any(data.iterdir()):
        raise Refused(f"{data} is not empty; a restored server gets a folder of its own.")
    base = base_for(archive, at=at)
    source = archive / "base" / base.name / CLUSTER
    progress("copy back", 0, 1)
    shutil.copytree(source, data, dirs_exist_ok=True)
    basebackup.verify(data, programs=programs)
    progress("copy back", 1, 1)
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        moment = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
        settings.write(RECOVERY.format(archive=archive, at=moment, timeline=timeline))
    (data / "recovery.signal").touch()
    for path in (data, *data.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    if durable:
        flush(data)
    return base


@contextmanager
def _alone(archive: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(held_alone(archive / "base" / ".lock"))
        except BlockingIOError:
            raise Refused(f"Another base copy is being written to {archive}; wait until it has ended.") from None
        yield


@contextmanager
def _named(place: Path, name: str, *, durable: bool) -> Iterator[Path]:
    """A folder that gets its name when it is whole and on the disk."""
    fresh = place / f".{name}{UNFINISHED}"
    fresh.mkdir(mode=0o700)
    yield fresh
    if durable:
        flush(fresh)
    fresh.rename(place / name)
    if durable:
        flush(place)


def _without_description(archive: Path) -> list[Path]:
    return [folder for folder in (archive / "base").glob("[0-9]*") if not (folder / BASE).exists()]


def _first_segment(copy: Path) -> str:
    found = re.search(r"\(file ([0-9A-F]{24})\)", (copy / "backup_label").read_text(encoding="utf-8"))
    if found is None:
        raise BackupFailed(f"{copy / 'backup_label'} doesn't say where the copy begins")
    return found[1]


def _refuse_quotes(archive: Path) -> None:
    """The path stands in a shell's command within a setting."""
    if not archive.is_absolute() or not re.fullmatch(r"[\w./+-]+", str(archive)):
        raise Refused(f"The archive's path {archive} must be absolute, of letters, digits and . / _ + - only.")


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Archive = Annotated[Path, typer.Option(file_okay=False, resolve_path=True, help="The archive's folder.")]
Programs = Annotated[
    Path, typer.Option(exists=True, help="The folder of the server's programs, as pg_config --bindir.")
]


@app.command("settings")
def show_settings(archive: Archive) -> None:
    """Make the archive's folders and print the server's settings; put them into postgresql.conf and restart it."""
    install(archive)
    for name, setting in archiving(archive).items():
        sys.stdout.write(f"{name} = '{setting}'\n")


@app.command("base")
def make_base(
    archive: Archive,
    programs: Programs,
    dsn: Annotated[str, typer.Option(help="Of a superuser; the password best in ~/.pgpass.")],
    keep: Annotated[int, typer.Option(min=1, help="How many base copies are kept.")] = KEEP,
) -> None:
    """Make a base copy and delete what is needed no more."""
    base = take_base(archive, dsn=dsn, programs=programs, keep=keep)
    seconds = (base.finished_at - base.begun_at).total_seconds()
    Console().print(f"{base.name}: {base.bytes / 1e6:,.0f} MB in {seconds:.1f} s, every file checked.")


@app.command("list")
def show_bases(archive: Archive) -> None:
    """Say from which moments on one can get back."""
    for base in list_bases(archive):
        Console().print(
            f"{base.name}  {base.bytes / 1e6:,.0f} MB  any moment from {base.finished_at:%Y-%m-%d %H:%M:%S %Z}"
        )


@app.command("restore")
def prepare_restore(
    archive: Archive,
    programs: Programs,
    to: Annotated[Path, typer.Option(help="A new data directory.")],
    at: Annotated[datetime, typer.Option(formats=["%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%z"], help="The moment.")],
    timeline: Annotated[str, typer.Option(help="Another one than the latest, after earlier recoveries.")] = "latest",
) -> None:
    """Fill a new data directory; the server that is started on it recovers to the moment and opens."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    base = fill(to, archive=archive, at=at, programs=programs, timeline=timeline)
    Console().print(
        f"{to} is filled from {base.name}. Start the server on it; before anybody opens it, see the runbook."
    )


def main() -> None:
    """Runs the command; what is refused is said in words."""
    try:
        app()
    except Refused as error:
        Console(stderr=True).print(f"[red]refused[/red] {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
