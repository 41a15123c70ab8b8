"""Lists: cases, findings, referrals, payments, field checks, inspections and whatever else is a table of rows, one `List` each.

What a list may hold and how it is shown is in `listing.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.console.views.listing import Behind, Button, Column, List, Narrowing, Paper


def _in(*states: str) -> Callable[[Mapping[str, Any]], bool]:
    """Rows that are in one of these states."""
    return lambda row: row.get("state") in states


_TOWNSHIP: Final = Narrowing("township", "ledger.township", "township")
_CHILD: Final = Column("child", "my_day.child", "child")
_PLACE: Final = Column("township", "my_day.place", "place")
CASES: Final = List(
    "cases",
    (
        Column("state", "child.state", "cases"),
        _CHILD,
        _PLACE,
        Column("cause", "case.cause", "openings"),
        Column("openedOn", "case.openedOn", "date"),
        Column("owedStep", "my_day.what", "steps"),
        Column("owedBy", "child.owner", "units"),
        Column("owedDueOn", "my_day.due", "due"),
        Column("id", "lists.open", "case"),
    ),
    (Narrowing("state", "child.state", "cases"), _TOWNSHIP, Narrowing("overdue", "site.late", "flag")),
    file="cases",
)
FINDINGS: Final = List(
    "findings",
    (
        Column("kind", "child.kind", "findings"),
        _CHILD,
        _PLACE,
        Column("owner", "child.owner", "unit"),
        Column("state", "child.state", "finding_states"),
        Column("raisedOn", "lists.since", "date"),
        Column("dueOn", "my_day.due", "due"),
        Column("reason", "child.why"),
    ),
    (Narrowing("kind", "child.kind", "findings"), _TOWNSHIP, Narrowing("overdue", "site.late", "flag")),
    (
        Button("acceptAnswer", {"findingId": "id"}, _in("answered")),
        Button("returnAnswer", {"findingId": "id"}, _in("answered")),
    ),
    file="findings",
)
REFERRALS: Final = List(
    "referrals",
    (
        Column("purpose", "case.for_what", "referral_purposes"),
        _CHILD,
        Column("request", "lists.request"),
        Column("askedBy", "lists.asked_by", "unit"),
        Column("toUnit", "case.asked", "departments"),
        Column("state", "child.state", "referral_states"),
        Column("replyBy", "case.reply_by", "due"),
        Column("outcome", "case.answer"),
    ),
    (
        Narrowing("state", "child.state", "referral_states"),
        Narrowing("purpose", "case.for_what", "referral_purposes"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    (
        Button("acceptReferral", {"referralId": "id"}, _in("opened")),
        Button("answerReferral", {"referralId": "id"}, _in("accepted")),
        Button("returnReferral", {"referralId": "id"}, _in("opened", "accepted")),
        Button("revokeReferral", {"referralId": "id"}, _in("opened", "accepted")),
    ),
    file="referrals",
)
NOTICES: Final = List(
    "notices",
    (
        Column("raisedAt", "child.when", "moment"),
        Column("recipient", "child.unit", "unit"),
        Column("text", "lists.text"),
        Column("replyBy", "case.reply_by", "date"),
        Column("state", "child.state", "notice_states"),
        Column("channel", "lists.channel"),
        Column("caseId", "case.title", "case"),
    ),
    (Narrowing("state", "child.state", "notice_states"),),
    (Button("acknowledgeNotice", {"noticeId": "id"}, _in("delivered", "escalated")),),
    file="notices",
)
DOUBTS: Final = List(
    "doubts",
    (
        Column("raisedOn", "lists.since", "date"),
        Column("child", "doubts.one", "child"),
        Column("other", "doubts.other", "child"),
        Column("score", "doubts.score", "score"),
        Column("reason", "child.why"),
        Column("state", "child.state", "doubt_states"),
        Column("decision", "arguments.decision", "doubt_decisions"),
        Column("id", "lists.open", "doubt"),
    ),
    (Narrowing("state", "child.state", "doubt_states"),),
    file="doubts",
)
POSTS: Final = List(
    "posts",
    (
        Column("role", "arguments.role", "roles"),
        Column("officer", "lists.officer"),
        Column("township", "ledger.township", "place"),
        Column("village", "board.village", "place"),
        Column("school", "child.school"),
        Column("fromOn", "arguments.fromOn", "date"),
        Column("untilOn", "arguments.untilOn", "date"),
        Column("deputy", "child.deputy", "flag"),
    ),
    (Narrowing("on", "lists.on", "date"), Narrowing("role", "arguments.role", "roles"), _TOWNSHIP),
    file="posts",
)
WARRANTS: Final = List(
    "warrants",
    (
        Column("kind", "arguments.kind", "warrant_kinds"),
        Column("unit", "child.unit", "unit"),
        Column("actor", "lists.officer"),
        Column("purpose", "child.purpose", "purposes"),
        Column("fromAt", "arguments.fromOn", "moment"),
        Column("untilAt", "arguments.untilOn", "moment"),
        Column("reason", "child.why"),
        Column("paper", "case.number"),
        Column("givenBy", "lists.given_by"),
        Column("endedAt", "lists.ended", "moment"),
        Column("reviewedAt", "lists.reviewed", "moment"),
    ),
    (Narrowing("kind", "arguments.kind", "warrant_kinds"), Narrowing("unreviewed", "lists.unreviewed", "flag")),
    (
        Button("endWarrant", {"warrantId": "id"}, lambda row: not row.get("endedAt")),
        Button(
            "reviewBreakGlass",
            {"warrantId": "id"},
            lambda row: bool(row.get("reviewDueAt")) and not row.get("reviewedAt"),
        ),
    ),
    starts=("approvePurpose",),
    file="warrants",
)
REPORTS: Final = List(
    "publicReports",
    (
        Column("receivedOn", "lists.received", "date"),
        Column("receiptNumber", "lists.receipt"),
        _PLACE,
        Column("text", "lists.text"),
        Column("outcome", "child.result", "report_outcomes"),
        Column("caseId", "case.title", "case"),
    ),
    (_TOWNSHIP, Narrowing("handled", "lists.handled", "flag"), Narrowing("overdue", "site.late", "flag")),
    (
        Button("recordReportInquiry", {"reportId": "id"}, lambda row: not row.get("outcome")),
        Button("handlePublicReport", {"reportId": "id"}, lambda row: not row.get("outcome")),
    ),
    starts=("receivePublicReport",),
    file="publicReports",
)
LOOKS: Final = List(
    "looks",
    (
        Column("at", "child.when", "moment"),
        Column("actor", "child.who"),
        Column("department", "child.unit", "unit"),
        Column("purpose", "child.purpose", "purposes"),
        Column("operation", "lists.operation"),
        Column("decision", "child.result", "decisions"),
        Column("rows", "lists.rows"),
    ),
    (
        Narrowing("department", "lists.department", "text"),
        Narrowing("actor", "child.who", "text"),
        Narrowing("decision", "child.result", "decisions"),
    ),
    file="looks",
)
DUTIES: Final = List(
    "duties",
    (
        Column("matter", "duties.matter", "matters"),
        Column("step", "my_day.what", "steps"),
        Column("owedBy", "child.owner", "unit"),
        Column("officer", "lists.officer"),
        _PLACE,
        Column("sinceOn", "lists.since", "date"),
        Column("dueOn", "my_day.due", "date"),
        Column("standing", "duties.standing", "standings"),
        Column("lateWorkingDays", "duties.late_working_days"),
        Column("endedOn", "duties.ended", "date"),
        Column("endedBy", "duties.ended_by"),
        Column("legalBasis", "case.basis"),
        Column("caseId", "case.title", "case"),
    ),
    (
        Narrowing("from", "duties.from", "date"),
        Narrowing("until", "duties.until", "date"),
        Narrowing("asOf", "duties.asOf", "end of day"),
        Narrowing("matter", "duties.matter", "matters"),
        Narrowing("standing", "duties.standing", "standings"),
        Narrowing("owedBy", "child.owner", "text"),
        _TOWNSHIP,
    ),
    file="duties",
)
_PROGRAMME: Final = Narrowing("programme", "assistance.programme", "programmes")
_TERM: Final = Narrowing("term", "assistance.term", "term")
_OF_ASSISTANCE: Final = ("/assistance", "assistance")
PAYMENT_LISTS: Final = List(
    "paymentLists",
    (
        Column("madeOn", "assistance.made_on", "date"),
        _PLACE,
        Column("school", "child.school"),
        Column("programme", "assistance.programme", "programmes"),
        Column("term", "assistance.term"),
        Column("lines", "assistance.lines", "number"),
        Column("totalFen", "assistance.total", "money"),
        Column("state", "child.state", "payment_list_states"),
        Column("madeBy", "assistance.made_by"),
        Column("approvedBy", "assistance.approved_by"),
    ),
    (
        _TERM,
        _PROGRAMME,
        _TOWNSHIP,
        Narrowing("school", "arguments.school", "text"),
        Narrowing("state", "child.state", "payment_list_states"),
    ),
    (
        Button("approvePaymentList", {"listId": "id"}, _in("made")),
        Button("withdrawPaymentList", {"listId": "id"}, _in("made", "approved")),
    ),
    file="paymentLists",
    papers=(Paper("/files/payment-lists", "assistance.for_the_bank", "exportPaymentList", _in("approved")),),
    part_of=_OF_ASSISTANCE,
)
REFUSALS: Final = List(
    "paymentRefusals",
    (
        Column("raisedOn", "assistance.refused_on", "date"),
        _CHILD,
        _PLACE,
        Column("reason", "assistance.refused_for"),
        Column("owner", "child.owner", "unit"),
        Column("dueOn", "my_day.due", "due"),
        Column("ending", "child.state", "refusal_endings"),
        Column("answer", "child.answer", "refusal_answers"),
        Column("closedOn", "assistance.closed_on", "date"),
    ),
    (
        Narrowing("open", "lists.still_open", "yes or no"),
        _TOWNSHIP,
        Narrowing("overdue", "site.late", "flag"),
    ),
    (Button("answerRefusedPayment", {"refusalId": "id"}, lambda row: not row.get("closedOn")),),
    file="paymentRefusals",
    part_of=_OF_ASSISTANCE,
)
AWARDS: Final = List(
    "awards",
    (
        _CHILD,
        _PLACE,
        Column("programme", "assistance.programme", "programmes"),
        Column("term", "assistance.term"),
        Column("category", "assistance.category", "aid_categories"),
        Column("amountFen", "assistance.amount", "money"),
        Column("paidFen", "assistance.paid", "money"),
        Column("state", "child.state", "award_states"),
        Column("grantedOn", "assistance.granted_on", "date"),
        Column("legalBasis", "case.basis"),
    ),
    (_TERM, _PROGRAMME, _TOWNSHIP, Narrowing("state", "child.state", "award_states")),
    file="awards",
    part_of=_OF_ASSISTANCE,
)
AID_WATCH: Final = List(
    "aidWatch",
    (
        Column("kind", "child.kind", "aid_watch"),
        _CHILD,
        _PLACE,
        Column("school", "child.school"),
        Column("programme", "assistance.programme", "programmes"),
        Column("amountFen", "assistance.amount", "money"),
        Column("sinceOn", "lists.since", "date"),
        Column("owner", "child.owner", "unit"),
    ),
    (
        Narrowing("term", "assistance.term", "term", is_required=True),
        Narrowing("kind", "child.kind", "aid_watch"),
        _TOWNSHIP,
        Narrowing("school", "arguments.school", "text"),
    ),
    file="aidWatch",
    part_of=_OF_ASSISTANCE,
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
    (_ROUND, _TOWNSHIP),
    file="fieldChecks",
    papers=(Paper("/files/field-check", "fields.sheet", "exportFieldCheck", bool),),
    behind=(Behind("/field-checks/", "fields.answers", "id"),),
)
FIELD_ANSWERS: Final = List(
    "fieldCheckAnswers",
    (
        _CHILD,
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
    (_ROUND, _TOWNSHIP, Narrowing("state", "child.state", "submission_states")),
    (
        Button("acceptSubmission", {"submissionId": "id"}, _in("made")),
        Button("returnSubmission", {"submissionId": "id"}, _in("made")),
    ),
    file="submissions",
    papers=(Paper("/files/submission", "board.print", "printSubmission", _in("made", "accepted")),),
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
    (_TERM,),
    (Button("closeCheckIn", {"checkInId": "id"}, lambda row: not row.get("closedOn")),),
    file="checkIns",
    behind=(Behind("/absences?checkInId=", "nav.absences", "id"),),
)
ABSENCES: Final = List(
    "absences",
    (
        _CHILD,
        _PLACE,
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
