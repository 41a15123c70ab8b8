"""Letters to guardians 致监护人文书 in the map: runs with how far they have come, and the letters. See `map.py` and `roots.py`."""

from collections.abc import Mapping
from typing import Final

from gateway.schema.root import TOWNSHIP, Filter, Root, by_day, by_id
from gateway.schema.table import TO_CHILD, Link, Table, columns

OVERDUE: Final = "(coalesce({a}.serve_by < %(today)s, false) and {a}.state = 'out')"
RUNS: Final = (
    "(select r.*, c.made, c.served, c.outstanding, c.overdue from letter_run r cross join lateral (select"
    " (count(*) filter (where l.state <> 'withdrawn'))::integer as made,"
    " (count(*) filter (where l.state = 'served'))::integer as served,"
    " (count(*) filter (where l.state = 'out'))::integer as outstanding,"
    " (count(*) filter (where l.state = 'out' and l.serve_by < %(today)s))::integer as overdue"
    " from guardian_letter l where l.run_id = r.run_id and {scope}) c)"
)
"""Runs, with the letters counted that are within the caller's reach."""

TABLES: Final = (
    Table(
        "LetterRun",
        RUNS,
        columns(
            "kind schoolYear serveBy legalBasis expected openedOn closedOn made served outstanding overdue",
            id="{a}.run_id",
        ),
        of_child=False,
    ),
    Table(
        "GuardianLetter",
        "guardian_letter",
        columns(
            "runId childId township kind schoolYear code legalBasis serveBy madeOn state method receipt scanId servedOn"
            " servedBy servedFor late withdrawnOn withdrawnReason",
            id="{a}.letter_id",
            overdue=OVERDUE,
        ),
        {
            "child": TO_CHILD,
            "scan": Link("Attachment", "{a}.child_id = {p}.child_id and {a}.attachment_id = {p}.scan_id"),
        },
    ),
)
SUBQUERY_ALIAS: Final[Mapping[str, str]] = {"LetterRun": "l"}
"""The alias a subquery's scope is on."""
ROOTS: Final[Mapping[str, Root]] = {
    "letterRuns": Root("LetterRun", many=True, keys=(by_day("opened_on"), by_id("run_id")), descending=True),
    "guardianLetters": Root(
        "GuardianLetter",
        many=True,
        filters={
            "runId": Filter("{a}.run_id = {v}", "runId"),
            "township": Filter("{a}.township = {v}", "township"),
            "state": Filter("{a}.state = {v}", "state"),
            "overdue": Filter(OVERDUE + " = {v}", "overdue"),
            "code": Filter("{a}.code = {v}", "code"),
            "childId": Filter("{a}.child_id = {v}", "childId"),
        },
        keys=(TOWNSHIP, by_id("letter_id")),
    ),
}
