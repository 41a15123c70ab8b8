"""Payments 发放 in the map: their tables, and the roots by which they are listed. See `map.py` and `roots.py`."""

from collections.abc import Mapping
from typing import Final

from gateway.schema.root import TOWNSHIP, Filter, Root, by_id
from gateway.schema.table import TO_CHILD, Table, columns

REFUSAL_LATE: Final = "coalesce({a}.due_on < %(today)s, false) and {a}.closed_on is null"

TABLES: Final = (
    Table(
        "PaymentList",
        "payment_list",
        columns(
            "programme term school township lines totalFen state madeBy madeOn sha256 approvedBy approvedOn withdrawnOn",
            id="{a}.list_id",
        ),
        of_child=False,
    ),
    Table(
        "RecognitionRun",
        "recognition_run",
        columns(
            "programme term township pupils through granted grantedFen state openedBy openedOn endedOn",
            id="{a}.run_id",
        ),
        of_child=False,
    ),
    Table(
        "PaymentRefusal",
        "payment_refusal",
        columns(
            "childId township awardId listId owner reason raisedOn dueOn ending answer closedOn",
            id="{a}.refusal_id",
            overdue=REFUSAL_LATE,
        ),
        {"child": TO_CHILD},
    ),
)

ROOTS: Final[Mapping[str, Root]] = {
    "paymentLists": Root(
        "PaymentList",
        many=True,
        filters={
            "id": Filter("{a}.list_id = {v}"),
            "township": Filter("{a}.township = {v}", "township"),
            "programme": Filter("{a}.programme = {v}", "programme"),
            "term": Filter("{a}.term = {v}", "term"),
            "school": Filter("{a}.school = {v}", "school"),
            "state": Filter("{a}.state = {v}", "state"),
        },
        keys=(TOWNSHIP, by_id("list_id")),
    ),
    "recognitionRuns": Root(
        "RecognitionRun",
        many=True,
        filters={
            "programme": Filter("{a}.programme = {v}", "programme"),
            "term": Filter("{a}.term = {v}", "term"),
            "state": Filter("{a}.state = {v}", "state"),
        },
        keys=(TOWNSHIP, by_id("run_id")),
    ),
    "paymentRefusals": Root(
        "PaymentRefusal",
        many=True,
        filters={
            "township": Filter("{a}.township = {v}", "township"),
            "open": Filter("({a}.closed_on is null) = {v}", "closedOn"),
            "overdue": Filter(f"({REFUSAL_LATE}) = {{v}}", "overdue"),
        },
        keys=(TOWNSHIP, by_id("refusal_id")),
    ),
}
