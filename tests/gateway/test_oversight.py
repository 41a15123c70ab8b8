"""The work around the cases as units ask for it: what is mine, open and late; who answered on a day; who has not signed."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.cases.domain.catalogue import CAUSES
from tests.gateway import county
from tests.gateway.conftest import Asking
from tests.gateway.county_oversight import GROUP, MONTH, YEAR


def rows(table: str) -> list[dict[str, Any]]:
    """The invented county's rows of a table."""
    return [row for name, row in county.county_rows() if name == table]


def ids(gateway: Asking, query: str, *, by: str | tuple[str, str]) -> set[str]:
    """The ids a list answers."""
    [found] = gateway.ask(f"{{ {query} {{ nodes {{ id }} }} }}", by=by).data.values()
    return {node["id"] for node in found["nodes"]}


def test_a_department_lists_what_it_was_asked_still_open_and_late(gateway: Asking) -> None:
    mine = [
        row
        for row in rows("referral")
        if row["to_unit"] == "civil_affairs" and str(row["township"]).startswith("410326")
    ]
    is_open = {str(row["referral_id"]) for row in mine if row["state"] in {"opened", "accepted"}}
    late = {str(row["referral_id"]) for row in mine if row["reply_by"] < county.TODAY} & is_open

    by = "civil-affairs-officer"
    assert ids(gateway, "referrals(first: 100, open: true)", by=by) == is_open
    assert ids(gateway, "referrals(first: 100, overdue: true)", by=by) == late
    assert (
        ids(gateway, "referrals(first: 100, open: false)", by=by) == {str(row["referral_id"]) for row in mine} - is_open
    )
    assert late
    assert late < is_open


def test_whoever_asked_keeps_sight_of_a_referral_to_its_end(gateway: Asking) -> None:
    asked = [row for row in rows("referral") if row["asked_by"] == f"township:{county.XIAODIAN}"]

    nodes = gateway.ask(
        "{ referrals(first: 200) { nodes { id state askedBy outcome replyBy overdue } } }", by="xiaodian-officer"
    ).data["referrals"]["nodes"]

    assert {node["id"] for node in nodes} == {str(row["referral_id"]) for row in asked}
    assert {node["state"] for node in nodes} == set(county.REFERRAL_STATES)
    assert {node["askedBy"] for node in nodes} == {f"township:{county.XIAODIAN}"}


def test_a_school_sees_what_was_asked_of_itself_and_of_nobody_else(gateway: Asking) -> None:
    for query, table, key, column in (
        ("inspections", "inspection", "inspection_id", "unit"),
        ("rectifications", "inspection_finding", "finding_id", "owed_by"),
        ("admonitions", "admonition", "admonition_id", "unit"),
        ("accountabilityDecisions", "accountability", "decision_id", "unit"),
        ("zeroReports", "zero_report", "report_id", "unit"),
        ("lateReplies", "late_reply", "late_reply_id", "owed_by"),
    ):
        expected = {str(row[key]) for row in rows(table) if row[column] == f"school:{county.SCHOOL}"}
        assert expected, table
        assert ids(gateway, f"{query}(first: 50)", by="school-principal") == expected, table


def test_a_township_lists_what_its_area_owes_and_what_is_late(gateway: Asking) -> None:
    owed = [row for row in rows("inspection_finding") if row["township"] == county.XIAODIAN and row["state"] == "owed"]

    assert ids(gateway, 'rectifications(state: "owed")', by="xiaodian-officer") == {
        str(row["finding_id"]) for row in owed
    }
    assert ids(gateway, "rectifications(mine: true, overdue: true)", by="xiaodian-officer") == {
        str(row["finding_id"])
        for row in owed
        if row["owed_by"] == f"township:{county.XIAODIAN}" and row["due_on"] < county.TODAY
    }


def test_the_procuratorate_sees_its_notices_and_the_answers(gateway: Asking) -> None:
    nodes = gateway.ask(
        "{ procuratorateNotices(first: 50) { nodes { id answeredOn overdue } } }",
        by=("procuratorate:410326", "dropout_control"),
    ).data["procuratorateNotices"]["nodes"]

    expected = [row for row in rows("procuratorate_notice") if row["sender"] == "procuratorate:410326"]
    assert {node["id"] for node in nodes} == {str(row["notice_id"]) for row in expected}
    assert any(node["answeredOn"] for node in nodes)
    assert any(node["overdue"] for node in nodes)


def test_a_paper_shows_its_scans(gateway: Asking) -> None:
    papers = {row["document_id"] for row in rows("document")}
    scanned = {str(row["attachment_id"]) for row in rows("attachment") if row["document_id"] in papers}

    cases = gateway.ask(
        "{ cases(first: 200) { nodes { documents { scans { id documentId } } } } }",
        by=("education_bureau:410327", "dropout_control"),
    ).data["cases"]["nodes"]
    cases += gateway.ask(
        "{ cases(first: 200) { nodes { documents { scans { id documentId } } } } }", by="bureau-office"
    ).data["cases"]["nodes"]

    assert {scan["id"] for case in cases for paper in case["documents"] for scan in paper["scans"]} == scanned
    assert scanned


