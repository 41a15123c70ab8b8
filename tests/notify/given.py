"""What tests of notify have in common: acting on a day, messages of cases, and the application over a store in memory."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from threading import RLock
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.chassis.aggregate import Caused, RecordedAggregate, acting
from services.chassis.errors import Stale
from services.contracts import cases
from services.contracts.envelope import Envelope, Published, event_id
from services.notify.application import Notices
from services.notify.channels.inbox import Inbox, InboxChannel
from services.notify.domain.notice import Delivery, Failure, Notice
from services.notify.domain.units import County
from services.notify.lookup import OpenNotices
from services.notify.policy import react, tick
from services.notify.publisher import publish
from services.notify.waiting import Waiting

DAY = date(2026, 9, 14)
CASE = UUID("5b1f7a2c-90de-4a7b-9d43-0a4fb4c6de02")
CHILD = UUID("3f0c6a58-2d43-4b7e-8a41-6e6a5d5b0c01")
PAPER = UUID("e4f6b6a0-6f27-4a0c-8a51-8d3f0f0f7b03")
TOWNSHIP, SCHOOL, COUNTY = "410326103", "3141000300", County("410326")


@contextmanager
def acting_on(day: date, *, department: str = "system:policy") -> Iterator[Caused]:
    """Somebody acts at noon in China on a day."""
    caused = Caused(
        actor="officer-1",
        department=department,
        purpose="dropout_control",
        at=datetime.combine(day, time(4, 0), tzinfo=UTC),
        command_id=uuid4(),
        correlation_id=uuid4(),
    )
    with acting(caused):
        yield caused


def days(number: int) -> timedelta:
    """So many calendar days."""
    return timedelta(days=number)


class FailingChannel:
    """A channel that fails as told, then delivers, and counts how often it was asked."""

    def __init__(self, *failures: Failure) -> None:
        self._failures = list(failures)
        self.asked = 0

    def deliver(self, notice: Notice) -> Delivery:  # noqa: ARG002  # it fails whatever it is given
        self.asked += 1
        return Delivery(channel="failing", failure=self._failures.pop(0) if self._failures else None)


class NoticesInMemory(Notices):
    """Notify over lists of events, with its lookup fed as it is when it runs."""

    def __init__(self, *, channel: Inbox | None = None) -> None:
        self.county = COUNTY
        self._channel = channel or InboxChannel()
        self.stored: list[Any] = []
        self.open_notices = OpenNotices()
        self.waiting = Waiting()
        self._lock = RLock()
        self.unreadable: set[UUID] = set()
        """What nobody can read, as if its history were broken."""

    def find_all(self, kind: type[Any], ids: Iterable[UUID]) -> dict[UUID, Any]:
        found = {id_: self._read(id_, version=None) for id_ in ids}
        return {id_: aggregate for id_, aggregate in found.items() if isinstance(aggregate, kind)}

    def _read(self, id: UUID, *, version: int | None) -> Any:  # noqa: A002
        if id in self.unreadable:
            message = "this can't be read"
            raise ValueError(message)
        aggregate: Any = None
        for event in list(self.stored):
            if event.originator_id == id and (version is None or event.originator_version <= version):
                aggregate = event.mutate(aggregate)
        return aggregate

    def _store(self, aggregates: tuple[RecordedAggregate, ...], **_nobody_asked: None) -> int:
        with self._lock:
            decided = [event for aggregate in aggregates for event in aggregate.collect_events()]
            for event in decided:
                first = min(e.originator_version for e in decided if e.originator_id == event.originator_id)
                if first != 1 + sum(e.originator_id == event.originator_id for e in self.stored):
                    raise Stale("somebody else was quicker")
            for event in decided:
                self.stored.append(event)
                self.open_notices.apply(event)
                self.waiting.apply(event)
        return len(self.stored)

    def hear(self, event: Published, *, aggregate_id: UUID = CASE, version: int = 1, on: date = DAY) -> None:  # type: ignore[override]
        """Lets the policy react to a message on a day."""
        with acting_on(on):
            react(self, envelope(event, aggregate_id=aggregate_id, version=version), event)

    def pass_to(self, day: date) -> None:
        """Lets a new day act."""
        with acting_on(day):
            tick(self, day, open_notices=self.open_notices)

    @property
    def told(self) -> list[Published]:
        """What others were told so far."""
        return [published for event in self.stored if (published := publish(event)) is not None]

    @property
    def recipients(self) -> list[str]:
        """Who was sent a notice, in order."""
        return [event.recipient for event in self.stored if isinstance(event, Notice.Raised)]


def envelope(event: Published, *, aggregate_id: UUID, version: int) -> Envelope:
    """The envelope in which a message of cases arrives."""
    return Envelope(
        id=event_id(aggregate_id, version),
        type=event.TYPE,
        producer="cases",
        position=version,
        aggregate_id=aggregate_id,
        version=version,
        stored_topic="",
        recorded_at=datetime(2026, 9, 14, 4, 0, tzinfo=UTC),
        actor="officer-1",
        department="education_bureau:410326",
        purpose="dropout_control",
        command_id=uuid4(),
        correlation_id=uuid4(),
        causation_id=None,
        trace="",
        body=msgspec.Raw(msgspec.json.encode(event)),
    )


def owed(by: cases.Unit = "school", *, step: str = "verify") -> cases.Owed:
    """What somebody owes within a week."""
    return cases.Owed(step=step, by=by, due_on=DAY + days(7), rule="N2.1", legal_basis="law")


def opened(*, by: cases.Unit = "teacher", township: str = TOWNSHIP, school: str = SCHOOL) -> cases.CaseOpened:
    """A case was opened."""
    return cases.CaseOpened(
        case_id=CASE,
        child_id=CHILD,
        cause="not_in_seat",
        finding_id=None,
        township=township,
        village="",
        school=school,
        stage="junior",
        earlier_case=None,
        opened_on=DAY,
        owed=owed(by),
    )


def expired(by: cases.Unit) -> cases.StepExpired:
    """A step ran out, and this unit owes it now."""
    return cases.StepExpired(case_id=CASE, child_id=CHILD, expired=owed(), expired_on=DAY, owed=owed(by))


def referred(to: str) -> cases.ReferralOpened:
    """A department was asked."""
    return cases.ReferralOpened(
        referral_id=PAPER,
        case_id=CASE,
        child_id=CHILD,
        to=to,
        purpose="social_assistance",
        request="查询",
        opened_on=DAY,
        reply_by=DAY + days(10),
    )


def issued(issuer: str) -> cases.DocumentIssued:
    """A paper was issued."""
    return cases.DocumentIssued(
        document_id=PAPER,
        case_id=CASE,
        child_id=CHILD,
        kind="order_to_correct",
        number="2026-12",
        issuer=issuer,
        legal_basis="law",
        term_days=10,
        issued_on=DAY,
    )


def raised(
    *, recipient: str = f"school:{SCHOOL}", reason: str = "case_opened", area: str = TOWNSHIP, on: date = DAY
) -> Notice:
    """A notice just raised."""
    with acting_on(on):
        return Notice.raise_to(
            recipient,
            cause=CASE,
            about=CASE,
            case_id=CASE,
            reason=reason,
            area=area,
            step="verify",
            due_on=on + days(7),
            today=on,
        )
