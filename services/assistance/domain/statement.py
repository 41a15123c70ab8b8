"""What the registers last said of a child's groups 登记册口径: so that what they no longer say is known without a search."""

from typing import Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event


class Statement(RecordedAggregate):
    """One child's categories by the registers' word alone."""

    TOPIC = "assistance.Statement"

    class Begun(RecordedAggregate.Event, Created):
        """The registers named a category of the child for the first time."""

        TOPIC = "assistance.Statement.Begun"
        child_id: UUID
        categories: tuple[str, ...]

    class Changed(RecordedAggregate.Event):
        """The registers name other categories than before."""

        TOPIC = "assistance.Statement.Changed"
        categories: tuple[str, ...]

    @staticmethod
    def id_of(*, child_id: UUID) -> UUID:
        """The id of what the registers say of a child: there is one."""
        return uuid5(child_id, "statement")

    @classmethod
    def take(cls, *, known: Self | None, child_id: UUID, categories: tuple[str, ...]) -> list[Self]:
        """Takes what the registers say now; returns the statement where that is news, and nothing where it isn't."""
        if categories == (() if known is None else known.categories):
            return []
        if known is None:
            return [cls._create(cls.Begun, id=cls.id_of(child_id=child_id), child_id=child_id, categories=categories)]
        known.trigger_event(cls.Changed, categories=categories)
        return [known]

    @event(Begun)
    def __init__(self, child_id: UUID, categories: tuple[str, ...]) -> None:
        self.child_id = child_id
        self.categories = categories

    @event(Changed)
    def _changed(self, categories: tuple[str, ...]) -> None:
        self.categories = categories
