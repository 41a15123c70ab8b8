"""Lists of the field: villages' lists and their answers, what townships handed in, term check-ins (N1.8, N2.1)."""

from typing import Final

from gateway.console.views.listing import (
    CHILD,
    PLACE,
    TERM,
    TOWNSHIP,
    Behind,
    Button,
    Column,
    List,
    Narrowing,
    Paper,
    in_state,
)

_ROUND: Final = Narrowing("round", "fields.round", "text")
FIELD_CHECKS: Final = List(
    "fieldChecks",
    (
        Column("township", "ledger.township", "place"),
        Column("village", "board.village", "place"),
        Column("children", "fields.children", "number"),
        Column("answered", "fields.answered", "number"),
        Column("conflicts", "fields.conflicts", "number"),
        Column("met", "fields.met", "number"),
        Column("dueOn", "my_day.due", "date"),
        Column("answeredOn", "fields.back_on", "date"),
        Column("remindedOn", "fields.reminded", "date"),
        Column("escalatedOn", "fields.escalated", "date"),
    ),
    (_ROUND, TOWNSHIP),
    file="fieldChecks",
    papers=(Paper("/files/field-check", "fields.sheet", "exportFieldCheck", bool),),
    behind=(Behind("/field-checks/", "fields.answers", "id"),),
)
FIELD_ANSWERS: Final = List(
    "fieldCheckAnswers",
    (
        CHILD,
        Column("found", "fields.found", "found"),
        Column("conflict", "fields.conflict", "flag"),
        Column("before", "fields.before", "found"),
        Column("answeredOn", "fields.back_on", "date"),
        Column("settledOn", "fields.settled_on", "date"),
        Column("settledReason", "child.why"),
    ),
    (
        Narrowing("fieldCheckId", "", "id"),
        Narrowing("found", "fields.found", "found"),
        Narrowing("conflict", "fields.only_conflicts", "flag"),
    ),
    (
        Button(
            "settleFieldCheck",
            {"fieldCheckId": "fieldCheckId", "childId": "childId"},
            lambda row: bool(row.get("conflict")),
        ),
    ),
    file="fieldCheckAnswers",
    part_of=("/field-checks", "fieldChecks"),
)
SUBMISSIONS: Final = List(
    "submissions",
    (
        Column("township", "ledger.township", "place"),
        Column("version", "fields.version", "number"),
        Column("villages", "fields.villages", "number"),
        Column("children", "fields.children", "number"),
        Column("unanswered", "fields.unanswered", "number"),
        Column("met", "fields.met", "number"),
        Column("madeOn", "fields.handed_in_on", "date"),
        Column("state", "child.state", "submission_states"),
        Column("decidedOn", "fields.decided_on", "date"),
        Column("decidedBy", "fields.decided_by", "unit"),
        Column("reason", "child.why"),
    ),
    (_ROUND, TOWNSHIP, Narrowing("state", "child.state", "submission_states")),
    (
        Button("acceptSubmission", {"submissionId": "id"}, in_state("made")),
        Button("returnSubmission", {"submissionId": "id"}, in_state("made")),
    ),
    file="submissions",
    papers=(Paper("/files/submission", "board.print", "printSubmission", in_state("made", "accepted")),),
    part_of=("/field-checks", "fieldChecks"),
)
CHECK_INS: Final = List(
    "checkIns",
    (
        Column("school", "child.school"),
        Column("term", "assistance.term"),
        Column("expected", "fields.expected", "number"),
        Column("present", "fields.present", "number"),
        Column("absent", "fields.absent", "number"),
        Column("dueOn", "my_day.due", "date"),
        Column("closedOn", "fields.counted_on", "date"),
    ),
    (TERM,),
    (Button("closeCheckIn", {"checkInId": "id"}, lambda row: not row.get("closedOn")),),
    file="checkIns",
    behind=(Behind("/check-ins/", "lists.open", "id"), Behind("/absences?checkInId=", "nav.absences", "id")),
)
ABSENCES: Final = List(
    "absences",
    (
        CHILD,
        PLACE,
        Column("school", "child.school"),
        Column("term", "assistance.term"),
        Column("missedOn", "fields.missed_on", "date"),
        Column("reason", "child.why"),
        Column("verifiedOn", "fields.verified_on", "date"),
        Column("late", "site.late", "flag"),
    ),
    (Narrowing("checkInId", "", "about"), Narrowing("verified", "fields.verified", "yes or no")),
    (Button("verifyAbsence", {"absenceId": "id"}, lambda row: not row.get("verifiedOn")),),
    file="absences",
)
GUARDIAN_LETTERS: Final = List(
    "guardianLetters",
    (
        Column("kind", "letters.kind", "letters"),
        Column("schoolYear", "letters.year"),
        CHILD,
        PLACE,
        Column("code", "letters.code"),
        Column("serveBy", "letters.serve_by", "due"),
        Column("state", "child.state", "letter_states"),
        Column("servedOn", "letters.served_on", "date"),
        Column("method", "letters.method", "letter_services"),
        Column("servedFor", "child.unit", "unit"),
    ),
    (Narrowing("state", "child.state", "letter_states"), TOWNSHIP, Narrowing("overdue", "site.late", "flag")),
    (Button("serveLetter", {"letterId": "id"}, in_state("out")),),
    behind=(Behind("/l/", "lists.open", "code"),),
)
