"""Support of a pupil with learning difficulty 学困帮扶 (N5.1): needs, a helper, reviews, an end; begun again if need be."""

from datetime import date
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.assistance.domain.overdue import Due
from services.assistance.domain.references import owner
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

NEEDS: Final = {"ability": "学习能力", "method": "学习方法", "family": "家庭情况", "mind": "心理状况"}
"""The four the notice names (N5.1)."""

Outcome = Literal["improved", "unchanged", "worse"]
"""What a review found 进步, 无变化, 退步."""


class LearningSupport(RecordedAggregate):
    """The support of one pupil, over time."""

    TOPIC = "assistance.LearningSupport"

    class Begun(RecordedAggregate.Event, Created):
        """Support began for the first time 帮扶开始."""

        TOPIC = "assistance.LearningSupport.Begun"
        child_id: UUID
        needs: tuple[str, ...]
        helper: str
        begun_on: date
        review_on: date

    class BegunAgain(RecordedAggregate.Event):
        """Support began once more after an end 再次帮扶."""

        TOPIC = "assistance.LearningSupport.BegunAgain"
        child_id: UUID
        needs: tuple[str, ...]
        helper: str
        begun_on: date
        review_on: date

    class Reviewed(RecordedAggregate.Event):
        """The support was reviewed and goes on 帮扶评估."""

        TOPIC = "assistance.LearningSupport.Reviewed"
        child_id: UUID
        outcome: Outcome
        reviewed_on: date
        review_on: date

    class Ended(RecordedAggregate.Event):
        """The support is no longer needed 帮扶结束."""

        TOPIC = "assistance.LearningSupport.Ended"
        child_id: UUID
        ended_on: date

    @staticmethod
    def id_of(*, child_id: UUID) -> UUID:
        """The id of a pupil's support: there is one."""
        return uuid5(child_id, "learning-support")

    @classmethod
    def begin(
        cls, *, known: Self | None, child_id: UUID, needs: tuple[str, ...], helper: str, review_on: date, today: date
    ) -> Self:
        """Begins support, or begins it again where `known` has ended; refused while it goes on."""
        if known is not None and known.going_on:
            raise Refused("This pupil is supported already; review that support, or end it first (N5.1).")
        if not needs or not set(needs) <= set(NEEDS):
            raise Refused(f"Name at least one need of {', '.join(NEEDS)} (N5.1).")
        facts = {
            "child_id": child_id,
            "needs": needs,
            "helper": owner(helper, what="the helper"),
            "begun_on": today,
            "review_on": _ahead(review_on, today=today),
        }
        if known is None:
            return cls._create(cls.Begun, id=cls.id_of(child_id=child_id), **facts)
        known.trigger_event(cls.BegunAgain, **facts)
        return known

    def review(self, *, outcome: Outcome, review_on: date, today: date) -> None:
        """Says how the pupil does and when to look again."""
        self._must_go_on()
        self.trigger_event(
            self.Reviewed,
            child_id=self.child_id,
            outcome=outcome,
            reviewed_on=today,
            review_on=_ahead(review_on, today=today),
        )

    def end(self, *, today: date) -> None:
        """Ends the support."""
        self._must_go_on()
        self.trigger_event(self.Ended, child_id=self.child_id, ended_on=today)

    def due_review(self, *, township: str) -> Due | None:
        """The next look at the support; its helper owes it. None once it has ended."""
        if not self.going_on:
            return None
        return Due(
            matter="support_review",
            about=self.id,
            owed_by=self.helper,
            due_on=self.review_on,
            township=township,
            child_id=self.child_id,
        )

    def _must_go_on(self) -> None:
        if not self.going_on:
            raise Refused("This support has ended; begin it again where the pupil needs it (N5.1).")

    @event(Begun)
    def __init__(self, child_id: UUID, helper: str, review_on: date) -> None:
        self.child_id = child_id
        self.helper = helper
        self.review_on = review_on
        self.going_on = True

    @event(BegunAgain)
    def _begun_again(self, helper: str, review_on: date) -> None:
        self.helper = helper
        self.review_on = review_on
        self.going_on = True

    @event(Reviewed)
    def _reviewed(self, review_on: date) -> None:
        self.review_on = review_on

    @event(Ended)
    def _ended(self) -> None:
        self.going_on = False


def _ahead(review_on: date, *, today: date) -> date:
    if review_on <= today:
        raise Refused("The next review lies ahead.")
    return review_on
