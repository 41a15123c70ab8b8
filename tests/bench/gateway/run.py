"""How fast the gateway answers, beside the least that can be done and beside other GraphQL servers, on the same rows.

    make bench-gateway                                    a million children, half of them with a case (about half an hour)
    python -m tests.bench.gateway.run --children 100000 --rounds 2 --only gateway,floor

Everything is one PostgreSQL and one row set; the servers run side by side and are asked one after another, in another order
each round, by 16 clients with the tokens of 20 departments. Q1 is one child by id with its name, Q2 the first 50 children of a
township with their open cases, Q3 how many children there are in each township. Wall time on a shared machine says little, so
the processor time of server and PostgreSQL for each answer stands beside it.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg

from deploy.postgres.cluster import SUPERUSER, Cluster
from deploy.postgres.databases import prepare
from gateway.access.issuing import DevelopmentIssuer
from services.chassis.clock import SystemClock
from tests.bench.figures import machine, table, write_section
from tests.bench.gateway import county, depth
from tests.bench.gateway.load import Ask, Heard, ask_for, children_of, processor_seconds
from tests.bench.node import installed

CLIENTS: Final = 16
SECONDS: Final = 3.0
WARM_UP_S: Final = 1.5
GRACE_S: Final = 10
PATIENCE_S: Final = 60
LOOKS_AT_REST: Final = 4
"""So often in a row PostgreSQL has nothing to do before the next server is asked."""
SETTLING: Final = -1
"""The round from which is counted is 0; the one before lets compilers and plans settle, Node's above all."""
ASKS: Final = 2_000
"""Different requests of each server and query, asked round and round."""
ISSUER, AUDIENCE, PURPOSE = "https://bench.invalid", "baoxue", "dropout_control"
UNITS: Final = (
    *(f"education_bureau:{code}" for code in county.COUNTIES[:10]),
    *(f"township:{code}101" for code in county.COUNTIES[10:]),
)
"""The departments that ask: ten bureaus of a county each, ten townships."""

CHILD = "id name sex township school schoolName grade accountedState"
CASE = "id state openedOn owedStep"
OURS: Final = {
    "Q1": f"query One($id: UUID!) {{ child(id: $id) {{ {CHILD} }} }}",
    "Q2": f"query Page($township: String!) {{ children(township: $township, first: 50) {{ nodes {{ {CHILD} openCase {{ {CASE} }} }} }} }}",
    "Q3": "query Counts { partition { township state count } }",
}
FLOOR: Final = {
    OURS[
        "Q1"
    ]: """select row_to_json(q)::text from (select (select row_to_json(r) from (select c.child_id as id, i.name, c.sex,
        c.township, c.school, c.school_name as "schoolName", c.grade, c.accounted_state as "accountedState" from child c
        left join child_identity i using (child_id) where c.child_id = %(id)s) r) as child) q""",
    OURS[
        "Q2"
    ]: """select row_to_json(q)::text from (select (select row_to_json(p) from (select (select json_agg(r) from (
        select c.child_id as id, i.name, c.sex, c.township, c.school, c.school_name as "schoolName", c.grade,
        c.accounted_state as "accountedState", (select row_to_json(f) from (select f.case_id as id, f.state,
        f.opened_on as "openedOn", f.owed_step as "owedStep" from case_file f where f.case_id = c.open_case_id) f) as "openCase"
        from child c left join child_identity i using (child_id) where c.township = %(township)s and c.merged_into is null
        order by c.child_id limit 50) r) as nodes) p) as children) q""",
    OURS[
        "Q3"
    ]: """select row_to_json(q)::text from (select (select json_agg(r) from (select township, count(*) from child
        where township >= '410310' and township < '410311' and merged_into is null group by township) r) as counts) q""",
}
_WORDS = {
    "Q1": OURS["Q1"].replace("UUID!", "ID!"),
    "Q2": OURS["Q2"],
    "Q3": "query Counts { counts { township count } }",
}
_GRAPHILE_CHILD = "childId sex township school schoolName grade accountedState childIdentityByChildId { name }"
_GRAPHILE = {
    "Q1": f"query One($id: UUID!) {{ childByChildId(childId: $id) {{ {_GRAPHILE_CHILD} }} }}",
    "Q2": "query Page($township: String!) { allChildren(first: 50, condition: {township: $township}, orderBy: CHILD_ID_ASC)"
    f" {{ nodes {{ {_GRAPHILE_CHILD} caseFileByOpenCaseId {{ caseId state openedOn owedStep }} }} }} }}",
    "Q3": "query Counts { allTownshipCounts { nodes { township children } } }",
}
PEERS: Final = Path(__file__).parent / "peers"


