"""Supervision 督导 in the map: the duty register, and the root by which duties are listed. See `map.py` and `roots.py`."""

from collections.abc import Mapping
from typing import Final

from gateway.readmodel.duty_register import LATE_DAYS, LATE_WORKING_DAYS, as_known
from gateway.readmodel.responsible import ANSWERED
from gateway.schema.root import Filter, Root, by_day, by_id
from gateway.schema.table import Table, columns, moment

DUTIES: Final = as_known(within="{scope}", known="{known}::timestamptz", today="%(today)s")
STOOD_SINCE: Final = "coalesce({a}.ended_on >= {v}, true)"
STOOD_UNTIL: Final = "{a}.since_on <= {v}"
"""A duty is of a period if it stood on one of its days."""

TABLES: Final = (
    Table(
        "Duty",
        DUTIES,
        columns(
            "about number matter step level owedBy officer owedTo township childId caseId rule legalBasis sinceOn dueOn firstDueOn"
            " extended paused standing endedOn endedBy endedFor endedType",
            id="{a}.duty_id",
            lateDays=LATE_DAYS,
            lateWorkingDays=LATE_WORKING_DAYS,
            responsible=ANSWERED.replace("{d}", "{a}"),
            sinceAt=moment("{a}.since_at"),
            endedAt=moment("{a}.ended_at"),
        ),
    ),
)
SUBQUERY_ALIAS: Final[Mapping[str, str]] = {"Duty": "d"}
OWNER: Final[Mapping[str, str]] = {"Duty": "unit"}
ROOTS: Final[Mapping[str, Root]] = {
    "duties": Root(
        "Duty",
        many=True,
        filters={
            "asOf": Filter("true", "sinceAt"),
            "from": Filter(STOOD_SINCE, "endedOn"),
            "until": Filter(STOOD_UNTIL, "sinceOn"),
            "owedBy": Filter("{a}.owed_by = {v}", "owedBy"),
            "officer": Filter("{v} in ({a}.officer, {a}.ended_by)", "officer"),
            "township": Filter("{a}.township = {v}", "township"),
            "matter": Filter("{a}.matter = {v}", "matter"),
            "standing": Filter("{a}.standing = {v}", "standing"),
            "caseId": Filter("{a}.case_id = {v}", "caseId"),
            "childId": Filter("{a}.child_id = {v}", "childId"),
        },
        keys=(by_day("since_on"), by_id("duty_id")),
    ),
}
