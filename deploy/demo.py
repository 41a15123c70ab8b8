"""`make demo`: one story on an invented county, told by the running system and checked at every step.

Nothing here is canned: all that is shown is read back through GraphQL as some department, or from the databases where
a check must not trust the gateway. The clock is stepped, so that weeks pass in a minute; everything else is real.
"""

import csv
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import psycopg
from rich.console import Console

from deploy.embedded import Embedded, Running
from deploy.postgres.cluster import Cluster
from deploy.quiet import wait_until_quiet
from deploy.showing import StepBars, table
from gateway.access.issuing import DevelopmentIssuer
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock, china_date
from services.chassis.config import read_settings
from services.chassis.school_terms import add_school_days
from services.contracts.divisions import COUNTY
from services.roster.comparison import Compared
from services.roster.intake import Loaded

COUNTY_FILES: Final = Path(__file__).parents[1] / "tests" / "data" / "county"
AS_OF: Final = date(2026, 9, 14)
START: Final = datetime(2026, 9, 14, 1, tzinfo=UTC)  # nine in the morning in China
SEAT_DAYS: Final = 20
"""School days in class that prove a return."""
PLAIN: Final = frozenset({"SCALAR", "ENUM"})
"""Kinds of fields that are shown in one cell; the others are records of their own."""
STATE_NAMES: Final = {
    "in_seat": "在校",
    "placed": "送教",
    "elsewhere": "外地就读",
    "transferred_out": "转出",
    "graduated": "毕业",
    "left_explained": "其他离校",
    "open_case": "个案",
    "suspect": "疑似",
    "gone": "死亡注销",
    "unaccounted": "不明",
}
"""Accounted states as the office calls them."""
OFFICE: Final = f"education_bureau:{COUNTY}"
DEPARTMENTS: Final = ("bureau-office", "civil-affairs-officer", "police-officer")


class AskedInVain(Exception):
    """The gateway refused what the story needs; the message is the gateway's."""


@dataclass(slots=True)
class Checks:
    """What was checked, in order, and how it came out."""

    done: list[tuple[str, bool, str]] = field(default_factory=list)

    def that(self, what: str, holds: bool, seen: object = "") -> None:
        """Notes a check."""
        self.done.append((what, holds, str(seen)))


@dataclass(frozen=True, slots=True)
class Story:
    """What every chapter works with."""

    running: Running
    issuer: DevelopmentIssuer
    clock: SteppedClock
    console: Console
    checks: Checks

    def ask(self, account: str, query: str, **variables: object) -> dict[str, Any]:
        """GraphQL as a department's account; raises `AskedInVain` where it is refused."""
        answer = self.try_asking(account, query, **variables)
        if answer.get("errors"):
            raise AskedInVain(answer["errors"][0]["message"])
        data: dict[str, Any] = answer["data"]
        return data

    def try_asking(self, account: str, query: str, **variables: object) -> dict[str, Any]:
        """The same, with errors as they come."""
        response = httpx.post(
            f"{self.running.web.url}/graphql",
            json={"query": query, "variables": {name: _json(value) for name, value in variables.items()}},
            headers={"authorization": f"Bearer {self.issuer.mint(account)}", "idempotency-key": str(uuid4())},
            timeout=30,
        )
        answer: dict[str, Any] = response.json()
        return answer

    def do(self, account: str, command: str, **arguments: object) -> UUID:
        """One command as a department's account; answers the id it concerned."""
        types = {name: _graphql_type(value) for name, value in arguments.items()}
        head = ", ".join(f"${name}: {kind}" for name, kind in types.items())
        body = ", ".join(f"{name}: ${name}" for name in types)
        data = self.ask(account, f"mutation Do({head}) {{ {command}({body}) {{ id visible }} }}", **arguments)
        self.checks.that("every command's effect could be read in its answer", data[command]["visible"], command)
        return UUID(data[command]["id"])

    def days_pass(self, days: int) -> None:
        """Steps the clock, lets every service see the new day, and waits until all has been heard."""
        self.clock.step(timedelta(days=days))
        for service in self.running.services.values():
            service.tick(clock=self.clock)
        wait_until_quiet(self.running)

    def today(self) -> date:
        """The date in China by the stepped clock."""
        return china_date(self.clock.now())


