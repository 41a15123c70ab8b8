"""One running system and one Chromium for all tests with a browser; each test has cookies and pages of its own.

The clock is stepped, so weeks pass between two clicks. Pictures of the pages are left in `build/screenshots/`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlencode
from uuid import uuid4

import httpx
import psycopg
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright
from rich.console import Console

from deploy import operate
from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.sample.county import County, generate
from gateway.access.issuing import DEMO_ACCOUNTS
from gateway.console.routes import PAGES
from gateway.supervision.audit import keep
from services.chassis.clock import SteppedClock, china_date
from services.chassis.config import Settings
from tests.fixtures.audit_report import CONTENT

AS_OF = date(2026, 9, 14)
SCREENSHOTS = Path("build/screenshots")
MOST_BYTES = 100_000
NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 900}
TOWNSHIP = "410326103"
SCHOOL = DEMO_ACCOUNTS["school-principal"].unit.partition(":")[2]
"""The school of the demonstration's principal; that of which most pupils sit in no class is given its number."""
PLAIN = frozenset(page.path for page in PAGES if "{" not in page.path)
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OFF_THE_SCREEN = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(each => each.checkVisibility() && !each.matches('.skip') && !each.closest('[role=region][tabindex="0"]'))
  .filter(each => { const at = each.getBoundingClientRect();
    return at.width && (at.left < -1 || at.right > document.documentElement.clientWidth + 1); })
  .map(each => each.outerHTML.slice(0, 120))"""
"""What is pressed or typed in and lies outside the screen; a region that has a name and is scrolled by keys brings its own in."""


@dataclass(frozen=True)
class System:
    """The running system, and its clock."""

    running: Running
    clock: SteppedClock
    registers: Path
    """The files its registers came in as."""

    @property
    def url(self) -> str:
        return self.running.web.url

    def days_pass(self, days: int) -> None:
        self.clock.step(timedelta(days=days))
        for service in self.running.services.values():
            service.tick(clock=self.clock)
        wait_until_quiet(self.running)


@pytest.fixture(scope="session")
def system(chromium_here: str) -> Iterator[System]:
    with TemporaryDirectory(prefix="baoxue-system-") as name:
        Path(name).chmod(0o755)  # the server inside may run as another user, and has to get in
        yield from _system(Path(name))


def _system(folder: Path) -> Iterator[System]:
    _with_the_principals_school(generate(children=150, seed=7, as_of=AS_OF)).write(folder)
    settings = Settings(
        data_folder=folder / "data", development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )
    clock = SteppedClock(datetime(2026, 9, 14, 1, tzinfo=UTC))
    with Embedded(settings=settings, clock=clock, durable=False) as running:
        operate.load(Console(file=StringIO()), running.intake, registers=folder / "registers", as_of=AS_OF, clock=clock)
        wait_until_quiet(running)
        yield System(running, clock, folder / "registers")


def _with_the_principals_school(county: County) -> County:
    out = {person for person, kind in county.findings if kind == "not_in_seat"}
    schools = Counter(
        cell
        for row in county.registers["enrolment"]
        if row.child_id in out
        for cell in row.cells
        if re.fullmatch(r"31410\d{5}", str(cell))
    )
    [(own, _)] = schools.most_common(1)

    def told(cell: Any) -> Any:
        return SCHOOL if cell == own else cell

    return replace(
        county,
        registers={
            register: [replace(row, cells=tuple(told(cell) for cell in row.cells)) for row in rows]
            for register, rows in county.registers.items()
        },
    )


@dataclass(frozen=True)
class Busy:
    """What offices did so that every page has something to show; `at` are addresses that no page's link tells."""

    at: dict[str, str]


