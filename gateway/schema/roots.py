"""What Query serves by the compiler: each root with the type it shows, what narrows it and in which order it is paged.

`{a}` is the alias of the root's table, `{v}` the argument's value; both are put in by the compiler.
"""

from collections.abc import Mapping
from typing import Final

from gateway.schema import (
    access_map,
    assistance_map,
    guardian_letters_map,
    notify_map,
    oversight_map,
    payments_map,
    proceedings_map,
    statistics_map,
    supervision_map,
)
from gateway.schema.count_tables import IN_GROUP, OF_SCHOOL_AGE, STANDING
from gateway.schema.funnel import REACHED
from gateway.schema.map import AWAITING, LATE_SINCE
from gateway.schema.root import TOWNSHIP, Filter, Root, by_day, by_id, by_moment

LETTERS: Final = "lower(regexp_replace({v}::text, '[^A-Za-z]', '', 'g'))"
CALLED: Final = (
    "{a}.child_id in (select s.child_id from child_identity s where {identity} and s.name_pinyin >= {k}"
    " and s.name_pinyin < {k} || '~' and {k} <> '' union all select s.child_id from child_identity s where {identity}"
    " and s.name_initials = {k} and {k} <> '' union all select s.child_id from child_identity s where {identity}"
    """ and s.name collate "C" >= {v}::text and s.name collate "C" < {v}::text || U&'\\+10FFFF' and {v}::text <> '')"""
).replace("{k}", LETTERS)
"""A child by its name's beginning, as it is written, in pinyin, or by its initials; each way by an index of its own."""
ENDING: Final = (
    "{a}.child_id in (select s.child_id from child_identity s where {identity} and s.id_last4 = upper({v}::text)"
    " and length({v}::text) = 4)"
)
"""A child by the last four of its citizen number."""

_IN_TOWNSHIP = Filter("{a}.township = {v}", "township")
_IN_STATE = Filter("{a}.state = {v}", "state")
_IN_ROUND = Filter("{a}.round = {v}", "round")

