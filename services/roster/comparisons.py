"""The command to compare the registers in force again, at any time and as of any day; the long work is `intake`'s."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from services.chassis.aggregate import Caused, today, who_acts
from services.chassis.application import Answer
from services.roster.application import Roster
from services.roster.domain.four_checks import FourChecks, must_not_be_ahead

Wait = Callable[[UUID, date, Caused], None]
"""Puts a comparison by, to be made in somebody's name: its id, as of which day, and who asks."""


class Comparisons:
    """What can be asked about comparisons."""

    def __init__(self, *, roster: Roster, wait: Wait) -> None:
        self._roster = roster
        self._wait = wait

    def compare_registers(self, *, as_of: date | None = None) -> Answer:
        """Wants the registers in force compared again 重新比对, as of today or an earlier day.

        As of today children are stated anew where the registers say something new; an earlier day is only counted, for what is
        known of children by now is not undone. Where nothing is new nothing is recorded, the asking neither.
        """
        day = as_of or today()
        must_not_be_ahead(day, today=today())
        comparison_id = FourChecks.id_of(as_of=day)
        self._wait(comparison_id, day, who_acts())
        return self._roster.record(answer=comparison_id)