# Who answered


@pytest.mark.parametrize(
    ("days_ago", "officer"), [(200, None), (60, "cadre-1"), (25, "cadre-2"), (5, "cadre-3"), (-1, "cadre-2")]
)
def test_on_a_day_one_person_answers_for_a_place(gateway: Asking, days_ago: int, officer: str | None) -> None:
    on = county.TODAY - timedelta(days=days_ago)

    nodes = gateway.ask(
        f'{{ posts(village: "{county.VILLAGE}", on: "{on}") {{ nodes {{ officer deputy fromOn untilOn }} }} }}',
        by="xiaodian-officer",
    ).data["posts"]["nodes"]

    assert [node["officer"] for node in nodes] == ([officer] if officer else [])


CHILD, POST = county.made("answered for"), county.made("post", 0)


@pytest.fixture(scope="module")
def answered_for(read_model: Any) -> str:
    """A pupil of the village and the school, with a helper of its own who has a deputy."""
    helper = county.made("helper")
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute(
            "insert into child (child_id, township, village, school) values (%s, %s, %s, %s)",
            [CHILD, county.XIAODIAN, county.VILLAGE, county.SCHOOL],
        )
        for assignment, role, officer, begun, ended, stands_in_for in (
            (helper, "helper", "helper-1", 60, None, None),
            (county.made("stand-in"), "helper", "helper-2", 10, 5, helper),
            (county.made("own cadre"), "village_cadre", "cadre-9", 4, None, None),
        ):
            connection.execute(
                "insert into responsibility (assignment_id, child_id, township, role, officer, from_on, until_on, stands_in_for)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    assignment,
                    CHILD,
                    county.XIAODIAN,
                    role,
                    officer,
                    county.TODAY - timedelta(days=begun),
                    None if ended is None else county.TODAY - timedelta(days=ended),
                    stands_in_for,
                ],
            )
    return str(CHILD)


@pytest.mark.parametrize("by", ["bureau-office", "xiaodian-officer", "school-principal", "village-cadre", "inspector"])
@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        (50, {"helper": "helper-1", "village_cadre": "cadre-1", "principal": "cadre-1", "section_head": "cadre-1"}),
        (7, {"helper": "helper-2", "village_cadre": "cadre-3", "principal": "cadre-3", "section_head": "cadre-3"}),
        (2, {"helper": "helper-1", "village_cadre": "cadre-9", "principal": "cadre-3", "section_head": "cadre-3"}),
    ],
)
def test_who_was_responsible_on_a_day_has_one_answer_for_each_role(
    gateway: Asking, answered_for: str, by: str, days_ago: int, expected: dict[str, str]
) -> None:
    on = county.TODAY - timedelta(days=days_ago)

    told = gateway.ask(f'{{ responsibleOn(childId: "{answered_for}", on: "{on}") {{ role officer }} }}', by=by).data[
        "responsibleOn"
    ]

    assert {answer["role"]: answer["officer"] for answer in told} == expected
    assert len(told) == len(expected)
    assert [str(child) for child in gateway.receipts_of()[0]["child_ids"]] == [answered_for]


def test_a_step_that_was_owed_names_who_answered_for_its_child_on_the_day_it_began(
    gateway: Asking, answered_for: str
) -> None:
    case = uuid4()
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(
            connection,
            [
                (
                    "duty",
                    {
                        "duty_id": uuid4(),
                        "about": case,
                        "number": number,
                        "matter": "case_step",
                        "level": level,
                        "owed_by": "school:1",
                        "township": county.XIAODIAN,
                        "child_id": answered_for,
                        "case_id": case,
                        "since_on": county.TODAY - timedelta(days=ago),
                        "since_at": county.NOW - timedelta(days=ago),
                        "changed_at": county.NOW - timedelta(days=ago),
                    },
                )
                for number, (level, ago) in enumerate((("school", 50), ("school", 7), ("township", 7), ("court", 2)))
            ],
            counted=False,
        )
    query = f'{{ duties(caseId: "{case}") {{ nodes {{ number responsible }} }} }}'

    for by in ("bureau-office", "xiaodian-officer"):
        nodes = gateway.ask(query, by=by).data["duties"]["nodes"]
        assert {node["number"]: node["responsible"] for node in nodes} == {0: "cadre-1", 1: "cadre-3", 2: "", 3: ""}


MOVED = county.made("moved")
MOVED_ON = county.TODAY - timedelta(days=20)


