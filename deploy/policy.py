"""`baoxue policy`: the policy that is released, what would change, and the release itself.

Works on the gateway's database alone. Where BAOXUE_POSTGRES is set that is on the servers it names, else in the data
folder, whether `baoxue up` runs there or not. Who releases needs the private key and `gateway_owner`'s password; no running
process has either. A gateway takes the released version when it starts, so it is started again after a release.
"""

import logging
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer
from psycopg import Connection
from rich.console import Console
from rich.markup import escape

from deploy.servers import Servers, reached
from deploy.showing import table
from gateway.access import policy_log
from gateway.access.kinds import DEPARTMENTS
from gateway.access.policy import PolicyError, compile_files, read_files
from gateway.access.policy_changes import EVERYBODY, Change, changes, rule_changes
from gateway.access.policy_keys import PUBLIC_KEYS, Key, Keys, Signer, line_of, read_keys
from gateway.access.policy_log import NotReleased, Release
from gateway.readmodel.in_force import LOGGED
from gateway.words import word
from services.chassis.clock import CHINA, SystemClock, china_date
from services.chassis.config import own_secret, read_process_settings, read_settings
from services.chassis.errors import Refused

DEVELOPMENT_KEY: Final = "policy.key"
CONNECT_S: Final = 5
LOGGED_IN_ORDER: Final = f"select position, kind, name, version, at, by from {LOGGED} l order by position"  # noqa: S608

logger = logging.getLogger(__name__)
app = typer.Typer(
    no_args_is_help=True, help="Who may see what 授权表: what is released, what would change, and the release."
)
console = Console(width=None if sys.stdout.isatty() else 160)


@app.command()
def key(
    file: Annotated[
        Path, typer.Argument(dir_okay=False, help="Where the private half goes; keep it from the servers.")
    ],
    holder: Annotated[str, typer.Option(help="The office that keeps it; no person's name.")],
    from_on: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Its first day.")] = None,
    until_on: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The day it ends.")] = None,
) -> None:
    """Make a key for releases where there is none, and print its line for the list of public keys."""
    own_secret(file)
    made = Key(
        public=Signer(file).public,
        holder=holder,
        from_on=from_on.date() if from_on else None,
        until_on=until_on.date() if until_on else None,
    )
    sys.stdout.write(line_of(made))


@app.command()
def show() -> None:
    """Show every release: which version, when, by whom, on what ground, and whose key signed it."""
    with _connected("gateway_reader") as connection:
        entries = policy_log.read_log(connection)
    if not entries:
        console.print("No policy was ever released here.")
        return
    rows = [
        (
            *(str(said.position), said.version, f"{said.released_at.astimezone(CHINA):%Y-%m-%d %H:%M}"),
            *(escape(said.released_by), escape(said.legal_basis), escape(_holder(said)), entry.leaf[:16]),
        )
        for entry in entries
        for said in (entry.release,)
    ]
    columns = ("entry", "version", "released", "by", "on the ground of", "signed by", "leaf")
    console.print(table("Releases of the policy 授权表发布", columns, rows))


@app.command()
def log() -> None:
    """Show the policy's log: releases, versions of rules and aid programmes, keys, audit reports, each with its place in the tree."""
    with _connected("gateway_reader") as connection:
        connection.execute("select set_config('app.receipts', 'on', false)")  # reports are shown to who sees looks
        entries = connection.execute(LOGGED_IN_ORDER.encode()).fetchall()
    rows = [
        (
            position,
            word("policy_entries", kind),
            escape(name),
            escape(version),
            f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}",
            escape(by),
        )
        for position, kind, name, version, at, by in entries
    ]
    console.print(
        table("Log of policy, rules and keys 授权与规则日志", ("entry", "kind", "what", "version", "at", "by"), rows)
    )


@app.command()
def diff() -> None:
    """Show what the files here change against what was released last, department by department."""
    with _connected("gateway_reader") as connection:
        _show_changes(connection)


@app.command()
def verify() -> None:
    """Check the whole log, its signatures, the files here and the database's row security against it; ends with 0 if all is well."""
    with _connected("gateway_reader") as connection:
        policy = policy_log.released(connection, keys=read_keys(_keys_file()), development=_is_development())
        entries = policy_log.read_log(connection)
        for entry in entries:
            policy_log.texts_of(connection, entry.release)
    console.print(
        f"{len(entries):,} releases are whole and signed; version {policy.version} is in force here 验证通过."
    )


