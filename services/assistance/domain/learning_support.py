"""Support of a pupil with learning difficulty 学困帮扶 (N5.1): needs, a helper, sessions, reviews, an end; begun again if need be.

Sessions are counted from when support began last. What was done in one stays with the helper; here is which need it was about, how
long it was, and how the pupil did."""

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
"""What a review or a session found 进步, 无变化, 退步."""

SESSION_MINUTES: Final = (10, 240)
"""The shortest and the longest that is one session."""


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

    class SessionHeld(RecordedAggregate.Event):
        """The helper worked with the pupil 辅导一次."""

        TOPIC = "assistance.LearningSupport.SessionHeld"
        child_id: UUID
        session_id: UUID
        need: str
        minutes: int
        progress: Outcome
        sessions_so_far: int
        held_on: date

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

    def hold_session(
        self, *, session_id: UUID, need: str, minutes: int, progress: Outcome, held_on: date, today: date
    ) -> None:
        """Counts a session about one of the pupil's needs; the same session again is nothing new."""
        if session_id in self.sessions:
            return
        self._must_go_on()
        if need not in self.needs:
            raise Refused(f"This pupil is supported in {', '.join(self.needs)}; name one of these needs (N5.1).")
        shortest, longest = SESSION_MINUTES
        if not shortest <= minutes <= longest:
            raise Refused(f"A session has {shortest} to {longest} minutes (N5.1).")
        if not self.begun_on <= held_on <= today:
            raise Refused(f"A session is held from {self.begun_on}, when support began, and recorded when it was held.")
        self.trigger_event(
            self.SessionHeld,
            child_id=self.child_id,
            session_id=session_id,
            need=need,
            minutes=minutes,
            progress=progress,
            sessions_so_far=self.sessions_so_far + 1,
            held_on=held_on,
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
    def __init__(self, child_id: UUID, needs: tuple[str, ...], helper: str, begun_on: date, review_on: date) -> None:
        self.child_id = child_id
        self.sessions: set[UUID] = set()
        self._begin(needs, helper, begun_on, review_on)

    @event(BegunAgain)
    def _begun_again(self, needs: tuple[str, ...], helper: str, begun_on: date, review_on: date) -> None:
        self._begin(needs, helper, begun_on, review_on)

    def _begin(self, needs: tuple[str, ...], helper: str, begun_on: date, review_on: date) -> None:
        self.needs, self.helper = needs, helper
        self.begun_on, self.review_on = begun_on, review_on
        self.sessions_so_far = 0
        self.going_on = True

    @event(SessionHeld)
    def _session_held(self, session_id: UUID, sessions_so_far: int) -> None:
        self.sessions.add(session_id)
        self.sessions_so_far = sessions_so_far

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