def tell(console: Console) -> int:
    """Tells the story; 0 if every check held."""
    began = time.monotonic()
    settings = read_settings()
    settings = replace(settings, data_folder=settings.data_folder / "demo", development=True, port=0)
    if (settings.data_folder / "postgres").exists():
        Cluster.start(settings.data_folder / "postgres").delete()
    if settings.data_folder.exists():
        shutil.rmtree(settings.data_folder)
    settings.data_folder.mkdir(parents=True)
    clock = SteppedClock(START)
    console.rule("保学 Baoxue: no child of 6-16 out of school unseen")
    console.print("Starting PostgreSQL, four services and the gateway on this machine …")
    with Embedded(settings=settings, clock=clock) as running:
        if running.issuer is None:
            raise AskedInVain("the story is told with demonstration accounts, so in development only")
        story = Story(running, running.issuer, clock, console, Checks())
        console.print(
            f"Running after {time.monotonic() - began:.1f} s; the gateway answers at {running.web.url}/graphql"
        )
        loaded = load_registers(story)
        compared = compare_registers(story, loaded)
        show_findings(story, compared)
        show_partition(story, compared)
        case_id, child_id = walk_a_case(story)
        show_three_windows(story, child_id)
        replay_the_case(story, case_id)
        look_for_names(story, compared)
    return conclude(story.checks, console=console, seconds=time.monotonic() - began)


def load_registers(story: Story) -> Loaded:
    """The registers as departments handed them in."""
    story.console.rule("1. Six registers come in")
    files = sorted((COUNTY_FILES / "registers").iterdir())
    with StepBars(story.console) as bars, acting(_clerk(story)):
        loaded = story.running.intake.load_files(files, progress=bars.tell)
        again = story.running.intake.load_files(files)
    refused = Counter(str(reject.register) for reject in loaded.rejects)
    rows = [(register, count, refused[register]) for register, count in loaded.rows.items()]
    story.console.print(table("Registers 登记册", ("register", "rows", "cells refused"), rows))
    story.checks.that("the same files again change nothing", again.known, f"{len(again.files)} files")
    return loaded


def compare_registers(story: Story, loaded: Loaded) -> Compared:
    """Rows are linked to children, and what they say is kept as events."""
    story.console.rule("2. Rows become children")
    with StepBars(story.console) as bars, acting(_clerk(story)):
        compared = story.running.intake.comparison.compare(as_of=AS_OF, progress=bars.tell)
    wait_until_quiet(story.running)
    rules = Counter(link.rule for child in compared.reconciliation.children for link in child.links)
    story.console.print(table("Why rows are one child 关联依据", ("rule", "links"), rules.most_common(8)))
    children = compared.reconciliation.children
    doubtful = len(compared.reconciliation.doubtful)
    story.console.print(f"{len(children):,} children; {doubtful} doubtful pairs left apart for a person to decide.")
    rows = sum(len(child.rows) for child in children)
    story.checks.that("every row that was read belongs to one child", rows == sum(loaded.rows.values()), rows)
    precision, recall = score_links(compared, COUNTY_FILES / "truth" / "links.csv")
    story.checks.that("links agree with the known truth (precision)", precision >= 0.99, f"{precision:.5f}")
    story.checks.that("links agree with the known truth (recall)", recall >= 0.99, f"{recall:.5f}")
    return compared


def show_findings(story: Story, compared: Compared) -> None:
    """What does not agree, by kind, and what became of it."""
    story.console.rule("3. What does not agree")
    counts = story.ask("bureau-office", "{ findingCounts { kind township count } }")["findingCounts"]
    by_kind: Counter[str] = Counter()
    for line in counts:
        by_kind[line["kind"]] += line["count"]
    story.console.print(table("Findings 比对发现", ("kind", "children"), sorted(by_kind.items())))
    found = Counter(str(finding.kind) for finding in compared.reconciliation.findings)
    story.checks.that("the gateway shows every finding the comparison made", by_kind == found, sum(by_kind.values()))
    opened = _count(story, "cases", "select count(*) from events where topic = 'cases.Case.Opened'")
    opening = {"not_enrolled", "not_in_seat", "suspect_listed", "disabled_unplaced", "unexplained_departure"}
    owed = {finding.label for finding in compared.reconciliation.findings if finding.kind in opening}
    story.console.print(f"{opened} cases opened by themselves: one for each child who has to be looked for.")
    story.checks.that("one case for each child who has to be looked for", opened == len(owed), opened)


