"""The events of letters to guardians 致监护人文书 in the published language."""

from services.contracts import guardian_letters as told
from services.contracts.envelope import Published
from services.roster.domain.guardian_letter import GuardianLetter, LetterRun


def publish(event: LetterRun.Event | GuardianLetter.Event) -> Published | None:
    """What others are told of an event."""
    match event:
        case LetterRun.Opened():
            return told.LetterRunOpened(
                run_id=event.originator_id,
                kind=event.kind,
                to=event.to,  # type: ignore[arg-type]  # the words of `guardian_letters.toml` are the contract's
                school_year=event.school_year,
                begin_on=event.begin_on,
                serve_by=event.serve_by,
                legal_basis=event.legal_basis,
                expected=event.expected,
                opened_on=event.opened_on,
            )
        case LetterRun.Closed():
            return told.LetterRunClosed(run_id=event.originator_id, closed_on=event.closed_on)
        case GuardianLetter.Made():
            return told.GuardianLetterMade(
                letter_id=event.originator_id,
                run_id=event.run_id,
                child_id=event.child_id,
                kind=event.kind,
                school_year=event.school_year,
                code=event.code,
                village=event.village,
                school=event.school,
                serve_by=event.serve_by,
                legal_basis=event.legal_basis,
                made_on=event.made_on,
            )
        case GuardianLetter.Served():
            return told.GuardianLetterServed(
                letter_id=event.originator_id,
                run_id=event.run_id,
                child_id=event.child_id,
                method=event.method,  # type: ignore[arg-type]  # the aggregate's ways of serving are the contract's
                receipt=event.receipt,
                scan_id=event.scan_id,
                served_on=event.served_on,
                served_by=event.served_by,
                served_for=event.served_for,
                late=event.late,
            )
        case GuardianLetter.Withdrawn():
            return told.GuardianLetterWithdrawn(
                letter_id=event.originator_id,
                run_id=event.run_id,
                child_id=event.child_id,
                reason=event.reason,
                withdrawn_on=event.withdrawn_on,
            )
        case _:
            return None