@dataclass(slots=True)
class Server:
    """A server that is measured: what it is called, how it is begun, how it is asked, and what came of it."""

    name: str
    said: str
    command: Sequence[str]
    queries: Mapping[str, str]
    port: int = 0
    pid: int = 0
    rates: dict[str, list[float]] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=dict)
    processor_us: dict[str, list[float]] = field(default_factory=dict)
    database_us: dict[str, list[float]] = field(default_factory=dict)

    def note(self, query: str, heard: Heard, *, processor_s: float, database_s: float) -> None:
        """Keeps what a round gave."""
        answers = max(len(heard.took), 1)
        self.rates.setdefault(query, []).append(heard.rate)
        self.took.setdefault(query, []).extend(heard.took)
        self.processor_us.setdefault(query, []).append(processor_s / answers * 1e6)
        self.database_us.setdefault(query, []).append(database_s / answers * 1e6)


def servers(node: Path | None) -> list[Server]:
    """All that can be measured here; without `node`, the folder of installed peers, only ours and the floor."""
    python = [sys.executable, "-m", "tests.bench.gateway.serve"]
    known = [
        Server("gateway", "the gateway: row security and receipts", [*python, "gateway"], OURS),
        Server("no-receipts", "the same, looks not recorded", [*python, "no-receipts"], OURS),
        Server("no-row-security", "the same, and not held back by row security", [*python, "no-row-security"], OURS),
        Server("floor", "**floor**: bare ASGI, JSON by PostgreSQL", [*python, "floor"], OURS),
    ]
    if node is not None:
        program = str(node / "node_modules" / ".bin" / "node")
        known += [
            Server(
                "postgraphile", "PostGraphile 5, row security", [program, str(node / "postgraphile.mjs")], _GRAPHILE
            ),
            *(
                Server(name, said, [program, str(node / f"{name}.mjs")], _WORDS)
                for name, said in (
                    ("mercurius", "Mercurius, graphql-jit"),
                    ("apollo", "Apollo Server 5"),
                    ("yoga", "GraphQL Yoga 5"),
                )
            ),
        ]
    return known