def show_partition(story: Story, compared: Compared) -> None:
    """Every child in the window stands in exactly one state, and the sum says so."""
    story.console.rule("4. Every child accounted for")
    lines = story.ask("bureau-office", "{ partition { township townshipName state dated count } }")["partition"]
    shown = {line["state"] for line in lines}
    states = [state for state in STATE_NAMES if state in shown]
    names = {line["township"]: line["townshipName"] or "乡镇不详" for line in lines}
    cells: Counter[tuple[str, str]] = Counter()
    for line in lines:
        cells[line["township"], line["state"]] += line["count"]
    rows = [
        [names[code], *(cells[code, state] for state in states), sum(cells[code, state] for state in states)]
        for code in sorted(names)
    ]
    rows.append(["全县", *(sum(cells[code, state] for code in names) for state in states), sum(cells.values())])
    story.console.print(
        table(
            f"Children of 6-16 on {AS_OF} 适龄儿童归类",
            ("乡镇", *(STATE_NAMES[state] for state in states), "合计"),
            rows,
        )
    )
    dated = sum(line["count"] for line in lines if line["dated"])
    window = sum(child.in_window for child in compared.reconciliation.children)
    story.checks.that("the partition sums to all children in the window", dated == window, f"{dated:,} = {window:,}")
    story.checks.that("no child is unaccounted", not any(line["state"] == "unaccounted" for line in lines))


def walk_a_case(story: Story) -> tuple[UUID, UUID]:
    """From suspicion through persuasion, a written report and a served order back to the seat."""
    story.console.rule("5. One child's way back")
    query = """query Suspected($township: String) { cases(state: "suspected", township: $township, first: 200) {
      edges { node { id cause child { id } school stage } } } }"""
    edges = story.ask("xiaodian-officer", query, township="410326103")["cases"]["edges"]
    node = next(edge["node"] for edge in edges if edge["node"]["cause"] == "not_in_seat" and edge["node"]["school"])
    case_id, child_id = UUID(node["id"]), UUID(node["child"]["id"])
    officer, office = "xiaodian-officer", "bureau-office"
    story.do(officer, "beginVerification", caseId=case_id)
    story.days_pass(1)
    story.do(officer, "confirmCase", caseId=case_id, causes=["learning", "work"])
    persuaded = {"method": "home_visit", "note": "监护人愿意再商量", "madeOn": story.today()}
    story.do(officer, "recordPersuasion", caseId=case_id, outcome="refused", **persuaded)
    story.days_pass(2)
    story.do(office, "reportCase", caseId=case_id, issuer=f"school:{node['school']}", number="报告〔2026〕001号")
    for department, purpose in (("public_security", "find_child"), ("civil_affairs", "social_assistance")):
        referral = {"to": department, "purpose": purpose, "request": "请协助并回复"}
        story.do(office, "openReferral", caseId=case_id, replyBy=story.today() + timedelta(days=10), **referral)
    refused = story.try_asking(
        officer,
        "mutation Early($caseId: UUID!) { watchCase(caseId: $caseId) { id } }",
        caseId=str(case_id),
    )
    reason = refused["errors"][0]["message"]
    story.console.print(f"Watching before a return is refused in words: [italic]{reason}[/italic]")
    story.checks.that("a step out of order is refused", refused["errors"][0]["extensions"]["code"] == "REFUSED", reason)
    order = story.do(
        officer, "issueOrder", caseId=case_id, issuer="township:410326103", number="责改〔2026〕001号", termDays=7
    )
    served = {"method": "direct", "receipt": "送达回证001", "servedOn": story.today()}
    story.do(officer, "serveDocument", documentId=order, **served)
    story.days_pass(5)
    back = {"school": node["school"], "returnedOn": story.today(), "seatDays": 0}
    story.do(officer, "recordReturn", caseId=case_id, **back)
    story.days_pass((add_school_days(story.today(), SEAT_DAYS) - story.today()).days)
    story.do(officer, "countSeatDays", caseId=case_id, seatDays=SEAT_DAYS)
    story.do(officer, "watchCase", caseId=case_id)
    show_the_case(story, case_id)
    return case_id, child_id


