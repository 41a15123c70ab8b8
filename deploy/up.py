"""`baoxue up`, `erase`, `rebuild`: the whole system on this machine, kept running or started for one act; data is kept."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

from rich.console import Console

from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.showing import StepBars, table
from gateway.access.principal import DEMO_ACCOUNTS
from gateway.readmodel.rebuild import rebuild as rebuild_readmodel
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SystemClock, china_date
from services.chassis.config import Settings
from services.chassis.runtime import until_told_to_stop
from services.contracts.divisions import COUNTY


def run(console: Console, *, settings: Settings, registers: Path | None, as_of: date | None) -> None:
    """Starts everything, loads registers where asked to, and runs until Ctrl-C or a termination signal."""
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    console.print(f"Starting; data is kept in {settings.data_folder} …")
    with Embedded(settings=settings, clock=SystemClock()) as running:
        if registers is not None:
            load(console, running, registers=registers, as_of=as_of)
        show_addresses(console, running, settings=settings)
        until_told_to_stop()
        console.print("Stopping …")
    console.print("Stopped cleanly.")


def load(console: Console, running: Running, *, registers: Path, as_of: date | None) -> None:
    """Takes the register files of a folder in and compares them; what was there already changes nothing."""
    operator = _operator(purpose="dropout_control")
    with StepBars(console) as bars, acting(operator):
        files = [path for path in registers.iterdir() if path.is_file()]
        for reject in running.intake.load_files(files, progress=bars.tell).rejects:
            console.print(f"{reject.file} {reject.sheet} row {reject.row} {reject.column}: {reject.reason}")
        compared = running.intake.compare(as_of=as_of or china_date(operator.at), progress=bars.tell)
    wait_until_quiet(running)
    console.print(f"{len(compared.reconciliation.children):,} children are in the roster.")


def erase(console: Console, *, settings: Settings, child_id: UUID, reason: str) -> None:
    """Erases a child's personal data for good and waits until everybody has forgotten what they had opened."""
    with Embedded(settings=replace(settings, port=0), clock=SystemClock()) as running:
        with acting(_operator(purpose="operation")):
            running.intake.erase(child_id, reason=reason)
        wait_until_quiet(running)
    console.print("The child's key is gone, and its texts with it: in events, journal, read model and backups of them.")


def rebuild(console: Console, *, settings: Settings) -> None:
    """Empties the read model and projects it again from the origin."""
    with Embedded(settings=replace(settings, port=0), clock=SystemClock()) as running:
        wait_until_quiet(running)
        read = rebuild_readmodel(dsn=running.cluster.dsn("gateway", "gateway_writer"), projector=running.projector)
        wait_until_quiet(running)
    console.print(f"The read model was made anew from {read:,} events; the journal and the receipts stay.")


def _operator(*, purpose: str) -> Caused:
    department = f"education_bureau:{COUNTY}"
    return Caused.begin(actor="operator", department=department, purpose=purpose, at=SystemClock().now())


def show_addresses(console: Console, running: Running, *, settings: Settings) -> None:
    """Where what is, and who may come in."""
    url = running.web.url
    places = [
        ("console 控制台", f"{url}/"),
        ("GraphiQL" if settings.development else "GraphQL", f"{url}/graphql"),
        ("health", f"{url}/health/ready"),
        ("PostgreSQL", f"127.0.0.1:{running.cluster.port}, passwords in {running.cluster.folder}/secrets"),
    ]
    console.print(table("Running 运行中", ("what", "where"), places))
    if running.issuer is not None:
        rows = [(name, account.unit, account.purpose) for name, account in DEMO_ACCOUNTS.items()]
        console.print(table("Demonstration accounts 演示账号 (development only)", ("account", "unit", "purpose"), rows))
        console.print(f"A token: curl -s -X POST {url}/development/token/bureau-office")
    if running.services["roster"].application.position() == 0:
        console.print("The roster is empty. With an invented county: baoxue up --load tests/data/county/registers")
    console.print("Ctrl-C stops everything.")