@contextmanager
def running(known: Sequence[Server], told: Mapping[str, object]) -> Iterator[None]:
    """All servers, each a process of its own."""
    line = json.dumps(told).encode() + b"\n"
    with ExitStack() as stack:
        for server in known:
            environment = os.environ | {"NODE_ENV": "production"}
            process = subprocess.Popen(server.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
            stack.callback(_end, process)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(line)
            process.stdin.flush()
            server.port, server.pid = int(process.stdout.readline()), process.pid
        yield


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()


def requests(children: int) -> list[tuple[int, dict[str, dict[str, object]]]]:
    """What is asked: the number of the department, and the variables of each query, within that department's reach."""
    chance, each = random.Random(1), children // len(county.TOWNSHIPS)  # noqa: S311  # which child is of no matter
    asked: list[tuple[int, dict[str, dict[str, object]]]] = []
    for number in range(ASKS):
        who = number % len(UNITS)
        area = UNITS[who].partition(":")[2]
        township = chance.choice([code for code in county.TOWNSHIPS if code.startswith(area)])
        child = county.child_of(township, place=chance.randrange(each))
        asked.append((who, {"Q1": {"id": str(child)}, "Q2": {"township": township}, "Q3": {}}))
    return asked


def check(
    known: Sequence[Server],
    queries: Sequence[str],
    tokens: Sequence[str],
    asked: Sequence[tuple[int, dict[str, dict[str, object]]]],
) -> None:
    """Every server says the same as the first: the same ids for Q1 and Q2, the same townships for Q3."""
    for query in queries:
        said = _TOWNSHIP if query == "Q3" else _ID
        for who, variables in asked[:: len(asked) // 7]:
            answers = {}
            for server in known:
                if query == "Q3" and server.name == "floor":
                    continue  # the floor knows no caller, so it counts one county for everybody
                body = {"query": server.queries[query], "variables": variables[query]}
                headers = {"authorization": f"Bearer {tokens[who]}"}
                answer = httpx.post(f"http://127.0.0.1:{server.port}/graphql", json=body, headers=headers).text
                answers[server.name] = set(said.findall(answer))
            if len(set(map(frozenset, answers.values()))) != 1 or not next(iter(answers.values())):
                message = f"{query} is not answered alike: { {name: len(found) for name, found in answers.items()} }"
                raise AssertionError(message)


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_TOWNSHIP = re.compile(r'"(4103\d{5})"')


def measure(
    known: Sequence[Server],
    queries: Sequence[str],
    tokens: Sequence[str],
    *,
    children: int,
    rounds: int,
    cluster: Cluster,
) -> None:
    """Asks all servers all queries, round after round, in another order each time."""
    asked = requests(children)
    check(known, queries, tokens, asked)
    order = list(itertools.product(known, queries))
    postmaster = cluster.pid()
    assert postmaster is not None
    for number in range(SETTLING, rounds):
        random.Random(number).shuffle(order)  # noqa: S311  # of no matter which order, as long as it changes
        for server, query in order:
            asks = [
                Ask.post(port=server.port, token=tokens[who], query=server.queries[query], variables=variables[query])
                for who, variables in asked
            ]
            ask_for(WARM_UP_S, asks, port=server.port, clients=CLIENTS)
            _come_to_rest(cluster)
            before = processor_seconds(server.pid), _of_database(postmaster)
            heard = ask_for(SECONDS, asks, port=server.port, clients=CLIENTS)
            after = processor_seconds(server.pid), _of_database(postmaster)
            _come_to_rest(cluster)
            if number >= 0:
                database_s = sum(after[1][pid] - before[1][pid] for pid in after[1].keys() & before[1].keys())
                server.note(query, heard, processor_s=after[0] - before[0], database_s=database_s)
            sys.stderr.write(f"round {number + 1} {query} {server.name}: {heard.rate:,.0f}/s\n")


def _come_to_rest(cluster: Cluster) -> None:
    """Waits until PostgreSQL has nothing to do: whoever is asked next would pay for answers nobody waits for any more.

    What takes longer than GRACE_S is ended.
    """
    asked = (
        "from pg_stat_activity where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()"
    )
    with psycopg.connect(cluster.dsn("gateway", SUPERUSER), autocommit=True) as superuser:
        begun, looks_at_rest = time.monotonic(), 0
        while looks_at_rest < LOOKS_AT_REST:
            waited = time.monotonic() - begun
            if waited > PATIENCE_S:
                raise TimeoutError(f"after {PATIENCE_S} s PostgreSQL still answers what was asked before")
            counted = "count(*)" if waited < GRACE_S else "count(pg_cancel_backend(pid))"
            busy = superuser.execute(f"select {counted} {asked}").fetchone()
            looks_at_rest = looks_at_rest + 1 if busy == (0,) else 0
            time.sleep(0.05)


def _of_database(postmaster: int) -> dict[int, float]:
    """How long each of PostgreSQL's processes has had the processor; some end while they are counted."""
    found = {}
    for pid in children_of(postmaster):
        with suppress(FileNotFoundError, ProcessLookupError):
            found[pid] = processor_seconds(pid)
    return found


def figures(known: Sequence[Server], query: str) -> str:
    """The table of a query; ratios are of medians, to the floor of the same run."""
    floor = next((server for server in known if server.name == "floor"), known[0])

    def ratio(mine: Sequence[float], other: Sequence[float]) -> str:
        if not statistics.median(other):
            return "—"
        return f"{statistics.median(mine) / statistics.median(other):.2f}"

    lines = []
    for server in known:
        rates, took = server.rates[query], sorted(server.took[query])
        if not took:
            lines.append([server.said, f"none in {SECONDS:.0f} s", *["—"] * 8])
            continue
        median, late = took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3
        lines.append(
            [
                server.said,
                f"{statistics.median(rates):,.0f}",
                f"{min(rates):,.0f}-{max(rates):,.0f}",
                ratio(rates, floor.rates[query]),
                f"{statistics.median(server.processor_us[query]):,.0f}",
                ratio(server.processor_us[query], floor.processor_us[query]),
                f"{statistics.median(server.database_us[query]):,.0f}",
                f"{median:.1f}",
                f"{late:.1f}",
                f"{late / median:.1f}",
            ]
        )
    header = (
        "server", "answers/s", "spread", "÷ floor", "server µs", "µs ÷ floor", "PostgreSQL µs", "p50 ms", "p99 ms", "p99 ÷ p50"
    )  # fmt: skip
    return table(header, lines)


def main() -> None:
    """Measures, prints, and writes the section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="names of servers, by commas")
    parser.add_argument("--queries", default=",".join(OURS), help="which of Q1,Q2,Q3")
    parser.add_argument("--keep", type=Path, help="a folder for the database and the peers, used again the next time")
    given = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory() as fleeting, ExitStack() as stack:
        folder = given.keep or Path(fleeting)
        cluster = Cluster.start(folder / "cluster")
        stack.callback(cluster.stop)
        prepare(cluster)
        counts = county.fill(cluster.dsn("gateway", SUPERUSER), children=given.children)
        chosen = [name for name in given.only.split(",") if name]
        known = [s for s in servers(installed(PEERS, into=folder / "peers")) if not chosen or s.name in chosen]
        issuer = DevelopmentIssuer(enabled=True, issuer=ISSUER, audience=AUDIENCE, clock=SystemClock())
        tokens = [issuer.mint_for(actor="bench", unit=unit, purpose=PURPOSE, minutes=600) for unit in UNITS]
        stack.enter_context(running(known, _task(cluster, issuer, Path(fleeting))))
        depths = depth.figures(cluster, children=given.children)
        begun = time.monotonic()
        queries = given.queries.split(",")
        measure(known, queries, tokens, children=given.children, rounds=given.rounds, cluster=cluster)
        took = time.monotonic() - begun
    said = (
        f"{counts['children']:,} children, {counts['cases']:,} cases, {CLIENTS} clients, tokens of {len(UNITS)} departments;"
        f" medians of {given.rounds} rounds of {SECONDS:.0f} s, all servers side by side, {took / 60:.0f} minutes ({before})."
    )
    text = "\n\n".join([said, depths, *(f"{_TITLES[query]}\n\n{figures(known, query)}" for query in queries), _NOTES])
    sys.stdout.write(text + "\n")
    write_section("bench-gateway", title="Answers of the gateway `make bench-gateway`", text=text)


def _task(cluster: Cluster, issuer: DevelopmentIssuer, folder: Path) -> dict[str, object]:
    documents = folder / "documents"
    documents.mkdir()
    for name, text in OURS.items():
        (documents / f"{name}.graphql").write_text(text, encoding="utf-8")
    return {
        "superuser": cluster.dsn("gateway", SUPERUSER),
        "reader": cluster.dsn("gateway", "gateway_reader"),
        "writer": cluster.dsn("gateway", "gateway_writer"),
        "keys": asyncio.run(_keys(issuer)),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "documents": str(documents),
        "floor": FLOOR,
    }


async def _keys(issuer: DevelopmentIssuer) -> Mapping[str, object]:
    return await issuer.keys()


_TITLES: Final = {
    "Q1": "**Q1** one child by id, with its name",
    "Q2": "**Q2** the first 50 children of a township, each with its open case",
    "Q3": "**Q3** how many children there are in each township and state of the caller's area",
}
_NOTES: Final = (
    "The floor checks no token, keeps no scope and records nothing. PostGraphile reads through the same row security as the"
    " gateway; the others have the reach composed into their statements and nothing behind it. None of them records looks."
)


if __name__ == "__main__":
    main()
