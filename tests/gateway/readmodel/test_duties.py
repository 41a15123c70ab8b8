"""The duty register: what is owed from whom, how it ended, and that it tells at any moment what was known then."""

# ruff: noqa: S608  # statements are made of this project's own words

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from gateway.readmodel import owed_elsewhere, owed_in_cases
from gateway.readmodel.duties import MATTERS, Duty, Ledger, unit_of
from gateway.readmodel.duty_register import LATE_DAYS, LATE_WORKING_DAYS, STANDINGS, as_known
from gateway.readmodel.fold import hear, project
from gateway.readmodel.migrate import migrate
from gateway.readmodel.projection import listen, outcome, write, writing
from gateway.readmodel.rows import Rows
from services.chassis.clock import china_date
from services.chassis.log import Message
from services.chassis.working_days import working_days_between
from services.contracts.assistance import (
    AidQuestionAnswered,
    AidQuestionAsked,
    HomeTeachingGiven,
    PaymentRefusalClosed,
    PaymentRefused,
)
from services.contracts.cases import ReferralAnswered, ReferralOpened, ReferralRevoked
from services.contracts.envelope import Published
from services.contracts.field_check import FieldCheckAnswered, FieldCheckOpened, FieldFinding
from services.contracts.oversight import PlannedVisitMade, VisitMissed, VisitsPlanned
from services.contracts.roster import (
    FindingAnswered,
    FindingRaised,
    FindingResolved,
    FindingReturned,
    HomeTeachingBegun,
    PlacementDecided,
    PlacementEnded,
)
from tests.gateway.readmodel.telling import (
    DAY,
    START,
    Story,
    TestVault,
    case_story,
    dice,
    empty,
    envelope,
    made,
    published,
    stories,
)

FOLDS = (*owed_in_cases.FOLDS, *owed_elsewhere.FOLDS)
LAST = DAY + timedelta(days=3650)


def owed_after(*told: tuple[Published, int], producer: str = "cases") -> tuple[Duty, ...]:
    """The duties of one matter after these events, each with the day after `DAY` on which it was recorded."""
    story = Story(producer, made("matter"), tuple(event for event, _ in told))
    heard = [
        envelope(story, at, position=at + 1, recorded_at=START + timedelta(days=day))
        for at, (_, day) in enumerate(told)
    ]
    rows = project(hear(heard, opener=TestVault(), personal={}), folds=FOLDS, known=Rows())
    [ledger] = rows.of(Ledger)
    return ledger.duties


def owed_in_case(*steps: str) -> tuple[Duty, ...]:
    """The duties of a case of which one event is recorded each day."""
    return owed_after(*((event, at) for at, event in enumerate(case_story(1, 1, steps).events)))


def test_each_step_of_a_case_is_owed_until_the_case_owes_another_one() -> None:
    duties = owed_in_case("confirmed", "persuaded", "closed")

    assert [(duty.number, duty.step, duty.level, duty.outcome) for duty in duties] == [
        (1, "verify", "teacher", "done"),
        (2, "persuade", "school", "done"),
        (3, "report", "school", "done"),
    ]
    assert [duty.ended_on for duty in duties] == [DAY + timedelta(days=day) for day in (1, 2, 3)]
    assert duties[0].ended_by == "clerk-7"
    assert duties[0].ended_type == "cases.case-confirmed"
    assert duties[0].legal_basis
    assert duties[0].rule


REFUSED = PaymentRefused(
    refusal_id=made("refusal"),
    award_id=made("award"),
    child_id=made("child"),
    list_id=made("list"),
    owner="school:3141000300",
    township="410326103",
    reason="card_lost",
    raised_on=DAY,
    due_on=DAY + timedelta(days=14),
)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [("answered", "done"), ("listed_again", "done"), ("paid", "done"), ("owed_no_longer", "lifted")],
)
def test_a_school_owes_what_it_takes_to_pay_whom_the_bank_refused(ending: str, outcome: str) -> None:
    closed = PaymentRefusalClosed(
        refusal_id=made("refusal"),
        award_id=made("award"),
        child_id=made("child"),
        ending=ending,  # type: ignore[arg-type]
        answer="",
        closed_on=DAY + timedelta(days=3),
    )
    [duty] = owed_after((REFUSED, 0), (closed, 3), producer="assistance")
    assert (duty.matter, duty.owed_by, duty.step, duty.due_on) == (
        "payment_refused",
        "school:3141000300",
        "card_lost",
        DAY + timedelta(days=14),
    )
    assert (duty.outcome, duty.ended_on) == (outcome, DAY + timedelta(days=3))


