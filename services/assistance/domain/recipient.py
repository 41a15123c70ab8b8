"""An entry of a child that is paid 受助人: what it was granted, and which other entries are the same child (N6.2, N6.3).

Entries are merged and parted by the roster, at any time, also between a grant and its payment. Everything granted to an entry is
noted here too, so that a grant and a merge that happen at once meet in this history, and the second of them decides again.

It is the entry that goes on that tells of a merge, so an entry taken out of one child and put into another is told of by
two, which may be heard in any order. The last word by the roster's position counts.
"""

from collections.abc import Collection, Iterable
from typing import Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused


class Recipient(RecordedAggregate):
    """One entry of a child."""

    TOPIC = "assistance.Recipient"

    class Begun(RecordedAggregate.Event, Created):
        """The entry was granted something, or merged, for the first time 建档."""

        TOPIC = "assistance.Recipient.Begun"
        child_id: UUID

    class AwardNoted(RecordedAggregate.Event):
        """The entry was granted an award 记入资助."""

        TOPIC = "assistance.Recipient.AwardNoted"
        award_id: UUID

    class MergedInto(RecordedAggregate.Event):
        """The entry went into another one 并入; `position` is the roster's."""

        TOPIC = "assistance.Recipient.MergedInto"
        into: UUID
        position: int

    class Parted(RecordedAggregate.Event):
        """The entry came out of another one again 拆出; `position` is the roster's."""

        TOPIC = "assistance.Recipient.Parted"
        parted_from: UUID
        position: int

    class Regrouped(RecordedAggregate.Event):
        """Other entries than before are of the same child 归并变动; `entries` are all of them, this one too."""

        TOPIC = "assistance.Recipient.Regrouped"
        entries: tuple[UUID, ...]

    @staticmethod
    def id_of(*, child_id: UUID) -> UUID:
        """The id of what is known of an entry: there is one."""
        return uuid5(child_id, "recipient")

    # Decisions

    @classmethod
    def begin(cls, *, child_id: UUID) -> Self:
        """Begins to note what an entry is granted."""
        return cls._create(cls.Begun, id=cls.id_of(child_id=child_id), child_id=child_id)

    def note_award(self, *, award_id: UUID) -> None:
        """Notes what is granted to this entry; an entry that went into another one is granted nothing more."""
        if self.into is not None:
            raise Refused("This entry was merged into another one of the same child; grant the award to that one.")
        if award_id not in self.awards:
            self.trigger_event(self.AwardNoted, award_id=award_id)

    def merge_into(self, *, into: UUID, position: int) -> None:
        """Hears that the entry went into another one; what was told before the last word changes nothing."""
        if position > self.position:
            self.trigger_event(self.MergedInto, into=into, position=position)

    def part_from(self, *, other: UUID, position: int) -> None:
        """Hears that the entry came out of another one; what was told before the last word changes nothing."""
        if position > self.position:
            self.trigger_event(self.Parted, parted_from=other, position=position)

    def regroup(self, entries: Iterable[UUID]) -> None:
        """Takes in which entries are of the same child, this one too; nothing happens where that is known."""
        of_one = tuple(sorted(entries))
        if of_one != self.entries:
            self.trigger_event(self.Regrouped, entries=of_one)

    # Evolution

    @event(Begun)
    def __init__(self, child_id: UUID) -> None:
        self.child_id = child_id
        self.awards: tuple[UUID, ...] = ()
        self.into: UUID | None = None
        self.position = 0
        self.entries: tuple[UUID, ...] = (child_id,)

    @event(AwardNoted)
    def _award_noted(self, award_id: UUID) -> None:
        self.awards = (*self.awards, award_id)

    @event(MergedInto)
    def _merged_into(self, into: UUID, position: int) -> None:
        self.into, self.position = into, position

    @event(Parted)
    def _parted(self, position: int) -> None:
        self.into, self.position = None, position

    @event(Regrouped)
    def _regrouped(self, entries: tuple[UUID, ...]) -> None:
        self.entries = entries


def children_of(recipients: Collection[Recipient]) -> list[frozenset[UUID]]:
    """The entries by the children they are of, as far as one went into another.

    Merges that are heard out of order may for a while make a ring; those in it are one child all the same.
    """
    of = {recipient.child_id: frozenset({recipient.child_id}) for recipient in recipients}
    for recipient in recipients:
        if recipient.into is not None:
            joined = of[recipient.child_id] | of[recipient.into]
            of |= dict.fromkeys(joined, joined)
    return list(dict.fromkeys(of.values()))
