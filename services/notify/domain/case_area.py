"""Where a case belongs, as it told when it was opened: what later notices about it are addressed by.

Later events of a case name the step that is owed but not the place. It is kept as an event of our own, recorded in one
transaction with the message that told it: there after a restart, seen at once, the same for every worker.
"""

from typing import Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event


class CaseArea(RecordedAggregate):
    """One case's township (nine digits) and school (ten, or empty) 个案所属."""

    TOPIC = "notify.CaseArea"

    class Learned(RecordedAggregate.Event, Created):
        """The case was opened there."""

        TOPIC = "notify.CaseArea.Learned"
        case_id: UUID
        township: str
        school: str

    @staticmethod
    def id_of(*, case_id: UUID) -> UUID:
        """The id of a case's area: there is one."""
        return uuid5(case_id, "area")

    @classmethod
    def learn(cls, *, case_id: UUID, township: str, school: str) -> Self:
        """Learns where a case belongs."""
        return cls._create(
            cls.Learned, id=cls.id_of(case_id=case_id), case_id=case_id, township=township, school=school
        )

    @event(Learned)
    def __init__(self, case_id: UUID, township: str, school: str) -> None:
        self.case_id = case_id
        self.township = township
        self.school = school
