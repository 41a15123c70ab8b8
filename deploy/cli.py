"""`baoxue`: what an operator types. Every command says what it did, and ends with 0 only if it did it."""

import gc
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from deploy import audit, bundles, parked, policy, proofs, replay, vault
from deploy.postgres.cluster import ClusterError
from deploy.showing import StepBars
from services.chassis.config import read_process_settings, read_settings
from services.chassis.errors import ServiceError

RUN, REGISTERS, DATA, SETUP = "Run 运行", "Registers 登记册", "Data 数据", "Distributed profile 分布部署"
"""The groups in which `baoxue --help` shows the commands."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(parked.app, name="parked", rich_help_panel=RUN)
app.add_typer(policy.app, name="policy", rich_help_panel=RUN)
app.add_typer(vault.app, name="vault", rich_help_panel=DATA)
app.add_typer(replay.app, name="replay", rich_help_panel=DATA)
app.add_typer(proofs.app, name="proof", rich_help_panel=DATA)
app.add_typer(audit.app, name="audit", rich_help_panel=DATA)
app.command(rich_help_panel=DATA)(bundles.bundle)
console = Console(width=None if sys.stdout.isatty() else 120)

AsOf = Annotated[
    datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The date the registers are compared on.")
]
Registers = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder of register files.")]


@app.command(rich_help_panel=RUN)
def demo() -> None:
    """Tell the whole story on an invented county, from the registers to a child's return, and check it."""
    from deploy.demo import tell  # noqa: PLC0415  # commands that need little should start fast

    raise typer.Exit(tell(console))


@app.command(rich_help_panel=RUN)
def up(
    registers: Annotated[
        Path | None, typer.Option("--load", exists=True, file_okay=False, help="Register files to load first.")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Compare them on this date; default today.")
    ] = None,
    development: Annotated[
        bool, typer.Option(help="Demonstration accounts and the query page; never with real data.")
    ] = False,
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Every part a process of its own, with Kafka between them.")
    ] = False,
    brokers: Annotated[Literal["1", "3"], typer.Option(help="How many Kafka brokers, where distributed.")] = "1",
) -> None:
    """Run the system on this machine until Ctrl-C; its data is kept."""
    settings = read_settings()
    settings = replace(settings, development=settings.development or development)
    on = as_of.date() if as_of else None
    if distributed:
        from deploy.up_distributed import run as run_distributed  # noqa: PLC0415

        nodes: Literal[1, 3] = 3 if brokers == "3" else 1
        run_distributed(console, settings=settings, brokers=nodes, registers=registers, as_of=on)
    else:
        gc.disable()  # what is loaded now stays: to look for garbage in it took a tenth of the time
        from deploy.up import run  # noqa: PLC0415

        gc.enable()
        run(console, settings=settings, registers=registers, as_of=on)


@app.command(rich_help_panel=REGISTERS)
def load(
    registers: Registers,
    as_of: AsOf,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change, and ask.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask after the preview.")] = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", dir_okay=False, help="A workbook for what can't be read, marked.")
    ] = None,
) -> None:
    """Take register files in and compare them; where BAOXUE_POSTGRES is not set, needs the system stopped."""
    from deploy import operate  # noqa: PLC0415

    wish = operate.Wish(preview=preview, yes=yes, rejects=rejects)
    if _is_distributed():
        with operate.roster_intake(read_process_settings()) as intake:
            operate.load(console, intake, registers=registers, as_of=as_of.date(), wish=wish)
    else:
        from deploy.up import load as load_embedded  # noqa: PLC0415

        load_embedded(console, settings=read_settings(), registers=registers, as_of=as_of.date(), wish=wish)


@app.command(rich_help_panel=DATA)
def erase(
    child: Annotated[UUID, typer.Argument(help="The child's id.")],
    reason: Annotated[str, typer.Option(help="On whose request or by which rule; names nobody.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; an erasure can't be taken back.")] = False,
) -> None:
    """Erase a child's personal data for good; where BAOXUE_POSTGRES is not set, needs the system stopped."""
    from deploy import operate  # noqa: PLC0415

    if not yes:
        typer.confirm("An erasure can't be taken back. Erase this child's personal data?", abort=True)
    operate.on_the_roster(lambda intake: operate.erase(intake, child_id=child, reason=reason))
    console.print("The child's key is gone, and its texts with it, in events, journal and read model.")
    console.print("Backups made before keep the key until they are deleted; a restore erases the child again.")


@app.command(rich_help_panel=DATA)
def rebuild() -> None:
    """Make the gateway's read model anew from all events, while the old one is still shown."""
    from deploy.rebuild import rebuild_distributed, rebuild_embedded  # noqa: PLC0415

    if _is_distributed():
        rebuild_distributed(console, settings=read_process_settings())
    else:
        rebuild_embedded(console, settings=read_settings())


