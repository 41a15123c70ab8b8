"""`baoxue replay`: any past, told again beside the running system 回放: a case, a child, a household, the county, and what was owed.

Every command takes a moment (`--known-at`: what had been recorded by then) and, but for duties, a day (`--on`: of that, what held on
it). It is a look like any other: on a receipt before anything is shown. Names are not opened here.
"""

# statements are made of this project's own words; what is typed is a parameter

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import typer
from psycopg.rows import dict_row
from rich.console import Console

from deploy.looking import By, For, Looker
from deploy.servers import running_servers
from deploy.showing import table
from gateway.readmodel import trees
from gateway.readmodel.assistance import Award, Eligibility, Measure
from gateway.readmodel.duties import MATTERS
from gateway.readmodel.duty_register import LATE_DAYS, LATE_WORKING_DAYS, STANDINGS, as_known
from gateway.readmodel.responsible import Answers
from gateway.supervision.replay import Aid, Replay, Step
from gateway.words import WORDS, unit, word
from services.chassis.clock import CHINA, SystemClock, china_date
from services.chassis.config import read_process_settings, read_settings
from services.chassis.errors import Refused
from services.chassis.keyring import KeyRing
from services.chassis.vault import Vault
from services.chassis.witnesses import Witnessing
from services.chassis.workbook import Column, Sheet, write
from services.contracts.divisions import TOWNSHIPS

CONNECT_S: Final = 5
MOST_ROWS: Final = 200_000
DAY: Final = ["%Y-%m-%d"]

app = typer.Typer(no_args_is_help=True, help="Any past, told again 回放: as known at a moment, as it was on a day.")
console = Console(width=None if sys.stdout.isatty() else 160)

KnownAt = Annotated[
    datetime | None,
    typer.Option("--known-at", help="What had been recorded by this moment, in China's time; default now."),
]
On = Annotated[
    datetime | None, typer.Option("--on", formats=DAY, help="Of that, what held on this day; default all of it.")
]
Id = Annotated[UUID, typer.Argument(help="Its id.")]


@app.command()
def case(id: Id, by: By, unit: For, known_at: KnownAt = None, on: On = None) -> None:  # noqa: A002
    """Step through a case: who did what, on what ground, and what that person had seen of the child by then."""
    looker, moment, day = Looker(by, unit), _moment(known_at), _day(on)
    with _replaying() as (replay, gateway):
        then = replay.case_as_of(id, moment, on=day)
        looker.record(gateway, "replay_case", fields=("Query.replayCase",), child_ids=(then.child_id,))
    lines = [
        (
            f"{step.at.astimezone(CHINA):%Y-%m-%d %H:%M}",
            step.detail,
            f"{step.actor} {step.department}",
            step.purpose,
            step.state,
            _ruled(step),
            ", ".join(step.seen)
            if step.seen
            else "nothing 未查阅"
            if step.looked_at is None
            else "nothing shown 未显示",
        )
        for step in then.steps
    ]
    columns = ("when 时间", "what 事项", "who 经办", "purpose 用途", "state 状态", "rule 规则", "had seen 已见字段")
    console.print(table(f"Case 个案 {id}: {then.state}", columns, lines))
    if then.owed is not None:
        late = ", late 逾期" if then.owed.is_late else ""
        console.print(
            f"Owed 应办: {then.owed.step}, {then.owed.by}, {then.owed.due_on}{late} ({then.owed.legal_basis})"
        )


@app.command()
def child(id: Id, by: By, unit: For, known_at: KnownAt = None, on: On = None) -> None:  # noqa: A002
    """Show where a child was stated to be, where it was accounted for, who answered for it and what it had."""
    looker, moment, day = Looker(by, unit), _moment(known_at), _day(on)
    with _replaying() as (replay, gateway):
        then = replay.child_as_of(id, moment, on=day)
        looker.record(gateway, "replay_child", fields=("Query.replayChild",), child_ids=(id,))
    row = then.child
    state = row.accounted_state if then.case is None else f"open_case {then.case.state}"
    facts = [
        ("township 乡镇", TOWNSHIPS.get(row.township, row.township)),
        ("village 村", row.village),
        ("school 学校", row.school_name or row.school),
        ("grade 年级", f"{row.stage} {row.grade}"),
        ("accounted for 归类", state),
        ("merged into 合并至", row.merged_into or ""),
        ("erased 已销毁", "yes 是" if row.erased else "no 否"),
    ]
    console.print(table(f"Child 儿童 {id}", ("fact", "then"), facts))
    _show_chain(then.answering)
    _show_aid(then.aid)