def show_the_case(story: Story, case_id: UUID) -> None:
    """The case's timeline as the bureau reads it, and what went up because nobody acted in time."""
    query = """query Walked($id: UUID!) { case(id: $id) { state owedStep owedBy owedDueOn
      steps { at type department detail } documents { kind number servedOn expiresOn } } }"""
    case = story.ask("bureau-office", query, id=str(case_id))["case"]
    rows = [(step["at"][:10], step["type"].split(".")[1], step["department"], step["detail"]) for step in case["steps"]]
    story.console.print(table("The case's steps 个案经过", ("date", "event", "by", "what"), rows))
    owed = f"{case['owedStep']} by {case['owedBy']} until {case['owedDueOn']}"
    story.console.print(f"It stands at [bold]{case['state']}[/bold]; owed next: {owed}.")
    told = [name for _, name, *_ in rows]
    story.checks.that(
        "what happened at one moment is told in its order", told[:2] == ["case-opened", "case-verification-begun"]
    )
    in_order = told.index("case-ordered") < told.index("child-returned")
    story.checks.that("the order was served before the return", in_order)
    story.checks.that("the case is watched after its return", case["state"] == "watched", case["state"])
    expired = _count(story, "cases", "select count(*) from events where topic = 'cases.Case.StepExpired'")
    escalated = _count(story, "notify", "select count(*) from events where topic = 'notify.Notice.Escalated'")
    plans = _count(story, "assistance", "select count(*) from events where topic = 'assistance.StudentPlan.Opened'")
    story.console.print(
        f"Meanwhile, of the cases nobody touched: {expired} steps ran out and went one level up by themselves,"
        f" {escalated} notices climbed to the superior; {plans} student plan was opened on the confirmation."
    )
    story.checks.that("what was not done in time went up by itself", expired > 0, expired)
    story.checks.that("notices nobody acknowledged climbed", escalated > 0, escalated)
    story.checks.that("the confirmation opened a student plan", plans == 1, plans)


def show_three_windows(story: Story, child_id: UUID) -> None:
    """Three departments ask for the same child; each sees what its purpose needs."""
    story.console.rule("6. The same child through three windows")
    seen = {account: _what_is_seen(story, account, child_id) for account in DEPARTMENTS}
    fields = sorted(seen["bureau-office"], key=list(seen["bureau-office"]).index)
    rows = [(name, *(_shown(seen[account], name) for account in DEPARTMENTS)) for name in fields]
    story.console.print(table("What each may see 可见字段", ("field", *DEPARTMENTS), rows))
    widths = [len(seen[account]) for account in DEPARTMENTS]
    story.checks.that("each further department sees less", widths[0] > widths[1] > widths[2], widths)
    story.checks.that("the police sees the child by its referral", bool(seen["police-officer"].get("name")))
    stranger = _what_is_seen(story, "disability-officer", child_id)
    story.checks.that("for a department without a referral there is no such child", stranger == {})
    denied = story.try_asking(
        "police-officer", "query($id: UUID!) { child(id: $id) { guardianPhone } }", id=str(child_id)
    )
    message = denied["errors"][0]["message"]
    story.console.print(f"The police asks for the guardian's phone: [italic]{message}[/italic]")
    story.checks.that("a field without a ground is refused", denied["errors"][0]["extensions"]["code"] == "FORBIDDEN")
    approve_the_inspector(story)
    query = """query Looks($id: UUID!) { receipts(childId: $id, first: 100) {
      edges { node { at actor purpose decision } } } }"""
    looks = [edge["node"] for edge in story.ask("inspector", query, id=str(child_id))["receipts"]["edges"]]
    counted = Counter((look["actor"], look["purpose"], look["decision"]) for look in looks)
    looked = [(*who, count) for who, count in sorted(counted.items())]
    story.console.print(table("Who looked at this child 查阅留痕", ("account", "purpose", "decision", "looks"), looked))
    story.checks.that("the police's look was recorded", any(actor == "police-officer" for actor, *_ in counted))


def approve_the_inspector(story: Story) -> None:
    """Looking over a whole county is approved by the head, officer by officer and for a time 负责人审批."""
    refused = story.try_asking("inspector", "{ receipts(first: 1) { nodes { at } } }")["errors"][0]
    story.console.print(f"An inspector asks who looked: [italic]{refused['message']}[/italic]")
    story.checks.that(
        "without its head's approval an inspector sees nothing", refused["extensions"]["code"] == "FORBIDDEN"
    )
    until = story.today() + timedelta(days=90)
    story.do(
        "supervision-head",
        "approvePurpose",
        officer="inspector",
        until=until,
        reason="本学期控辍保学专项督导，由其承办",
    )


def replay_the_case(story: Story, case_id: UUID) -> None:
    """The case as it was known on two dates."""
    story.console.rule("7. The past, replayed")
    query = """query Then($id: UUID!, $asOf: DateTime!) { replayCase(id: $id, asOf: $asOf) {
      state owedStep owedBy owedDueOn overdue events { at type } } }"""
    rows, states = [], []
    for days in (2, 5):
        moment = START + timedelta(days=days, hours=12)
        then = story.ask("inspector", query, id=str(case_id), asOf=moment.isoformat())["replayCase"]
        owed = f"{then['owedStep']} by {then['owedBy']} until {then['owedDueOn']}"
        rows.append((f"{moment:%Y-%m-%d}", then["state"], owed, len(then["events"])))
        states.append(then["state"])
    story.console.print(table("As known on 当时所知", ("date", "state", "owed", "events known"), rows))
    story.checks.that("the two dates differ as the case did", states == ["persuading", "ordered"], states)
    live = story.ask("bureau-office", "{ partition { township state dated count } }")["partition"]
    now = story.clock.now().isoformat()
    query = "query Head($asOf: DateTime!) { replayPartition(asOf: $asOf) { township state dated count } }"
    replayed = story.ask("inspector", query, asOf=now)["replayPartition"]
    story.checks.that("the replayed partition equals the live one", replayed == live, f"{len(live)} lines")