@app.command(rich_help_panel=REGISTERS)
def reconcile(
    directory: Registers, as_of: AsOf, out: Annotated[Path, typer.Option("--out", help="Where the results go.")]
) -> None:
    """Compare register files by themselves: links, findings, rejects, reasons and doubts as CSV; needs no running system."""
    from services.roster.reconcile.run import reconcile_directory  # noqa: PLC0415

    with StepBars(console) as bars:
        result = reconcile_directory(directory, as_of=as_of.date(), out=out, progress=bars.tell)
    table = Table(title=f"{len(result.children):,} children on {as_of:%Y-%m-%d}")
    table.add_column("finding 比对发现")
    table.add_column("children", justify="right")
    for kind in sorted({finding.kind for finding in result.findings}):
        table.add_row(kind, f"{sum(finding.kind == kind for finding in result.findings):,}")
    console.print(table)
    console.print(
        f"{len(result.doubtful):,} doubtful pairs were left apart; {len(result.rejects):,} cells can't be read."
    )
    console.print(f"links.csv, findings.csv, rejects.csv, reasons.csv and doubts.csv are in {out}")


@app.command(rich_help_panel=REGISTERS)
def sample(
    children: Annotated[int, typer.Option(min=1, max=2_000_000, help="How many children to invent.")],
    out: Annotated[Path, typer.Option("--out", help="Where registers/ and truth/ go.")],
    as_of: AsOf,
    seed: int = 1,
    errors: Annotated[str, typer.Option(help="How offices write: clean, typical or hard.")] = "typical",
) -> None:
    """Invent a county: register files as offices write them, and the truth about them."""
    from deploy.sample.county import generate  # noqa: PLC0415
    from deploy.sample.errors import PRESETS  # noqa: PLC0415

    if errors not in PRESETS:
        raise typer.BadParameter(f"choose one of {', '.join(PRESETS)}", param_hint="--errors")
    with StepBars(console) as bars:
        county = generate(children=children, seed=seed, as_of=as_of.date(), errors=PRESETS[errors], progress=bars.tell)
        county.write(out, progress=bars.tell)
    console.print(f"{children:,} invented children: {out}/registers and {out}/truth")


@app.command(rich_help_panel=DATA)
def papers(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder of BAOXUE_PAPERS.")],
    make: Annotated[
        str | None, typer.Option("--make", help="Put the template of this kind of paper there, to be edited in Word.")
    ] = None,
) -> None:
    """Check the office's own Word templates 文书模板, or put one there to start from; without any, list the kinds and their fields."""
    from gateway.sheets.paper import TEXTS  # noqa: PLC0415
    from gateway.sheets.template import FORMS, check_folder, put  # noqa: PLC0415

    if make is not None:
        console.print(f"{put(make, folder)}: edit it in Word, then check it with `baoxue papers {folder}`.")
        return
    own = check_folder(folder)
    for kind in own:
        console.print(f"{kind}.docx fits 可用")
    if not own:
        for kind, form in FORMS.items():
            console.print(f"{kind}.docx {TEXTS[kind]['title']}: {' '.join(form.fields)}", markup=False)


@app.command(rich_help_panel=RUN)
def health(
    urls: Annotated[
        list[str] | None, typer.Argument(help="Where processes answer; default: those of `up --distributed` here.")
    ] = None,
) -> None:
    """Show how processes are, how far they lag and what is parked; ends with 1 where one is not ready."""
    from deploy.distributed import answering  # noqa: PLC0415
    from deploy.operate import show_health  # noqa: PLC0415

    places = urls or answering(read_settings().data_folder / "distributed")
    raise typer.Exit(0 if show_health(console, places) else 1)


@app.command(rich_help_panel=SETUP)
def secrets(directory: Annotated[Path, typer.Argument(file_okay=False, help="Where the files go.")]) -> None:
    """Make every secret of a distributed system that is missing, each in a file of its own."""
    from deploy.secrets import make_secrets  # noqa: PLC0415

    names = make_secrets(directory)
    console.print(
        f"{len(names)} secrets are in {directory}; give each process those it needs, and keep vault.kek apart."
    )


@app.command(rich_help_panel=SETUP)
def prepare() -> None:
    """Make the roles and databases on the servers of BAOXUE_POSTGRES, as their superuser."""
    from deploy.operate import prepare_databases  # noqa: PLC0415

    prepare_databases(console)