def test_what_was_asked_about_aid_is_owed_each_time_until_it_is_answered() -> None:
    asked = AidQuestionAsked(
        question_id=made("question"),
        child_id=made("child"),
        kind="left_but_paid",
        programme="living_allowance",
        term="2026-2027-1",
        award_id=None,
        owner="school:3141000300",
        township="410326103",
        asked_on=DAY,
        due_on=DAY + timedelta(days=14),
    )
    answered = AidQuestionAnswered(
        question_id=made("question"), child_id=made("child"), answer="being_set_right", answered_on=DAY
    )
    duties = owed_after((asked, 0), (answered, 1), (asked, 2), producer="assistance")
    assert [(duty.matter, duty.owed_by, duty.step, duty.outcome) for duty in duties] == [
        ("aid_question", "school:3141000300", "left_but_paid", "done"),
        ("aid_question", "school:3141000300", "left_but_paid", ""),
    ]


AT_HOME = {"placement_id": made("placement"), "child_id": made("child")}
PLACED = PlacementDecided(
    **AT_HOME, form="home_teaching", school="3141000300", decided_on=DAY, first_visit_by=DAY + timedelta(days=7)
)


def test_the_first_visit_to_a_child_placed_at_home_is_owed_by_the_placements_school_from_the_decision_on() -> None:
    [duty] = owed_after((PLACED, 0), producer="roster")
    assert (duty.matter, duty.owed_by, duty.outcome) == ("home_teaching_begin", "school:3141000300", "")
    assert (duty.since_on, duty.due_on) == (DAY, DAY + timedelta(days=7))


def test_a_first_visit_is_owed_until_it_was_made_and_late_where_it_was() -> None:
    begun = HomeTeachingBegun(**AT_HOME, taught_on=DAY + timedelta(days=9))
    ended = PlacementEnded(**AT_HOME, reason="转入特教学校", ended_on=DAY + timedelta(days=90))
    [duty] = owed_after((PLACED, 0), (begun, 9), (ended, 90), producer="roster")
    assert (duty.outcome, duty.ended_on) == ("done", DAY + timedelta(days=9))


@pytest.mark.parametrize(("days", "outcome"), [(7, "lifted"), (8, "expired")])
def test_a_placement_that_ended_without_a_visit_leaves_it_undone_where_it_was_late_already(
    days: int, outcome: str
) -> None:
    ended = PlacementEnded(**AT_HOME, reason="转入特教学校", ended_on=DAY + timedelta(days=days))
    [duty] = owed_after((PLACED, 0), (ended, days), producer="roster")
    assert duty.outcome == outcome


def test_a_placement_in_a_class_owes_no_visit() -> None:
    in_class = PlacementDecided(**AT_HOME, form="regular_class", school="3141000300", decided_on=DAY)
    assert owed_after((in_class, 0), producer="roster") == ()


def test_a_step_that_ran_out_was_never_done_and_the_level_above_owes_it() -> None:
    duties = owed_in_case("confirmed", "persuaded", "expired", "reported")

    assert [(duty.step, duty.level, duty.outcome) for duty in duties[2:4]] == [
        ("report", "school", "expired"),
        ("report", "township", "done"),
    ]


