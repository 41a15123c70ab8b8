"""Where a child with a case lives, as the case told: what a plan needs so that its township sees it.

The plan is opened by an event that doesn't say the township; an earlier one did. It is kept as an event of our own, so
it is there after a restart and shows what was known.
"""

from typing import Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event


class Residence(RecordedAggregate):
    """One child's township 所属乡镇: nine digits, GB/T 2260."""

    TOPIC = "assistance.Residence"

    class Learned(RecordedAggregate.Event, Created):
        """A case told where the child lives."""

        TOPIC = "assistance.Residence.Learned"
        child_id: UUID
        township: str

    class Changed(RecordedAggregate.Event):
        """A later case told another township."""

        TOPIC = "assistance.Residence.Changed"
        township: str

    @staticmethod
    def id_of(*, child_id: UUID) -> UUID:
        """The id of a child's residence: there is one."""
        return uuid5(child_id, "residence")

    @classmethod
    def learn(cls, *, child_id: UUID, township: str) -> Self:
        """Learns where a child lives."""
        return cls._create(cls.Learned, id=cls.id_of(child_id=child_id), child_id=child_id, township=township)

    def hear(self, *, township: str) -> None:
        """Hears where the child lives; the same township again is nothing new."""
        if township != self.township:
            self.trigger_event(self.Changed, township=township)

    @event(Learned)
    def __init__(self, child_id: UUID, township: str) -> None:
        self.child_id = child_id
        self.township = township

    @event(Changed)
    def _changed(self, township: str) -> None:
        self.township = township
