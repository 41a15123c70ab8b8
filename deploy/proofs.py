"""`baoxue proof`: what happened, proved to whoever doesn't trust the operator 存证.

Works on the databases alone, beside the running system. What it writes is checked without it: `deploy/witness/verify.py`.
"""

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import psycopg
import typer
from rich.console import Console

from deploy.servers import running_servers
from deploy.showing import StepBars, table
from deploy.tiles import Tiles, TileServer
from gateway.readmodel import in_force, trees
from services.chassis import witnesses as witnessing
from services.chassis.clock import CHINA, SystemClock
from services.chassis.config import SERVICES, read_process_settings, read_secret, read_settings
from services.chassis.errors import NotFound, Refused
from services.chassis.notes import Signer, tlog_proof
from services.chassis.signing import read_signer
from services.chassis.tree import EVENTS, LogTree, TreeBroken, origin_of, signer_of
from services.chassis.witnesses import NotWitnessed, read_witnesses

app = typer.Typer(
    no_args_is_help=True, help="What happened, proved 存证: signed trees over events, looks and the policy."
)
console = Console(width=None if sys.stdout.isatty() else 160)

CONNECT_S: Final = 5
KEY_FILE: Final = "trees.key"

LOGS: Final = (*SERVICES, *trees.LOGS)
"""Every log that is proved: what each service has recorded, every look, and what looks rest on."""

Log = Annotated[str, typer.Argument(help=f"One of {', '.join(LOGS)}.")]


@app.command()
def show() -> None:
    """Show how far each log is signed, and the keys by which others check that."""
    lines: list[tuple[object, ...]] = []
    trees = [tree_of(log) for log in LOGS]
    for tree in trees:
        try:
            signed = tree.signed()
        except NotFound:
            lines.append((tree.origin, 0, "", "", ""))
        else:
            witnesses = ", ".join(f"{name} {size:,}" for name, size in tree.cosigned().items())
            when = f"{signed.signed_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
            lines.append((tree.origin, signed.size, signed.root.hex()[:16], when, witnesses or "none"))
    console.print(table("Signed logs 签名日志", ("log", "entries", "root", "signed", "witnessed up to"), lines))
    console.print("Keys, to be given to a witness and to inspectors 公钥:")
    for key in (*(key for tree in trees for key in tree.verifiers), *bundle_signer().verifiers):
        console.print(key, soft_wrap=True, highlight=False)


@app.command()
def check() -> None:
    """Read every entry of every log once more and compare it with what was signed; for a timer at night."""
    broken: list[str] = []
    with StepBars(console) as bars:
        for log in LOGS:
            try:
                checked = tree_of(log).check(partial(bars.tell, log))
            except NotFound:
                console.print(f"{log}: nothing is signed yet 尚无签名.")
            except TreeBroken as error:
                broken.append(f"{origin_of(log)}: {error}")
            else:
                console.print(f"{log}: {checked:,} entries are those that were signed 核对一致.")
    if broken:
        raise Refused("\n".join(broken))


@app.command()
def cosign(
    witnesses: Annotated[
        Path, typer.Option("--witnesses", dir_okay=False, help="The list of witnesses, `<https address> <key>` a line.")
    ],
) -> None:
    """Have every log cosigned by its witnesses, once; for a timer, where processes don't reach them."""
    asked = read_witnesses(witnesses)
    failed: list[str] = []
    with psycopg.connect(running_servers().dsn("gateway", "gateway_writer"), connect_timeout=CONNECT_S) as gateway:
        in_force.note_keys(gateway, in_force.keys_of_witnesses(asked), at=SystemClock().now())
    for log in LOGS:
        tree = tree_of(log)
        try:
            witnessing.cosign(tree, witnesses=asked)
        except (NotWitnessed, TreeBroken) as error:
            failed.append(f"{tree.origin}: {error}")
        else:
            console.print(f"{tree.origin}: cosigned 已见证.")
    if failed:
        raise Refused("\n".join(failed))


@app.command()
def serve(
    token_file: Annotated[
        Path, typer.Option("--token-file", dir_okay=False, help="The secret that the supervising body's mirror shows.")
    ],
    listen: Annotated[str, typer.Option(help="host:port; TLS is the proxy's before it.")] = "127.0.0.1:7360",
) -> None:
    """Serve every log for the supervising body to keep a copy of (`mirror.py`), until stopped; entries go out as they are stored."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise Refused(f"{listen!r} is no address; it reads 127.0.0.1:7360.")
    tiles = Tiles({log: tree_of(log) for log in LOGS}, token=read_secret(token_file))
    with TileServer(tiles, host=host, port=int(port)) as server:
        console.print(f"日志镜像 serving {', '.join(LOGS)} on {listen}; stop with Ctrl-C.")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


@app.command()
def event(
    log: Log,
    position: Annotated[int, typer.Argument(min=1, help="The event's position, as timelines and receipts name it.")],
    to: Annotated[Path, typer.Option("--to", file_okay=False, help="The folder the proof is written to.")],
) -> None:
    """Write one event as it is stored, personal fields sealed, and the proof that it is in the log."""
    if log not in LOGS:
        raise Refused(f"There is no log {log}; it is one of {', '.join(LOGS)}.")
    tree = tree_of(log)
    signed = tree.signed(at_least=position)
    path = tree.inclusion(position, size=signed.size)
    to.mkdir(parents=True, exist_ok=True)
    name = f"{log}-{position}"
    (to / f"{name}.entry").write_bytes(tree.entry(position))
    (to / f"{name}.tlog-proof").write_text(tlog_proof(position - 1, path, signed.note))
    console.print(f"Written 已写出: {name}.entry, {name}.tlog-proof, in a log of {signed.size:,} entries. To check it:")
    console.print(
        f"python verify.py --key '{tree.verifier}' {name}.tlog-proof {name}.entry", soft_wrap=True, highlight=False
    )


def tree_of(log: str) -> LogTree:
    """The tree of a log, on its running server."""
    database, role = ("gateway", "gateway_writer") if log in trees.LOGS else (log, f"{log}_app")
    dsn = running_servers().dsn(database, role)
    return LogTree(dsn=dsn, signer=_signer(log), clock=SystemClock(), entries=trees.LOGS.get(log, EVENTS))


def bundle_signer() -> Signer:
    """Who signs what is handed out; a key of its own, that says nothing of any log."""
    return _signer("bundles")


def _signer(log: str) -> Signer:
    settings = read_process_settings()
    secret = settings.secret(KEY_FILE) if settings.postgres else read_secret(read_settings().data_folder / KEY_FILE)
    return signer_of(origin_of(log), secret=bytes.fromhex(secret), also=read_signer(settings.signer))
