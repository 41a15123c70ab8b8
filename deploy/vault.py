"""`baoxue vault`: the key-encryption keys 密钥加密密钥 by epoch, and people whose data is kept and not worked with 限制处理.

Epochs: works on the key store alone. Where BAOXUE_POSTGRES is set that is on the servers it names, with `vault.kek` among the
secrets, else in the data folder, whether `baoxue up` runs there or not. Running processes find a new epoch by themselves.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import typer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from psycopg import Connection
from rich.console import Console

from deploy.servers import reached
from deploy.showing import StepBars, table
from services.chassis import key_store
from services.chassis.clock import CHINA
from services.chassis.config import own_secret, read_process_settings, read_secret, read_settings
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing, add_epoch, destroy_epoch
from services.chassis.sealing import SUITES

FILE: Final = "vault.kek"
CONNECT_S: Final = 5
Suite = Annotated[
    int, typer.Option(min=min(SUITES), max=max(SUITES), help="1: AES-256-GCM, SHA-256. 2: 国密 SM4-GCM, SM3.")
]

app = typer.Typer(
    no_args_is_help=True,
    help="The keys over all keys of children 密钥轮换: which epochs there are, a new one, one destroyed.",
)
console = Console(width=None if sys.stdout.isatty() else 160)


@app.command()
def status() -> None:
    """Show each epoch: its suite, how many keys are wrapped under it, and whether vault.kek still holds it."""
    with _key_store() as connection:
        _show(connection)


@app.command("new-epoch")
def new_epoch(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file vault.kek to add it to.")],
    suite: Suite = 1,
) -> None:
    """Add an epoch to a file of key-encryption keys, for servers: hand the file to every process, then `rotate`."""
    read_secret(file)
    epoch = add_epoch(file, suite=suite)
    console.print(
        f"{file} holds epoch {epoch.number} of suite {suite} ({epoch.suite.title}). Copy it where vault.kek is kept apart, "
        "hand it to every process, then: baoxue vault rotate"
    )


@app.command()
def rotate(suite: Suite = 1) -> None:
    """Begin a new epoch and wrap every key anew under it 密钥轮换; run again, it does what is left of the last time.

    Once a month, and once after the last day on which a backup may still bring an erased child back.
    """
    with _key_store() as connection:
        ring = _ring()
        if not read_process_settings().postgres and _is_finished(connection, ring):
            add_epoch(read_settings().data_folder / FILE, suite=suite)
            ring = _ring()
        elif _is_finished(connection, ring):
            raise Refused(
                f"{FILE} holds no epoch that is newer than the one in use. Make one with `baoxue vault new-epoch FILE`, "
                "hand the file to every process, and rotate then."
            )
        key_store.begin_epoch(connection, ring.newest)
        with StepBars(console) as bars:
            total = sum(state.keys for state in key_store.epochs(connection) if state.number != ring.newest.number)
            done = key_store.rewrap(
                connection, ring, progress=lambda so_far: bars.tell("wrap keys anew", so_far, total)
            )
        console.print(f"{done:,} keys were wrapped anew; all are under epoch {ring.newest.number} 密钥已轮换.")
        _show(connection)


@app.command()
def retire(
    epoch: Annotated[int, typer.Argument(help="Its number.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; a key that is destroyed opens nothing any more.")] = False,
) -> None:
    """Destroy the key of an epoch that wraps nothing any more: what old copies hold of the erased is unreadable then."""
    if not yes:
        typer.confirm(
            f"A backup that was made before the rotation can't be restored without the key of epoch {epoch}. Destroy it?",
            abort=True,
        )
    with _key_store() as connection:
        key_store.retire(connection, number=epoch)
    if read_process_settings().postgres:
        console.print(f"No key will be wrapped under epoch {epoch}. Take its line out of {FILE} wherever that is kept.")
    else:
        destroy_epoch(read_settings().data_folder / FILE, number=epoch)
        console.print(
            f"{FILE} holds epoch {epoch} no more. It is destroyed when the -keys folders of the backups before are, too."
        )


@app.command("holder")
def holder_key(
    file: Annotated[
        Path, typer.Argument(dir_okay=False, help="Where the private half goes; it never sees the servers.")
    ],
) -> None:
    """Make the key of the body that holds what is restricted 限制处理, where there is none, and print its public half."""
    sys.stdout.write(_private_key(own_secret(file)).public_key().public_bytes_raw().hex() + "\n")


@app.command()
def restrict(
    child: Annotated[UUID, typer.Argument(help="The child's id.")],
    basis: Annotated[str, typer.Option(help="Which law or rule wants the data kept 依据; kept and shown for ever.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day of that.")],
    holder: Annotated[
        Path, typer.Option("--to", exists=True, dir_okay=False, help="The public half of the holder's key.")
    ],
) -> None:
    """Keep a person's data and let nobody here read it 限制处理, because a law wants it kept; needs the system stopped, or servers."""
    from deploy import operate  # noqa: PLC0415  # it knows the whole system, and the other commands need little

    key = _public_key(holder.read_text(encoding="ascii").strip())
    operate.on_the_roster(
        lambda intake: operate.restrict(intake, child_id=child, basis=basis, until=until.date(), holder=key)
    )
    console.print(f"Nobody here can read who this is any more; after {until:%Y-%m-%d}: baoxue erase {child}")


