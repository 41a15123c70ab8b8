"""`baoxue audit`: the yearly audit of minors' data 未成年人个人信息保护合规审计, made of the logs, kept, and made again to be compared.

Works on the databases alone, beside the running system. A report is kept for good and stands in the policy's log by its hash; it
is read at the console, in GraphQL and as a file. Making or comparing one is a look, and receipted.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import typer
from rich.console import Console

from deploy.looking import By, For, Looker
from deploy.proofs import tree_of
from deploy.servers import running_servers
from deploy.showing import table
from gateway.readmodel.audit_report import AuditContent, read_content
from gateway.supervision.audit import Period, keep, reckon
from gateway.words import audit_part, word
from services.chassis.clock import CHINA, SystemClock
from services.chassis.errors import NotFound, Refused

CONNECT_S: Final = 5
DAY: Final = ["%Y-%m-%d"]
FIELDS: Final = ("Query.auditReports",)

app = typer.Typer(
    no_args_is_help=True, help="The yearly audit of minors' data 合规审计: made of the logs, kept, compared."
)
console = Console(width=None if sys.stdout.isatty() else 160)

Year = Annotated[int | None, typer.Option("--year", min=2000, max=2100, help="The year it is of.")]
From = Annotated[datetime | None, typer.Option("--from", formats=DAY, help="Or the first day it is of …")]
Until = Annotated[datetime | None, typer.Option("--until", formats=DAY, help="… and the last; it has to be over.")]


@app.command()
def make(by: By, unit: For, year: Year = None, since: From = None, until: Until = None) -> None:
    """Make the report of a year or another time that is over, and keep it; made again of the same logs it is the same."""
    looker, period, clock = Looker(by, unit), _period(year, since, until), SystemClock()
    with _gateway() as gateway:
        content = reckon(gateway, period, tree_of=tree_of, now=clock.now())
        report_id = keep(gateway, content, by=by, unit=unit, at=clock.now())
        looker.record(gateway, "audit_make", fields=FIELDS, rows=len(content.figures))
    _show(content)
    console.print(f"Kept as 已留存: {report_id}")


@app.command()
def check(report: Annotated[UUID, typer.Argument(help="The report's id.")], by: By, unit: For) -> None:
    """Make a report again from the logs and compare it with the one that was kept, byte by byte; ends with 0 if they are the same."""
    looker = Looker(by, unit)
    with _gateway() as gateway:
        kept = _kept(gateway, report)
        content = read_content(kept)
        anew = reckon(gateway, Period(content.from_on, content.until_on), tree_of=tree_of, now=SystemClock().now())
        looker.record(gateway, "audit_check", fields=FIELDS, rows=len(content.figures))
    differs = _differing(content, anew)
    if differs or kept != anew.written():
        raise Refused(
            f"The logs give another report of {content.from_on} to {content.until_on} now; these differ: {', '.join(differs) or 'its writing'}."
            " 重新生成的报告与留存报告不一致。"
        )
    console.print(f"The logs give the same report, {len(kept):,} bytes 核对一致.")


@app.command("list")
def list_reports() -> None:
    """List the reports that are kept."""
    with _gateway() as gateway:
        rows = gateway.execute(
            """select report_id::text, from_on, until_on, made_at, made_by, made_for, left(sha256, 16), position from audit_report
               left join policy_tree.entry on kind = 'audit_report' and id = report_id::text order by from_on, made_at"""
        ).fetchall()
    lines = [(*row[:3], f"{row[3].astimezone(CHINA):%Y-%m-%d %H:%M}", *row[4:7], row[7] or "") for row in rows]
    columns = ("report", "from", "until", "made", "by", "for", "SHA-256", "entry of policy")
    console.print(table("Audit reports 合规审计报告", columns, lines))


def _show(content: AuditContent) -> None:
    figures = [
        (
            word("audit_figures", each.figure),
            audit_part(each.figure, each.item),
            "withheld 不公开" if each.value is None else each.value,
            each.log,
            each.counted,
        )
        for each in content.figures
    ]
    title = f"Audit of minors' data 合规审计 {content.from_on} – {content.until_on}"
    console.print(table(title, ("figure 指标", "of 分项", "number 数", "log 日志", "counted 计数口径"), figures))
    logs = [
        (
            one.log,
            f"{one.first}-{one.last}",
            one.entries,
            one.size,
            one.root[:16],
            one.checkpoints,
            one.witnessed,
            one.late,
        )
        for one in content.logs
    ]
    columns = (
        "log 日志",
        "range 范围",
        "entries 条数",
        "head 树大小",
        "root 根",
        "signed 签名",
        "witnessed 见证",
        "late 超时",
    )
    console.print(table("Counted in 计数所依据的日志", columns, logs))


def _differing(before: AuditContent, after: AuditContent) -> list[str]:
    """The figures and logs that are not the same in both."""
    figures = {
        each.figure: (before.of(each.figure), after.of(each.figure)) for each in (*before.figures, *after.figures)
    }
    logs = {one.log for one in {*before.logs} ^ {*after.logs}}
    return [name for name, (was, is_) in figures.items() if was != is_] + sorted(logs)


def _kept(gateway: psycopg.Connection[Any], report: UUID) -> str:
    found = gateway.execute("select body from audit_report where report_id = %s", (report,)).fetchone()
    if found is None:
        raise NotFound("没有这份报告 / there is no such report; `baoxue audit list` lists them.")
    return str(found[0])


def _period(year: int | None, since: datetime | None, until: datetime | None) -> Period:
    if (year is None) == (since is None or until is None) or (year is not None and (since or until)):
        raise Refused("Say which year, or the first and the last day: --year 2026, or --from … --until ….")
    if since is not None and until is not None:
        return Period(since.date(), until.date())
    return Period(date(year or 0, 1, 1), date(year or 0, 12, 31))


@contextmanager
def _gateway() -> Iterator[psycopg.Connection[Any]]:
    """The gateway's database, all of whose statements here see the same moment."""
    with psycopg.connect(running_servers().dsn("gateway", "gateway_writer"), connect_timeout=CONNECT_S) as gateway:
        gateway.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # every figure is of one moment
        yield gateway
