"""`baoxue up --distributed`: every part a process of its own on this machine, watched and started again where one ends."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

from rich.console import Console

from deploy import operate
from deploy.distributed import Distributed
from deploy.showing import table
from deploy.up import show_accounts
from services.chassis.config import Settings, read_process_settings
from services.chassis.runtime import until_told_to_stop


def run(
    console: Console, *, settings: Settings, brokers: Literal[1, 3], registers: Path | None, as_of: date | None
) -> None:
    """Starts everything, loads registers where asked to, and runs until Ctrl-C or a termination signal.

    Its data lies beside that of the embedded profile: the two number what was heard in different ways.
    """
    settings = replace(settings, data_folder=settings.data_folder / "distributed")
    console.print(f"Starting PostgreSQL, {brokers} Kafka and every part; data is kept in {settings.data_folder} …")
    with Distributed(settings, brokers=brokers) as system:
        if registers is not None:
            with operate.roster_intake(read_process_settings(system.environment())) as intake:
                operate.load(console, intake, registers=registers, as_of=as_of)
        show_processes(console, system)
        if settings.development:
            show_accounts(console, url=system.url)
        console.print("Ctrl-C stops everything.")
        until_told_to_stop(meanwhile=lambda: restart(console, system))
        console.print("Stopping …")
    console.print("Stopped cleanly.")


def show_processes(console: Console, system: Distributed) -> None:
    """Which process does what, and where it says how it is."""
    rows = [
        (worker.name, worker.url, str(worker.pid), str(worker.log.relative_to(system.folder)))
        for worker in system.workers.values()
    ]
    console.print(table("Processes 进程", ("process", "answers at", "pid", "log"), rows))
    places = [
        ("console 控制台", f"{system.url}/"),
        ("GraphQL", f"{system.url}/graphql"),
        ("how they all are", "baoxue health"),
        ("PostgreSQL", f"127.0.0.1:{system.cluster.port}, passwords in {system.secrets}"),
        ("Kafka", ", ".join(system.brokers.bootstrap)),
    ]
    console.print(table("Running 运行中", ("what", "where"), places))


def restart(console: Console, system: Distributed) -> None:
    """Starts again what has ended without being told to."""
    for name in system.restart_what_ended():
        console.print(f"[yellow]{name} had ended and is started again; see its log.[/yellow]")