@pytest.fixture(scope="module")
def moved(read_model: Any) -> str:
    """A child that lived in the village and was of the school, and is of another village and no school since some days ago."""
    since = str(county.TODAY - timedelta(days=300))
    stays = [
        {"since": since, "township": county.XIAODIAN, "village": county.VILLAGE},
        {"since": since, "school": county.SCHOOL},
        {"since": str(MOVED_ON), "township": county.XIAODIAN, "village": f"{county.XIAODIAN}999"},
        {"since": str(MOVED_ON), "school": ""},
    ]
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute(
            "insert into child (child_id, township, village, school, stays) values (%s, %s, %s, '', %s::jsonb)",
            [MOVED, county.XIAODIAN, f"{county.XIAODIAN}999", json.dumps(stays)],
        )
    return str(MOVED)


def test_who_answered_before_a_child_moved_is_who_held_the_posts_of_where_it_was_then(
    gateway: Asking, moved: str
) -> None:
    def answered(on: date) -> dict[str, str]:
        query = f'{{ responsibleOn(childId: "{moved}", on: "{on}") {{ role officer }} }}'
        told = gateway.ask(query, by="bureau-office").data["responsibleOn"]
        return {answer["role"]: answer["officer"] for answer in told}

    before, since = answered(MOVED_ON - timedelta(days=1)), answered(MOVED_ON)
    assert before == {"village_cadre": "cadre-2", "principal": "cadre-2", "section_head": "cadre-2"}
    assert since == {"section_head": "cadre-2"}, "the post of the township alone; the other village has none"
    assert answered(county.TODAY - timedelta(days=301)) == {}, "nobody had stated yet where it was"


def test_a_duty_names_who_answered_where_the_child_was_when_it_began(gateway: Asking, moved: str) -> None:
    case = uuid4()
    with psycopg.connect(gateway.writer_dsn) as connection:
        for number, ago in enumerate((21, 20)):
            connection.execute(
                "insert into duty (duty_id, about, number, matter, level, owed_by, township, child_id, case_id, since_on, since_at,"
                " changed_at) values (%s, %s, %s, 'case_step', 'school', 'school:1', %s, %s, %s, %s, %s, %s)",
                [
                    *(uuid4(), case, number, county.XIAODIAN, moved, case, county.TODAY - timedelta(days=ago)),
                    *(county.NOW, county.NOW),
                ],
            )

    query = f'{{ duties(caseId: "{case}") {{ nodes {{ number responsible }} }} }}'
    nodes = gateway.ask(query, by="bureau-office").data["duties"]["nodes"]

    assert {node["number"]: node["responsible"] for node in nodes} == {0: "cadre-2", 1: ""}


def test_who_answers_for_a_child_elsewhere_is_not_told(gateway: Asking, answered_for: str) -> None:
    query = f'{{ responsibleOn(childId: "{answered_for}") {{ role officer }} }}'

    assert gateway.ask(query, by="santun-officer").data["responsibleOn"] == []


# Who has not signed


def test_townships_and_villages_without_a_statement_are_named(gateway: Asking) -> None:
    query = "query($level: String!, $year: Int!) { statementsOwed(year: $year, level: $level) { party name township } }"
    signed = {row["party"] for row in rows("statement") if row["year"] == YEAR}

    owed = gateway.ask(query, {"level": "county_township", "year": YEAR}, by="bureau-office").data["statementsOwed"]
    own = gateway.ask(query, {"level": "township_village", "year": YEAR}, by="xiaodian-officer").data["statementsOwed"]

    assert owed
    assert not {unsigned["party"] for unsigned in owed} & signed
    assert f"township:{county.XIAODIAN}" in signed
    assert own
    assert {unsigned["township"] for unsigned in own} == {county.XIAODIAN}
    assert all(unsigned["name"] for unsigned in own)


def test_groups_that_signed_another_year_and_villages_without_any_are_named(gateway: Asking) -> None:
    query = 'query($year: Int!) { statementsOwed(year: $year, level: "village_group") { party township } }'

    def owed(year: int) -> set[str]:
        rows = gateway.ask(query, {"year": year}, by="xiaodian-officer").data["statementsOwed"]
        assert {row["township"] for row in rows} == {county.XIAODIAN}
        return {row["party"] for row in rows}

    assert GROUP not in owed(YEAR)
    assert GROUP in owed(YEAR + 1)
    assert f"village:{county.VILLAGE}/" not in owed(YEAR)
    others = {party for party in owed(YEAR) if party.startswith("village:")}
    assert others == owed(YEAR + 1) - {GROUP}
    assert all(party.endswith("/") for party in others)
    assert others


def test_a_level_that_is_none_is_refused_in_words(gateway: Asking) -> None:
    reply = gateway.ask('{ statementsOwed(year: 2026, level: "village") { party } }', by="bureau-office")

    assert (reply.code, "county_township" in reply.message) == ("BAD_REQUEST", True)