@app.command()
def chain(id: Id, by: By, unit: For, known_at: KnownAt = None, on: On = None) -> None:  # noqa: A002
    """Show who answered for a child in each role."""
    looker, moment, day = Looker(by, unit), _moment(known_at), _day(on)
    with _replaying() as (replay, gateway):
        answering = replay.chain_as_of(id, moment, on=day)
        looker.record(gateway, "replay_chain", fields=("Query.replayChain",), child_ids=(id,), rows=len(answering))
    _show_chain(answering)


@app.command()
def household(id: Id, by: By, unit: For, known_at: KnownAt = None, on: On = None) -> None:  # noqa: A002
    """Show the children of a household, its plan, and what they had."""
    looker, moment, day = Looker(by, unit), _moment(known_at), _day(on)
    with _replaying() as (replay, gateway):
        then = replay.household_as_of(id, moment, on=day)
        looker.record(gateway, "replay_household", fields=("Query.replayHousehold",), child_ids=then.children, about=id)
    plan = "none 无" if then.plan is None else f"since {then.plan.opened_on}, to be looked at by {then.plan.review_on}"
    console.print(f"Household 家庭户 {id}: {len(then.children)} children; plan 一家一案: {plan}")
    _show_aid(then.aid)


@app.command()
def county(by: By, unit: For, known_at: KnownAt = None, on: On = None) -> None:
    """Show where all children of school age were accounted for, by township and state."""
    looker, moment, day = Looker(by, unit), _moment(known_at), _day(on)
    with _replaying() as (replay, gateway):
        rows = replay.partition_as_of(moment, on=day)
        looker.record(gateway, "replay_county", fields=("Query.replayPartition",), rows=len(rows))
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.township, row.state if row.dated else f"{row.state} (no birth date)")
        sums[key] = sums.get(key, 0) + row.children
    lines = [(TOWNSHIPS.get(township, township), state, count) for (township, state), count in sorted(sums.items())]
    title = f"County 全县 {day or china_date(moment)}: {sum(sums.values()):,} children"
    console.print(table(title, ("township 乡镇", "state 归类", "children 人数"), lines))