def test_a_pause_and_an_extension_are_terms_of_the_same_duty() -> None:
    [*_, duty] = owed_in_case("confirmed", "persuaded", "expired", "paused", "resumed", "extended")

    assert [(term.change, term.due_on) for term in duty.terms] == [
        ("set", DAY + timedelta(days=27)),
        ("paused", DAY + timedelta(days=27)),
        ("resumed", DAY + timedelta(days=32)),
        ("extended", DAY + timedelta(days=35)),
    ]
    assert duty.due_on == DAY + timedelta(days=35)
    assert duty.outcome == ""


def test_a_case_that_moves_hands_its_duty_over_and_leaves_the_first_unit_its_row() -> None:
    first, second = owed_in_case("moved")

    assert first.outcome == "lifted"
    assert second.owed_by == "school:3141000301"
    assert first.owed_by != second.owed_by
    assert (first.step, first.due_on, first.rule) == (second.step, second.due_on, second.rule)


def test_an_entry_merged_into_another_owes_nothing_any_longer() -> None:
    assert owed_in_case("merged")[0].outcome == "lifted"


@pytest.mark.parametrize(
    ("level", "place", "unit"),
    [
        ("teacher", {"township": "410326103", "school": "3141000300"}, "school:3141000300"),
        ("teacher", {"township": "410326103", "school": ""}, "township:410326103"),
        ("township", {"township": "", "school": "3141000300"}, "education_bureau"),
        ("bureau", {"township": "410326103", "school": ""}, "education_bureau"),
        ("county", {"township": "410326103", "school": ""}, "county_government"),
        ("court", {"township": "410326103", "school": ""}, "court"),
        ("school:3141000300", {"township": "", "school": ""}, "school:3141000300"),
    ],
)
def test_the_word_of_a_rule_means_a_unit_of_the_childs_place(level: str, place: dict[str, str], unit: str) -> None:
    assert unit_of(level, **place) == unit


REFERRAL: dict[str, Any] = {
    "referral_id": made("matter"), "case_id": made("case"), "child_id": made("child", 1), "to": "public_security",
}  # fmt: skip
OPENED = ReferralOpened(
    **REFERRAL, purpose="find_child", request="核实住址", opened_on=DAY, reply_by=DAY + timedelta(days=5),
    asked_by="township:410326103",
)  # fmt: skip


def test_a_referral_is_owed_by_whom_it_went_to_to_whom_asked() -> None:
    answered = ReferralAnswered(**REFERRAL, outcome="found", answered_on=DAY + timedelta(days=9))

    [duty] = owed_after((OPENED, 0), (answered, 9))

    assert (duty.matter, duty.owed_by, duty.owed_to) == ("referral", "public_security", "township:410326103")
    assert (duty.due_on, duty.ended_on, duty.outcome) == (DAY + timedelta(days=5), DAY + timedelta(days=9), "done")


def test_a_referral_that_was_taken_back_is_lifted() -> None:
    [duty] = owed_after((OPENED, 0), (ReferralRevoked(**REFERRAL, reason="no longer needed"), 2))

    assert duty.outcome == "lifted"


FINDING: dict[str, Any] = {"finding_id": made("matter"), "child_id": made("child", 1), "kind": "not_in_seat"}
RAISED = FindingRaised(
    **FINDING, reason="", owner="school:3141000300", township="410326103", village="", school="3141000300", stage="",
    raised_on=DAY, due_on=DAY + timedelta(days=10),
)  # fmt: skip


def test_a_finding_goes_from_its_owner_to_the_bureau_and_back() -> None:
    code: dict[str, Any] = {"code": "R1", "evidence": "41-7", "answered_by": "school:3141000300"}
    again = DAY + timedelta(days=20)
    duties = owed_after(
        (RAISED, 0),
        (FindingAnswered(**FINDING, **code, answered_on=DAY + timedelta(days=3), due_on=DAY + timedelta(days=8)), 3),
        (FindingReturned(**FINDING, reason="", due_on=again, returned_on=DAY + timedelta(days=4)), 4),
        (FindingAnswered(**FINDING, **code, answered_on=DAY + timedelta(days=5), due_on=None), 5),
        (
            FindingResolved(
                **FINDING, resolution="R1", resolved_on=DAY + timedelta(days=6), approved_by="education_bureau:410326"
            ),
            6,
        ),
        producer="roster",
    )

    assert [(duty.matter, duty.owed_by, duty.outcome) for duty in duties] == [
        ("finding", "school:3141000300", "done"),
        ("finding_acceptance", "education_bureau", "done"),
        ("finding", "school:3141000300", "done"),
        ("finding_acceptance", "education_bureau", "done"),
    ]
    assert duties[2].due_on == again