@app.command()
def release(
    key: Annotated[Path, typer.Option("--key", exists=True, dir_okay=False, help="The private key.")],
    by: Annotated[str, typer.Option(help="Who decides: an official's identifier, not a name.")],
    basis: Annotated[str, typer.Option(help="On what ground 依据: the decision or clause. Kept and shown for ever.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Show what would change for whom, and release it: signed, for good. Gateways take it at their next start."""
    with _connected("gateway_owner") as connection:
        _show_changes(connection)
        if not yes:
            typer.confirm("Release this? 是否发布？", abort=True)
        made = policy_log.release(
            connection,
            signer=Signer(key),
            keys=read_keys(_keys_file()),
            by=by,
            legal_basis=basis,
            at=SystemClock().now(),
        )
    console.print(
        f"Version {made.version} is released as entry {made.position}; start the gateways again 已发布，请重启网关."
    )


def keys_of(folder: Path, *, named: Path | None) -> Path:
    """Where the embedded profile's list of public keys is."""
    return named or folder / PUBLIC_KEYS


def release_for_development(server: Servers, *, folder: Path, keys: Path, at: datetime) -> None:
    """Releases what this program has where that isn't released yet, with a key it makes for itself; says so in the log."""
    file = folder / DEVELOPMENT_KEY
    own_secret(file)
    own = Key(public=Signer(file).public, holder="development", development=True)
    if not keys.exists() or own not in read_keys(keys).keys:
        with keys.open("a", encoding="utf-8") as listed:
            listed.write(line_of(own))
    with psycopg.connect(
        server.dsn("gateway", "gateway_owner"), autocommit=True, connect_timeout=CONNECT_S
    ) as connection:
        try:
            policy_log.released(connection, keys=read_keys(keys), development=True)
        except NotReleased as error:
            made = policy_log.release(
                connection,
                signer=Signer(file),
                keys=read_keys(keys),
                by="development",
                legal_basis="development: released by the program itself",
                at=at,
            )
            logger.warning(
                "development: policy %s released by itself as entry %d; differing: %s",
                made.version,
                made.position,
                ", ".join(error.differs) or "everything, there was none",
            )


def _show_changes(connection: Connection[Any]) -> None:
    entries = policy_log.read_log(connection)
    texts = read_files()
    now = compile_files(texts)
    if not entries:
        console.print(f"No policy was ever released here; version {now.version} would be the first 首次发布.")
        return
    before = entries[-1].release
    rows = [_line(change) for change in _changes(connection, before, texts)]
    if rows:
        title = f"What version {now.version} changes against {before.version} 授权变更"
        console.print(table(title, ("department", "purpose", "what", "before", "after"), rows))
    compiled = policy_log.row_security(connection)
    tables = sorted(
        name for name in before.row_security.keys() | compiled if before.row_security.get(name) != compiled.get(name)
    )
    if tables:
        console.print(f"Row security is compiled anew 行级安全重编译: {', '.join(tables)}")
    if not rows and not tables:
        console.print(f"Nothing differs from version {before.version}, which was released last 无变更.")


def _changes(connection: Connection[Any], before: Release, texts: dict[str, str]) -> list[Change]:
    said = policy_log.texts_of(connection, before)
    if said == texts:
        return []
    rules = rule_changes(tomllib.loads(said["rules.toml"]), tomllib.loads(texts["rules.toml"]))
    try:
        found = rules + changes(compile_files(said), compile_files(texts))
    except PolicyError as error:
        raise Refused(
            f"Version {before.version} can't be read by this program any more, so nothing can be compared: {error}"
        ) from None
    return found or [Change(EVERYBODY, "", "wording only: no right, command or rule is another", "", "")]


def _line(change: Change) -> tuple[str, ...]:
    today = china_date(SystemClock().now())
    return (
        _called(change.kind, on=today),
        *map(escape, (change.purpose, change.what, change.before or "—", change.after or "—")),
    )


def _called(kind: str, *, on: date) -> str:
    if kind == EVERYBODY:
        return "everybody 各部门"
    return f"{kind} {DEPARTMENTS[kind].called(on)}" if kind in DEPARTMENTS else kind


def _holder(release: Release) -> str:
    key = Keys(release.keys).find(release.key)
    return f"{key.holder} {key.id}" if key else release.key


def _keys_file() -> Path:
    settings = read_process_settings()
    if not settings.postgres:
        return keys_of(read_settings().data_folder, named=settings.policy_keys)
    if settings.policy_keys is None:
        raise Refused("BAOXUE_POLICY_KEYS is not set; it names the list of public keys that release the policy.")
    return settings.policy_keys


def _is_development() -> bool:
    return read_process_settings().development


@contextmanager
def _connected(role: str) -> Iterator[Connection[Any]]:
    """A connection to the gateway's database; raises `Refused` in words where there is no way in."""
    with reached("gateway") as server:
        try:
            with psycopg.connect(server.dsn("gateway", role), autocommit=True, connect_timeout=CONNECT_S) as connection:
                connection.execute("set statement_timeout = '30s'")
                yield connection
        except psycopg.OperationalError as error:  # its text may name hosts and roles, not more; the kind is enough
            raise Refused(f"The database gateway can't be reached ({type(error).__name__}).") from None
