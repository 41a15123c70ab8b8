"""A term recognised for many schools at once 全县学期认定 (N6.2): a run over pupils, lot by lot, that goes on where it was broken off.

Whoever opens it hands in the pupils who may be eligible. Each lot is recognised and noted in one transaction, so after a kill nothing is
done twice and nothing left out; cancelled, what was granted stays and no further lot is worked on.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Self
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

A_LOT: Final = 500
"""Pupils that are recognised in one transaction."""

MOST_OF_A_RUN: Final = 100_000
"""Pupils of one run: more than a county has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pupil:
    """A pupil that may be eligible: stage, whether it boards, and the categories it is known in."""

    child_id: UUID
    stage: Literal["primary", "junior"]
    boarding: bool
    categories: tuple[str, ...]


class RecognitionRun(RecordedAggregate):
    """One programme and term, for the pupils that were handed in."""

    TOPIC = "assistance.RecognitionRun"

    class Opened(RecordedAggregate.Event, Created):
        """Pupils were handed in, to be recognised one lot after the other 认定开始; `area` is the county's or a township's code."""

        TOPIC = "assistance.RecognitionRun.Opened"
        programme: str
        term: str
        area: str
        pupils: tuple[Pupil, ...]
        opened_by: str
        opened_on: date

    class LotDone(RecordedAggregate.Event):
        """So many of its pupils are through 认定进度; with what was granted to them so far."""

        TOPIC = "assistance.RecognitionRun.LotDone"
        through: int
        granted: int
        granted_fen: int

    class Ended(RecordedAggregate.Event):
        """Everybody is through, or it was cancelled 认定结束."""

        TOPIC = "assistance.RecognitionRun.Ended"
        outcome: Literal["finished", "cancelled"]
        ended_on: date

    # Decisions

    @classmethod
    def open(
        cls,
        *,
        run_id: UUID,
        programme: str,
        term: str,
        area: str,
        pupils: tuple[Pupil, ...],
        by: str,
        today: date,
    ) -> Self:
        """Opens a run; refused for nobody, for too many, and where a pupil is named twice."""
        if not pupils:
            raise Refused("Nobody of this area waits to be recognised for this programme and term (N6.2).")
        if len(pupils) > MOST_OF_A_RUN:
            raise Refused(f"At most {MOST_OF_A_RUN} pupils are recognised in one run; open one for each township.")
        if len({pupil.child_id for pupil in pupils}) < len(pupils):
            raise Refused("A pupil is named twice; name each once.")
        return cls._create(
            cls.Opened,
            id=run_id,
            programme=programme,
            term=term,
            area=area,
            pupils=pupils,
            opened_by=by,
            opened_on=today,
        )

    def next_lot(self) -> tuple[Pupil, ...]:
        """The pupils whose turn it is; nobody once it has ended."""
        return () if self.outcome else self.pupils[self.through : self.through + A_LOT]

    def note_lot(self, lot: tuple[Pupil, ...], *, granted: int, granted_fen: int, today: date) -> None:
        """Notes that the next lot is through, and after the last one that the run is finished."""
        self.trigger_event(
            self.LotDone,
            through=self.through + len(lot),
            granted=self.granted + granted,
            granted_fen=self.granted_fen + granted_fen,
        )
        if self.through == len(self.pupils):
            self.trigger_event(self.Ended, outcome="finished", ended_on=today)

    def cancel(self, *, today: date) -> None:
        """Works on no further lot; what was granted stays. Refused for a run that has ended."""
        if self.outcome:
            raise Refused(f"This run was {self.outcome} already; what it granted stays.")
        self.trigger_event(self.Ended, outcome="cancelled", ended_on=today)

    # Evolution

    @event(Opened)
    def __init__(self, programme: str, term: str, pupils: tuple[Pupil, ...]) -> None:
        self.programme, self.term, self.pupils = programme, term, pupils
        self.through = self.granted = self.granted_fen = 0
        self.outcome = ""

    @event(LotDone)
    def _lot_done(self, through: int, granted: int, granted_fen: int) -> None:
        self.through, self.granted, self.granted_fen = through, granted, granted_fen

    @event(Ended)
    def _ended(self, outcome: str) -> None:
        self.outcome = outcome