@app.command(rich_help_panel=SETUP)
def migrate(
    databases: Annotated[list[str] | None, typer.Argument(help="Which databases; default all.")] = None,
) -> None:
    """Make the tables of databases on the servers of BAOXUE_POSTGRES, each as its owner; before workers start."""
    from deploy.migrate import MIGRATIONS  # noqa: PLC0415
    from deploy.operate import migrate_databases  # noqa: PLC0415

    unknown = set(databases or ()) - set(MIGRATIONS)
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}; known are {', '.join(MIGRATIONS)}")
    migrate_databases(console, databases=databases or list(MIGRATIONS))


@app.command(rich_help_panel=SETUP)
def topics(
    replicas: Annotated[int, typer.Option(min=1, help="On how many brokers each event is kept.")] = 3,
) -> None:
    """Make the topics that are missing on the brokers of BAOXUE_KAFKA."""
    from deploy.operate import make_missing_topics  # noqa: PLC0415

    make_missing_topics(console, replicas=replicas)


@app.command(rich_help_panel=DATA)
def backup(
    target: Annotated[Path, typer.Argument(file_okay=False, help="Where backups are kept; best on an encrypted disk.")],
    keys: Annotated[Path, typer.Option("--keys", file_okay=False, help="Another place, for the keys that open it.")],
    beside: Annotated[bool, typer.Option("--keys-beside", help="Allow the keys to lie beside the data.")] = False,
) -> None:
    """Copy this machine's data to one place and its keys to another, running or stopped."""
    from deploy.backup import backup as back_up  # noqa: PLC0415

    back_up(console, settings=read_settings(), target=target, keys=keys, beside=beside)


@app.command(rich_help_panel=DATA)
def restore(
    source: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The backup's own folder, baoxue-….")],
    keys: Annotated[Path, typer.Option("--keys", exists=True, file_okay=False, help="Where its keys are.")],
    shred_lists: Annotated[
        list[Path] | None, typer.Option("--shred-list", exists=True, dir_okay=False, help="Who was erased since.")
    ] = None,
    replace_data: Annotated[bool, typer.Option("--replace", help="Put data that is there aside.")] = False,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Do everything but the last step.")] = False,
) -> None:
    """Make this machine's data what a backup holds; whole or not at all."""
    from deploy.restore import restore as put_back  # noqa: PLC0415

    lists = shred_lists or []
    put_back(
        console,
        settings=read_settings(),
        source=source,
        keys=keys,
        shred_lists=lists,
        replace=replace_data,
        rehearse=rehearse,
    )


@app.command(rich_help_panel=SETUP)
def recovered(
    shred_lists: Annotated[
        list[Path], typer.Option("--shred-list", exists=True, dir_okay=False, help="Who was erased since.")
    ],
) -> None:
    """Make servers that were taken back to a moment ready to be opened: erase again, examine positions."""
    from deploy.recovered import recovered as make_recovered_ready  # noqa: PLC0415

    make_recovered_ready(console, settings=read_process_settings(), shred_lists=shred_lists)


@app.command("shred-list", rich_help_panel=SETUP)
def shred_list(file: Annotated[Path, typer.Argument(dir_okay=False, help="A file outside of the databases.")]) -> None:
    """Add to a file who was erased, as the vault of the distributed system knows it."""
    from deploy.erasures import export_shred_list  # noqa: PLC0415
    from deploy.operate import NamedServers  # noqa: PLC0415
    from services.chassis.shred_list import ShredList  # noqa: PLC0415

    count = export_shred_list(NamedServers(read_process_settings()), to=ShredList(file))
    console.print(f"{count:,} erasures are in {file}.")


@app.command(rich_help_panel=DATA)
def drill(
    children: Annotated[int, typer.Option(min=10, help="How many children the lost installation has.")] = 200,
    broker: Annotated[
        bool, typer.Option("--broker", help="Also tell all events again, to a broker; needs Java.")
    ] = False,
) -> None:
    """Lose a small installation and get it back at a chosen moment; once a month."""
    from deploy import drill as rehearsal  # noqa: PLC0415

    begin = rehearsal.with_broker if broker else rehearsal.drill
    raise typer.Exit(0 if begin(console, children=children) else 1)


@app.command("take-over", rich_help_panel=SETUP)
def take_over() -> None:
    """Let databases that began in one process go on over Kafka: once, moved to BAOXUE_POSTGRES, nothing running."""
    from deploy.operate import take_over_databases  # noqa: PLC0415

    take_over_databases(console)


def _is_distributed() -> bool:
    """Whether this command is for the servers that the environment names, not for this machine's data folder."""
    return bool(read_process_settings().postgres)


def main() -> None:
    """Runs `baoxue`; what is refused is said in words, without a traceback."""
    try:
        app()
    except (ServiceError, ClusterError) as error:
        Console(stderr=True).print(f"[red]refused[/red] {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