def test_a_finding_that_no_longer_holds_is_lifted() -> None:
    gone = FindingResolved(**FINDING, resolution="registers_agree", resolved_on=DAY + timedelta(days=2))

    assert owed_after((RAISED, 0), (gone, 2), producer="roster")[0].outcome == "lifted"


def test_a_visit_that_was_missed_stays_owed_until_it_is_made() -> None:
    plan: dict[str, Any] = {"plan_id": made("matter"), "child_id": made("child", 1), "visitor": "teacher-3"}
    week = DAY + timedelta(days=7)
    first, second = owed_after(
        (VisitsPlanned(**plan, reason="left_behind", every_days=30, next_on=week), 0),
        (VisitMissed(**plan, due_on=week, missed_on=week + timedelta(days=1)), 8),
        (PlannedVisitMade(**plan, visited_on=week + timedelta(days=3), next_on=week + timedelta(days=33)), 10),
    )

    assert (first.officer, first.due_on, first.ended_on) == ("teacher-3", week, week + timedelta(days=3))
    assert (second.outcome, second.due_on) == ("", week + timedelta(days=33))


def test_a_villages_list_is_owed_until_every_child_on_it_was_asked_after() -> None:
    of_list: dict[str, Any] = {"field_check_id": made("matter"), "round": "2026-autumn", "township": "410326103", "village": "410326103005"}  # fmt: skip
    children = (made("child", 1), made("child", 2))

    def sheet(day: int, *asked: UUID) -> tuple[Published, int]:
        answers = tuple(FieldFinding(child_id=child, found="at_school_here") for child in asked)
        return FieldCheckAnswered(**of_list, answers=answers, met=0, answered_on=DAY + timedelta(days=day)), day

    opened = FieldCheckOpened(**of_list, children=children, opened_on=DAY, due_on=DAY + timedelta(days=9))

    assert owed_after((opened, 0), sheet(2, children[0]), producer="roster")[0].outcome == ""
    [duty] = owed_after((opened, 0), sheet(2, children[0]), sheet(11, *children), producer="roster")
    assert (duty.owed_by, duty.outcome, duty.ended_on) == ("village:410326103005", "done", DAY + timedelta(days=11))


def test_home_teaching_is_owed_until_216_hours_were_given() -> None:
    def given_hours(so_far: int, day: int) -> tuple[Published, int]:
        return HomeTeachingGiven(
            teaching_id=made("matter"), child_id=made("child", 1), school_year="2026-2027", hours=6, hours_so_far=so_far,
            given_on=DAY + timedelta(days=day),
        ), day  # fmt: skip

    [taught] = owed_after(given_hours(6, 0), given_hours(210, 100), producer="assistance")
    [enough] = owed_after(given_hours(6, 0), given_hours(216, 120), producer="assistance")

    assert (taught.due_on, taught.outcome) == (date(2027, 8, 31), "")
    assert (enough.outcome, enough.ended_on) == ("done", DAY + timedelta(days=120))


# As known at a moment.


@pytest.fixture(scope="module")
def writer(module_database: Any) -> Any:
    fresh = module_database("gateway", migrate=migrate)
    with psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True) as connection:
        yield connection


def show(connection: Any, messages: Sequence[Message]) -> None:
    """Projects what was told, without a journal: that can't be emptied between examples."""
    with writing(connection):
        told = listen([message.envelope for message in messages], opener=TestVault())
        write(connection, outcome(connection, told))


