"""Every page in a real Chromium: readable for everybody, on a phone too, light, and without a complaint."""

import pytest

from tests.browser.conftest import MOST_BYTES, Somebody
from tests.fixtures.store import eventually

LED_TO = {
    "/cases": "/cases/",
    "/ledger": "/children/",
    "/board": "/board/",
}
"""A list of each kind, and where its rows lead."""


def test_every_page_is_accessible_light_and_without_complaint(somebody: Somebody) -> None:
    """Between them the three have every page of the navigation; that each opens for each department is tried without a browser."""
    seen: set[str] = set()
    for account in ("bureau-office", "bureau-assistance", "supervision-head"):
        somebody.becomes(account)
        for path in [path for path in somebody.linked() if path not in seen]:
            seen.add(path)
            answer = somebody.opens(path)
            somebody.shoots(f"page{path.replace('/', '-')}")
            assert answer.status == 200, path
            assert len(answer.body()) <= MOST_BYTES, path
            assert somebody.violations() == [], path
            assert not somebody.is_too_wide, path
    assert somebody.complaints == []


def test_the_pages_that_lists_lead_to_are_accessible_too(somebody: Somebody) -> None:
    somebody.signed_in("bureau-office")
    for of, behind in LED_TO.items():
        somebody.opens(of)
        path = somebody.page.locator(f'main a[href^="{behind}"]').first.get_attribute("href")
        assert path, of
        for opened in (path, f"{path}/replay") if behind == "/cases/" else (path,):
            assert somebody.opens(opened).status == 200, opened
            somebody.shoots(f"behind{of.replace('/', '-')}")
            assert somebody.violations() == [], opened
            assert not somebody.is_too_wide, opened
    assert somebody.complaints == []


def test_a_proof_is_accessible_and_fits(somebody: Somebody) -> None:
    somebody.signed_in("supervision-head")
    path = "/proof?log=roster&position=1"
    eventually(lambda: somebody.opens(path).status == 200, within=30)  # a log is signed every ten seconds
    somebody.shoots("proof")

    assert "已证明" in somebody.text
    assert somebody.violations() == []
    assert not somebody.is_too_wide
    assert somebody.complaints == []


def test_every_page_fits_a_phone(somebody_with_a_phone: Somebody) -> None:
    somebody = somebody_with_a_phone.signed_in("bureau-office")
    for path in somebody.linked():
        somebody.opens(path)
        if path in {"/", "/board", "/ledger"}:
            somebody.shoots(f"phone{path.replace('/', '-')}")
        assert not somebody.is_too_wide, path
    assert somebody.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_to_sign_in_with_is_accessible(somebody: Somebody, language: str) -> None:
    somebody.opens(f"/sign-in?language={language}")
    somebody.shoots(f"sign-in-{language}")

    assert somebody.violations() == []
    assert somebody.complaints == []


def test_the_keyboard_alone_reaches_the_content_first(somebody: Somebody) -> None:
    somebody.signed_in("bureau-office").opens("/")
    somebody.page.keyboard.press("Tab")
    assert somebody.page.evaluate("document.activeElement.className") == "skip"
    somebody.page.keyboard.press("Enter")
    assert somebody.page.evaluate("document.activeElement.id") == "main"


def test_without_scripts_everything_is_there_too(somebody_without_scripts: Somebody) -> None:
    somebody = somebody_without_scripts.signed_in("bureau-office")
    somebody.opens("/ledger")
    somebody.page.fill("#name", "no-such-name")
    somebody.page.click(".filter button")

    assert "没有符合条件的儿童" in somebody.text
    assert "no-such-name" not in somebody.page.url
