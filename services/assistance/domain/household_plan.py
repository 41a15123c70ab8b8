"""One household, one plan 一家一案 (N6.3): the children of a household whose plans are seen as one."""

from datetime import date, timedelta
from typing import Final, Self
from uuid import UUID, uuid5

from services.assistance.domain.overdue import Due
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

REVIEW_AFTER: Final = timedelta(days=180)
"""A household is recognised each autumn and looked at again each term."""


class HouseholdPlan(RecordedAggregate):
    """The plan of one household."""

    TOPIC = "assistance.HouseholdPlan"

    class Opened(RecordedAggregate.Event, Created):
        """The plan was opened for these children 建立一家一案."""

        TOPIC = "assistance.HouseholdPlan.Opened"
        household_id: UUID
        children: tuple[UUID, ...]
        opened_on: date
        review_on: date

    class ChildIncluded(RecordedAggregate.Event):
        """Another child of the household came under the plan 纳入."""

        TOPIC = "assistance.HouseholdPlan.ChildIncluded"
        household_id: UUID
        child_id: UUID

    class Reviewed(RecordedAggregate.Event):
        """The plan was looked at again 帮扶评估."""

        TOPIC = "assistance.HouseholdPlan.Reviewed"
        household_id: UUID
        reviewed_on: date
        review_on: date

    @staticmethod
    def id_of(*, household_id: UUID) -> UUID:
        """The id of a household's plan: there is one."""
        return uuid5(household_id, "household-plan")

    @classmethod
    def open(cls, *, known: Self | None, household_id: UUID, children: tuple[UUID, ...], today: date) -> Self:
        """Opens the plan of a household that has none, for at least one child."""
        if known is not None:
            raise Refused("This household has its plan already; include the child in it (N6.3).")
        if not children:
            raise Refused("A household's plan names at least one child (N6.3).")
        return cls._create(
            cls.Opened,
            id=cls.id_of(household_id=household_id),
            household_id=household_id,
            children=tuple(dict.fromkeys(children)),
            opened_on=today,
            review_on=today + REVIEW_AFTER,
        )

    def include(self, *, child_id: UUID) -> None:
        """Brings another child of the household under the plan; one that is in it already is nothing new."""
        if child_id not in self.children:
            self.trigger_event(self.ChildIncluded, household_id=self.household_id, child_id=child_id)

    def review(self, *, review_on: date, today: date) -> None:
        """Looks at the plan again and sets the next day to do so."""
        if review_on <= today:
            raise Refused("The next review lies ahead of this one.")
        self.trigger_event(self.Reviewed, household_id=self.household_id, reviewed_on=today, review_on=review_on)

    def due_review(self, *, township: str) -> Due:
        """The next look at the plan; the township owes it, where one is known."""
        return Due(
            matter="household_review", about=self.id, owed_by="township", due_on=self.review_on, township=township
        )

    @event(Opened)
    def __init__(self, household_id: UUID, children: tuple[UUID, ...], review_on: date) -> None:
        self.household_id = household_id
        self.children = list(children)
        self.review_on = review_on

    @event(ChildIncluded)
    def _child_included(self, child_id: UUID) -> None:
        self.children.append(child_id)

    @event(Reviewed)
    def _reviewed(self, review_on: date) -> None:
        self.review_on = review_on
