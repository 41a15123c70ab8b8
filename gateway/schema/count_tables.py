"""Where counts are read from in the read-model map: each is a subquery that holds its own `{scope}`; see `map.py`."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Mapping
from typing import Final

from gateway.readmodel.partition import AGES, counted, standing
from gateway.schema import guardian_letters_map, supervision_map
from gateway.schema.funnel import FUNNEL
from gateway.schema.table import Table, columns, moment


def _partition(level: str) -> str:
    """The partition by `level`; names of places are looked up for its lines."""
    return f"({counted(level, within='{scope}', born='born{n}')})"


_GROUPS: Final = (
    "(values ('left_behind', {a}.left_behind), ('migrant', {a}.migrant), ('poverty', {a}.poverty <> ''),"
    " ('disability', {a}.disability <> '')) g(kind, is_one)"
)
FOCUS: Final = f"""(select c.township, g.kind, {standing("c.")} as state, count(*)::integer as count
    from child c join child_identity i on i.child_id = c.child_id
    cross join lateral {_GROUPS.format(a="c")}
    where g.is_one and c.merged_into is null and i.birth_date >= ({{born}})[1] and i.birth_date < ({{born}})[6] and {{scope}}
    group by 1, 2, 3)"""
"""Children of school age of each focus group by township and state; the parameter is what `partition.cut` makes of a day."""
OF_SCHOOL_AGE: Final = (
    "exists (select from child_identity i where i.child_id = {a}.child_id"
    f" and i.birth_date > (%(today)s::date - interval '{AGES.stop} years')::date"
    f" and i.birth_date <= (%(today)s::date - interval '{AGES.start} years')::date)"
)
"""A child that the partition of today counts with its birth date."""
STANDING: Final = f"{standing('{a}.')} = {{v}}"
"""A child that is counted in a state."""
IN_GROUP: Final = f"exists (select from {_GROUPS} where g.is_one and g.kind = {{v}})"
"""A child of a focus group."""

COUNTS: Final = (
    Table("CaseFunnelRow", FUNNEL, columns("township step count"), of_child=False),
    Table(
        "FocusCount",
        FOCUS.replace("{born}", "%(born{n})s::date[]"),
        columns("township kind state count"),
        of_child=False,
    ),
    Table(
        "FindingCount",
        "(select f.kind, f.township, count(*)::integer as count from finding f"
        " where f.resolved_on is null and {scope} group by f.kind, f.township)",
        columns("kind township count"),
        of_child=False,
    ),
    Table(
        "VillagePartitionRow",
        "(select p.township, p.village, coalesce((select v.name from village v where v.code = p.village), '') as village_name,"
        f" p.state, p.dated, p.children as count from {_partition('village')} p)",
        columns("township village villageName state dated count"),
        of_child=False,
    ),
    Table(
        "VillageChecks",
        "(select f.as_of, f.counted_at, f.township, p.village,"
        " coalesce((select v.name from village v where v.code = p.village), '') as village_name, p.in_window, p.hukou,"
        " p.enrolled, p.in_school, p.poverty, p.not_enrolled, p.not_in_seat, p.poverty_out from four_checks f"
        " cross join lateral jsonb_to_recordset(f.places) as p(village text, in_window integer, hukou integer,"
        " enrolled integer, in_school integer, poverty integer, not_enrolled integer, not_in_seat integer,"
        " poverty_out integer) where {scope})",
        columns(
            "asOf township village villageName inWindow hukou enrolled inSchool poverty notEnrolled notInSeat povertyOut",
            countedAt=moment("{a}.counted_at"),
        ),
        of_child=False,
    ),
    Table(
        "PartitionRow",
        "(select p.township, coalesce((select n.name from township n where n.code = p.township), '') as township_name,"
        f" p.state, p.dated, p.children as count from {_partition('township')} p)",
        columns("township townshipName state dated count"),
        of_child=False,
    ),
)

SUBQUERY_ALIAS: Mapping[str, str] = {
    "CaseFunnelRow": "f",
    "FocusCount": "c",
    "FindingCount": "f",
    "PartitionRow": "c",
    "VillagePartitionRow": "c",
    "VillageChecks": "f",
    **guardian_letters_map.SUBQUERY_ALIAS,
    **supervision_map.SUBQUERY_ALIAS,
}
"""The alias a subquery's scope is on."""
