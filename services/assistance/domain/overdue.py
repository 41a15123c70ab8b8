"""What a plan promised and nobody did by its day 帮扶逾期 (N5.1, N6.3): whoever owes it is told, then the level above.

A measure, or a look at a plan, is owed by a day. The day after, that is noted once and its owner told; five working days later
the next level is. Done meanwhile, or given another day, nothing more comes of it; late again is another one.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.working_days import add_working_days

Matter = Literal["measure", "plan_review", "household_review", "support_review", "payment_refused"]
CLIMBS_AFTER_WORKING_DAYS: Final = 5
"""How long the owner has before the level above is told (county default)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is owed: which measure, or the look at which plan; by whom (`kind:area`, or a kind of unit) and by when."""

    matter: Matter
    about: UUID
    owed_by: str
    due_on: date
    township: str
    child_id: UUID | None = None


def level_above(owed_by: str) -> str:
    """Who is told of what a unit let pass: a school's or village's township, else the bureau, of the bureau the county."""
    match owed_by.partition(":")[0]:
        case "school" | "village":
            return "township"
        case "education_bureau":
            return "county_government"
        case _:
            return "education_bureau"


class Overdue(RecordedAggregate):
    """One thing that is late."""

    TOPIC = "assistance.Overdue"

    class Noted(RecordedAggregate.Event, Created):
        """Its day passed 逾期; the owner is told."""

        TOPIC = "assistance.Overdue.Noted"
        matter: Matter
        about: UUID
        owed_by: str
        township: str
        child_id: UUID | None
        due_on: date
        noted_on: date
        climbs_after: date

    class Climbed(RecordedAggregate.Event):
        """The owner let more days pass 升级; the level above is told."""

        TOPIC = "assistance.Overdue.Climbed"
        matter: Matter
        about: UUID
        owed_by: str
        township: str
        child_id: UUID | None
        due_on: date
        up_to: str
        climbed_on: date

    @staticmethod
    def id_of(about: UUID, *, due_on: date) -> UUID:
        """The id of what is late since a day."""
        return uuid5(about, f"overdue/{due_on}")

    # Decisions

    @classmethod
    def note(cls, due: Due, *, today: date) -> Self:
        """Notes that it is late."""
        return cls._create(
            cls.Noted,
            id=cls.id_of(due.about, due_on=due.due_on),
            matter=due.matter,
            about=due.about,
            owed_by=due.owed_by,
            township=due.township,
            child_id=due.child_id,
            due_on=due.due_on,
            noted_on=today,
            climbs_after=add_working_days(today, CLIMBS_AFTER_WORKING_DAYS),
        )

    def climb(self, due: Due, *, today: date) -> None:
        """Tells the level above, once the owner had its days; nothing happens before, or again."""
        if self.climbed or today <= self.climbs_after:
            return
        self.trigger_event(
            self.Climbed,
            matter=due.matter,
            about=due.about,
            owed_by=due.owed_by,
            township=due.township,
            child_id=due.child_id,
            due_on=due.due_on,
            up_to=level_above(due.owed_by),
            climbed_on=today,
        )

    # Evolution

    @event(Noted)
    def __init__(self, climbs_after: date) -> None:
        self.climbs_after = climbs_after
        self.climbed = False

    @event(Climbed)
    def _climbed(self) -> None:
        self.climbed = True
