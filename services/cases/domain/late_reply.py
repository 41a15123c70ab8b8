"""An answer that was owed by a day and didn't come 逾期未复 (N3, N8.1): told to the level above, then to the next, until it comes.

Departments, units and other counties are asked for an answer by a day: in a referral, a letter, a notice of the
procuratorate, a call to order, a finding to be put right. Where the day passes, nobody has to notice: it is noted once,
climbs by itself, and ends when the answer is there, so the ledger of what was late is complete. Before it passes, whoever owes the answer
is told once that it is near 临期提醒.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.working_days import add_working_days

Matter = Literal[
    "referral",
    "assistance_letter",
    "procuratorate_notice",
    "admonition",
    "rectification",
    "public_report",
    "data_request",
]
CLIMBS_AFTER_WORKING_DAYS: Final = 5
"""How long a level has to bring about the answer before the next one is told (county default)."""
_LEVELS: Final = ("township", "education_bureau", "county_government")


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An answer that is awaited: in which matter, by whom (`kind:area`, or a kind of department) and by when."""

    matter: Matter
    about: UUID
    owed_by: str
    due_on: date
    township: str
    number: int = 0
    case_id: UUID | None = None
    child_id: UUID | None = None


def levels_above(owed_by: str) -> tuple[str, ...]:
    """Who is told one after the other: a school's township, then the bureau, then the county government."""
    match owed_by.partition(":")[0]:
        case "school" | "village":
            return _LEVELS
        case "education_bureau":
            return _LEVELS[2:]
        case _:
            return _LEVELS[1:]


class NearReply(RecordedAggregate):
    """One answer whose last day is near."""

    TOPIC = "cases.NearReply"

    class Warned(RecordedAggregate.Event, Created):
        """Whoever owes the answer is told that its last day is near 临期提醒."""

        TOPIC = "cases.NearReply.Warned"
        matter: Matter
        about: UUID
        number: int
        owed_by: str
        township: str
        case_id: UUID | None
        due_on: date
        warned_on: date

    @staticmethod
    def id_of(about: UUID, *, number: int, due_on: date) -> UUID:
        """The id of the warning before a day; asked again with another day, somebody is told again."""
        return uuid5(about, f"near/{number}/{due_on}")

    @classmethod
    def warn(cls, awaited: Awaited, *, today: date) -> Self:
        """Tells whoever owes the answer."""
        return cls._create(
            cls.Warned,
            id=cls.id_of(awaited.about, number=awaited.number, due_on=awaited.due_on),
            matter=awaited.matter,
            about=awaited.about,
            number=awaited.number,
            owed_by=awaited.owed_by,
            township=awaited.township,
            case_id=awaited.case_id,
            due_on=awaited.due_on,
            warned_on=today,
        )

    @event(Warned)
    def __init__(self) -> None:
        """There is nothing more to it."""


class LateReply(RecordedAggregate):
    """One answer that is late."""

    TOPIC = "cases.LateReply"

    class Noted(RecordedAggregate.Event, Created):
        """The day passed 逾期; the level above is told."""

        TOPIC = "cases.LateReply.Noted"
        matter: Matter
        about: UUID
        number: int
        owed_by: str
        township: str
        case_id: UUID | None
        child_id: UUID | None
        due_on: date
        up_to: str
        noted_on: date
        next_on: date

    class Climbed(RecordedAggregate.Event):
        """That level let its days pass as well 升级; the next one is told."""

        TOPIC = "cases.LateReply.Climbed"
        about: UUID
        case_id: UUID | None
        township: str
        due_on: date
        up_to: str
        climbed_on: date
        next_on: date

    class Settled(RecordedAggregate.Event):
        """The answer is there, or isn't awaited any longer 了结."""

        TOPIC = "cases.LateReply.Settled"
        about: UUID
        case_id: UUID | None
        settled_on: date

    @staticmethod
    def id_of(about: UUID, *, number: int, due_on: date) -> UUID:
        """The id of what is late since a day; asked again with another day, it can be late again."""
        return uuid5(about, f"late/{number}/{due_on}")

    # Decisions

    @classmethod
    def note(cls, awaited: Awaited, *, today: date) -> Self:
        """Notes that an answer is late, and tells the first level above."""
        return cls._create(
            cls.Noted,
            id=cls.id_of(awaited.about, number=awaited.number, due_on=awaited.due_on),
            matter=awaited.matter,
            about=awaited.about,
            number=awaited.number,
            owed_by=awaited.owed_by,
            township=awaited.township,
            case_id=awaited.case_id,
            child_id=awaited.child_id,
            due_on=awaited.due_on,
            up_to=levels_above(awaited.owed_by)[0],
            noted_on=today,
            next_on=add_working_days(today, CLIMBS_AFTER_WORKING_DAYS),
        )

    def climb(self, *, today: date) -> None:
        """Tells the next level, once the one before had its days; nothing happens at the top, or before."""
        above = levels_above(self.owed_by)
        if self.settled or today <= self.next_on or self.up_to == above[-1]:
            return
        self.trigger_event(
            self.Climbed,
            about=self.about,
            case_id=self.case_id,
            township=self.township,
            due_on=self.due_on,
            up_to=above[above.index(self.up_to) + 1],
            climbed_on=today,
            next_on=add_working_days(today, CLIMBS_AFTER_WORKING_DAYS),
        )

    def settle(self, *, today: date) -> None:
        """Ends it; nothing happens where it has ended."""
        if not self.settled:
            self.trigger_event(self.Settled, about=self.about, case_id=self.case_id, settled_on=today)

    # Evolution

    @event(Noted)
    def __init__(
        self,
        about: UUID,
        owed_by: str,
        township: str,
        case_id: UUID | None,
        due_on: date,
        up_to: str,
        next_on: date,
    ) -> None:
        self.about = about
        self.owed_by = owed_by
        self.township = township
        self.case_id = case_id
        self.due_on = due_on
        self.up_to = up_to
        self.next_on = next_on
        self.settled = False

    @event(Climbed)
    def _climbed(self, up_to: str, next_on: date) -> None:
        self.up_to = up_to
        self.next_on = next_on

    @event(Settled)
    def _settled(self) -> None:
        self.settled = True
