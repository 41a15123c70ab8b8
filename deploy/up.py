"""`baoxue up`, `load`, `erase` and the like: the whole system on this machine, kept running or started for one act; data is kept."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console

from deploy import operate
from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.showing import table
from gateway.access.issuing import DEMO_ACCOUNTS
from services.chassis.clock import SystemClock
from services.chassis.config import Settings
from services.chassis.logs import log_to_stderr
from services.chassis.runtime import until_told_to_stop
from services.roster.intake import Intake


def run(console: Console, *, settings: Settings, registers: Path | None, as_of: date | None) -> None:
    """Starts everything, loads registers where asked to, and runs until Ctrl-C or a termination signal."""
    log_to_stderr(service="baoxue")
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    console.print(f"Starting; data is kept in {settings.data_folder} …")
    with Embedded(settings=settings, clock=SystemClock()) as running:
        if registers is not None:
            operate.load(console, running.intake, registers=registers, as_of=as_of)
            wait_until_quiet(running)
        show_addresses(console, running, settings=settings)
        until_told_to_stop()
        console.print("Stopping …")
    console.print("Stopped cleanly.")


def load(
    console: Console, *, settings: Settings, registers: Path, as_of: date | None, wish: operate.Wish | None = None
) -> None:
    """Takes register files in and waits until everybody has heard of what they say."""
    with Embedded(settings=settings, clock=SystemClock(), serving=False) as running:
        operate.load(console, running.intake, registers=registers, as_of=as_of, wish=wish)
        wait_until_quiet(running)


def act(*, settings: Settings, done: Callable[[Intake], None]) -> None:
    """Does one act of an operator on the stopped system and waits until everybody has heard of it."""
    with Embedded(settings=settings, clock=SystemClock(), serving=False) as running:
        done(running.intake)
        wait_until_quiet(running)


def show_addresses(console: Console, running: Running, *, settings: Settings) -> None:
    """Where what is, and who may come in."""
    url = running.web.url
    places = [
        ("console 控制台", f"{url}/"),
        ("GraphiQL" if settings.development else "GraphQL", f"{url}/graphql"),
        ("health", f"{url}/health/ready"),
        ("policy 授权表", f"version {running.policy.version}; `baoxue policy show` says who released it"),
        ("PostgreSQL", f"127.0.0.1:{running.cluster.port}, passwords in {running.cluster.folder}/secrets"),
    ]
    console.print(table("Running 运行中", ("what", "where"), places))
    if running.issuer is not None:
        show_accounts(console, url=url)
    if running.services["roster"].application.position() == 0:
        console.print("The roster is empty. With an invented county: baoxue up --load tests/data/county/registers")
    console.print("Ctrl-C stops everything.")


def show_accounts(console: Console, *, url: str) -> None:
    """The accounts of development, and how to be one of them."""
    rows = [(name, account.unit, account.purpose, account.role) for name, account in DEMO_ACCOUNTS.items()]
    console.print(
        table("Demonstration accounts 演示账号 (development only)", ("account", "unit", "purpose", "role"), rows)
    )
    console.print(
        "What a head has to approve opens to an officer when the head has: `approvePurpose` 须负责人审批的用途."
    )
    console.print(f"In a browser: {url}/sign-in 登录，点按账号即可。")
    console.print(f"A token: curl -s -X POST {url}/development/token/bureau-office")