def test_units_without_a_zero_report_and_without_a_dropout_owe_one(gateway: Asking) -> None:
    query = f'{{ zeroReportsOwed(month: "{MONTH}") {{ party }} }}'
    signed = {row["unit"] for row in rows("zero_report") if row["month"] == MONTH}

    owed = {unsigned["party"] for unsigned in gateway.ask(query, by="bureau-office").data["zeroReportsOwed"]}

    assert owed
    assert not owed & signed
    assert gateway.ask(query, by="school-principal").code == "FORBIDDEN"


def test_every_cause_comes_with_something_to_be_done(gateway: Asking) -> None:
    told = gateway.ask("{ causes { code name remedies } }", by="school-principal").data["causes"]

    assert {cause["code"]: cause["name"] for cause in told} == {code: word.name for code, word in CAUSES.items()}
    assert all(cause["remedies"] for cause in told)


def test_papers_whose_term_is_over_are_listed_until_somebody_says_what_came_of_them(gateway: Asking) -> None:
    mine = [row for row in rows("document") if row["township"] == county.XIAODIAN]
    silent = {str(row["document_id"]) for row in mine if row["expires_on"] < county.TODAY and not row["result"]}

    assert silent
    assert ids(gateway, "documents(first: 200, ranOut: true)", by="xiaodian-officer") == silent
    ignored = gateway.ask(
        '{ documents(first: 200, result: "not_complied") { nodes { id caseId resultOn resultBy } } }',
        by="xiaodian-officer",
    ).data["documents"]["nodes"]
    assert {node["id"] for node in ignored} == {str(row["document_id"]) for row in mine if row["result"]}
    assert {(node["resultOn"], node["resultBy"]) for node in ignored} == {(str(county.TODAY), "clerk-1")}


# People's own words


def test_what_the_public_told_is_read_by_who_looks_into_it(gateway: Asking) -> None:
    told = {str(row["report_id"]): row for row in rows("report_words")}
    query = "{ publicReports(first: 100) { nodes { id text supplements notes } } }"

    for by, township in (("bureau-office", ""), ("xiaodian-officer", county.XIAODIAN)):
        nodes = gateway.ask(query, by=by).data["publicReports"]["nodes"]
        theirs = [row for row in rows("public_report") if str(row["township"]).startswith(township or "410326")]
        assert {node["id"] for node in nodes} == {str(row["report_id"]) for row in theirs}
        for node in nodes:
            words = told.get(node["id"], {"text": "", "supplements": [], "notes": []})
            assert {name: node[name] for name in words.keys() & node.keys()} == {
                name: words[name] for name in words.keys() & node.keys()
            }
    assert any(node["text"] and node["supplements"] and node["notes"] for node in nodes)
    [receipt] = gateway.receipts_of()
    assert {"PublicReport.text", "PublicReport.supplements", "PublicReport.notes"} <= set(receipt["fields"])


def test_what_was_written_down_of_a_family_is_read_by_who_goes_there_next(gateway: Asking) -> None:
    told = {str(row["event_id"]): row["note"] for row in rows("step_words")}
    query = "{ cases(first: 200) { nodes { steps { id note } } } }"

    for by in ("bureau-office", "xiaodian-officer", ("school:" + county.SCHOOL, "dropout_control")):
        steps = [step for case in gateway.ask(query, by=by).data["cases"]["nodes"] for step in case["steps"]]
        assert {step["id"]: step["note"] for step in steps} == {step["id"]: told.get(step["id"], "") for step in steps}
        assert any(step["note"] for step in steps)
    assert gateway.ask(query, by="inspector").code == "FORBIDDEN"


def test_a_promise_is_read_by_who_holds_the_family_to_it(gateway: Asking) -> None:
    told = {str(row["visit_id"]): row["promise"] for row in rows("visit_words")}
    query = "{ visits(first: 200) { nodes { id promise } } }"

    for by in ("bureau-office", "xiaodian-officer", ("school:" + county.SCHOOL, "dropout_control")):
        nodes = gateway.ask(query, by=by).data["visits"]["nodes"]
        assert {node["id"]: node["promise"] for node in nodes} == {
            node["id"]: told.get(node["id"], "") for node in nodes
        }
        assert any(node["promise"] for node in nodes)
    [receipt] = gateway.receipts_of()
    assert "Visit.promise" in receipt["fields"]
    assert receipt["child_ids"]


@pytest.mark.parametrize(
    "asked", ["visits(first: 1) { nodes { promise } }", "publicReports(first: 1) { nodes { text } }"]
)
def test_other_departments_read_nobodys_words(gateway: Asking, asked: str) -> None:
    for by in (("supervision:410326", "supervision"), ("village:410326103201", "dropout_control")):
        assert gateway.ask(f"{{ {asked} }}", by=by).code == "FORBIDDEN"
