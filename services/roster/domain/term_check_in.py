"""A school's term check-in 开学报到 (N2.1): who was expected, who came; whoever did not is listed when it closes.

The list is due within seven days of term start, and so is the reason of each who did not come; later is allowed and
says so.
"""

from datetime import date, timedelta
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused
from services.roster.domain.findings import in_the_clear

TERM_DAYS = 7
_CHECK_INS = UUID("0c8c3b2a-52d5-5d76-8a55-b1a06d1cf0d4")


class TermCheckIn(RecordedAggregate):
    """One school in one term."""

    TOPIC = "roster.TermCheckIn"

    class Opened(RecordedAggregate.Event, Created):
        """The term began and these children are expected 应到."""

        TOPIC = "roster.TermCheckIn.Opened"
        school: str
        term: str
        expected: tuple[UUID, ...]
        due_on: date

    class Present(RecordedAggregate.Event):
        """These children checked in 实到."""

        TOPIC = "roster.TermCheckIn.Present"
        children: tuple[UUID, ...]

    class Closed(RecordedAggregate.Event):
        """The check-in was counted 汇总; `late` where the week was over."""

        TOPIC = "roster.TermCheckIn.Closed"
        school: str
        term: str
        expected: int
        absent: tuple[UUID, ...]
        late: bool
        closed_on: date

    class AbsenceVerified(RecordedAggregate.Event):
        """Why a child did not come was verified 逐一核实原因; `late` where the week was over."""

        TOPIC = "roster.TermCheckIn.AbsenceVerified"
        child_id: UUID
        school: str
        term: str
        reason: str
        late: bool
        verified_on: date

    @staticmethod
    def id_of(*, school: str, term: str) -> UUID:
        """The id of a school's check-in in a term: there is one."""
        return uuid5(_CHECK_INS, f"{school}/{term}")

    @classmethod
    def open(cls, *, school: str, term: str, expected: tuple[UUID, ...], starts_on: date) -> "TermCheckIn":
        """Begins a check-in."""
        return cls._create(
            cls.Opened,
            id=cls.id_of(school=school, term=term),
            school=school,
            term=term,
            expected=expected,
            due_on=starts_on + timedelta(days=TERM_DAYS),
        )

    def check_in(self, *, children: tuple[UUID, ...]) -> None:
        """Counts children present; those counted already are not counted twice, strangers are refused."""
        self._still_open()
        if not self.expected.issuperset(children):
            raise Refused("A child is not on this school's list for the term; enrol or transfer it first.")
        fresh = tuple(child for child in dict.fromkeys(children) if child not in self.present)
        if fresh:
            self.trigger_event(self.Present, children=fresh)

    def close(self, *, today: date) -> None:
        """Counts the check-in: whoever did not come is named, to be verified one by one."""
        self._still_open()
        absent = tuple(sorted(self.expected - self.present))
        self.trigger_event(
            self.Closed,
            school=self.school,
            term=self.term,
            expected=len(self.expected),
            absent=absent,
            late=today > self.due_on,
            closed_on=today,
        )

    def verify_absence(self, *, child_id: UUID, reason: str, today: date) -> None:
        """Keeps why a child did not come; refused for one who came, was not expected, or was verified before."""
        if child_id not in self.expected - self.present:
            raise Refused("This child isn't missing at this check-in: it came, or wasn't expected there.")
        if child_id in self.verified:
            raise Refused("The reason of this absence was verified already; what became of the child is its case.")
        self.trigger_event(
            self.AbsenceVerified,
            child_id=child_id,
            school=self.school,
            term=self.term,
            reason=in_the_clear(reason, what="why the child did not come"),
            late=today > self.due_on,
            verified_on=today,
        )

    def _still_open(self) -> None:
        if self.closed:
            raise Refused("This term's check-in is closed; a child who comes later is a return, not a check-in.")

    @event(Opened)
    def __init__(self, school: str, term: str, expected: tuple[UUID, ...], due_on: date) -> None:
        self.school = school
        self.term = term
        self.expected = set(expected)
        self.due_on = due_on
        self.present: set[UUID] = set()
        self.verified: set[UUID] = set()
        self.closed = False

    @event(Present)
    def _present(self, children: tuple[UUID, ...]) -> None:
        self.present.update(children)

    @event(Closed)
    def _closed(self) -> None:
        self.closed = True

    @event(AbsenceVerified)
    def _absence_verified(self, child_id: UUID) -> None:
        self.verified.add(child_id)
