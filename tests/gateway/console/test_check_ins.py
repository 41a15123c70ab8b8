"""The pages of a term's check-in: a school opens it and counts who came grade by grade, the bureau sees how far all are."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over
from tests.gateway.console.browsing import Browser, text_of, ticket_of
from tests.gateway.console.test_acts import Cases

OPEN = str(county.made("checkIn", 0))


@pytest.fixture(scope="module")
def service() -> Cases:
    return Cases()


@pytest.fixture(scope="module")
def gateway(read_model: Any, service: Cases) -> Iterator[Asking]:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute(
            "update child set grade = '一年级', accounted_state = 'in_seat' where school = %s and grade = '三年级'"
            " and child_id in (select child_id from child where school = %s order by child_id limit 3)",
            [county.SCHOOL, county.SCHOOL],
        )
    with asking_over(read_model, service) as asking:
        yield asking


@pytest.fixture
def school(gateway: Any, service: Cases) -> Iterator[Browser]:
    service.__init__()  # type: ignore[misc]  # another test: as it was in the beginning
    with Browser(gateway) as browser:
        yield browser.signed_in("school-principal")


def sent_by(service: Cases) -> dict[str, Any]:
    """The body of the one command that was sent."""
    [request] = service.sent
    body: dict[str, Any] = msgspec.json.decode(request.content)
    return body


def test_a_school_opens_its_check_in_for_the_pupils_of_the_grades_it_ticks(school: Browser, service: Cases) -> None:
    page = school.get("/check-ins/open")
    grades = re.findall(r'name="grade" value="([^"]*)" checked', page.text)

    done = school.post(
        "/check-ins/open",
        {"ticket": ticket_of(page), "term": "2026-2027-1", "startsOn": "2026-09-01", "grade": ["一年级"]},
        follow_redirects=False,
    )

    assert set(grades) >= {"一年级", "三年级"}
    assert done.headers["location"].startswith("/check-ins/")
    body = sent_by(service)
    assert (body["school"], body["term"], body["starts_on"]) == (county.SCHOOL, "2026-2027-1", "2026-09-01")
    assert len(body["expected"]) == 3


def test_grades_in_which_nobody_is_a_pupil_are_refused_in_words(school: Browser, service: Cases) -> None:
    page = school.get("/check-ins/open")

    refused = school.post(
        "/check-ins/open",
        {"ticket": ticket_of(page), "term": "2026-2027-1", "startsOn": "2026-09-01", "grade": ["九年级"]},
    )

    assert refused.status_code == 422
    assert "enrol the pupils first" in refused.text
    assert service.sent == []


def test_who_of_a_grade_came_is_counted_by_unticking_the_others(school: Browser, service: Cases) -> None:
    page = school.get(f"/check-ins/{OPEN}?grade=一年级")
    pupils = re.findall(r'name="children" value="([^"]+)" checked', page.text)

    done = school.post(
        f"/check-ins/{OPEN}",
        {"ticket": ticket_of(page), "grade": "一年级", "children": pupils[1:]},
        follow_redirects=False,
    )

    assert len(pupils) == 3
    assert done.headers["location"] == f"/check-ins/{OPEN}?done=checkIn"
    assert sent_by(service)["children"] == pupils[1:]


def test_the_bureau_sees_what_the_schools_come_to_and_counts_for_none_of_them(gateway: Any) -> None:
    with Browser(gateway) as browser:
        listed = browser.signed_in("bureau-office").get("/check-ins")
        one = browser.get(f"/check-ins/{OPEN}")

    assert "已开始的学校" in text_of(listed)
    assert f'href="/check-ins/{OPEN}"' in listed.text
    assert "/check-ins/open" not in listed.text
    assert one.status_code == 200
    assert 'name="children"' not in one.text


def test_another_schools_check_in_is_as_if_there_were_none(school: Browser) -> None:
    assert school.get(f"/check-ins/{county.made('checkIn', 1)}").status_code == 404
    with Browser(school.gateway) as other:
        assert other.signed_in("bureau-office").get("/check-ins/open").status_code == 404
