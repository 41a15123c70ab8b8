"""The work around the cases 督导办理 in the map: its tables, and the roots by which units list what is theirs.

See `map.py` and `roots.py`, which take these in.
"""

from collections.abc import Mapping
from typing import Final

from gateway.schema.root import TOWNSHIP, Filter, Root, by_day, by_id
from gateway.schema.table import OF_CHILD, TO_CHILD, Link, Table, columns

_UNTIL = (
    "coalesce({a}.until_on, (select min(h.from_on) - 1 from post_tenure h where h.post_id = {a}.post_id"
    " and not h.deputy and h.from_on > {a}.from_on))"
)
_ANSWERS_ON = (
    "{a}.from_on <= {v} and ({a}.until_on is null or {a}.until_on >= {v}) and not exists (select from post_tenure o"
    " where o.post_id = {a}.post_id and o.from_on >= {a}.from_on and o.from_on <= {v} and (case when o.deputy"
    " then not {a}.deputy and o.until_on >= {v} else o.from_on > {a}.from_on end))"
)
"""Of all who ever held or stood in for a post, the one who answers on a day: a deputy before whom it stands in for."""
_UNANSWERED_LATE = "coalesce({a}.reply_by < %(today)s, false) and {a}.answered_on is null"
_VISIT_LATE = "coalesce({a}.next_on < %(today)s, false) and {a}.ended_on is null"
_LOOK_LATE = "coalesce({a}.owed_due_on < %(today)s, false)"
_OF_REPORT = "coalesce((select w.{} from report_words w where w.report_id = {{a}}.report_id), {})"
_REQUEST_LATE = "coalesce({a}.due_on < %(today)s, false) and {a}.ended_on is null"
_NO_RESULT = "coalesce({a}.expires_on < %(today)s, false) and {a}.result = ''"
_OWED_LATE = "coalesce({a}.due_on < %(today)s, false) and {a}.state = 'owed'"