ROOTS: Mapping[str, Root] = {
    "child": Root("Child", filters={"id": Filter("{a}.child_id = {v}")}),
    "children": Root(
        "Child",
        many=True,
        where="{a}.merged_into is null",
        filters={
            "township": _IN_TOWNSHIP,
            "state": Filter("{a}.accounted_state = {v}", "accountedState"),
            "obligedFrom": Filter("{a}.obliged_from = {v}", "obligedFrom"),
            "leftBehind": Filter("{a}.left_behind = {v}", "leftBehind"),
            "migrant": Filter("{a}.migrant = {v}", "migrant"),
            "poor": Filter("({a}.poverty <> '') = {v}", "poverty"),
            "disabled": Filter("({a}.disability <> '') = {v}", "disability"),
            "name": Filter(CALLED, "name", personal=True),
            "idLast4": Filter(ENDING, "idNumber", mask_is_enough=True, personal=True),
        },
        keys=(TOWNSHIP, by_id("child_id")),
    ),
    "case": Root("Case", filters={"id": Filter("{a}.case_id = {v}")}),
    "cases": Root(
        "Case",
        many=True,
        filters={
            "state": Filter("{a}.state = {v}", "state"),
            "township": _IN_TOWNSHIP,
            "overdue": Filter("coalesce({a}.owed_due_on < %(today)s, false) = {v}", "overdue"),
            "late": Filter(f"({LATE_SINCE} is not null) = {{v}}", "lateSince"),
            "owedBy": Filter("{a}.owed_by = {v}", "owedBy"),
            "reached": Filter(REACHED, "documents"),
            "awaiting": Filter(AWAITING, "clearanceAsked"),
        },
        keys=(TOWNSHIP, by_id("case_id")),
    ),
    "findings": Root(
        "Finding",
        many=True,
        where="{a}.resolved_on is null",
        filters={
            "kind": Filter("{a}.kind = {v}", "kind"),
            "township": _IN_TOWNSHIP,
            "owner": Filter("{a}.owner = {v}", "owner"),
            "mine": Filter("({a}.owner = %(unit)s) = {v}", "owner"),
            "state": _IN_STATE,
            "overdue": Filter("{a}.overdue = {v}", "overdue"),
        },
        keys=(TOWNSHIP, by_id("finding_id")),
    ),
    "doubt": Root("Doubt", filters={"id": Filter("{a}.doubt_id = {v}")}),
    "doubts": Root(
        "Doubt",
        many=True,
        filters={"state": _IN_STATE, "scoreFrom": Filter("{a}.score >= {v}", "score")},
        keys=(by_day("raised_on"), by_id("doubt_id")),
    ),
    "checkIns": Root(
        "CheckIn", many=True, filters={"term": Filter("{a}.term = {v}", "term")}, keys=(by_id("check_in_id"),)
    ),
    "absences": Root(
        "Absence",
        many=True,
        filters={
            "checkInId": Filter("{a}.check_in_id = {v}", "checkInId"),
            "verified": Filter("({a}.verified_on is not null) = {v}", "verifiedOn"),
        },
        keys=(TOWNSHIP, by_id("absence_id")),
    ),
    "fieldChecks": Root(
        "FieldCheck",
        many=True,
        filters={"round": _IN_ROUND, "township": _IN_TOWNSHIP},
        keys=(TOWNSHIP, by_id("field_check_id")),
    ),
    "fieldCheckAnswers": Root(
        "FieldCheckAnswer",
        many=True,
        filters={
            "fieldCheckId": Filter("{a}.field_check_id = {v}", "fieldCheckId"),
            "found": Filter("{a}.found = {v}", "found"),
            "conflict": Filter("{a}.conflict = {v}", "conflict"),
        },
        keys=(TOWNSHIP, by_id("answer_id")),
    ),
    "submissions": Root(
        "Submission",
        many=True,
        filters={"round": _IN_ROUND, "township": _IN_TOWNSHIP, "state": _IN_STATE},
        keys=(TOWNSHIP, by_id("submission_id")),
    ),
    "delivery": Root("Delivery", filters={"id": Filter("{a}.delivery_id = {v}")}),
    "deliveries": Root(
        "Delivery",
        many=True,
        filters={"state": _IN_STATE},
        keys=(by_day("handed_in_on"), by_id("delivery_id")),
        descending=True,
    ),
    "columnMappings": Root(
        "ColumnMapping",
        many=True,
        filters={"unit": Filter("{a}.unit = {v}", "unit"), "register": Filter("{a}.register = {v}", "register")},
        keys=(by_id("mapping_id"),),
    ),
    "caseFunnel": Root("CaseFunnelRow", many=True, order="{a}.township, {a}.step"),
    "focusGroups": Root(
        "FocusCount", many=True, filters={"asOf": Filter("true", "count")}, order="{a}.township, {a}.kind, {a}.state"
    ),
    "partitionChildren": Root(
        "Child",
        many=True,
        where=f"{{a}}.merged_into is null and {OF_SCHOOL_AGE}",
        filters={
            "state": Filter(STANDING),
            "township": _IN_TOWNSHIP,
            "village": Filter("{a}.village = {v}", "village"),
            "group": Filter(IN_GROUP),
        },
        keys=(TOWNSHIP, by_id("child_id")),
    ),
    "findingCounts": Root("FindingCount", many=True, order="{a}.township, {a}.kind"),
    # Windows that differ by a day tell who was born on it: only whoever sees small numbers may choose the day.
    "villagePartition": Root(
        "VillagePartitionRow",
        many=True,
        filters={"township": _IN_TOWNSHIP},
        order="{a}.township, {a}.village, {a}.dated desc, {a}.state",
    ),
    "fourChecks": Root(
        "VillageChecks",
        many=True,
        filters={"township": _IN_TOWNSHIP, "asOf": Filter("{a}.as_of = {v}", "asOf")},
        order="{a}.township, {a}.village",
    ),
    "partition": Root(
        "PartitionRow",
        many=True,
        filters={"asOf": Filter("true", "count")},
        order="{a}.township, {a}.dated desc, {a}.state",
    ),
    "notices": Root(
        "Notice",
        many=True,
        filters={"state": Filter("{a}.state = {v}", "state")},
        keys=(by_moment("raised_at"), by_id("notice_id")),
        descending=True,
    ),
    "referrals": Root(
        "Referral",
        many=True,
        filters={
            "state": _IN_STATE,
            "toUnit": Filter("{a}.to_unit = {v}", "toUnit"),
            "purpose": Filter("{a}.purpose = {v}", "purpose"),
            "open": Filter("({a}.state in ('opened', 'accepted')) = {v}", "state"),
            "overdue": Filter(
                "(coalesce({a}.reply_by < %(today)s, false) and {a}.state in ('opened', 'accepted')) = {v}", "overdue"
            ),
        },
        keys=(TOWNSHIP, by_id("referral_id")),
    ),
    "responsibilities": Root(
        "Responsibility",
        many=True,
        filters={
            "officer": Filter("{a}.officer = {v}", "officer"),
            "childId": Filter("{a}.child_id = {v}", "childId"),
            "on": Filter(
                "coalesce({a}.from_on <= {v} and ({a}.until_on is null or {a}.until_on >= {v}), false)", "fromOn"
            ),
        },
        keys=(TOWNSHIP, by_id("assignment_id")),
    ),
    "receipts": Root(
        "Receipt",
        many=True,
        filters={
            "childId": Filter(
                "{a}.child_ids @> array[{v}::uuid] and exists (select from child s where s.child_id = {v}"
                " and s.township >= %(lo)s and s.township < %(hi)s)"
            )
        },
        keys=(by_moment("at"), by_id("receipt_id")),
        descending=True,
    ),
    "townships": Root("Township", many=True, order="{a}.code"),
    **assistance_map.ROOTS,
    **oversight_map.ROOTS,
    **proceedings_map.ROOTS,
    **payments_map.ROOTS,
    **statistics_map.ROOTS,
    **access_map.ROOTS,
    **supervision_map.ROOTS,
    **notify_map.ROOTS,
    **guardian_letters_map.ROOTS,
}