@app.command()
def duties(
    by: By,
    unit: For,
    owed_by: Annotated[str | None, typer.Option("--unit", help="Of this unit, `kind:area`.")] = None,
    officer: Annotated[
        str | None, typer.Option("--officer", help="Owed by this account by name, or ended by it.")
    ] = None,
    township: Annotated[str | None, typer.Option("--township", help="Of this township's code.")] = None,
    matter: Annotated[str | None, typer.Option("--matter", help=f"One of {', '.join(MATTERS)}.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="That stood on this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=DAY, help="That stood on this day or before.")
    ] = None,
    known_at: KnownAt = None,
    by_person: Annotated[bool, typer.Option("--by-person", help="Sum by person, too.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="A workbook of all rows behind the sums; not there yet."),
    ] = None,
) -> None:
    """Tell what was owed, by unit and matter: done in time, late, never, and still open; with --out, row by row."""
    looker, moment = Looker(by, unit), _moment(known_at)
    if out is not None and out.exists():
        raise Refused(f"{out.name} is there already; a workbook is not written over.")
    if matter is not None and matter not in MATTERS:
        raise Refused(f"{matter!r} is no matter; it is one of {', '.join(MATTERS)}.")
    asked = {
        "owed_by": owed_by,
        "officer": officer,
        "township": township,
        "matter": matter,
        "since": _day(since),
        "until": _day(until),
    }
    dsn = running_servers().dsn("gateway", "gateway_writer")
    if out is not None:  # handed out only while a witness sees what is recorded here
        within = read_settings().witnessed_within
        Witnessing(dsn=dsn, entries=trees.LOGS["access"], clock=SystemClock(), within=within).require("replay duties")
    with psycopg.connect(dsn, connect_timeout=CONNECT_S) as gateway:
        sums = _sums(gateway, asked, moment=moment, by_person=by_person)
        rows = _duties(gateway, asked, moment=moment) if out is not None else []
        content = _workbook(sums, rows, looker, moment=moment, by_person=by_person) if out is not None else b""
        looker.record(
            gateway,
            "replay_duties",
            fields=("Query.duties",) if out is not None else ("Query.dutySums",),
            child_ids=tuple({row["child_id"] for row in rows if row["child_id"]}),
            rows=len(rows) or len(sums),
            content_hash=hashlib.sha256(content).hexdigest() if content else "",
        )
    title = f"Duties 履职, as known {moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
    person = ("person 责任人",) if by_person else ()
    console.print(table(title, ("unit 单位", *person, "matter 事项", "owed 应办", *_STANDINGS), sums))
    if out is not None:
        with out.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        console.print(f"Written 已写出: {out.name}, {len(rows):,} duties.")


_STANDINGS: Final = tuple(f"{each} {WORDS['standings'][each]}" for each in STANDINGS)
_CONDITIONS: Final = {
    "owed_by": "d.owed_by = %(owed_by)s",
    "officer": "%(officer)s in (d.officer, d.ended_by)",
    "township": "d.township = %(township)s",
    "matter": "d.matter = %(matter)s",
    "since": "coalesce(d.ended_on >= %(since)s, true)",
    "until": "d.since_on <= %(until)s",
}
_COLUMNS: Final = (
    ("owed_by", Column("责任单位", 24)),
    ("officer", Column("责任人", 14)),
    ("matter", Column("事项", 16)),
    ("step", Column("应办事项", 16)),
    ("owed_to", Column("要求单位", 24)),
    ("township", Column("乡镇代码", 12)),
    ("case_id", Column("个案编号", 38)),
    ("rule", Column("规则", 20)),
    ("legal_basis", Column("法律依据", 36)),
    ("since_on", Column("起始日期", 12, kind="date")),
    ("first_due_on", Column("原期限", 12, kind="date")),
    ("due_on", Column("期限", 12, kind="date")),
    ("extended", Column("延期次数", 10, kind="number")),
    ("paused", Column("中止次数", 10, kind="number")),
    ("standing", Column("履职情况", 12)),
    ("late_days", Column("逾期天数", 10, kind="number")),
    ("late_working_days", Column("逾期工作日", 12, kind="number")),
    ("ended_on", Column("办结日期", 12, kind="date")),
    ("ended_by", Column("办结人", 14)),
    ("ended_for", Column("办结单位", 24)),
)


def _asked(asked: Mapping[str, object], *, moment: datetime) -> tuple[str, dict[str, object]]:
    """The register from which what is asked for is read, `from … where …`, and the parameters."""
    where = " and ".join(["true", *(text for name, text in _CONDITIONS.items() if asked[name] is not None)])
    register = as_known(within="true", known="%(known)s::timestamptz", today="%(today)s")
    return f"from {register} d where {where}", {**asked, "known": moment, "today": china_date(SystemClock().now())}


def _sums(
    gateway: psycopg.Connection[Any], asked: Mapping[str, object], *, moment: datetime, by_person: bool
) -> list[tuple[object, ...]]:
    """By unit and matter, and by person: how much was owed, and how much of it stands in each way.

    Who did it counts as the person where nobody was named.
    """
    rows, given = _asked(asked, moment=moment)
    counts = ", ".join(f"count(*) filter (where d.standing = '{each}')" for each in STANDINGS)
    person = "coalesce(nullif(d.officer, ''), d.ended_by)" if by_person else "''"
    found = gateway.execute(
        f"select d.owed_by, {person}, d.matter, count(*), {counts} {rows} group by 1, 2, 3 order by 1, 2, 3".encode(),
        given,
    )
    return [
        (unit(owed_by), *([officer] if by_person else ()), word("matters", matter), *numbers)
        for owed_by, officer, matter, *numbers in found
    ]


def _duties(gateway: psycopg.Connection[Any], asked: Mapping[str, object], *, moment: datetime) -> list[dict[str, Any]]:
    """The rows behind the sums."""
    rows, given = _asked(asked, moment=moment)
    late, working = LATE_DAYS.replace("{a}", "d"), LATE_WORKING_DAYS.replace("{a}", "d")
    with gateway.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            f"select d.*, {late} as late_days, {working} as late_working_days {rows}"
            f" order by d.owed_by, d.matter, d.since_on, d.duty_id limit {MOST_ROWS + 1}".encode(),
            given,
        ).fetchall()
    if len(found) > MOST_ROWS:
        raise Refused(f"More than {MOST_ROWS:,} duties: narrow them down by unit, township, matter or period.")
    return found


