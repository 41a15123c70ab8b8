"""How fast the ledger, the board and the statistics of a county of 86,000 children are answered at the server: `make bench-ledger`.

The pages are asked for as a browser asks, through the gateway's own ASGI face with rights, receipts and row security, and with them
what the page asks of `/graphql`. The floor of each is its rows read by one plain statement of a superuser, in the same run. Processor
time is what can be compared on a machine that has other work; the server's is in it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from deploy.migrate import migrate
from deploy.postgres.cluster import Cluster
from deploy.postgres.databases import prepare
from gateway.readmodel.partition import recount
from gateway.readmodel.reading import Reader
from gateway.readmodel.roster import search_keys
from gateway.schema.reading import Looking
from gateway.schema.statistics_lines import count_on_day
from services.contracts.divisions import TOWNSHIPS
from tests.bench.county.run import cpu_of
from tests.bench.figures import machine, table, write_section
from tests.gateway import county
from tests.gateway.conftest import Asking
from tests.gateway.console.browsing import Browser, ticket_of

CHILDREN: Final = 86_000
SCHOOLS: Final = 190
WANTED_MS: Final = 300
NAMES: Final = [
    first + last
    for first in "赵钱孙李周吴郑王冯陈"
    for last in ("小一", "小二", "晓", "明", "静", "文博", "子涵", "一诺")
]

_CHILD: Final = """
    insert into child (child_id, township, village, sex, school, school_name, stage, grade, schooling_status, poverty, left_behind, migrant,
        accounted_state, accounted_reason, accounted_on, open_case_id)
    select md5('child/' || n)::uuid, t.code, t.code || lpad((mod(n, 15) + 1)::text, 3, '0'), case mod(n, 2) when 0 then '男' else '女' end,
        '31410' || lpad(mod(n, %(schools)s)::text, 5, '0'), '第' || mod(n, %(schools)s) || '学校', case when mod(n, 9) < 6 then '小学' else '初中' end,
        (array['一年级','二年级','三年级','四年级','五年级','六年级','七年级','八年级','九年级'])[mod(n, 9) + 1], '在籍',
        case when mod(n, 12) = 0 then '脱贫户' else '' end, mod(n, 7) = 0, mod(n, 40) = 0,
        case when mod(n, 100) = 0 then 'suspect' when mod(n, 41) = 0 then 'elsewhere' else 'in_seat' end, '在校名单', date '2026-09-10',
        case when mod(n, 200) = 0 then md5('case/' || n)::uuid end
    from generate_series(0, %(children)s - 1) n
    join unnest(%(townships)s::text[]) with ordinality t(code, number) on t.number = mod(n / 60, cardinality(%(townships)s::text[])) + 1"""
_IDENTITY: Final = """
    insert into child_identity (child_id, township, name, name_pinyin, name_initials, id_number, id_last4, birth_date)
    select c.child_id, c.township, w.name, w.pinyin, w.initials, '', lpad(mod(n, 10000)::text, 4, '0'), date '2010-10-01' + mod(n * 97, 3600)
    from generate_series(0, %(children)s - 1) n join child c on c.child_id = md5('child/' || n)::uuid
    join unnest(%(names)s::text[], %(pinyin)s::text[], %(initials)s::text[]) with ordinality w(name, pinyin, initials, number)
      on w.number = mod(n * 7, cardinality(%(names)s::text[])) + 1"""
_CASE: Final = """
    insert into case_file (case_id, child_id, state, cause, township, school, opened_on, confirmed_on)
    select open_case_id, child_id, 'confirmed', 'not_in_seat', township, school, date '2026-09-05', date '2026-09-08'
    from child where open_case_id is not null"""
_PAPER: Final = """
    insert into document (document_id, case_id, child_id, township, kind, issued_on, served_on)
    select md5('paper/' || k.case_id || p.kind)::uuid, k.case_id, k.child_id, k.township, p.kind, date '2026-09-10', date '2026-09-11'
    from case_file k cross join (values ('criticism'), ('order_to_correct')) p(kind)"""
_FINDING: Final = """
    insert into finding (finding_id, child_id, kind, township, raised_on)
    select md5('finding/' || child_id)::uuid, child_id, case when poverty <> '' then 'poverty_out_of_school' else 'not_in_seat' end, township,
        date '2026-09-05' from child where accounted_state = 'suspect'"""
_PAGE: Final = """
    select c.child_id, i.name, c.sex, i.birth_date, i.id_number, c.township, c.village, c.school_name, c.grade, c.accounted_state, k.state
    from child c left join child_identity i using (child_id) left join case_file k on k.case_id = c.open_case_id
    where c.merged_into is null {} order by c.township, c.child_id limit 51"""
_OPEN: Final = "and c.open_case_id is not null"
_FUNNEL: Final = """
    select k.township, count(*), count(k.confirmed_on), count(d.case_id) from case_file k
    left join document d on d.case_id = k.case_id and d.kind = 'criticism' group by 1"""
_FOCUS: Final = """
    select township, accounted_state, count(*) filter (where left_behind), count(*) filter (where migrant),
      count(*) filter (where poverty <> ''), count(*) filter (where disability <> '') from child where merged_into is null group by 1, 2"""
_STATES: Final = "select township, accounted_state, count(*) from child where merged_into is null group by 1, 2"
_COUNT: Final = (
    "select school, township, accounted_state, count(*) from child where merged_into is null group by 1, 2, 3"
)


@dataclass(frozen=True, slots=True)
class Took:
    """Medians of one thing, in milliseconds: of the clock, of the processor here and at the server, and what it weighs."""

    wall_ms: float
    python_ms: float
    postgres_ms: float
    kilobytes: float = 0.0

    @property
    def cpu_ms(self) -> float:
        return self.python_ms + self.postgres_ms


def measure(act: Callable[[], int], *, postmaster: int, rounds: int) -> Took:
    """Runs it some times after once for nothing; the processor's ticks are too coarse for one round, so rounds are summed."""
    act()
    walls, size = [], 0
    python, postgres = time.process_time(), cpu_of(postmaster)
    for _ in range(rounds):
        begun = time.perf_counter()
        size = act()
        walls.append((time.perf_counter() - begun) * 1000)
    return Took(
        statistics.median(walls),
        (time.process_time() - python) * 1000 / rounds,
        (cpu_of(postmaster) - postgres) * 1000 / rounds,
        size / 1000,
    )


