"""One running system and one Chromium for all tests with a browser; each test has cookies and pages of its own.

The clock is stepped, so weeks pass between two clicks. Pictures of the pages are left in `build/screenshots/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright
from rich.console import Console

from deploy import operate
from deploy.embedded import Embedded, Running
from deploy.quiet import wait_until_quiet
from deploy.sample.county import generate
from services.chassis.clock import SteppedClock
from services.chassis.config import Settings

AS_OF = date(2026, 9, 14)
SCREENSHOTS = Path("build/screenshots")
MOST_BYTES = 100_000
NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class System:
    """The running system, and its clock."""

    running: Running
    clock: SteppedClock

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
    generate(children=150, seed=7, as_of=AS_OF).write(folder)
    settings = Settings(
        data_folder=folder / "data", development=True, host="127.0.0.1", port=0, otlp_endpoint="", trace_share=0.0
    )
    clock = SteppedClock(datetime(2026, 9, 14, 1, tzinfo=UTC))
    with Embedded(settings=settings, clock=clock, durable=False) as running:
        operate.load(Console(file=StringIO()), running.intake, registers=folder / "registers", as_of=AS_OF)
        wait_until_quiet(running)
        yield System(running, clock)


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

    def violations(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA on the page."""
        found = Axe().run(self.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        return [
            f"{one['id']}: {node['html'][:120]}" for one in found.response["violations"] for node in one["nodes"][:3]
        ]

    @property
    def text(self) -> str:
        return self.page.inner_text("main")

    @property
    def is_too_wide(self) -> bool:
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return wide


@pytest.fixture
def somebody(chromium: Browser, system: System) -> Iterator[Somebody]:
    with chromium.new_context(viewport=WIDE, locale="zh-CN") as context:  # type: ignore[arg-type]
        yield Somebody(context, system)


@pytest.fixture
def somebody_with_a_phone(chromium: Browser, system: System) -> Iterator[Somebody]:
    with chromium.new_context(viewport=NARROW, locale="zh-CN", java_script_enabled=True) as context:  # type: ignore[arg-type]
        yield Somebody(context, system)


@pytest.fixture
def somebody_without_scripts(chromium: Browser, system: System) -> Iterator[Somebody]:
    with chromium.new_context(viewport=WIDE, locale="zh-CN", java_script_enabled=False) as context:  # type: ignore[arg-type]
        yield Somebody(context, system)
