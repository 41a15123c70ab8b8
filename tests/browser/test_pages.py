"""Every page in a real Chromium: readable for everybody, on a phone too, light, and without a complaint."""

from collections.abc import Mapping
from typing import Final

import pytest

from gateway.console.routes import PAGES
from tests.browser.conftest import MOST_BYTES, NARROW, WIDE, Busy, Somebody
from tests.fixtures.store import eventually

LED_TO: Mapping[str, tuple[str, str]] = {
    "/board/children": ("bureau-office", "/board"),
    "/board/{township}": ("bureau-office", "/board"),
    "/statistics/children": ("bureau-office", "/statistics"),
    "/statistics/{township}": ("bureau-office", "/statistics"),
    "/registers/{id}": ("bureau-office", "/registers"),
    "/doubts/{id}": ("bureau-office", "/doubts"),
    "/children/{id}": ("bureau-office", "/ledger"),
    "/children/{id}/replay": ("supervision-head", "/children/{id}"),
    "/cases/{id}": ("bureau-office", "/cases"),
    "/cases/{id}/replay": ("supervision-head", "/cases/{id}"),
    "/households/{id}/replay": ("supervision-head", "/children/{id}/replay"),
    "/messages": ("bureau-office", "/settings"),
    "/rectifications": ("bureau-office", "/inspections"),
    "/duties/list": ("bureau-office", "/duties"),
    "/assistance/awards": ("bureau-assistance", "/assistance"),
    "/assistance/lists": ("bureau-assistance", "/assistance"),
    "/assistance/lists/{id}": ("bureau-assistance", "/assistance/lists"),
    "/assistance/refusals": ("bureau-assistance", "/assistance"),
    "/assistance/watch": ("bureau-assistance", "/assistance"),
    "/assistance/payable": ("bureau-assistance", "/assistance"),
    "/assistance/recognitions": ("bureau-assistance", "/assistance"),
    "/assistance/recognition": ("bureau-assistance", "/assistance"),
    "/assistance/recognition/{school}": ("bureau-assistance", "/assistance/recognition"),
    "/field-checks/{fieldCheckId}": ("santun-officer", "/field-checks"),
    "/submissions": ("bureau-office", "/field-checks"),
    "/check-ins/open": ("school-principal", "/check-ins"),
    "/check-ins/{id}": ("school-principal", "/check-ins"),
    "/letters/list": ("bureau-office", "/letters"),
    "/l/{code}": ("bureau-office", "/letters/list"),
    "/disclosures/{id}": ("bureau-office", "/disclosures"),
    "/audit-reports/{id}": ("supervision-head", "/audit-reports"),
    "/acts/{command}": ("bureau-office", "/inspections"),
}
"""Pages that stand in no navigation: for whom, and on which page a link leads there."""
NOT_IN_THIS_COUNTY: Final = frozenset({"/doubts/{id}"})
"""Its 150 children are all told apart: this is tried without a browser."""
OFFICES: Final = ("bureau-office", "bureau-assistance", "supervision-head", "school-principal")
"""Between them these are offered every page of the navigation."""


def test_every_page_there_is_has_an_address() -> None:
    """A page that is new stands in the navigation, or here with the page that leads to it."""
    elsewhere = {page.path for page in PAGES if page.show and not page.name}
    assert elsewhere == LED_TO.keys()


def wrong_with(somebody: Somebody, path: str) -> list[str]:
    """Opens a page as a reader would who sees little, has little time and a slow line; what stands in the way."""
    answer = somebody.opens(path)
    somebody.shoots(f"page{path.partition('?')[0].replace('/', '-')}")
    wrong = [f"{path}: {what}" for what in somebody.violations()]
    if answer.status != 200:
        wrong.append(f"{path}: answered {answer.status}")
    if len(answer.body()) > MOST_BYTES:
        wrong.append(f"{path}: weighs {len(answer.body())} bytes")
    return wrong + [f"{path}: {what}" for what in somebody.wrong_by_width()]