def fill(dsn: str) -> None:
    """The county."""
    keys = [search_keys(name) for name in NAMES]
    given = {
        "children": CHILDREN,
        "schools": SCHOOLS,
        "townships": sorted(TOWNSHIPS),
        "names": NAMES,
        "pinyin": [pinyin for pinyin, _ in keys],
        "initials": [initials for _, initials in keys],
    }
    with psycopg.connect(dsn, autocommit=True) as connection:
        with connection.transaction():
            for statement in (_CHILD, _IDENTITY, _CASE, _PAPER, _FINDING):
                connection.execute(statement.encode(), given)
            recount(connection)
        connection.execute("insert into tracking values ('roster/0', 1), ('cases/0', 1) on conflict do nothing")
        connection.execute("vacuum analyze child, child_identity, case_file, document, finding, partition_count")


def main() -> None:
    """Measures, and writes the section."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--keep", action="store_true", help="write BENCHMARKS.md")
    asked = arguments.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with Cluster.start(Path(folder) / "cluster", durable=False) as cluster:
            prepare(cluster)
            migrate(cluster, ("gateway",))
            superuser = cluster.dsn("gateway", "postgres")
            fill(superuser)
            rows = _measured(cluster, superuser, rounds=asked.rounds)
    text = _said(rows, before=before)
    sys.stdout.write(text + "\n")
    if asked.keep:
        write_section("ledger", title="The ledger of a county `make bench-ledger`", text=text)


def _measured(cluster: Cluster, superuser: str, *, rounds: int) -> list[tuple[str, Took, Took]]:
    postmaster = int((cluster.data / "postmaster.pid").read_text("utf-8").split()[0])
    asking = Asking(
        reader_dsn=cluster.dsn("gateway", "gateway_reader"),
        writer_dsn=cluster.dsn("gateway", "gateway_writer"),
        owner_dsn=superuser,
    )
    with closing(asking), psycopg.connect(superuser, autocommit=True) as plain, Browser(asking) as browser:
        browser.signed_in("bureau-office")
        one = sorted(TOWNSHIPS)[3]

        def read(statement: str, **given: Any) -> Callable[[], int]:
            return lambda: len(plain.execute(statement.encode(), given).fetchall())

        def opened(path: str) -> Callable[[], int]:
            return lambda: _weight(browser.get(path))

        def found(**typed: str) -> Callable[[], int]:
            page = browser.get("/ledger")
            return lambda: _weight(browser.post("/ledger", {"ticket": ticket_of(page), **typed}))

        def told(query: str) -> Callable[[], int]:
            return lambda: len(str(asking.ask(query, by="bureau-office").data))

        def counted() -> int:
            looking = Looking(principal=principal, reader=patient, today=county.TODAY)
            return len(asking.runner.run(count_on_day(looking, on=county.TODAY)).lines)

        principal = asking.runner.run(asking.tokens.verify(asking.token("bureau-office")))
        patient = Reader(dsn=asking.reader_dsn, connections=1, timeout_s=60)
        page, township = _PAGE.format(""), _PAGE.format("and c.township = %(township)s")
        by_state = _PAGE.format("and c.township = %(township)s and c.accounted_state = 'suspect'")
        by_name = _PAGE.format("and i.name_pinyin >= 'wangxiao' and i.name_pinyin < 'wangxiao~'")
        by_number = _PAGE.format("and i.id_last4 = '0042'")
        acts = [
            ("ledger, first page", opened("/ledger"), read(page)),
            ("ledger, a township", opened(f"/ledger?township={one}"), read(township, township=one)),
            (
                "ledger, a township's suspects",
                opened(f"/ledger?township={one}&state=suspect"),
                read(by_state, township=one),
            ),
            (
                "ledger, state alone",
                opened("/ledger?state=suspect"),
                read(_PAGE.format("and c.accounted_state = 'suspect'")),
            ),
            ("ledger, by pinyin", found(name="wangxiao"), read(by_name)),
            ("ledger, by the last four", found(idLast4="0042"), read(by_number)),
            ("ledger, nobody of the name", found(name="ouyang"), read(by_name)),
            ("my day", opened("/"), read(by_state, township=one)),
            ("county board", opened("/board"), read(_STATES)),
            ("behind cases in hand", opened("/board/children?state=open_case"), read(_PAGE.format(_OPEN))),
            (
                "behind them, of a focus group",
                opened("/board/children?state=open_case&group=poverty"),
                read(_PAGE.format(f"{_OPEN} and c.poverty <> ''")),
            ),
            ("`caseFunnel`", told("{ caseFunnel { township step count } }"), read(_FUNNEL)),
            ("`focusGroups`", told("{ focusGroups { township kind state count } }"), read(_FOCUS)),
            ("statistics counted", counted, read(_COUNT)),
            ("statistics, the page", opened("/statistics"), read(_COUNT)),
        ]
        try:
            return [
                (
                    name,
                    measure(act, postmaster=postmaster, rounds=rounds),
                    measure(floor, postmaster=postmaster, rounds=rounds),
                )
                for name, act, floor in acts
            ]
        finally:
            asking.runner.run(patient.close())


def _weight(page: Any) -> int:
    if page.status_code != 200:
        raise SystemExit(f"{page.request.url.path} answered {page.status_code}: this is no measurement")
    return len(page.content)


def _said(rows: list[tuple[str, Took, Took]], *, before: str) -> str:
    lines = [
        (
            name,
            f"{took.wall_ms:,.0f}",
            f"{took.python_ms:,.0f} + {took.postgres_ms:,.0f}",
            f"{floor.cpu_ms:,.1f}",
            f"{took.cpu_ms / max(floor.cpu_ms, 0.1):,.1f}",
            f"{took.kilobytes:,.0f}",
        )
        for name, took, floor in rows
    ]
    slow = [name for name, took, _ in rows if took.cpu_ms > WANTED_MS]
    verdict = (
        f"over {WANTED_MS} ms of processor: {', '.join(slow)}"
        if slow
        else f"everything within {WANTED_MS} ms of processor"
    )
    head = ("", "wall ms", "processor ms, here + server", "floor, processor ms", "× floor", "kB")
    return (
        f"{CHILDREN:,} children in {len(TOWNSHIPS)} townships and {SCHOOLS} schools ({before}): {verdict}.\n\n"
        + table(head, lines)
        + "\n\nA page is what a browser asks for and all it takes to answer it: `/graphql` within, rights, receipts, row security, the page"
        " written. The floor is its rows by one plain statement of a superuser; of statistics,"
        " children counted by school, township and state, of the board by township and state."
    )


if __name__ == "__main__":
    main()
