"""Lists of children's matters: cases, findings, referrals, doubts; notices, who answers, and who may look and did.

Aid's are in `aid_lists.py`, those of the field in `field_lists.py`, supervision's in `duty_lists.py`; what a list may hold is in `listing.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.console.views.listing import (
    CHILD,
    PLACE,
    TOWNSHIP,
    Behind,
    Button,
    Column,
    List,
    Narrowing,
    Paper,
    in_state,
)


def _may_be_answered(row: Mapping[str, Any]) -> bool:
    """Whether a referral waits for its answer; a suspected crime for what the police decided, first."""
    return row.get("state") == "accepted" and (row.get("purpose") != "suspected_crime" or bool(row.get("decision")))


def _is_suspected_crime(row: Mapping[str, Any]) -> bool:
    """Whether a referral handed a suspected crime over of which something more may be decided 涉嫌犯罪移送."""
    is_over = row.get("decision") in {"dropped", "not_charged", "convicted", "acquitted"}
    return row.get("purpose") == "suspected_crime" and row.get("state") in {"accepted", "answered"} and not is_over


CASES: Final = List(
    "cases",
    (
        Column("state", "child.state", "cases"),
        CHILD,
        PLACE,
        Column("cause", "case.cause", "openings"),
        Column("openedOn", "case.openedOn", "date"),
        Column("owedStep", "my_day.what", "steps"),
        Column("owedBy", "child.owner", "units"),
        Column("owedDueOn", "my_day.due", "due"),
        Column("id", "lists.open", "case"),
    ),
    (
        Narrowing("state", "child.state", "cases"),
        TOWNSHIP,
        Narrowing("reached", "board.reached", "funnel"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    file="cases",
)
FINDINGS: Final = List(
    "findings",
    (
        Column("kind", "child.kind", "findings"),
        CHILD,
        PLACE,
        Column("owner", "child.owner", "unit"),
        Column("state", "child.state", "finding_states"),
        Column("raisedOn", "lists.since", "date"),
        Column("dueOn", "my_day.due", "due"),
        Column("reason", "child.why"),
    ),
    (Narrowing("kind", "child.kind", "findings"), TOWNSHIP, Narrowing("overdue", "site.late", "flag")),
    (
        Button("acceptAnswer", {"findingId": "id"}, in_state("answered")),
        Button("returnAnswer", {"findingId": "id"}, in_state("answered")),
    ),
    file="findings",
)
REFERRALS: Final = List(
    "referrals",
    (
        Column("purpose", "case.for_what", "referral_purposes"),
        CHILD,
        Column("request", "lists.request"),
        Column("askedBy", "lists.asked_by", "unit"),
        Column("toUnit", "case.asked", "departments"),
        Column("state", "child.state", "referral_states"),
        Column("replyBy", "case.reply_by", "due"),
        Column("outcome", "case.answer"),
        Column("decision", "case.crime_decision", "crime_decisions"),
        Column("decisionPaper", "case.number"),
        Column("reliefDecision", "case.relief_decision", "relief_decisions"),
    ),
    (
        Narrowing("state", "child.state", "referral_states"),
        Narrowing("purpose", "case.for_what", "referral_purposes"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    (
        Button("acceptReferral", {"referralId": "id"}, in_state("opened"), of_kind="toUnit"),
        Button("answerReferral", {"referralId": "id"}, _may_be_answered, of_kind="toUnit"),
        Button("recordCrimeDecision", {"referralId": "id"}, _is_suspected_crime, of_kind="toUnit"),
        Button("returnReferral", {"referralId": "id"}, in_state("opened", "accepted"), of_kind="toUnit"),
        Button("revokeReferral", {"referralId": "id"}, in_state("opened", "accepted"), of_kind="askedBy"),
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
    (Button("acknowledgeNotice", {"noticeId": "id"}, in_state("delivered", "escalated")),),
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
    (Narrowing("on", "lists.on", "date"), Narrowing("role", "arguments.role", "roles"), TOWNSHIP),
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
            not_by="actor",
        ),
    ),
    starts=("approvePurpose",),
    file="warrants",
)
CONSENTS: Final = List(
    "consents",
    (
        CHILD,
        PLACE,
        Column("unit", "child.unit", "unit"),
        Column("purpose", "child.purpose", "purposes"),
        Column("givenBy", "arguments.givenBy", "consent_givers"),
        Column("form", "arguments.form", "consent_forms"),
        Column("paper", "case.number"),
        Column("statedOn", "arguments.statedOn", "date"),
        Column("untilAt", "arguments.untilOn", "moment"),
        Column("takenFor", "lists.given_by", "unit"),
        Column("endedAt", "lists.ended", "moment"),
        Column("withdrawnBy", "arguments.withdrawnBy", "consent_givers"),
    ),
    (Narrowing("ended", "lists.ended", "flag"),),
    (Button("withdrawConsent", {"warrantId": "id"}, lambda row: not row.get("endedAt")),),
    file="consents",
)
DATA_REQUESTS: Final = List(
    "dataRequests",
    (
        Column("receiptNumber", "lists.receipt"),
        Column("kind", "arguments.kind", "data_requests"),
        CHILD,
        PLACE,
        Column("askedBy", "arguments.askedBy", "consent_givers"),
        Column("request", "lists.request"),
        Column("receivedOn", "lists.received", "date"),
        Column("owedBy", "child.owner", "unit"),
        Column("officer", "lists.officer"),
        Column("dueOn", "my_day.due", "due"),
        Column("shown", "arguments.shown", "requester_proofs"),
        Column("outcome", "child.result", "data_request_outcomes"),
        Column("ground", "child.why", "data_request_refusals"),
        Column("endedOn", "duties.ended", "date"),
    ),
    (
        Narrowing("kind", "arguments.kind", "data_requests"),
        TOWNSHIP,
        Narrowing("mine", "lists.mine", "flag"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    (
        Button("checkRequester", {"requestId": "id"}, lambda row: not row.get("checkedOn") and not row.get("endedOn")),
        Button("assignDataRequest", {"requestId": "id"}, lambda row: not row.get("endedOn")),
        Button(
            "answerDataRequest", {"requestId": "id"}, lambda row: bool(row.get("checkedOn")) and not row.get("endedOn")
        ),
        Button("declineDataRequest", {"requestId": "id"}, lambda row: not row.get("endedOn")),
    ),
    file="dataRequests",
)
REPORTS: Final = List(
    "publicReports",
    (
        Column("receivedOn", "lists.received", "date"),
        Column("receiptNumber", "lists.receipt"),
        PLACE,
        Column("text", "lists.text"),
        Column("outcome", "child.result", "report_outcomes"),
        Column("caseId", "case.title", "case"),
    ),
    (TOWNSHIP, Narrowing("handled", "lists.handled", "flag"), Narrowing("overdue", "site.late", "flag")),
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
    behind=(Behind("/proof?look=", "replay.link", "id"),),
)
DUTIES: Final = List(
    "duties",
    (
        Column("matter", "duties.matter", "matters"),
        Column("step", "my_day.what", "steps"),
        Column("owedBy", "child.owner", "unit"),
        Column("officer", "lists.officer"),
        Column("owedTo", "duties.owed_to", "unit"),
        PLACE,
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
        Narrowing("officer", "lists.officer", "text"),
        TOWNSHIP,
    ),
    file="duties",
)
MESSAGES: Final = List(
    "messages",
    (
        Column("begunAt", "child.when", "moment"),
        Column("unit", "child.unit", "unit"),
        Column("channel", "lists.channel", "channels"),
        Column("hint", "settings.address"),
        Column("state", "child.state", "message_states"),
        Column("failure", "child.why", "message_failures"),
        Column("tries", "settings.tries", "number"),
        Column("settledAt", "settings.settled", "moment"),
        Column("againAt", "settings.again", "moment"),
    ),
    (Narrowing("state", "child.state", "message_states"), Narrowing("channel", "lists.channel", "channels")),
    (Button("resendDispatch", {"dispatchId": "id"}, in_state("failed", "open")),),
    file="messages",
    part_of=("/settings", "settings"),
)
ADDRESSES: Final = List(
    "contactAddresses",
    (
        Column("channel", "lists.channel", "channels"),
        Column("hint", "settings.address"),
        Column("holder", "settings.holder", "holders"),
        Column("matters", "settings.matters", "notice_matters"),
        Column("setAt", "settings.set_at", "moment"),
        Column("suspended", "settings.suspended", "message_failures"),
    ),
    (),
    (Button("clearAddress", {"entryId": "id"}, bool),),
)
DISCLOSURES: Final = List(
    "disclosures",
    (
        Column("number", "disclosures.ledger_number", "number"),
        Column("state", "child.state", "disclosure_states"),
        Column("countedOn", "disclosures.counted_on", "date"),
        Column("preparedBy", "disclosures.prepared_by"),
        Column("approvedBy", "disclosures.approved_by"),
        Column("releasedBy", "disclosures.released_by"),
        Column("releasedOn", "disclosures.released_on", "date"),
        Column("reason", "child.why"),
        Column("endedOn", "lists.ended", "date"),
    ),
    buttons=(
        Button("approveDisclosure", {"disclosureId": "id"}, in_state("prepared"), not_by="preparedBy"),
        Button("releaseDisclosure", {"disclosureId": "id"}, in_state("approved")),
        Button("discardDisclosure", {"disclosureId": "id"}, in_state("prepared", "approved")),
        Button("withdrawDisclosure", {"disclosureId": "id"}, in_state("released")),
    ),
    papers=(Paper("/files/disclosures", "disclosures.preview", "previewDisclosure", bool),),
    behind=(Behind("/disclosures/", "disclosures.what_it_says", "id"),),
)
