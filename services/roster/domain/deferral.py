"""A child whose schooling starts later, pauses, or is exempt 延缓入学 / 休学 / 免入学: on a proof, until a day, one year at most.

The guardian asks, the township or the bureau approves (义务教育法第十一条). More time is a new deferral, which ends the one
before. What ran out is not excused any more: `Child` is then looked for, and a finding says so.
"""

from datetime import date
from typing import Final
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.roster.domain.facts import DEFERRED, Excuse
from services.roster.domain.findings import in_the_clear

KINDS: Final = {"deferral": "延缓入学", "suspension": "休学", "exemption": "免入学"}

EXTENDED: Final = "批准了新的期限"
"""Why a deferral ended that a new one follows."""

RAN_OUT: Final = "期满"
"""Why a deferral ended that nobody ended."""


class Deferral(RecordedAggregate):
    """One approval for one child."""

    TOPIC = "roster.Deferral"

    class Approved(RecordedAggregate.Event, Created):
        """The township or the bureau approved 批准."""

        TOPIC = "roster.Deferral.Approved"
        child_id: UUID
        kind: str
        proof: str
        from_on: date
        until_on: date
        approved_on: date

    class Ended(RecordedAggregate.Event):
        """It no longer holds 终止."""

        TOPIC = "roster.Deferral.Ended"
        child_id: UUID
        reason: str
        ended_on: date

    @classmethod
    def approve(
        cls, *, deferral_id: UUID, child_id: UUID, kind: str, proof: str, from_on: date, until_on: date, today: date
    ) -> "Deferral":
        """Approves a deferral; refused for more than a year, into the past, and without a proof."""
        if kind not in KINDS:
            raise Refused(f"A deferral is one of {', '.join(KINDS)}.")
        if until_on < from_on or until_on <= today:
            raise Refused("A deferral ends after it began, and after today; what is over needs no approval.")
        if until_on > _year_after(from_on):
            raise Refused(
                "A deferral holds for one school year at most; approve a new one before it ends (义务教育法第十一条)."
            )
        return cls._create(
            cls.Approved,
            id=deferral_id,
            child_id=child_id,
            kind=kind,
            proof=in_the_clear(proof, what="the number of the proof"),
            from_on=from_on,
            until_on=until_on,
            approved_on=today,
        )

    def excuse(self, *, approved_by: str) -> Excuse:
        """What the child is excused by."""
        reason = f"{KINDS[self.kind]}，批准至{self.until_on:%Y-%m-%d}"
        return Excuse(self.id, DEFERRED, reason, self.from_on, self.until_on, self.proof, approved_by)

    def end(self, *, reason: str, today: date) -> None:
        """Ends the deferral; refused twice."""
        if self.ended_on is not None:
            raise Refused("This deferral has ended already.")
        reason = in_the_clear(reason, what="why the deferral ends")
        self.trigger_event(self.Ended, child_id=self.child_id, reason=reason, ended_on=today)

    def lapse(self, *, today: date) -> None:
        """Ends the deferral when its last day has passed; nothing before that, and nothing twice."""
        if self.ended_on is None and self.until_on < today:
            self.end(reason=RAN_OUT, today=today)

    @event(Approved)
    def __init__(self, child_id: UUID, kind: str, proof: str, from_on: date, until_on: date) -> None:
        self.child_id = child_id
        self.kind = kind
        self.proof = proof
        self.from_on = from_on
        self.until_on = until_on
        self.ended_on: date | None = None

    @event(Ended)
    def _ended(self, ended_on: date) -> None:
        self.ended_on = ended_on


def _year_after(day: date) -> date:
    """The same day a year later; of 29 February, 1 March."""
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)
