"""Access itself 授权 in the map: warrants, and the roots by which they and the looks are listed. See `map.py` and `roots.py`."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Mapping
from typing import Final

from gateway.access.rules import RULES
from gateway.schema.root import Filter, Key, Root, by_id, by_moment
from gateway.schema.table import TO_CHILD, Table, columns, moment

WARRANTS: Final = (
    "(select w.*, e.ended_at, e.end_reason, r.reviewed_at, r.reviewed_by, r.justified, r.remark,"
    f" case when w.kind = 'emergency' then w.given_at + interval '{RULES.emergency.review_within_hours} hours' end"
    " as review_due_at from warrant w left join warrant_end e on e.warrant_id = w.warrant_id"
    " left join warrant_review r on r.warrant_id = w.warrant_id)"
)
CONSENTS: Final = (
    "(select k.warrant_id, k.child_id, w.township, w.unit, w.purpose, k.fields, w.from_at, w.until_at, k.given_by, k.own_view, k.form,"
    " w.paper, k.scan_id, k.witness, k.stated_on, w.given_by as taken_by, w.given_for as taken_for, w.given_at, e.ended_at,"
    " d.withdrawn_by, d.stated_on as withdrawn_on from consent k join warrant w on w.warrant_id = k.warrant_id"
    " left join warrant_end e on e.warrant_id = k.warrant_id left join consent_withdrawal d on d.warrant_id = k.warrant_id)"
)
TABLES: Final = (
    Table(
        "Consent",
        CONSENTS,
        columns(
            "childId township unit purpose fields givenBy ownView form paper scanId witness statedOn takenBy takenFor withdrawnBy"
            " withdrawnOn",
            id="{a}.warrant_id",
            fromAt=moment("{a}.from_at"),
            untilAt=moment("{a}.until_at"),
            endedAt=moment("{a}.ended_at"),
        ),
        {"child": TO_CHILD},
    ),
    Table(
        "Warrant",
        WARRANTS,
        columns(
            "kind unit actor purpose childId township paper reason givenBy givenFor endReason reviewedBy justified remark",
            id="{a}.warrant_id",
            **{
                name: moment(f"{{a}}.{column}")
                for name, column in (
                    ("fromAt", "from_at"),
                    ("untilAt", "until_at"),
                    ("endedAt", "ended_at"),
                    ("reviewDueAt", "review_due_at"),
                    ("reviewedAt", "reviewed_at"),
                )
            },
        ),
    ),
)
OWNER: Final[Mapping[str, str]] = {"Warrant": "unit", "Consent": "taken_for"}
UNREVIEWED: Final = "(kind = 'emergency' and reviewed_at is null)"
ROOTS: Final[Mapping[str, Root]] = {
    "warrants": Root(
        "Warrant",
        many=True,
        filters={
            "kind": Filter("{a}.kind = {v}", "kind"),
            "unreviewed": Filter("({a}.kind = 'emergency' and {a}.reviewed_at is null) = {v}", "reviewedAt"),
        },
        keys=(by_moment("given_at"), by_id("warrant_id")),
        descending=True,
    ),
    "consents": Root(
        "Consent",
        many=True,
        filters={
            "childId": Filter("{a}.child_id = {v}", "childId"),
            "ended": Filter("({a}.ended_at is not null) = {v}", "endedAt"),
        },
        keys=(by_moment("given_at"), by_id("warrant_id")),
        descending=True,
    ),
    "looks": Root(
        "Receipt",
        many=True,
        filters={
            "department": Filter("{a}.department = {v}", "department"),
            "actor": Filter("{a}.actor = {v}", "actor"),
            "childId": Filter("{a}.child_ids @> array[{v}::uuid]", "id"),
            "about": Filter("{a}.about = {v}", "about"),
            "decision": Filter("{a}.decision = {v}", "decision"),
            "since": Filter("{a}.at >= {v}", "at"),
            "until": Filter("{a}.at < {v}", "at"),
        },
        keys=(Key("{a}.at", moment("{a}.at"), "timestamptz"), by_id("receipt_id")),
        descending=True,
    ),
}
