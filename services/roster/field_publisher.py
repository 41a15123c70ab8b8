"""The events of the field check 摸排 in the published language: lists, answers, and what townships hand in."""

from services.contracts import field_check as told
from services.contracts.envelope import Published
from services.roster.domain.field_check import FieldCheck
from services.roster.domain.field_round import FieldRound


def publish(event: object) -> Published | None:
    """What others are told of an event, or None where it is the roster's own matter."""
    match event:
        case FieldCheck.Opened() | FieldCheck.Answered() | FieldCheck.Settled() | FieldCheck.Overdue():
            return _of_list(event)
        case FieldRound.Submitted() | FieldRound.Accepted() | FieldRound.Returned():
            return _of_submission(event)
        case _:
            return None


def _of_list(event: FieldCheck.Opened | FieldCheck.Answered | FieldCheck.Settled | FieldCheck.Overdue) -> Published:
    check_id = event.originator_id
    match event:
        case FieldCheck.Opened():
            return told.FieldCheckOpened(
                field_check_id=check_id,
                round=event.round,
                township=event.township,
                village=event.village,
                children=event.children,
                opened_on=event.opened_on,
                due_on=event.due_on,
            )
        case FieldCheck.Answered():
            return told.FieldCheckAnswered(
                field_check_id=check_id,
                township=event.township,
                village=event.village,
                round=event.round,
                answers=tuple(
                    told.FieldFinding(
                        child_id=answer.child_id,
                        found=answer.found,
                        conflict=bool(answer.before),
                        before=answer.before,
                    )
                    for answer in event.answers
                ),
                met=event.met,
                answered_on=event.answered_on,
            )
        case FieldCheck.Settled():
            return told.FieldCheckSettled(
                field_check_id=check_id,
                child_id=event.child_id,
                found=event.found,
                reason=event.reason,
                settled_on=event.settled_on,
            )

        case FieldCheck.Overdue():
            return told.FieldCheckOverdue(
                field_check_id=check_id,
                township=event.township,
                village=event.village,
                round=event.round,
                reminded=event.reminded,
                due_on=event.due_on,
                unanswered=event.unanswered,
                overdue_on=event.overdue_on,
            )


def _of_submission(event: FieldRound.Submitted | FieldRound.Accepted | FieldRound.Returned) -> Published:
    submission_id = FieldRound.submission_of(event.originator_id, event.version)
    match event:
        case FieldRound.Submitted():
            return told.SubmissionMade(
                submission_id=submission_id,
                township=event.township,
                round=event.round,
                version=event.version,
                villages=len(event.lists),
                children=event.children,
                unanswered=event.unanswered,
                met=event.met,
                sha256=event.sha256,
                made_on=event.submitted_on,
            )
        case FieldRound.Accepted():
            return told.SubmissionAccepted(
                submission_id=submission_id,
                township=event.township,
                round=event.round,
                version=event.version,
                accepted_on=event.accepted_on,
                delivery_id=event.delivery_id,
            )
        case FieldRound.Returned():
            return told.SubmissionReturned(
                submission_id=submission_id,
                township=event.township,
                round=event.round,
                version=event.version,
                reason=event.reason,
                returned_on=event.returned_on,
            )
