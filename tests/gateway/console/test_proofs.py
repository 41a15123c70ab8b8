"""The page on which an inspector checks proofs: without a script, light, and plain about what doesn't hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway.console.browsing import Browser, text_of, ticket_of
from tests.gateway.console.test_pages import MOST_BYTES
from tests.gateway.logs_behind import Logs, proving
from tests.gateway.test_proofs import OTHER_ACTOR, a_bundle, first_note


@pytest.fixture(scope="module")
def logs(read_model: Any, module_database: Any) -> Iterator[Logs]:
    with proving(read_model, module_database) as logs:
        yield logs


@pytest.fixture
def browser(logs: Logs) -> Iterator[Browser]:
    with Browser(logs.asking) as browser:
        yield browser.signed_in("inspector")


def test_an_event_is_proved_and_its_way_to_the_root_is_drawn(browser: Browser) -> None:
    page = browser.get("/proof?log=cases&position=3")

    assert page.status_code == 200, text_of(page)
    assert "已证明" in text_of(page)
    assert "<svg" in page.text
    assert page.text.count('class="hash holds"') == 4  # the leaf, and what it is with each of its three siblings
    assert len(page.content) < MOST_BYTES


def test_an_event_that_was_changed_is_refused_with_its_place(browser: Browser, logs: Logs) -> None:
    with logs.changed(*OTHER_ACTOR):
        page = browser.get("/proof?log=cases&position=3")

    assert "未通过" in text_of(page)
    assert "cases/3: the entry at 2 is not what the log of 5 entries says is there" in text_of(page)
    assert 'class="hash holds"' not in page.text


def test_a_checkpoint_is_pasted_in_or_handed_in_as_a_file(browser: Browser, logs: Logs) -> None:
    note, ticket = first_note(logs), ticket_of(browser.get("/proof"))
    pasted = browser.post(
        "/proof", {"ticket": ticket, "log": "", "position": "", "earlier": note.rstrip().replace("\n", "\r\n")}
    )
    with_event = browser.post("/proof", {"ticket": ticket, "log": "cases", "position": "4", "earlier": note})
    file = browser.post(f"/proof/file?ticket={ticket}", {}, files={"file": ("checkpoint", note.encode(), "text/plain")})

    for page in (pasted, with_event, file):
        assert "由 2 条延续至 5 条" in text_of(page), text_of(page)


def test_a_bundle_is_handed_in_and_a_changed_one_refused(browser: Browser, logs: Logs) -> None:
    ticket = ticket_of(browser.get("/proof"))

    def handed_in(content: bytes) -> str:
        sent = {"file": ("bundle.zip", content, "application/zip")}
        return text_of(browser.post(f"/proof/file?ticket={ticket}", {}, files=sent))

    bundle = a_bundle(logs)
    assert "5 条中的 3 条，未改动" in handed_in(bundle)
    assert "未通过" in handed_in(bundle.replace(b"user:17", b"user:18", 1))


def test_what_is_not_there_is_said_on_the_page(browser: Browser) -> None:
    for path in ("/proof?log=cases&position=99", "/proof?log=cases&position=x", "/proof?look=x"):
        page = browser.get(path)
        assert page.status_code == 404
        assert 'role="alert"' in page.text


def test_how_to_check_without_this_server_is_said_on_it(browser: Browser) -> None:
    assert "verify.py --keys keys.txt" in browser.get("/proof").text


def test_nobody_else_is_offered_the_page(logs: Logs) -> None:
    with Browser(logs.asking) as other:
        assert 'href="/proof"' not in other.signed_in("bureau-office").get("/").text
