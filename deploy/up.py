"""`baoxue up`: the whole system on this machine, kept running, its data kept over restarts."""

from datetime import date
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.showing import StepBars, table
from gateway.access.principal import DEMO_ACCOUNTS
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
    clock = SystemClock()
    command_id = uuid4()
    operator = Caused(
        actor="operator",
        department=f"education_bureau:{COUNTY}",
        purpose="dropout_control",
        at=clock.now(),
        command_id=command_id,
        correlation_id=command_id,
    )
    with StepBars(console) as bars, acting(operator):
        for file in sorted(path for path in registers.iterdir() if path.is_file()):
            bars.tell(file.name, 0, 1)
            loaded = running.intake.load_file(file)
            bars.tell(file.name, 1, 1)
            for reject in loaded.rejects:
                console.print(f"{reject.file} {reject.sheet} row {reject.row} {reject.column}: {reject.reason}")
        compared = running.intake.compare(as_of=as_of or china_date(clock.now()), progress=bars.tell)
    wait_until_quiet(running)
    console.print(f"{len(compared.reconciliation.children):,} children are in the roster.")


def show_addresses(console: Console, running: Running, *, settings: Settings) -> None:
    """Where what is, and who may come in."""
    url = running.web.url
    places = [
        ("console 控制台", f"{url}/"),
        ("GraphQL", f"{url}/graphql" + ("  (in a browser: the query page)" if settings.development else "")),
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
