"""Proceedings 司法程序 in the map: their table, and the root by which units list them. See `map.py` and `roots.py`, which take these in."""

from collections.abc import Mapping
from typing import Final

from gateway.schema.root import TOWNSHIP, Filter, Root, by_id
from gateway.schema.table import TO_CHILD, Table, columns

STATE: Final = (
    "case when {a}.state = 'served' and {a}.in_force_on <= %(today)s::date then 'in_force' else {a}.state end"
)
"""Where a file stands today: a decision comes into force without an event."""

TABLES: Final = (
    Table(
        "Proceedings",
        "proceedings",
        columns(
            "caseId childId township numberInCase kind broughtBy supportedBy authority ground legalBasis filedOn docket acceptedOn"
            " hearings heardOn decision grants onAppeal decisionPaper decidedOn complyBy method receipt servedOn appealUntil"
            " inForceOn appellant appealedOn endedPaper endedOn",
            id="{a}.proceedings_id",
            state=STATE,
        ),
        {"child": TO_CHILD},
    ),
)
ROOTS: Final[Mapping[str, Root]] = {
    "proceedings": Root(
        "Proceedings",
        many=True,
        filters={
            "township": Filter("{a}.township = {v}", "township"),
            "kind": Filter("{a}.kind = {v}", "kind"),
            "state": Filter(f"({STATE}) = {{v}}", "state"),
        },
        keys=(TOWNSHIP, by_id("proceedings_id")),
    )
}
