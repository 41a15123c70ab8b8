"""Statistics 统计 in the map: versions of packs, the numbers of old, and the children behind a number.

See `map.py` and `roots.py`, which take these in.
"""

from collections.abc import Mapping
from typing import Final

from gateway.readmodel.counted import BEHIND
from gateway.schema.root import TOWNSHIP, Filter, Root, by_day, by_id
from gateway.schema.table import Table, columns

TABLES: Final = (
    Table(
        "StatisticsPack",
        "statistics_pack",
        columns(
            "packId unit version kind period countedOn differing sha256 replaces reached reason madeBy madeOn",
            id="{a}.version_id",
            latest="not exists (select from statistics_pack n where n.pack_id = {a}.pack_id and n.version > {a}.version)",
        ),
        of_child=False,
    ),
    Table(
        "EntryCohort",
        "entry_cohort",
        columns("school entered pupils paper statedBy statedOn", id="{a}.cohort_id"),
        of_child=False,
    ),
)
ROOTS: Final[Mapping[str, Root]] = {
    "statisticsPacks": Root(
        "StatisticsPack",
        many=True,
        filters={
            "kind": Filter("{a}.kind = {v}", "kind"),
            "period": Filter("{a}.period = {v}", "period"),
            "packId": Filter("{a}.pack_id = {v}", "packId"),
        },
        keys=(by_day("counted_on"), by_id("version_id")),
        descending=True,
    ),
    "entryCohorts": Root(
        "EntryCohort",
        many=True,
        filters={
            "school": Filter("{a}.school = {v}", "school"),
            "entered": Filter("{a}.entered = {v}", "entered"),
        },
        keys=(by_id("cohort_id"),),
    ),
    "countedChildren": Root(
        "Child",
        many=True,
        where="{a}.merged_into is null",
        filters={"cell": Filter(BEHIND)},
        keys=(TOWNSHIP, by_id("child_id")),
    ),
}
