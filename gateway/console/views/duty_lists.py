"""Lists of supervision: what is to be put right, calls to order, accountability, late answers (N8); audits of minors' data, the policy's log."""

from typing import Final

from gateway.console.views.listing import PLACE, TOWNSHIP, Behind, Button, Column, List, Narrowing, Paper, in_state

_OF_INSPECTIONS: Final = ("/inspections", "inspections")
RECTIFICATIONS: Final = List(
    "rectifications",
    (
        Column("owedBy", "child.owner", "unit"),
        Column("number", "duty.number", "number"),
        Column("finding", "duty.found"),
        Column("state", "child.state", "rectification_states"),
        Column("dueOn", "duty.right_by", "due"),
        Column("evidence", "duty.done"),
        Column("checkedOn", "duty.checked_on", "date"),
    ),
    (
        Narrowing("state", "child.state", "rectification_states"),
        TOWNSHIP,
        Narrowing("mine", "duty.mine", "flag"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    (
        Button("reportRectification", {"inspectionId": "inspectionId", "number": "number"}, in_state("owed"), "owedBy"),
        Button("checkRectification", {"inspectionId": "inspectionId", "number": "number"}, in_state("reported")),
    ),
    file="rectifications",
    part_of=_OF_INSPECTIONS,
)
ADMONITIONS: Final = List(
    "admonitions",
    (
        Column("issuedOn", "duty.issued_on", "date"),
        Column("kind", "child.kind", "admonitions"),
        Column("unit", "child.unit", "unit"),
        Column("number", "case.number"),
        Column("ground", "duty.ground"),
        Column("replyBy", "case.reply_by", "due"),
        Column("answer", "child.answer"),
        Column("answeredOn", "duty.answered_on", "date"),
    ),
    (
        TOWNSHIP,
        Narrowing("mine", "duty.mine", "flag"),
        Narrowing("answered", "duty.answered", "yes or no"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    (Button("answerAdmonition", {"admonitionId": "id"}, lambda row: not row.get("answeredOn"), "unit"),),
    starts=("issueAdmonition",),
    file="admonitions",
)
ACCOUNTABILITY: Final = List(
    "accountabilityDecisions",
    (
        Column("decidedOn", "duty.decided_on", "date"),
        Column("unit", "child.unit", "unit"),
        Column("ground", "duty.ground"),
        Column("measure", "arguments.measure", "measures"),
        Column("number", "case.number"),
    ),
    (TOWNSHIP,),
    starts=("decideAccountability",),
    file="accountabilityDecisions",
)
LATE_REPLIES: Final = List(
    "lateReplies",
    (
        Column("matter", "duties.matter", "matters"),
        Column("owedBy", "child.owner", "unit"),
        PLACE,
        Column("dueOn", "my_day.due", "date"),
        Column("notedOn", "duty.noted_on", "date"),
        Column("upTo", "duty.up_to", "levels"),
        Column("settledOn", "duty.settled_on", "date"),
        Column("caseId", "case.title", "case"),
    ),
    (TOWNSHIP, Narrowing("settled", "duty.settled", "yes or no")),
    file="lateReplies",
)
AUDIT_REPORTS: Final = List(
    "auditReports",
    (
        Column("fromOn", "duties.from", "date"),
        Column("untilOn", "duties.until", "date"),
        Column("madeAt", "audit.made_at", "moment"),
        Column("madeBy", "audit.made_by"),
        Column("madeFor", "audit.made_for", "unit"),
        Column("entry", "audit.entry", "number"),
    ),
    papers=(Paper("/files/audit-reports", "audit.workbook", "exportAuditReport", bool),),
    behind=(Behind("/audit-reports/", "audit.what_it_says", "id"),),
)
POLICY_LOG: Final = List(
    "policyLog",
    (
        Column("position", "audit.entry", "number"),
        Column("kind", "child.kind", "policy_entries"),
        Column("name", "audit.what"),
        Column("version", "audit.version"),
        Column("at", "child.when", "moment"),
        Column("by", "child.who"),
        Column("legalBasis", "audit.basis"),
    ),
    (Narrowing("kind", "child.kind", "policy_entries"),),
)