def _workbook(
    sums: list[tuple[object, ...]], rows: list[dict[str, Any]], looker: Looker, *, moment: datetime, by_person: bool
) -> bytes:
    said = f"{looker.unit} {looker.by}　知悉时点 {moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
    named = {"owed_by": unit, "owed_to": unit, "ended_for": unit}
    worded = {"matter": "matters", "standing": "standings"}

    def cell(row: dict[str, Any], name: str) -> object:
        value = row[name]
        if name in named and value:
            return named[name](value)
        return word(worded[name], value) if name in worded else str(value) if isinstance(value, UUID) else value

    person = [Column("责任人", 14)] if by_person else []
    headings = [Column("责任单位", 24), *person, Column("事项", 16), Column("应办", 8, kind="number")]
    headings += [Column(WORDS["standings"][each], 10, kind="number") for each in STANDINGS]
    lines = ([cell(row, name) for name, _ in _COLUMNS] for row in rows)
    return write(
        [
            Sheet("履职汇总", headings, sums, title="履职汇总", notes=[said]),
            Sheet("履职明细", [column for _, column in _COLUMNS], lines, title="履职明细", notes=[said]),
        ],
        properties={"title": "履职台账", "creator": "保学", "单位": looker.unit},
    )


def _show_chain(answering: tuple[Answers, ...]) -> None:
    lines = [
        (
            one.role,
            one.officer,
            "by name 专人" if one.by_name else "by post 岗位",
            "yes 是" if one.deputy else "",
            one.from_on,
        )
        for one in answering
    ]
    columns = ("role 职责", "officer 责任人", "named 依据", "deputy 代理", "since 起始")
    console.print(table("Who answered 责任链", columns, lines))


def _show_aid(aid: tuple[Aid, ...]) -> None:
    lines: list[tuple[object, ...]] = []
    for row in aid:
        match row:
            case Award():
                lines.append(
                    ("award 资助", f"{row.programme} {row.term}", f"{row.state} {row.paid_fen}/{row.amount_fen} fen")
                )
            case Eligibility():
                lines.append(("eligibility 资格", row.category, f"{row.from_on} .. {row.until_on or ''}"))
            case Measure():
                lines.append(
                    ("measure 措施", row.measure, f"{row.due_on} {'done ' + str(row.done_on) if row.done_on else ''}")
                )
            case _:
                lines.append(("plan 一生一案", "", f"{row.opened_on}, review {row.review_on}"))
    console.print(table("What they had 帮扶资助", ("kind", "what", "state"), lines))


def _ruled(step: Step) -> str:
    """The rule owed under, and the version of the rules in force with its place in the policy's log."""
    rule = step.owed.rule if step.owed is not None else ""
    if step.rules is None:
        return rule
    return f"{rule} {step.rules.version[:8]}" + (f" policy:{step.rules.position}" if step.rules.position else "")


def _moment(typed: datetime | None) -> datetime:
    if typed is None:
        return SystemClock().now()
    return typed if typed.tzinfo is not None else typed.replace(tzinfo=CHINA)


def _day(typed: datetime | None) -> date | None:
    return typed.date() if typed is not None else None


@contextmanager
def _replaying() -> Iterator[tuple[Replay, psycopg.Connection[Any]]]:
    """A replay over the running system's journal, and a connection on which looks are written down."""
    servers, settings = running_servers(), read_process_settings()
    if settings.postgres:
        ring = KeyRing(lambda: settings.secret("vault.kek"))
    else:
        ring = KeyRing.of(read_settings().data_folder / "vault.kek")
    with (
        closing(Vault(dsn=servers.dsn("vault", "vault_app"), ring=ring)) as vault,
        psycopg.connect(servers.dsn("gateway", "gateway_writer"), connect_timeout=CONNECT_S) as gateway,
    ):
        yield Replay(dsn=servers.dsn("gateway", "gateway_reader"), opener=vault), gateway