def test_every_page_of_the_navigation_is_accessible_light_and_without_complaint(somebody: Somebody) -> None:
    """Between them the offices have all of it; that each page opens for each department is tried without a browser."""
    seen: set[str] = set()
    wrong: list[str] = []
    for account in OFFICES:
        somebody.becomes(account)
        for path in [path for path in somebody.linked() if path not in seen]:
            seen.add(path)
            wrong += wrong_with(somebody, path)
    assert wrong == []
    assert seen >= {page.path for page in PAGES if page.name}
    assert somebody.complaints == []


def test_every_page_that_others_lead_to_is_too(somebody: Somebody, busy: Busy) -> None:
    signed_in = ""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for page, (account, led_by) in LED_TO.items():
        if page in NOT_IN_THIS_COUNTY:
            continue
        if signed_in != account:
            signed_in = account
            somebody.becomes(account)
        somebody.opens(busy.at.get(led_by) or found.get(led_by) or led_by)
        path = busy.at.get(page) or somebody.linked_like(page)
        if path is None:
            wrong.append(f"{page}: nothing on {led_by} leads there")
        else:
            found[page] = path
            wrong += wrong_with(somebody, path)
    assert wrong == []
    assert somebody.complaints == []


def test_a_proof_is_accessible_and_fits(somebody: Somebody) -> None:
    somebody.signed_in("supervision-head")
    path = "/proof?log=roster&position=1"
    eventually(lambda: somebody.opens(path).status == 200, within=30)  # a log is signed every ten seconds
    somebody.shoots("proof")

    assert "已证明" in somebody.text
    assert somebody.violations() == []
    assert somebody.wrong_by_width() == []
    assert somebody.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_to_sign_in_with_is_accessible(somebody: Somebody, language: str) -> None:
    somebody.opens(f"/sign-in?language={language}")
    somebody.shoots(f"sign-in-{language}")

    assert somebody.violations() == []
    assert somebody.wrong_by_width() == []
    assert somebody.complaints == []


def test_the_keyboard_alone_reaches_the_content_first(somebody: Somebody) -> None:
    somebody.signed_in("bureau-office").opens("/")
    somebody.page.keyboard.press("Tab")
    assert somebody.page.evaluate("document.activeElement.className") == "skip"
    somebody.page.keyboard.press("Enter")
    assert somebody.page.evaluate("document.activeElement.id") == "main"


def test_a_large_number_of_the_board_is_listed_page_by_page(somebody: Somebody) -> None:
    somebody.signed_in("bureau-office").opens("/board")
    number = somebody.page.locator('tfoot a[href="/board/children?state=in_seat"]')
    count = int(number.inner_text())
    number.click()
    listed, further = somebody.page.locator("tbody tr"), somebody.page.locator(".pages a")
    found = [listed.count()]
    while further.count():
        further.click()
        found.append(listed.count())

    assert len(found) > 1
    assert sum(found) == count


def test_statistics_say_on_a_phone_how_we_are_and_unfold_line_by_line(somebody_without_scripts: Somebody) -> None:
    somebody = somebody_without_scripts.signed_in("bureau-office")
    somebody.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    somebody.opens("/statistics")
    by_township = somebody.page.locator('[aria-labelledby="standings"][tabindex]')
    figures = somebody.page.locator('[aria-labelledby="figures"] tbody tr')

    fourth, height = figures.nth(3).bounding_box(), somebody.page.evaluate("document.documentElement.scrollHeight")
    assert fourth is not None
    assert fourth["y"] + fourth["height"] <= NARROW["height"]
    assert height <= 4 * NARROW["height"]
    assert not by_township.is_visible()
    somebody.page.locator("details", has=by_township).locator("summary").press("Enter")
    assert by_township.is_visible()

    somebody.opens("/statistics")
    somebody.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    assert by_township.is_visible(), "at a desk nothing is folded"


def test_without_scripts_everything_is_there_too(somebody_without_scripts: Somebody) -> None:
    somebody = somebody_without_scripts.signed_in("bureau-office")
    somebody.opens("/ledger")
    somebody.page.fill("#name", "no-such-name")
    somebody.page.click(".filter button")

    assert "没有符合条件的儿童" in somebody.text
    assert "no-such-name" not in somebody.page.url
