"""A school year of a county of 86,000 children, day by day: no term runs out without its event, and none runs out twice.

Two children in a hundred are missed on some day of the year. Offices act when they get round to it, or never; the clock
is down for ten days in winter and catches up in order. What is checked is told from the recorded events alone.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest

from services.cases import policy
from services.cases.domain.case import Case, Owing
from services.cases.domain.ladder import OPEN, State
from services.cases.domain.rules import Owed
from services.cases.due import DueReplies
from services.cases.lookup import Dropouts, DueCases, DueVisits, NamedPersons, Posts
from services.cases.oversight import Oversight
from services.chassis.errors import Refused
from tests.cases.given import acting_on
from tests.cases.in_memory import MemoryCases

CHILDREN = 86_000
MISSED = 0.02
FIRST = date(2026, 9, 1)
LAST = date(2027, 8, 31)
DOWN = (date(2027, 1, 11), date(2027, 1, 20))
"""Days on which no clock ran."""


@pytest.fixture(scope="module")
def year() -> MemoryCases:
    """The year as it was recorded."""
    chance = Random(2026)  # noqa: S311  # an invented year needs no secrets
    cases = MemoryCases()
    due, fed = DueCases(), 0
    missed: dict[date, list[UUID]] = defaultdict(list)
    for _ in range(CHILDREN):
        if chance.random() < MISSED:
            missed[FIRST + timedelta(days=int(chance.triangular(0, 330, 10)))].append(UUID(int=chance.getrandbits(128)))
    for day in days_of_the_year():
        with acting_on(day):
            for child in missed[day]:
                cases.open_case(
                    child_id=child,
                    cause="not_in_seat",
                    township=f"4103261{chance.randrange(8):02d}",
                    school="3141000300" if chance.random() < 0.8 else "",
                    stage=chance.choice(("primary", "junior")),
                )
            offices_act(cases, day, due, chance)
            if not DOWN[0] <= day <= DOWN[1]:
                for event in cases.memory.log[fed:]:
                    due.apply(event)
                fed = len(cases.memory.log)
                policy.tick(
                    cases,
                    Oversight(cases=cases, dropouts=Dropouts, posts=Posts),
                    day,
                    due_cases=due,
                    due_visits=DueVisits(),
                    due_replies=DueReplies(),
                    named_persons=NamedPersons(),
                )
    return cases


def days_of_the_year() -> Iterator[date]:
    """Every day from the first to the last."""
    for n in range((LAST - FIRST).days + 1):
        yield FIRST + timedelta(days=n)


def offices_act(cases: MemoryCases, day: date, due: DueCases, chance: Random) -> None:
    """Some of what waits is done on a day, the nearest to its last day first; some is never done."""
    for _, case_id in due.due(day + timedelta(days=4)):
        if chance.random() < 0.3:
            with suppress(Refused):
                act(cases, case_id, day, chance)


def act(cases: MemoryCases, case_id: UUID, day: date, chance: Random) -> None:
    """The next thing an office would do with a case."""
    match cases.get(Case, case_id).state:
        case State.SUSPECTED:
            cases.begin_verification(case_id=case_id)
        case State.VERIFYING:
            cases.confirm_case(case_id=case_id, causes=("learning",))
        case State.CONFIRMED | State.PERSUADING if chance.random() < 0.4:
            cases.record_return(case_id=case_id, school="3141000300", returned_on=day, seat_days=1)
        case State.CONFIRMED:
            cases.record_persuasion(case_id=case_id, method="home_visit", outcome="refused", note="", made_on=day)
        case State.PERSUADING:
            cases.report_case(case_id=case_id, issuer="school:3141000300", number="1")
        case State.RETURNED:
            cases.count_seat_days(case_id=case_id, seat_days=20)
            cases.watch_case(case_id=case_id)
        case State.WATCHED:
            cases.close_case(case_id=case_id)
        case _:
            cases.pause_step(case_id=case_id, reason=chance.choice(("disaster", "search_elsewhere")))


def histories(year: MemoryCases) -> dict[UUID, list[object]]:
    """The events of each case, in order."""
    of: dict[UUID, list[object]] = defaultdict(list)
    for event in year.memory.log:
        if isinstance(event, Case.Event):
            of[event.originator_id].append(event)
    return of


def clock_day_after(day: date) -> date:
    """The first day after `day` on which the clock ran."""
    following = day + timedelta(days=1)
    return DOWN[1] + timedelta(days=1) if DOWN[0] <= following <= DOWN[1] else following


def test_the_year_is_as_full_as_a_county_s(year: MemoryCases) -> None:
    assert len(histories(year)) > CHILDREN * MISSED * 0.9
    assert len(year.told(Case.StepExpired)) > 1_000
    assert len(year.told(Case.Paused)) > 50
    assert len(year.told(Case.Closed)) > 50


def test_every_term_that_ran_out_has_its_event_on_the_first_day_the_clock_ran_after_it(year: MemoryCases) -> None:
    for events in histories(year).values():
        owed: Owed | None = None
        for event in events:
            if isinstance(event, Case.StepExpired):
                assert event.expired == owed
                assert event.expired_on == clock_day_after(event.expired.due_on)
            if isinstance(event, Owing):
                owed = event.owed


def test_no_term_runs_out_twice(year: MemoryCases) -> None:
    expired = [(event.originator_id, event.expired) for event in year.told(Case.StepExpired)]

    assert len(expired) == len(set(expired))


def test_at_the_end_nothing_is_late_that_was_not_handed_up(year: MemoryCases) -> None:
    with acting_on(LAST):
        for case_id in histories(year):
            case = year.get(Case, case_id)
            if case.state in OPEN and case.clock.pause is None:
                assert case.owed.due_on >= LAST


def test_after_the_days_without_a_clock_what_was_late_longest_came_first(year: MemoryCases) -> None:
    first_day = DOWN[1] + timedelta(days=1)
    caught_up = [event.expired.due_on for event in year.told(Case.StepExpired) if event.expired_on == first_day]

    assert len(caught_up) > 1
    assert caught_up == sorted(caught_up)
