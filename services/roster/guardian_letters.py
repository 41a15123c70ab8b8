"""The commands of letters to guardians 致监护人文书 (N9.1): a run for a school year is opened, its letters are served, one by one.

Letters are made by the clock, some hundreds at a time: a run of a county that is broken off goes on where it stopped, and who comes
to be one of its children later gets a letter too.
"""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer
from services.chassis.errors import Refused
from services.chassis.school_terms import terms_of
from services.roster.application import Roster
from services.roster.domain.child import Child
from services.roster.domain.guardian_letter import GuardianLetter, LetterRun, kind_on
from services.roster.letters_due import LettersDue


class GuardianLetters:
    """What can be asked about letters; `due` gives the read side, fed with everything recorded by now."""

    def __init__(self, *, roster: Roster, due: Callable[[], LettersDue]) -> None:
        self._roster = roster
        self._due = due

    @property
    def commands(self) -> tuple[Callable[..., Answer], ...]:
        """Those that come from outside."""
        return self.open_letter_run, self.close_letter_run, self.serve_letter

    def open_letter_run(self, *, kind: str, school_year: str, serve_by: date | None = None) -> Answer:
        """Opens the letters of a kind for a school year 制发: everybody whom they are for gets one."""
        if self._roster.find(LetterRun, LetterRun.id_of(kind=kind, school_year=school_year)) is not None:
            raise Refused(
                f"{school_year} 学年的该批文书已制发 / this run was opened before; children who come later get their letter by themselves."
            )
        entry = kind_on(kind, on=today())
        begin_on = date(terms_of(school_year)[0].starts_on.year, 9, 1)
        expected = self._due().expected(entry, begin_on=begin_on)
        return self._roster.record(
            LetterRun.open(kind=kind, school_year=school_year, serve_by=serve_by, expected=expected, today=today())
        )

    def close_letter_run(self, *, run_id: UUID) -> Answer:
        """Makes no more letters in a run 停止制发; those that are out are still owed."""
        run = self._roster.get(LetterRun, run_id)
        run.close(today=today())
        return self._roster.record(run)

    def serve_letter(
        self,
        *,
        letter_id: UUID,
        method: str,
        served_on: date,
        receipt: str = "",
        scan_id: UUID | None = None,
    ) -> Answer:
        """Keeps how a letter reached the guardian 送达; who serves is who acts, `scan_id` the photo or scan that shows it."""
        letter, acts = self._roster.get(GuardianLetter, letter_id), who_acts()
        letter.serve(
            method=method,
            receipt=receipt,
            scan_id=scan_id,
            served_on=served_on,
            served_by=acts.actor,
            served_for=acts.department,
            today=today(),
        )
        return self._roster.record(letter)

    # What time brings

    def make_letters(self, *, run_id: UUID, children: Sequence[UUID]) -> None:
        """Makes the letters of children that have none of this run yet; one that was made meanwhile is left as it is."""
        run = self._roster.get(LetterRun, run_id)
        if run.closed_on is not None:
            return
        made = []
        for child_id in children:
            child = self._roster.find(Child, child_id)
            known = self._roster.find(GuardianLetter, GuardianLetter.id_of(run_id=run_id, child_id=child_id))
            if child is not None and known is None:
                made.append(
                    GuardianLetter.make(
                        run=run,
                        child_id=child_id,
                        residence=child.residence,
                        schooling=child.schooling,
                        today=today(),
                    )
                )
        self._roster.record(*made)

    def withdraw_letter(self, *, letter_id: UUID) -> None:
        """Takes back a letter whose child is not here any more 收回."""
        letter = self._roster.get(GuardianLetter, letter_id)
        letter.withdraw(reason=NOT_HERE, today=today())
        self._roster.record(letter)


NOT_HERE = "该儿童已不在本县名册"
"""Why a letter is taken back by the clock."""
