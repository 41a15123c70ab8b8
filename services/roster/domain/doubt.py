"""Whether two entries are one child 疑似同一人: raised by a comparison or by a person, decided by a person, kept for ever.

There is one doubt per pair of entries, whichever way round they are named, so its id is derived from theirs. A decision is
never taken back silently: deciding otherwise is a new decision with a reason of its own, and both stand in the history. What
a decision means for the entries themselves (merging them, or never linking them again) is `application.py`'s and
`comparison.py`'s; the doubt only remembers it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.errors import Refused
from services.roster.domain.child import Child
from services.roster.domain.facts import RowPlace

Decision = Literal["same", "different"]
"""同一人 or 不是同一人."""

PAIRS_SHOWN: Final = 5
"""Pairs of rows that a doubt names at most; the entries name all of their rows themselves."""

_DOUBTS: Final = UUID("3f0b7c52-6a0d-5f0e-8b6e-52d9f1c47a10")


@dataclass(frozen=True, slots=True)
class RowPair:
    """Two rows that may be of one child, one of each entry, in the order of the entries.

    `agree` and `differ` name the cells that both rows fill in, by how they read, not by how they are written.
    """

    of_child: RowPlace
    of_other: RowPlace
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()


class Doubt(RecordedAggregate):
    """One pair of entries that may be one child."""

    TOPIC = "roster.Doubt"

    class Raised(RecordedAggregate.Event, Created):
        """Two entries may be one child 提出疑点; `score` in 0..1, `grounds` the rows that look alike.

        What those rows say stands beside them, in JSON and in their order, each entry's under its own key.
        """

        TOPIC = "roster.Doubt.Raised"
        child_id: UUID
        other_id: UUID
        township: str
        reason: str
        score: float
        grounds: tuple[RowPair, ...]
        raised_on: date
        child_rows: Annotated[str, Personal("child_id")] = ""
        other_rows: Annotated[str, Personal("other_id")] = ""

    class RaisedAgain(RecordedAggregate.Event):
        """It had been withdrawn, and a later comparison doubts anew 再次提出."""

        TOPIC = "roster.Doubt.RaisedAgain"
        child_id: UUID
        other_id: UUID
        township: str
        reason: str
        score: float
        grounds: tuple[RowPair, ...]
        raised_on: date
        child_rows: Annotated[str, Personal("child_id")] = ""
        other_rows: Annotated[str, Personal("other_id")] = ""

    class Decided(RecordedAggregate.Event):
        """A person decided 判定; who did stands beside the event."""

        TOPIC = "roster.Doubt.Decided"
        child_id: UUID
        other_id: UUID
        decision: Decision
        reason: str
        decided_on: date

    class Withdrawn(RecordedAggregate.Event):
        """A later comparison doubts no more 疑点消除."""

        TOPIC = "roster.Doubt.Withdrawn"
        child_id: UUID
        other_id: UUID
        withdrawn_on: date

    @staticmethod
    def id_of(one: UUID, another: UUID) -> UUID:
        """The id of the doubt about two entries, whichever comes first."""
        first, second = sorted((one, another))
        return uuid5(_DOUBTS, f"{first}/{second}")

    @classmethod
    def raise_new(
        cls,
        *,
        child_id: UUID,
        other_id: UUID,
        township: str,
        reason: str,
        score: float,
        grounds: tuple[RowPair, ...],
        today: date,
        child_rows: str = "",
        other_rows: str = "",
    ) -> "Doubt":
        """Doubts for the first time whether two entries are one child; `child_id` comes before `other_id`."""
        if child_id >= other_id:
            raise Refused("A doubt is about two different entries, named in the order of their ids.")
        return cls._create(
            cls.Raised,
            id=cls.id_of(child_id, other_id),
            child_id=child_id,
            other_id=other_id,
            township=township,
            reason=reason,
            score=score,
            grounds=grounds,
            raised_on=today,
            child_rows=child_rows,
            other_rows=other_rows,
        )

    def raise_again(
        self,
        *,
        township: str,
        reason: str,
        score: float,
        grounds: tuple[RowPair, ...],
        today: date,
        child_rows: str = "",
        other_rows: str = "",
    ) -> None:
        """Doubts anew after a withdrawal; nothing happens while the doubt stands or where a person decided it."""
        if self.is_withdrawn and not self.decision:
            self.trigger_event(
                self.RaisedAgain,
                child_id=self.child_id,
                other_id=self.other_id,
                township=township,
                reason=reason,
                score=score,
                grounds=grounds,
                raised_on=today,
                child_rows=child_rows,
                other_rows=other_rows,
            )

    def decide(self, *, decision: str, reason: str, today: date) -> None:
        """Decides whether the two are one child; refused without a reason, and for what was decided before."""
        if decision not in ("same", "different"):
            raise Refused("A doubt is decided as `same` 同一人 or `different` 不是同一人.")
        if not reason.strip():
            raise Refused("A decision whether two entries are one child needs a reason.")
        if decision == self.decision:
            raise Refused("This doubt has been decided so already; only another decision would be new.")
        self.trigger_event(
            self.Decided,
            child_id=self.child_id,
            other_id=self.other_id,
            decision=decision,
            reason=reason,
            decided_on=today,
        )

    def withdraw(self, *, today: date) -> None:
        """Notes that no comparison doubts any more; a decision of a person is never withdrawn."""
        if self.is_open:
            self.trigger_event(self.Withdrawn, child_id=self.child_id, other_id=self.other_id, withdrawn_on=today)

    @property
    def is_open(self) -> bool:
        """Whether a person has still to decide."""
        return not self.decision and not self.is_withdrawn

    @event(Raised)
    def __init__(self, child_id: UUID, other_id: UUID, township: str, reason: str, score: float) -> None:
        self.child_id = child_id
        self.other_id = other_id
        self.township = township
        self.reason = reason
        self.score = score
        self.decision: Decision | Literal[""] = ""
        self.is_withdrawn = False

    @event(RaisedAgain)
    def _raised_again(self, township: str, reason: str, score: float) -> None:
        self.township = township
        self.reason = reason
        self.score = score
        self.is_withdrawn = False

    @event(Decided)
    def _decided(self, decision: Decision) -> None:
        self.decision = decision
        self.is_withdrawn = False

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.is_withdrawn = True


def must_not_be_closed(children: Iterable[Child]) -> None:
    """Refuses to decide about somebody who was erased or is restricted."""
    if any(child.closed for child in children):
        raise Refused("One of these entries was erased for good or is restricted; nothing more is decided about it.")


def must_not_hang_on_a_third(*, are_one: bool) -> None:
    """Refuses to part two entries that are one child by way of a third."""
    if are_one:
        raise Refused("Both entries are merged with a third one; take one of those merges back instead.")


def must_not_contradict(doubts: "Iterable[Doubt | None]") -> None:
    """Refuses a merge that would make one child of entries of which a person decided that they are different."""
    if any(doubt is not None and doubt.decision == "different" for doubt in doubts):
        raise Refused(
            "An entry merged with one of these was decided to be a different child from an entry of the other;"
            " decide that pair anew, or take that merge back, first."
        )
