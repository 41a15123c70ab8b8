"""The past at pages: a case, a child and a household as they were known, each page one look."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from gateway.readmodel.migrate import migrate
from gateway.readmodel.projection import apply
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.replay import Replay
from services.chassis.log import Message
from tests.gateway.conftest import Asking
from tests.gateway.console.browsing import Browser, text_of
from tests.gateway.readmodel.telling import START, Story, TestVault, case_story, envelope, made, registered

CASE, CHILD, HOUSEHOLD = made("case", 1, 1), made("child", 1), made("household", 0)


@pytest.fixture(scope="module")
def gateway(module_database: Any) -> Iterator[Asking]:
    """A gateway over one child whose case went four steps, one a day."""
    fresh = module_database("gateway", migrate=migrate)
    vault = TestVault()
    told = (
        Story("roster", CHILD, (registered(1),)),
        case_story(1, 1, ("begun", "confirmed", "persuaded")),
    )
    with psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True) as writer:
        for story in told:
            messages = [
                Message(
                    f"{story.producer}/0",
                    envelope(story, number, position=number + 1, recorded_at=START + timedelta(days=number)),
                )
                for number in range(len(story.events))
            ]
            apply(writer, messages, since={}, opener=vault)
    reader = fresh.dsn("gateway_reader")
    asking = Asking(
        reader_dsn=reader,
        writer_dsn=fresh.dsn("gateway_writer"),
        owner_dsn=fresh.superuser,
        supervision=Answers(replay=Replay(dsn=reader, opener=vault), informants=Informants(dsn=reader, opener=vault)),
    )
    yield asking
    asking.close()


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser.signed_in("bureau-office")


def looks(gateway: Any) -> int:
    with psycopg.connect(gateway.writer_dsn) as connection:
        row = connection.execute("select count(*) from receipt where operation like 'Replay%'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "path", [f"/cases/{CASE}/replay", f"/children/{CHILD}/replay", f"/households/{HOUSEHOLD}/replay", "/replay"]
)
def test_a_page_of_the_past_is_one_look(browser: Browser, gateway: Any, path: str) -> None:
    before = looks(gateway)

    page = browser.get(path)

    assert page.status_code == 200, text_of(page)
    assert looks(gateway) == before + 1


def test_each_stop_of_a_case_shows_it_as_it_was_known_then_and_all_its_stops(browser: Browser) -> None:
    page = browser.get(f"/cases/{CASE}/replay")
    stops = re.findall(r'href="([^"]+\?stop=[^"]+)"', page.text)
    second = browser.get(stops[1])

    assert len(stops) == 4
    assert re.findall(r'href="([^"]+\?stop=[^"]+)"', second.text) == stops
    assert (page.text.count("<li><time"), second.text.count("<li><time")) == (4, 2)
    assert 'aria-current="step"' in second.text.partition(stops[1])[2][:40]


def test_a_stop_that_is_no_moment_is_refused_in_words(browser: Browser) -> None:
    assert browser.get(f"/cases/{CASE}/replay?stop=yesterday").status_code == 400


def test_a_child_is_shown_as_it_was_known_and_leads_to_its_household(browser: Browser) -> None:
    now = browser.get(f"/children/{CHILD}/replay")
    before = browser.get(f"/children/{CHILD}/replay?at=2000-01-01")
    [home] = re.findall(r'href="(/households/[^"]+)"', now.text)

    assert "当时已登记的事件" in text_of(now)
    assert "当时尚无任何登记" in text_of(before) or before.status_code == 404
    assert browser.get(home.replace("&amp;", "&")).status_code == 200
