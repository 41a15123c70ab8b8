"""责任与督导: who answered on a day, what inspections found, and who may do what about it."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from tests.gateway.console.browsing import Browser, text_of
from tests.gateway.places import TODAY, XIAODIAN


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser


def test_what_is_to_be_put_right_is_reported_by_the_unit_that_owes_it_and_by_nobody_else(browser: Browser) -> None:
    bureau = browser.signed_in("bureau-office").get("/inspections")
    with Browser(browser.gateway) as other:
        township = other.signed_in("xiaodian-officer").get("/inspections")

    assert "/acts/recordInspectionFinding?inspectionId=" in bureau.text
    assert "/acts/reportRectification" not in bureau.text
    assert "/acts/reportRectification?inspectionId=" in township.text
    assert "/acts/recordInspectionFinding" not in township.text


def test_a_case_of_the_sample_opens_from_its_inspection(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/inspections?closed=no")
    [case, *_] = re.findall(r'href="(/cases/[^"]+)"', page.text)

    assert browser.get(case).status_code == 200


def test_a_finding_that_was_reported_is_looked_at_again_under_its_number(browser: Browser) -> None:
    page = browser.signed_in("xiaodian-officer").get("/rectifications?mine=yes&state=owed")
    [act, *_] = re.findall(r'href="(/acts/reportRectification[^"]+)"', page.text)
    form = browser.get(unescape(act)).text

    assert re.search(r'name="number"[^>]*value="1"', form)
    assert 'name="back" value="/rectifications"' in form


def test_the_chart_of_who_answers_is_that_of_the_day(browser: Browser) -> None:
    browser.signed_in("bureau-office")
    today, long_ago = (
        text_of(browser.get(f"/responsible?township={XIAODIAN}&on={on}")) for on in (TODAY, "2000-01-01")
    )

    assert "cadre-3" in today
    assert "cadre-3" not in long_ago
    assert "2000-01-01" in long_ago


def rows_of(page: str) -> dict[str, list[str]]:
    """The cells of a page's table by the head of their row."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in body.split("</tr>")[:-1]]
    return {cells[0]: cells[1:] for cells in ([re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows)}


def test_a_village_in_which_nobody_answers_stands_in_the_chart_with_its_children(browser: Browser) -> None:
    """No child is without a named person unseen: its village is in the chart, also where nobody was ever named."""
    browser.signed_in("bureau-office")
    long_ago, today = (
        rows_of(browser.get(f"/responsible?township={XIAODIAN}&on={on}").text) for on in ("2000-01-01", TODAY)
    )
    county = rows_of(browser.get("/responsible?on=2000-01-01").text)
    living = {place: cells[-1] for place, cells in rows_of(browser.get(f"/board/{XIAODIAN}").text).items()}
    of_no_village = living.pop("地点不详")

    assert {place: long_ago[place][0] for place in living} == living
    assert long_ago["小店镇"] == county["小店镇"] == [str(sum(map(int, [*living.values(), of_no_village])))]
    assert (today["上庄村"][0], today["下庄村"][0]) == ("0", living["下庄村"])
    assert "cadre-3" in today["上庄村"][1]