@app.command()
def lift(
    child: Annotated[UUID, typer.Argument(help="The child's id.")],
    reason: Annotated[str, typer.Option(help="On what ground the restriction ends 依据; names nobody.")],
    holder: Annotated[Path, typer.Option("--key", exists=True, dir_okay=False, help="The holder's private key.")],
) -> None:
    """Let a restricted person's data be worked with again 解除限制; needs the system stopped, or servers."""
    from deploy import operate  # noqa: PLC0415

    key = _private_key(read_secret(holder))
    operate.on_the_roster(lambda intake: operate.lift(intake, child_id=child, reason=reason, holder=key))
    console.print("Who it is shows again; what was said at visits does not.")


def _private_key(text: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(bytes.fromhex(text))


def _public_key(text: str) -> X25519PublicKey:
    try:
        return X25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError:
        raise Refused("That file holds no public key; `baoxue vault holder` prints one.") from None


def _is_finished(connection: Connection[Any], ring: KeyRing) -> bool:
    """Whether the file's newest epoch is in use and wraps everything: then rotating means one more."""
    states = key_store.epochs(connection)
    newest = max((state.number for state in states), default=1)
    return ring.newest.number <= newest and not any(state.keys for state in states if state.number != newest)


def _show(connection: Connection[Any]) -> None:
    ring = _ring()
    rows = [
        (
            str(state.number),
            SUITES[state.suite].title,
            f"{state.begun_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
            f"{state.retired_at.astimezone(CHINA):%Y-%m-%d %H:%M}" if state.retired_at else "",
            state.keys,
            "yes" if ring.find(state.number) else "no",
        )
        for state in key_store.epochs(connection)
    ]
    columns = ("epoch", "suite", "begun", "given up", "keys under it", f"in {FILE}")
    console.print(table("Epochs of the key over all keys 密钥加密密钥", columns, rows))


def _ring() -> KeyRing:
    settings = read_process_settings()
    if settings.postgres:
        return KeyRing(lambda: settings.secret(FILE))
    path = read_settings().data_folder / FILE
    return KeyRing(lambda: read_secret(path))


@contextmanager
def _key_store() -> Iterator[Connection[Any]]:
    """The key store as services reach it, its first epoch noted; raises `Refused` in words where there is no way in."""
    with reached("vault") as servers:
        try:
            dsn = servers.dsn("vault", "vault_app")
            with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_S) as connection:
                connection.execute("set statement_timeout = '60s'")
                key_store.wrapping_epoch(connection, _ring())
                yield connection
        except psycopg.OperationalError as error:
            raise Refused(f"The key store can't be reached ({type(error).__name__}).") from None
        except key_store.WrongKeyRing as error:
            raise Refused(f"{error}.") from None
