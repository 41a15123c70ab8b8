"""`baoxue`: what an operator types. Every command says what it did, and ends with 0 only if it did it."""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from deploy.postgres.cluster import ClusterError
from deploy.showing import StepBars
from services.chassis.config import read_settings
from services.chassis.errors import ServiceError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(width=None if sys.stdout.isatty() else 120)

AsOf = Annotated[
    datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The date the registers are compared on.")
]
Registers = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder of register files.")]


@app.command()
def demo() -> None:
    """Tell the whole story on an invented county, from the registers to a child's return, and check it."""
    from deploy.demo import tell  # noqa: PLC0415  # commands that need little should start fast

    raise typer.Exit(tell(console))


@app.command()
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
) -> None:
    """Run the system on this machine until Ctrl-C; its data is kept."""
    from deploy.up import run  # noqa: PLC0415

    settings = read_settings()
    settings = replace(settings, development=settings.development or development)
    run(console, settings=settings, registers=registers, as_of=as_of.date() if as_of else None)


@app.command()
def erase(
    child: Annotated[UUID, typer.Argument(help="The child's id.")],
    reason: Annotated[str, typer.Option(help="On whose request or by which rule; names nobody.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; an erasure can't be taken back.")] = False,
) -> None:
    """Erase a child's personal data for good; needs the system stopped."""
    from deploy.up import erase as erase_child  # noqa: PLC0415

    if not yes:
        typer.confirm("An erasure can't be taken back. Erase this child's personal data?", abort=True)
    erase_child(console, settings=read_settings(), child_id=child, reason=reason)


@app.command()
def rebuild() -> None:
    """Make the gateway's read model anew from all events; needs the system stopped."""
    from deploy.up import rebuild as rebuild_readmodel  # noqa: PLC0415

    rebuild_readmodel(console, settings=read_settings())


@app.command()
def reconcile(
    directory: Registers, as_of: AsOf, out: Annotated[Path, typer.Option("--out", help="Where the results go.")]
) -> None:
    """Compare register files by themselves: links.csv, findings.csv and rejects.csv; needs no running system."""
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
    console.print(f"links.csv, findings.csv and rejects.csv are in {out}")


@app.command()
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


def main() -> None:
    """Runs `baoxue`; what is refused is said in words, without a traceback."""
    try:
        app()
    except (ServiceError, ClusterError) as error:
        Console(stderr=True).print(f"[red]refused[/red] {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
