"""A school year of a county of 86,000 children, day by day: no term runs out without its event, and none runs out twice.

All children of the county are there, and move about in it. Some are missed: comparisons find them, as many as in a county like
`county-dev` and often under two kinds at once, schools tell of others, and what the roster tells opens the cases. Offices act when
they get round to it, or never; the clock is down for ten days in winter and catches up in order. What is checked is told from
the recorded events alone.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from datetime import date, timedelta
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import pytest

from services.cases import policy
from services.cases.domain.case import Case, Owing
from services.cases.domain.ladder import OPEN, State
from services.cases.domain.late_reply import LateReply
from services.cases.domain.post import NAMED_WITHIN_WORKING_DAYS
from services.cases.domain.referral import Referral
from services.cases.domain.rules import Owed
from services.cases.domain.visit import VisitPlan
from services.chassis.errors import Refused
from services.chassis.working_days import add_working_days
from services.contracts import roster
from services.contracts.envelope import Published
from tests.cases.given import GRANTED, acting_on
from tests.cases.in_memory import MemoryCases
from tests.cases.test_policy import envelope

CHILDREN: Final = 86_000
FIRST, LAST = date(2026, 9, 1), date(2027, 8, 31)
DOWN = (date(2027, 1, 11), date(2027, 1, 20))
"""Days on which no clock ran."""
COMPARED: Final = {
    date(2026, 9, 14): 0.0185,
    date(2026, 10, 15): 0.001,
    date(2026, 11, 16): 0.001,
    date(2026, 12, 15): 0.001,
    date(2027, 3, 15): 0.004,
    date(2027, 4, 15): 0.001,
    date(2027, 5, 17): 0.001,
}
"""The days on which registers were compared, and in what share of all children that found something that opens a case."""
KINDS: Final = {
    "suspect_listed": 101,
    "not_enrolled": 62,
    "not_in_seat": 38,
    "unexplained_departure": 13,
    "disabled_unplaced": 7,
}
"""How often each kind is found, in the generated county of 8,000."""
SECOND_KIND: Final = 0.5
"""How many of those found are found under a second kind."""
REPORTED, MOVED = 1, 10
"""Children a day of whom a school tells, and who move."""
BACK: Final = frozenset({State.RETURNED, State.WATCHED})


class Child(NamedTuple):
    """A child of the county; without a school where none has enrolled it."""

    id: UUID
    township: str
    village: str
    school: str
    stage: str


class County(MemoryCases):
    """Its cases, its children and its offices."""

    def __init__(self, *, seed: int) -> None:
        super().__init__()
        self.chance = Random(seed)  # noqa: S311  # an invented year needs no secrets
        self.children = [self._child(number) for number in range(CHILDREN)]
        self._kept: dict[UUID, Any] = {}

    def find(self, kind: type[Any], id: UUID, *, version: int | None = None) -> Any:  # noqa: A002
        """A case goes on from where it was found last: a year of them is too much to be read from the beginning each time.

        What is handed out is a copy, so that nothing is left of a refused command; the events of a case only assign.
        """
        if kind is not Case or version is not None:
            return super().find(kind, id, version=version)
        kept = self._kept.get(id)
        for event in self.memory.select_events(id)[kept.version if kept else 0 :]:
            kept = event.mutate(kept)
        if kept is None:
            return None
        self._kept[id] = kept
        found = copy(kept)
        found._pending_events = []  # the library's list of what is to be recorded, not the copied one
        return found

    def compare(self, day: date) -> None:
        """The roster compares registers and tells what it found; of one child in ten who is back, that it is gone again."""
        for child in self.chance.sample(self.children, round(COMPARED[day] * CHILDREN)):
            kinds = self.chance.choices(list(KINDS), list(KINDS.values()), k=2)
            for kind in dict.fromkeys(kinds if self.chance.random() < SECOND_KIND else kinds[:1]):
                self.hear(finding(child, kind, on=day))
        back = dict.fromkeys(event.originator_id for event in self.told(Case.Returned))
        for case in [self.get(Case, case_id) for case_id in back]:
            if case.state in BACK and self.chance.random() < 0.1:
                place = case.place
                child = Child(case.child_id, place.township, place.village, place.school, place.stage)
                self.hear(finding(child, "not_in_seat", on=day))

    def hear(self, event: Published) -> None:
        """The policy reacts."""
        policy.react(self, envelope(event), event)

    def live(self, day: date) -> None:
        """Children move, and schools tell that a pupil stays away."""
        for child in self.chance.sample(self.children, MOVED):
            village = self.chance.choice(self.children).village
            moved = roster.ResidenceStated(
                child_id=child.id, household_id=None, township=village[:9], village=village, valid_on=day
            )
            self.hear(moved)
        for child in self.chance.sample(self.children, REPORTED):
            with suppress(Refused):  # its case is open already
                self.open_case(
                    child_id=child.id,
                    cause="absent",
                    township=child.township,
                    village=child.village,
                    school=child.school,
                    stage=child.stage,
                )

    def act(self, day: date) -> None:
        """Some of what waits is done on a day, the nearest to its last day first; some is never done."""
        for _, case_id in self.due_cases.due(day + timedelta(days=4)):
            if self.chance.random() < 0.3:
                with suppress(Refused):
                    self.go_on(self.get(Case, case_id), day)
        for _, reply in self.due_replies.due(day + timedelta(days=2)):
            if reply.matter == "referral" and self.chance.random() < 0.3:
                with acting_on(day, department="civil_affairs:410326"), suppress(Refused):
                    self.accept_referral(referral_id=reply.about)
                    self.answer_referral(referral_id=reply.about, outcome="relief granted", decision=GRANTED)
        for _, plan_id in self.due_visits.due(day + timedelta(days=1)):
            if self.chance.random() < 0.5:
                child_id = self.get(VisitPlan, plan_id).child_id
                self.oversight.record_visit(child_id=child_id, method="home_visit", attitude="agreed", visited_on=day)

    def go_on(self, case: Case, day: date) -> None:
        """The next thing an office would do with a case."""
        chance = self.chance
        match case.state:
            case State.SUSPECTED:
                self.begin_verification(case_id=case.id)
                if chance.random() < 0.2:
                    self.refer(case.id, day)
            case State.VERIFYING:
                self.confirm_case(case_id=case.id, causes=("learning",))
            case State.CONFIRMED | State.PERSUADING if chance.random() < 0.4:
                self.record_return(case_id=case.id, school="3141000300", returned_on=day, seat_days=1)
                self.oversight.plan_visits(
                    child_id=case.child_id, visitor="teacher-1", reason="returned", every_days=30
                )
            case State.CONFIRMED:
                self.record_persuasion(case_id=case.id, method="home_visit", outcome="refused", note="", made_on=day)
            case State.PERSUADING:
                self.report_case(case_id=case.id, issuer="school:3141000300", number="1")
            case State.RETURNED:
                self.count_seat_days(case_id=case.id, seat_days=20)
                self.watch_case(case_id=case.id)
            case State.WATCHED:
                self.close_case(case_id=case.id)
            case _:
                self.pause_step(case_id=case.id, reason=chance.choice(("disaster", "search_elsewhere")))

    def refer(self, case_id: UUID, day: date) -> None:
        """Civil affairs is asked whether the family is to be helped."""
        self.open_referral(
            case_id=case_id,
            to="civil_affairs",
            purpose="social_assistance",
            request="check relief",
            reply_by=day + timedelta(days=10),
        )

    def tick(self, day: date) -> None:
        """The clock ticks all day long, until it has nothing more to do."""
        before = -1
        while before < len(self.memory.log):
            before = len(self.memory.log)
            self.pass_day(day)

    def _child(self, number: int) -> Child:
        chance = self.chance
        township = f"4103261{number % 17:02d}"
        return Child(
            UUID(int=chance.getrandbits(128)),
            township,
            f"{township}2{number % 19:02d}",
            f"31410003{number % 60:02d}" if chance.random() < 0.98 else "",
            chance.choice(("primary", "junior")),
        )


def finding(child: Child, kind: str, *, on: date) -> roster.FindingRaised:
    """What the roster tells of a child."""
    return roster.FindingRaised(
        finding_id=uuid4(),
        child_id=child.id,
        kind=kind,
        reason="",
        owner="school",
        township=child.township,
        village=child.village,
        school=child.school,
        stage=child.stage,
        raised_on=on,
    )


@pytest.fixture(scope="module")
def year() -> County:
    """The year as it was recorded."""
    county = County(seed=2026)
    for day in days_of_the_year():
        with acting_on(day):
            if day in COMPARED:
                county.compare(day)
            county.live(day)
            county.look()
            county.act(day)
        if not DOWN[0] <= day <= DOWN[1]:
            county.tick(day)
    return county


def days_of_the_year() -> Iterator[date]:
    """Every day from the first to the last."""
    for n in range((LAST - FIRST).days + 1):
        yield FIRST + timedelta(days=n)


def histories(year: County) -> dict[UUID, list[object]]:
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


def test_the_year_is_as_full_as_a_county_s(year: County) -> None:
    found = CHILDREN * sum(COMPARED.values())

    assert len(histories(year)) > found
    for kind, least in {
        Case.StepExpired: 2_000,
        Case.Moved: 50,
        Case.Paused: 100,
        Case.Closed: 100,
        LateReply.Noted: 50,
        VisitPlan.Visited: 100,
        VisitPlan.Missed: 100,
    }.items():
        assert len(year.told(kind)) > least, kind
    assert sum(event.outcome == "relapsed" for event in year.told(Case.Closed)) > 20


def test_every_term_that_ran_out_has_its_event_on_the_first_day_the_clock_ran_after_it(year: County) -> None:
    for events in histories(year).values():
        owed: Owed | None = None
        for event in events:
            if isinstance(event, Case.StepExpired):
                assert event.expired == owed
                assert event.expired_on == clock_day_after(event.expired.due_on)
            if isinstance(event, Owing):
                owed = event.owed


def test_no_term_runs_out_twice(year: County) -> None:
    expired = [(event.originator_id, event.expired) for event in year.told(Case.StepExpired)]

    assert len(expired) == len(set(expired))


def test_at_the_end_nothing_is_late_that_was_not_handed_up(year: County) -> None:
    with acting_on(LAST):
        for case_id in histories(year):
            case = year.get(Case, case_id)
            if case.state in OPEN and case.clock.pause is None:
                assert case.owed.due_on >= LAST


def test_every_answer_that_did_not_come_is_noted_once_on_the_first_day_the_clock_ran_after_its_day(
    year: County,
) -> None:
    answered = {event.originator_id: event.answered_on for event in year.told(Referral.Answered)}
    late = {
        event.originator_id: noticed_on
        for event in year.told(Referral.Opened)
        if (noticed_on := clock_day_after(event.reply_by)) <= LAST
        and answered.get(event.originator_id, date.max) > noticed_on
    }

    noted = [(event.about, event.noted_on) for event in year.told(LateReply.Noted)]

    assert sorted(noted) == sorted(late.items())


def test_every_visit_that_was_not_made_is_noted_once_on_the_first_day_the_clock_ran_after_its_day(year: County) -> None:
    next_on: dict[UUID, date] = {}
    for event in year.memory.log:
        match event:
            case VisitPlan.Begun() | VisitPlan.Visited():
                next_on[event.originator_id] = event.next_on
            case VisitPlan.Missed():
                assert event.due_on == next_on.pop(event.originator_id)
                assert event.missed_on == clock_day_after(event.due_on)
            case _:
                pass

    assert all(due_on >= LAST for due_on in next_on.values())


def test_every_child_left_to_nobody_is_noted_once_its_days_are_over(year: County) -> None:
    for events in histories(year).values():
        opened = next(event for event in events if isinstance(event, Case.Opened))
        noted = [event.found_on for event in events if isinstance(event, Case.FoundUnnamed)]
        due = clock_day_after(add_working_days(opened.opened_on, NAMED_WITHIN_WORKING_DAYS))
        ended = next((event.closed_on for event in events if isinstance(event, Case.Closed)), LAST)

        assert noted[:1] == ([due] if due <= ended else [])


def test_after_the_days_without_a_clock_what_was_late_longest_came_first(year: County) -> None:
    first_day = DOWN[1] + timedelta(days=1)
    caught_up = [event.expired.due_on for event in year.told(Case.StepExpired) if event.expired_on == first_day]

    assert len(caught_up) > 1
    assert caught_up == sorted(caught_up)