def look_for_names(story: Story, compared: Compared) -> None:
    """No name or number of a child stands in the clear in any event store or in the journal."""
    story.console.rule("8. No name in the clear")
    sample = [child.facts for child in compared.reconciliation.children if child.facts.id_number][:200]
    numbers = [facts.id_number for facts in sample]
    names = [facts.name for facts in sample if len(facts.name) >= 3]
    events = hits = 0
    for service in story.running.services:
        with psycopg.connect(story.running.cluster.dsn(service, f"{service}_app")) as connection:
            for (state,) in connection.execute("select state from events"):
                events += 1
                text = bytes(state).decode()
                hits += any(number in text for number in numbers) or any(name in text for name in names)
    story.console.print(
        f"{events:,} stored events searched for {len(numbers)} numbers and {len(names)} names: {hits} hits."
    )
    story.checks.that("no stored event holds a name or number in the clear", hits == 0 and events > 0, events)


def conclude(checks: Checks, *, console: Console, seconds: float) -> int:
    """What was checked, and whether all of it held."""
    console.rule("What was checked")
    merged: dict[str, tuple[bool, str]] = {}
    for what, holds, seen in checks.done:
        before = merged.get(what, (True, ""))
        merged[what] = (before[0] and holds, seen)
    rows = [(what, "[green]yes[/green]" if holds else "[red]NO[/red]", seen) for what, (holds, seen) in merged.items()]
    console.print(table("", ("check", "holds", "seen"), rows))
    failed = sum(not holds for holds, _ in merged.values())
    console.print(f"{len(merged) - failed} of {len(merged)} checks held; {seconds:.0f} s in all.")
    return 1 if failed else 0


def score_links(compared: Compared, truth: Path) -> tuple[float, float]:
    """Precision and recall over pairs of rows of one child, against the known truth."""
    with truth.open(encoding="utf-8-sig", newline="") as file:
        person = {(line["register"], int(line["row"])): line["person"] for line in csv.DictReader(file)}
    found = {
        (str(ref.register), ref.row): child.label for child in compared.reconciliation.children for ref in child.rows
    }
    both = Counter((person[key], found[key]) for key in person if key in found)
    true, said = Counter(person.values()), Counter(found[key] for key in person if key in found)
    hit = _pairs(both)
    return hit / _pairs(said), hit / _pairs(true)


def _pairs(sizes: Mapping[Any, int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _what_is_seen(story: Story, account: str, child_id: UUID) -> dict[str, object]:
    query = '{ me { grants { type field } } __type(name: "Child") { fields { name type { kind ofType { kind } } } } }'
    told = story.ask(account, query)
    kinds = {field["name"]: (field["type"]["ofType"] or field["type"])["kind"] for field in told["__type"]["fields"]}
    granted = [grant["field"] for grant in told["me"]["grants"] if grant["type"] == "Child"]
    plain = [name for name in granted if kinds[name] in PLAIN]
    child = story.ask(
        account, f"query Window($id: UUID!) {{ child(id: $id) {{ {' '.join(plain)} }} }}", id=str(child_id)
    )
    seen: dict[str, object] = child["child"] or {}
    return seen


def _shown(seen: dict[str, object], name: str) -> str:
    return str(seen[name]) if name in seen else "·"


def _graphql_type(value: object) -> str:
    match value:
        case UUID():
            return "UUID!"
        case date():
            return "Date!"
        case bool():
            return "Boolean!"
        case int():
            return "Int!"
        case list():
            return "[String!]!"
        case _:
            return "String!"


def _json(value: object) -> object:
    return str(value) if isinstance(value, UUID | date) else value


def _count(story: Story, service: str, query: str) -> int:
    with psycopg.connect(story.running.cluster.dsn(service, f"{service}_app")) as connection:
        [(count,)] = connection.execute(query.encode()).fetchall()
    return int(count)


def _clerk(story: Story) -> Caused:
    return Caused.begin(actor="bureau-office", department=OFFICE, purpose="dropout_control", at=story.clock.now())
