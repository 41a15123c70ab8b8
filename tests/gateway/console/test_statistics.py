"""The page of statistics: figures with their formula, numbers that lead to whom they count, packs frozen by the page's own forms."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import psycopg
import pytest

from tests.gateway.console.browsing import Browser, text_of


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser


def test_a_figure_stands_with_its_formula_its_day_and_where_it_was_counted(browser: Browser) -> None:
    text = text_of(browser.signed_in("bureau-office").get("/statistics"))

    for said in (
        "适龄人口入学率",
        "辍学率(督导验收口径)",
        "辍学率(辞书口径)",
        "2018-02-01 起施行",
        "roster:41",
        "统计日期 2026-09-14",
    ):
        assert said in text
    assert "三统一" in text
    assert "排名" in text


def test_a_number_leads_to_exactly_those_whom_it_counts(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/statistics")
    links = re.findall(r'<a href="(/statistics/children\?[^"]+)">([\d,]+)</a>', page.text)

    assert len(links) > 5
    for path, number in links[:6]:
        listed = browser.get(unescape(path))
        assert len(re.findall(r'<th scope="row"><a href="/children/', listed.text)) == int(number)


def test_a_township_is_shown_by_its_schools(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/statistics/410326103")

    assert "小店镇第一小学" in page.text
    assert "小店镇" in text_of(page)


def test_a_frozen_pack_is_shown_with_its_hash_and_leads_nowhere_else(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/statistics")
    [path, *_] = re.findall(r'<a href="(/statistics\?pack=[^"]+)">', page.text)

    shown = browser.get(path)

    assert "SHA-256" in shown.text
    assert "/statistics/children" not in shown.text


def test_what_is_over_and_not_frozen_is_offered_to_who_freezes_it(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/statistics")
    [path, *_] = re.findall(r'href="(/acts/freezeStatistics\?[^"]+)"', page.text)
    form = browser.get(unescape(path))

    assert form.status_code == 200
    assert 'name="period"' in form.text
    with Browser(browser.gateway) as other:
        assert "freezeStatistics" not in other.signed_in("statistician").get("/statistics").text


def test_the_statistics_office_sees_the_county_and_no_place(browser: Browser) -> None:
    page = browser.signed_in("statistician").get("/statistics")

    assert page.status_code == 200
    assert "适龄人口入学率" in page.text
    assert "/statistics/4103" not in page.text


def test_a_pack_that_the_clock_froze_says_so(browser: Browser, read_model: Any) -> None:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("update statistics_pack set made_by = 'clock' where version = 1")

    assert "到期自动定格" in browser.signed_in("bureau-office").get("/statistics").text
