"""The roster on a recorder in memory and a mapper that seals nothing: for tests of what commands, policy and time cause."""

from datetime import date
from typing import Any, cast
from uuid import UUID, uuid4

from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from services.roster import policy
from services.roster.application import Roster
from services.roster.domain.child import Child
from services.roster.domain.facts import Groups, Identity, Residence, Schooling
from services.roster.domain.statements import FoundOf, Statement
from services.roster.due import Due
from services.roster.guardian_letters import GuardianLetters
from services.roster.letters_due import LettersDue
from tests.cases.in_memory import MemoryRecorder, PlainMapper
from tests.roster.given import GROUND, MONDAY, SCHOOL, acting_on


class MemoryRoster(Roster):
    """A roster in memory, and its days."""

    def __init__(self) -> None:
        self.memory = MemoryRecorder()
        super().__init__(recorder=cast("Recorder", self.memory), mapper=cast("SealingMapper", PlainMapper()))
        self._due = Due()
        self._seen = 0
        self.letters = GuardianLetters(roster=self, due=self._letters_due)

    def told(self, kind: type[Any]) -> list[Any]:
        """All events of a class recorded so far."""
        return [event for event in self.memory.log if isinstance(event, kind)]

    def pass_day(self, day: date) -> None:
        """Lets the clock tick on a day."""
        with acting_on(day, person="clock", unit="system:clock"):
            self._look()
            policy.tick(self, self.letters, day, due=self._due, look_again=self._look)

    def restart(self) -> None:
        """Forgets everything that isn't recorded."""
        self._due = Due()
        self._seen = 0

    def open_kinds(self, child_id: UUID) -> set[str]:
        """The kinds of a child's open findings."""
        return set(self.get(Child, child_id).findings)

    def state(
        self,
        child_id: UUID,
        state: str,
        *findings: str,
        on: date = MONDAY,
        new: bool = False,
        birth_date: str = "2015-06-07",
    ) -> None:
        """A comparison states a child."""
        said = statement(child_id, state, *findings, on=on, new=new, birth_date=birth_date)
        with acting_on(on):
            self.state_children(statements=[said])

    def a_child(
        self, state: str = "in_seat", *findings: str, on: date = MONDAY, birth_date: str = "2015-06-07"
    ) -> UUID:
        """A child just taken in by a comparison."""
        child_id = uuid4()
        self.state(child_id, state, *findings, on=on, new=True, birth_date=birth_date)
        return child_id

    def _letters_due(self) -> LettersDue:
        self._look()
        return self._due.letters

    def _look(self) -> None:
        for event in self.memory.log[self._seen :]:
            self._due.apply(event)
        self._seen = len(self.memory.log)


def statement(
    child_id: UUID, state: str, *findings: str, on: date, new: bool = False, birth_date: str = "2015-06-07"
) -> Statement:
    """What a comparison states of a child."""
    return Statement(
        child_id=child_id,
        new=new,
        identity=Identity("燕归来", "", birth_date, "female", "燕青", ""),
        residence=Residence(None, "410326103", "410326103005"),
        schooling=Schooling(school=SCHOOL, stage="primary", grade="五年级"),
        groups=Groups(),
        state=state,
        state_reason="名册比对",
        findings=tuple(FoundOf(kind, "名册比对", f"school:{SCHOOL}", (GROUND,)) for kind in findings),
        grounds=(GROUND,),
        valid_on=on,
    )