class Offices:
    """The offices at their desks, without a browser."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, account: str, document: str, **variables: Any) -> Any:
        """Asks as an account; whatever is refused fails."""
        answer = self._post("/graphql", account, json={"query": document, "variables": variables})
        assert "errors" not in answer, answer
        return answer["data"]

    def hand_in(self, account: str, path: Path) -> None:
        """Hands a register's file in."""
        self._post("/files/deliveries", account, files={"files": (path.name, path.read_bytes())})

    def _post(self, path: str, account: str, **sent: Any) -> Any:
        token = httpx.post(f"{self._url}/development/token/{account}").json()["token"]
        headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
        return httpx.post(f"{self._url}{path}", headers=headers, timeout=60, **sent).raise_for_status().json()


@pytest.fixture(scope="session")
def busy(system: System) -> Busy:
    """Something of everything: a delivery, letters, a check-in, an inspection, a round of the field check, a disclosure, a payment list, an audit."""
    offices = Offices(system.url)
    today = china_date(system.clock.now())
    soon = str(today + timedelta(days=14))
    offices.hand_in("bureau-office", system.registers / "in_school.csv")
    offices.ask("bureau-office", """mutation { openLetterRun(kind: "guardians", schoolYear: "2026-2027") { id } }""")
    offices.ask(
        "school-principal",
        'mutation ($on: Date!) { openCheckIn(term: "2026-2027-1", startsOn: $on) { id } }',
        on=str(today),
    )
    offices.ask(
        "bureau-office",
        'mutation ($unit: String!, $in: String!) { openInspection(unit: $unit, township: $in, matter: "ledgers", size: 3) { id } }',
        unit=f"township:{TOWNSHIP}",
        **{"in": TOWNSHIP},
    )
    offices.ask(
        "santun-officer",
        'mutation ($by: Date!) { openFieldCheck(round: "2026-autumn", township: "410326104", dueOn: $by) { id } }',
        by=soon,
    )
    offices.ask(
        "bureau-office",
        """mutation { prepareDisclosure(tasks: ["逐村核实"], methods: ["联控联保"],
            bodies: [{unit: "township:410326103", duty: "劝返"}]) { id } }""",
    )
    school = _put_on_a_list(offices, system)
    with psycopg.connect(system.running.cluster.dsn("gateway", "gateway_writer")) as gateway:
        keep(gateway, CONTENT, by="auditor-1", unit="supervision:410326", at=system.clock.now())
    wait_until_quiet(system.running)
    payable = urlencode({**OF_TERM, "school": school})
    return Busy(
        {
            "/assistance/payable": f"/assistance/payable?{payable}",
            "/submissions": "/submissions",
            "/assistance/recognitions": "/assistance/recognitions",
        }
    )


OF_TERM = {"programme": "living_allowance", "term": "2026-2027-1"}


def _put_on_a_list(offices: Offices, system: System) -> str:
    """Recognises the pupils of the school where most wait, and puts one's award on a list for the bank; answers the school."""
    bureau = "bureau-assistance"
    of_term = "($programme: String!, $term: String!)"
    progress = offices.ask(
        bureau,
        f"query {of_term} {{ recognitionProgress(programme: $programme, term: $term) {{ school waiting }} }}",
        **OF_TERM,
    )["recognitionProgress"]
    school = max((row for row in progress if row["school"]), key=lambda row: row["waiting"])["school"]
    of_school = {**OF_TERM, "school": school}
    given = "($programme: String!, $term: String!, $school: String!"
    asked = "(programme: $programme, term: $term, school: $school"
    candidates = offices.ask(bureau, f"query {given}) {{ termCandidates{asked}) {{ childId }} }}", **of_school)
    pupils = [{"childId": one["childId"], "boarding": False} for one in candidates["termCandidates"]]
    offices.ask(
        bureau,
        f"mutation {given}, $pupils: [PupilInput!]!) {{ recogniseTerm{asked}, pupils: $pupils) {{ id }} }}",
        **of_school,
        pupils=pupils,
    )
    wait_until_quiet(system.running)
    awards = offices.ask(bureau, f"query {given}) {{ payableAwards{asked}) {{ id }} }}", **of_school)["payableAwards"]
    offices.ask(
        bureau,
        "mutation ($list: UUID!, $awards: [UUID!]!) { makePaymentList(listId: $list, awards: $awards) { id } }",
        list=str(uuid4()),
        awards=[awards[0]["id"]],
    )
    return str(school)