TABLES: Final = (
    Table(
        "Visit",
        "visit",
        columns(
            "childId caseId township method attitude visitor visitedOn nextOn",
            id="{a}.visit_id",
            promise="coalesce((select w.promise from visit_words w where w.visit_id = {a}.visit_id), '')",
        ),
        {
            "child": TO_CHILD,
            "attachments": Link(
                "Attachment",
                f"{OF_CHILD} and {{a}}.attachment_id = any({{p}}.attachments)",
                "{a}.kept_on, {a}.attachment_id",
            ),
        },
    ),
    Table(
        "Attachment",
        "attachment",
        columns("childId caseId documentId township shows mediaType size sha256 keptOn", id="{a}.attachment_id"),
        {"child": TO_CHILD},
    ),
    Table(
        "VisitPlan",
        "visit_plan",
        columns(
            "childId township visitor reason everyDays nextOn missed missedOn endedOn",
            id="{a}.plan_id",
            overdue=_VISIT_LATE,
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "PersuasionList",
        "persuasion_list",
        columns("township month returned notReturned signedBy complete openedOn", id="{a}.list_id"),
        of_child=False,
    ),
    Table(
        "Statement",
        "statement",
        columns("level year superior party township signedOn", id="{a}.statement_id"),
        of_child=False,
    ),
    Table(
        "Inspection",
        "inspection",
        columns("unit township matter population sample openedOn closedOn", id="{a}.inspection_id"),
        {"findings": Link("Rectification", "{a}.inspection_id = {p}.inspection_id", "{a}.number, {a}.finding_id")},
        of_child=False,
    ),
    Table(
        "Rectification",
        "inspection_finding",
        columns(
            "inspectionId township number finding owedBy dueOn state evidence checkedOn",
            id="{a}.finding_id",
            overdue=_OWED_LATE,
        ),
        of_child=False,
    ),
    Table(
        "Admonition",
        "admonition",
        columns(
            "kind unit township number ground replyBy issuedOn answer late answeredOn",
            id="{a}.admonition_id",
            overdue=_UNANSWERED_LATE,
        ),
        of_child=False,
    ),
    Table(
        "AccountabilityDecision",
        "accountability",
        columns("unit township ground measure number decidedOn", id="{a}.decision_id"),
        of_child=False,
    ),
    Table(
        "ZeroReport", "zero_report", columns("unit township month late signedOn", id="{a}.report_id"), of_child=False
    ),
    Table(
        "AssistanceLetter",
        "assistance_letter",
        columns(
            "caseId childId township place number request replyBy sentOn reminders outcome paper answeredOn",
            id="{a}.letter_id",
            overdue=_UNANSWERED_LATE,
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "ProcuratorateNotice",
        "procuratorate_notice",
        columns(
            "township number matter caseId replyBy receivedOn answer paper late answeredOn",
            id="{a}.notice_id",
            overdue=_UNANSWERED_LATE,
        ),
        of_child=False,
    ),
    Table(
        "DataRequest",
        "data_request",
        columns(
            "receiptNumber childId township kind subject askedBy request receivedFor receivedOn owedBy officer dueOn legalBasis shown"
            " checkedOn correctedOn outcome ground groundBasis answer content late endedOn",
            id="{a}.request_id",
            overdue=_REQUEST_LATE,
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "CountyReport",
        "county_report",
        columns(
            "unit number madeOn",
            id="{a}.report_id",
            confirmed="cardinality({a}.confirmed)",
            unreachable="cardinality({a}.unreachable)",
        ),
        of_child=False,
    ),
    Table(
        "Disclosure",
        "disclosure",
        columns(
            "unit state number countedOn schoolYear rule sha256 reached tasks methods bodies preparedBy preparedOn approvedBy"
            " approvedOn releasedBy releasedOn reason endedOn",
            id="{a}.disclosure_id",
        ),
        {"cells": Link("DisclosedCell", "{a}.disclosure_id = {p}.disclosure_id", "{a}.place")},
        of_child=False,
    ),
    Table(
        "DisclosedCell",
        '(select d.disclosure_id, d.township, c.place, c.name as "table", c."row", c."column", c.value from disclosure d cross join'
        ' lateral jsonb_to_recordset(d.cells) as c(place integer, name text, "row" text, "column" text, value integer))',
        columns("value", table='{a}."table"', row='{a}."row"', column='{a}."column"'),
        of_child=False,
    ),
    Table(
        "LateReply",
        "late_reply",
        columns("matter about number owedBy township caseId dueOn upTo notedOn settledOn", id="{a}.late_reply_id"),
        of_child=False,
    ),
    Table(
        "PublicReport",
        "public_report",
        columns(
            "township receiptNumber receivedOn owedStep owedBy owedDueOn inquiries inquiredOn outcome caseId handledOn",
            id="{a}.report_id",
            overdue=_LOOK_LATE,
            text=_OF_REPORT.format("text", "''"),
            supplements=_OF_REPORT.format("supplements", "'{}'"),
            notes=_OF_REPORT.format("notes", "'{}'"),
        ),
        of_child=False,
    ),
    Table(
        "PostTenure",
        "post_tenure",
        columns("postId role officer township village school fromOn deputy", id="{a}.tenure_id", untilOn=_UNTIL),
        of_child=False,
    ),
)

OWNER: Final[Mapping[str, str]] = {
    "Inspection": "unit",
    "Rectification": "owed_by",
    "Admonition": "unit",
    "AccountabilityDecision": "unit",
    "ZeroReport": "unit",
    "LateReply": "owed_by",
    "ProcuratorateNotice": "sender",
    "DataRequest": "owed_by",
}
"""The column that names the unit a row is `own` to."""

_IN_TOWNSHIP = Filter("{a}.township = {v}", "township")
_OF_CHILD = Filter("{a}.child_id = {v}", "childId")
_BY_VISITOR = Filter("{a}.visitor = {v}", "visitor")
_IN_MONTH = Filter("{a}.month = {v}", "month")
_ANSWERED = Filter("({a}.answered_on is not null) = {v}", "answeredOn")
_REPLY_OVERDUE = Filter(f"({_UNANSWERED_LATE}) = {{v}}", "overdue")


def _list(type_: str, *, key: str, **filters: Filter) -> Root:
    """A list of a type by township and id."""
    return Root(type_, many=True, filters={"township": _IN_TOWNSHIP, **filters}, keys=(TOWNSHIP, by_id(key)))


ROOTS: Final[Mapping[str, Root]] = {
    "documents": _list(
        "Document",
        key="document_id",
        kind=Filter("{a}.kind = {v}", "kind"),
        served=Filter("({a}.served_on is not null) = {v}", "servedOn"),
        result=Filter("{a}.result = {v}", "result"),
        ranOut=Filter(f"({_NO_RESULT}) = {{v}}", "result"),
    ),
    "visits": _list("Visit", key="visit_id", childId=_OF_CHILD, visitor=_BY_VISITOR),
    "attachments": _list(
        "Attachment", key="attachment_id", childId=_OF_CHILD, shows=Filter("{a}.shows = {v}", "shows")
    ),
    "visitPlans": _list(
        "VisitPlan",
        key="plan_id",
        childId=_OF_CHILD,
        visitor=_BY_VISITOR,
        ended=Filter("({a}.ended_on is not null) = {v}", "endedOn"),
        overdue=Filter(f"({_VISIT_LATE}) = {{v}}", "overdue"),
    ),
    "persuasionLists": _list(
        "PersuasionList", key="list_id", month=_IN_MONTH, complete=Filter("{a}.complete = {v}", "complete")
    ),
    "statements": _list(
        "Statement",
        key="statement_id",
        year=Filter("{a}.year = {v}", "year"),
        level=Filter("{a}.level = {v}", "level"),
    ),
    "inspections": _list(
        "Inspection", key="inspection_id", closed=Filter("({a}.closed_on is not null) = {v}", "closedOn")
    ),
    "rectifications": _list(
        "Rectification",
        key="finding_id",
        state=Filter("{a}.state = {v}", "state"),
        mine=Filter("({a}.owed_by = %(unit)s) = {v}", "owedBy"),
        overdue=Filter(f"({_OWED_LATE}) = {{v}}", "overdue"),
    ),
    "admonitions": _list(
        "Admonition",
        key="admonition_id",
        mine=Filter("({a}.unit = %(unit)s) = {v}", "unit"),
        answered=_ANSWERED,
        overdue=_REPLY_OVERDUE,
    ),
    "accountabilityDecisions": _list("AccountabilityDecision", key="decision_id"),
    "zeroReports": _list("ZeroReport", key="report_id", month=_IN_MONTH),
    "assistanceLetters": _list("AssistanceLetter", key="letter_id", answered=_ANSWERED, overdue=_REPLY_OVERDUE),
    "procuratorateNotices": _list("ProcuratorateNotice", key="notice_id", answered=_ANSWERED, overdue=_REPLY_OVERDUE),
    "dataRequests": _list(
        "DataRequest",
        key="request_id",
        kind=Filter("{a}.kind = {v}", "kind"),
        childId=_OF_CHILD,
        mine=Filter("({a}.owed_by = %(unit)s) = {v}", "owedBy"),
        ended=Filter("({a}.ended_on is not null) = {v}", "endedOn"),
        overdue=Filter(f"({_REQUEST_LATE}) = {{v}}", "overdue"),
    ),
    "countyReports": Root("CountyReport", many=True, keys=(by_day("made_on"), by_id("report_id")), descending=True),
    "disclosures": Root(
        "Disclosure",
        many=True,
        filters={"state": Filter("{a}.state = {v}", "state")},
        keys=(by_day("counted_on"), by_id("disclosure_id")),
        descending=True,
    ),
    "publicReports": _list(
        "PublicReport",
        key="report_id",
        handled=Filter("({a}.handled_on is not null) = {v}", "handledOn"),
        overdue=Filter(f"({_LOOK_LATE}) = {{v}}", "overdue"),
    ),
    "lateReplies": _list(
        "LateReply",
        key="late_reply_id",
        matter=Filter("{a}.matter = {v}", "matter"),
        upTo=Filter("{a}.up_to = {v}", "upTo"),
        settled=Filter("({a}.settled_on is not null) = {v}", "settledOn"),
    ),
    "posts": _list(
        "PostTenure",
        key="tenure_id",
        village=Filter("{a}.village = {v}", "village"),
        school=Filter("{a}.school = {v}", "school"),
        role=Filter("{a}.role = {v}", "role"),
        officer=Filter("{a}.officer = {v}", "officer"),
        on=Filter(_ANSWERS_ON, "fromOn"),
    ),
}
