"""The clock of cases on the real store: killed in the middle of a day, run twice at once, or standing still for a day.

Whatever happens to it, every term that runs out has its event, once, in the order in which they ran out. What a county records
whose clock ran undisturbed is what all others are held against.
"""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, time
from threading import Barrier
from typing import NamedTuple, cast
from uuid import UUID

import pytest

from services.cases.application import Cases
from services.cases.domain.case import Case
from services.cases.domain.late_reply import LateReply
from services.cases.domain.visit import VisitPlan
from services.cases.service import build, migrate
from services.chassis.aggregate import acting
from services.chassis.clock import SteppedClock
from services.chassis.key_store import migrate as migrate_keys
from services.chassis.keyring import KeyRing
from services.chassis.runtime import Service, by_the_clock
from services.chassis.vault import Vault
from tests.cases.given import MONDAY, acting_on, days
from tests.cases.test_api import SURROUNDINGS
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually

KEK = bytes(32)
DOWN, LAST = MONDAY + days(9), MONDAY + days(10)
"""A day on which a clock may stand still, and the day after it. On both something has run out."""


class Told(NamedTuple):
    """One thing the clock recorded: of what, its version there, and the last day in time that was over."""

    kind: str
    about: UUID
    version: int
    ran_out_on: date | None


@pytest.fixture(scope="module")
def key_store(module_database: Callable[..., FreshDatabase]) -> FreshDatabase:
    return module_database("vault", migrate=migrate_keys)


@pytest.fixture(scope="module")
def new_county(
    module_database: Callable[..., FreshDatabase], key_store: FreshDatabase
) -> Callable[[], tuple[str, str]]:
    """Makes counties in which the same is awaited; a county is its two databases, for any number of processes to work on."""

    def new() -> tuple[str, str]:
        county = module_database("cases", migrate=migrate).app, key_store.app
        with service_of(*county) as service:
            for day in range(3):
                await_much(cast("Cases", service.application), since=MONDAY + days(day))
        return county

    return new


@pytest.fixture(scope="module")
def undisturbed(new_county: Callable[[], tuple[str, str]]) -> list[Told]:
    """What the clock records that runs every day."""
    with service_of(*new_county()) as service:
        for day in range(11):
            tick(service, MONDAY + days(day))
        return told(service)


@contextmanager
def service_of(dsn: str, key_store: str) -> Iterator[Service]:
    """The service as one process has it, just started: with connections, a writer and look-ups of its own."""
    with ExitStack() as stack:
        vault = stack.enter_context(closing(Vault(dsn=key_store, ring=KeyRing.single(KEK))))
        service = build(dsn=dsn, vault=vault, surroundings=SURROUNDINGS)
        stack.callback(service.close)
        yield service


def await_much(cases: Cases, *, since: date) -> None:
    """Cases opened on a day, one of them with a referral, and a visit planned; all of it runs out on the same day."""
    children = [UUID(int=since.toordinal() * 10 + number) for number in range(4)]
    with acting_on(since, department="township:410326103"):
        opened = [
            cases.open_case(child_id=child, cause="absent", township="410326103", school="3141000300", stage="junior")
            for child in children
        ]
        cases.open_referral(
            case_id=opened[0].id,
            to="civil_affairs",
            purpose="social_assistance",
            request="check relief",
            reply_by=since + days(7),
        )
        cases.record(
            VisitPlan.begin(
                child_id=children[1], earlier=None, visitor="teacher-1", reason="returned", every_days=7, today=since
            )
        )


def clock_on(day: date) -> SteppedClock:
    """A clock at noon of a day."""
    return SteppedClock(datetime.combine(day, time(4), tzinfo=UTC))


def tick(service: Service, day: date) -> None:
    """The day passes for one process of the service."""
    service.tick(clock=clock_on(day))


def tick_without_the_lock(service: Service, day: date) -> None:
    """The day passes for a process that has lost the session in which it held the clock's lock, and doesn't know it yet."""
    with acting(by_the_clock(clock_on(day))):
        service.pass_time()


def tick_and_die(county: tuple[str, str], day: date, *, after: int) -> None:
    """In a process of its own: the day passes, and the process is killed as soon as this position is stored."""

    def die(position: int) -> None:
        if position >= after:
            os.kill(os.getpid(), signal.SIGKILL)

    with service_of(*county) as service:
        service.application.recorder_of_commands.on_recorded(die)
        tick(service, day)


def told(service: Service) -> list[Told]:
    """What the clock has recorded."""
    recorded = service.application.recorder_of_commands.follow(after=0, limit=10_000)
    assert len(recorded) < 10_000
    return [
        Told(type(event).__qualname__, stored.originator_id, stored.originator_version, ran_out_on(event))
        for stored, _ in recorded
        if stored.caused.actor == "clock"
        for event in [service.application.sealed_event(stored)]
    ]


def ran_out_on(event: object) -> date | None:
    """The last day in time, where the event tells one."""
    match event:
        case Case.StepExpired():
            return event.expired.due_on
        case LateReply.Noted() | VisitPlan.Missed():
            return event.due_on
        case _:
            return None


def test_every_kind_of_clock_runs_out_day_by_day(undisturbed: list[Told]) -> None:
    of_a_day = [*["Case.StepExpired"] * 4, "LateReply.Noted", "VisitPlan.Missed"]

    dated = [(each.kind, each.ran_out_on) for each in undisturbed if each.ran_out_on is not None]
    assert dated == [(kind, MONDAY + days(day)) for day in (7, 8, 9) for kind in of_a_day]
    undated = Counter(each.kind for each in undisturbed if each.ran_out_on is None)
    assert undated == {"Case.FoundUnnamed": 12, "Case.Warned": 12, "NearReply.Warned": 3}


def test_a_day_without_a_clock_is_made_up_for_in_the_same_order(
    new_county: Callable[[], tuple[str, str]], undisturbed: list[Told]
) -> None:
    county = new_county()
    with service_of(*county) as service:
        for day in range((DOWN - MONDAY).days):
            tick(service, MONDAY + days(day))
    with service_of(*county) as restarted:
        tick(restarted, LAST)

        assert told(restarted) == undisturbed


def test_killed_in_the_middle_the_clock_goes_on_where_it_was_and_repeats_nothing(
    new_county: Callable[[], tuple[str, str]], undisturbed: list[Told]
) -> None:
    county = new_county()
    with service_of(*county) as service:
        for day in range((DOWN - MONDAY).days):
            tick(service, MONDAY + days(day))
        before, head = len(told(service)), service.application.position()
    process = multiprocessing.get_context("spawn").Process(
        target=tick_and_die, args=(county, LAST), kwargs={"after": head + 5}
    )
    process.start()
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL

    with service_of(*county) as restarted:
        assert told(restarted) == undisturbed[: before + 5]
        eventually(lambda: tick(restarted, LAST) or len(told(restarted)) > before + 5)  # the lock goes with its session
        tick(restarted, LAST)

        assert told(restarted) == undisturbed


def test_two_processes_that_both_believe_to_hold_the_clock_record_nothing_twice(
    new_county: Callable[[], tuple[str, str]], undisturbed: list[Told]
) -> None:
    county, together = new_county(), Barrier(2)

    def pass_all_days(service: Service) -> None:
        for day in range(11):
            together.wait(timeout=60)
            tick_without_the_lock(service, MONDAY + days(day))

    with service_of(*county) as one, service_of(*county) as other, ThreadPoolExecutor(2) as threads:
        for passed in [threads.submit(pass_all_days, service) for service in (one, other)]:
            passed.result(timeout=60)

        assert told(one) == undisturbed