@pytest.fixture(scope="module")
def chromium(chromium_here: str) -> Iterator[Browser]:
    """Ends with its module: Playwright keeps a loop of asyncio running in this thread, in which no other test could run one."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_here, args=["--no-sandbox"])
        yield browser
        browser.close()


class Somebody:
    """Somebody at a browser. What a page complains of, and what it weighs, is noted."""

    def __init__(self, context: BrowserContext, system: System) -> None:
        self.system = system
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def signed_in(self, account: str) -> "Somebody":
        self.page.goto(f"{self.system.url}/sign-in")
        self.page.click(f'button[value="{account}"]')
        assert self.page.url == f"{self.system.url}/"
        return self

    def becomes(self, account: str) -> "Somebody":
        """Somebody else sits down at the same browser."""
        self.page.context.clear_cookies()
        return self.signed_in(account)

    def opens(self, path: str) -> Response:
        answer = self.page.goto(f"{self.system.url}{path}")
        assert answer is not None
        return answer

    def follows(self, name: str) -> None:
        """Goes where the first link of this name in the page leads."""
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()

    def linked_like(self, page: str) -> str | None:
        """Where the page leads to a page of a path with its braces filled in; an address that is a page of its own fills none in."""
        like = re.compile(re.sub(r"\{\w+\}", "[^/]+", page))
        links: list[str] = self.page.eval_on_selector_all("main a", "all => all.map(a => a.getAttribute('href') || '')")
        for link in links:
            path = unquote(link.partition("?")[0].partition("#")[0])
            if like.fullmatch(path) and (path == page or path not in PLAIN):
                return link
        return None

    def linked(self) -> list[str]:
        """Where the navigation leads."""
        links: list[str] = self.page.eval_on_selector_all("nav a", "all => all.map(a => a.getAttribute('href'))")
        return links

    def sends(self, command: str, **typed: Any) -> None:
        """Opens a command's form on the page, fills it in and sends it."""
        form = self.page.locator(f'form[action="/acts/{command}"]')
        form.wait_for(state="attached")
        if not form.is_visible():
            self.page.locator("details", has=form).locator("summary").click()
        for name, value in typed.items():
            field = form.locator(f'[name="{name}"]')
            if isinstance(value, list):
                for one in value:
                    form.locator(f'[name="{name}"][value="{one}"]').check()
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(str(value))
        form.locator("button").click()
        self.page.wait_for_load_state()

    def shoots(self, name: str) -> None:
        """Leaves a picture of the whole page."""
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def violations(self, rules: Sequence[str] = WCAG) -> list[str]:
        """What axe finds on the page against WCAG 2.2 AA, or against some of its rules."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        found = self.page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", list(rules))
        return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"][:3]]

    @property
    def text(self) -> str:
        return self.page.inner_text("main")

    def wrong_by_width(self) -> list[str]:
        """Where the page has to be pushed sideways, at a desk or on a phone of 360 px, and what a finger can't get at there.

        How large what is pressed has to be, and how far from the next, is WCAG 2.5.8.
        """
        wrong = []
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"too wide at {size['width']} px")
            if size is NARROW:
                wrong += [f"off the screen: {each}" for each in self.page.evaluate(OFF_THE_SCREEN)]
                wrong += self.violations(["target-size"])
        return wrong


@pytest.fixture
def somebody(chromium: Browser, system: System) -> Iterator[Somebody]:
    with chromium.new_context(viewport=WIDE, locale="zh-CN") as context:  # type: ignore[arg-type]
        yield Somebody(context, system)


@pytest.fixture
def somebody_without_scripts(chromium: Browser, system: System) -> Iterator[Somebody]:
    with chromium.new_context(viewport=WIDE, locale="zh-CN", java_script_enabled=False) as context:  # type: ignore[arg-type]
        yield Somebody(context, system)