def register(connection: Any, *, known: datetime | str, today: date = LAST) -> dict[UUID, dict[str, Any]]:
    """The register by id of duty, as it was known at a moment."""
    late = LATE_DAYS.replace("{a}", "d"), LATE_WORKING_DAYS.replace("{a}", "d")
    rows = as_known(within="true", known="%(known)s::timestamptz", today="%(today)s")
    statement = f"select d.*, {late[0]} as late_days, {late[1]} as late_working_days from {rows} d"
    with connection.cursor(row_factory=dict_row) as cursor:
        return {row["duty_id"]: row for row in cursor.execute(statement, {"known": known, "today": today})}


def standing(duty: Duty, today: date) -> str:
    """How a duty stands, said once more in plain words."""
    if duty.outcome in {"expired", "lifted"}:
        return {"expired": "never", "lifted": "lifted"}[duty.outcome]
    over = duty.due_on is not None and (duty.ended_on or today) > duty.due_on
    return ("late" if over else "done") if duty.outcome else ("overdue" if over else "open")


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_what_was_known_at_a_moment_is_what_the_folds_made_of_what_was_recorded_by_then(writer: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=8, chance=chance), chance=chance)
    empty(writer)
    show(writer, told)
    for moment in [*chance.sample([message.envelope.recorded_at for message in told], 3), START + timedelta(days=900)]:
        by_then = [message.envelope for message in told if message.envelope.recorded_at <= moment]
        rows = project(hear(by_then, opener=TestVault(), personal={}), folds=FOLDS, known=Rows())
        expected = {duty.duty_id: duty for ledger in rows.of(Ledger) for duty in ledger.duties}
        shown = register(writer, known=moment)

        assert shown.keys() == expected.keys()
        for key, duty in expected.items():
            row, today = shown[key], min(china_date(moment), LAST)
            for name in (
                "matter",
                "step",
                "level",
                "officer",
                "due_on",
                "since_on",
                "rule",
                "outcome",
                "ended_on",
                "ended_by",
            ):
                assert row[name] == getattr(duty, name), (name, duty)
            assert row["standing"] == standing(duty, today)
            changes = [term.change for term in duty.terms]
            assert (row["extended"], row["paused"]) == (changes.count("extended"), changes.count("paused"))
    assert {row["matter"] for row in shown.values()} <= set(MATTERS)


def test_the_register_tells_what_was_not_late_yet_then(writer: Any) -> None:
    empty(writer)
    story = case_story(1, 1, ("confirmed",))  # to be verified by 8 September, confirmed on the 10th
    days = (0, 9)
    messages = [
        Message("cases/0", envelope(story, at, position=at + 1, recorded_at=START + timedelta(days=day)))
        for at, day in enumerate(days)
    ]
    show(writer, messages)

    def verify(known: datetime | str, today: date = LAST) -> tuple[Any, ...]:
        row = next(row for row in register(writer, known=known, today=today).values() if row["step"] == "verify")
        return row["standing"], row["late_days"], row["late_working_days"], row["ended_on"]

    due_on = DAY + timedelta(days=7)
    assert verify(START + timedelta(days=2)) == ("open", None, None, None)
    assert verify(START + timedelta(days=8)) == (
        "overdue",
        1,
        working_days_between(due_on, due_on + timedelta(days=1)),
        None,
    )
    assert verify("infinity") == (
        "late",
        2,
        working_days_between(due_on, DAY + timedelta(days=9)),
        DAY + timedelta(days=9),
    )
    assert register(writer, known=START - timedelta(microseconds=1)) == {}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(due=st.dates(date(2018, 1, 1), date(2028, 6, 1)), late=st.integers(1, 60))
def test_late_working_days_are_those_of_the_calendar(writer: Any, due: date, late: int) -> None:
    until = due + timedelta(days=late)
    statement = (
        "select "
        + LATE_WORKING_DAYS.replace("{a}", "d")
        + " as days from (select %s::date as due_on, %s::date as late_until) d"
    )

    assert writer.execute(statement, [due, until]).fetchone()[0] == working_days_between(due, until)


def test_every_standing_has_a_place_in_the_sums() -> None:
    assert set(STANDINGS) == {"done", "late", "never", "open", "overdue", "lifted"}
