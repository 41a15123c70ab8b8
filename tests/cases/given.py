"""What tests of cases have in common: acting on a day, and cases brought to a state by their own decisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

from services.cases.domain.case import Case, Place
from services.cases.domain.clearance import Clearance
from services.cases.domain.ladder import State
from services.cases.domain.relief import Decision
from services.chassis.aggregate import Caused, acting

MONDAY = date(2026, 9, 14)
CHILD = UUID("7d0f2a52-3c1b-4a8e-9a55-0d9b6f5c1e01")
OTHER_CHILD = UUID("0b0c7a86-51f1-4f0e-8a2d-6a3a0f0a7e02")
GRANTED = Decision(decision="granted", granted="minimum_living", granted_from=MONDAY, amount_fen=40000)
PUPIL = Place(township="410326103", village="410326103201", school="3141000300", stage="junior")
UNENROLLED = Place(township="410326103", village="410326103201", school="", stage="primary")


@contextmanager
def acting_on(day: date, *, actor: str = "officer-1", department: str = "education_bureau:410326") -> Iterator[Caused]:
    """Somebody acts at noon in China on a day."""
    at = datetime.combine(day, time(4, 0), tzinfo=UTC)
    caused = Caused(
        actor=actor,
        department=department,
        purpose="dropout_control",
        at=at,
        command_id=uuid4(),
        correlation_id=uuid4(),
    )
    with acting(caused):
        yield caused


def days(number: int) -> timedelta:
    """So many calendar days."""
    return timedelta(days=number)


def opened(*, on: date = MONDAY, place: Place = PUPIL, earlier: Case | None = None, child_id: UUID = CHILD) -> Case:
    """A case just opened."""
    with acting_on(on):
        return Case.open(
            child_id=child_id, earlier=earlier, cause="not_in_seat", place=place, finding_id=None, today=on
        )


def brought_to(state: State, *, on: date = MONDAY, place: Place = PUPIL) -> Case:
    """A case in a state, every step of its way taken on one day as far as the rules allow it."""
    case = opened(on=on, place=place)
    with acting_on(on):
        for reached, step in _WAY[state]:
            step(case, on)
            assert case.state is reached
    return case


def clearance(
    resolution: str = "R8",
    *,
    evidence_kind: str = "exit_record",
    asked_by: str = "officer-1",
    expires_on: date | None = None,
    on: date = MONDAY,
) -> Clearance:
    """A clearance asked for."""
    return Clearance.ask(
        resolution=resolution,
        evidence_kind=evidence_kind,
        evidence="paper 7",
        asked_by=asked_by,
        expires_on=expires_on,
        today=on,
    )


def _verify(case: Case, on: date) -> None:
    case.begin_verification(today=on)


def _confirm(case: Case, on: date) -> None:
    case.confirm(causes=("work",), today=on)


def _persuade(case: Case, on: date) -> None:
    case.persuade(method="home_visit", outcome="refused", note="", made_on=on, today=on)


def _lose(case: Case, on: date) -> None:
    case.report_unreachable(today=on)


def _report(case: Case, on: date) -> None:
    case.report(document_id=uuid4(), today=on)


def _order(case: Case, on: date) -> None:
    case.paper_served(kind="order_to_correct", document_id=uuid4(), served_on=on, expires_on=on + days(15), today=on)


def _served(case: Case, kind: str, on: date) -> None:
    case.paper_served(kind=kind, document_id=uuid4(), served_on=on, expires_on=on + days(10), today=on)


def _fine(case: Case, on: date) -> None:
    _served(case, "penalty_decision", on + days(16))


def _demand(case: Case, on: date) -> None:
    _served(case, "performance_notice", on + days(27))


def _judge(case: Case, on: date) -> None:
    _served(case, "judicial_document", on + days(16))


def _merge(case: Case, on: date) -> None:
    case.merge_into(into=opened(on=on, child_id=OTHER_CHILD), today=on)


def _come_back(case: Case, on: date) -> None:
    later = on + days(40)
    case.come_back(school="3141000300", returned_on=on, seat_days=20, today=later)


def _watch(case: Case, on: date) -> None:
    case.watch(today=on + days(40))


def _close(case: Case, on: date) -> None:
    case.close(today=on + days(160))


def _clear(case: Case, on: date) -> None:
    case.ask_clearance(clearance=clearance(on=on))
    case.approve_clearance(approver="officer-2", today=on)


_VERIFIED = [(State.VERIFYING, _verify)]
_CONFIRMED = [*_VERIFIED, (State.CONFIRMED, _confirm)]
_PERSUADED = [*_CONFIRMED, (State.PERSUADING, _persuade)]
_LOST = [*_VERIFIED, (State.UNREACHABLE, _lose)]
_REPORTED = [*_PERSUADED, (State.REPORTED, _report)]
_ORDERED = [*_REPORTED, (State.ORDERED, _order)]
_PENALISED = [*_ORDERED, (State.PENALISED, _fine)]
_BACK = [(State.RETURNED, _come_back)]
_WATCHED = [*_BACK, (State.WATCHED, _watch)]
_WAY = {
    State.SUSPECTED: [],
    State.VERIFYING: _VERIFIED,
    State.CONFIRMED: _CONFIRMED,
    State.PERSUADING: _PERSUADED,
    State.UNREACHABLE: _LOST,
    State.SOUGHT: [*_LOST, (State.SOUGHT, _report)],
    State.REPORTED: _REPORTED,
    State.ORDERED: _ORDERED,
    State.PENALISED: _PENALISED,
    State.DEMANDED: [*_PENALISED, (State.DEMANDED, _demand)],
    State.JUDICIAL: [*_ORDERED, (State.JUDICIAL, _judge)],
    State.RETURNED: _BACK,
    State.WATCHED: _WATCHED,
    State.CLOSED: [*_WATCHED, (State.CLOSED, _close)],
    State.CLEARED: [(State.CLEARED, _clear)],
    State.MERGED: [(State.MERGED, _merge)],
}
