"""The tables of public disclosure counted 公开数据汇总 (N9.2): by the list that cases holds, over one moment of the read model.

Every child of the age window stands in one column of each table of children; acts of the school year, and what supervision did
and found in it, are counted by township. What an inspection found is counted with it, once: right by the day it was first given, right
later, or not right yet. What of all this may be shown is not decided here.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from gateway.readmodel.partition import window
from services.chassis.school_terms import term_on
from services.contracts.divisions import TOWNSHIPS

STANDINGS: Final = ("in_school", "other_form", "elsewhere", "returned", "verifying", "out_of_school")
"""Where a child stands 就学情况: 在校 / 送教上门 / 去向已核实 / 本学年劝返 / 核实中 / 辍学未返."""
STAGES: Final = ("primary", "junior", "special", "none")
SEXES: Final = ("male", "female", "unknown")
MEASURES: Final = ("visits", "orders", "penalties", "judicial", "referrals")
"""Acts of the school year 控辍措施: 家访 / 责令限期改正 / 行政处罚 / 司法文书 / 转有关部门."""
SUPERVISED: Final = (
    *("inspections", "rectified_in_time", "rectified_late", "rectifying", "interviews", "circulars", "accountability"),
)
"""Supervision of the school year 督导情况: 督导检查 / 问题按期整改 / 逾期整改 / 整改中 / 约谈 / 通报 / 责任追究."""
_COLUMNS: Final = {"children": STANDINGS, "measures": MEASURES, "supervision": SUPERVISED}
_REACHED: Final = "reached"

COUNT: Final = f"""
    with stood as materialized (
      select c.township, case when c.stage in ('primary', 'junior', 'special') then c.stage else 'none' end as stage,
        case when c.sex in ('male', 'female') then c.sex else 'unknown' end as sex,
        case when k.state in ('returned', 'watched') then 'returned'
          when k.confirmed_on is not null then 'out_of_school'
          when c.open_case_id is not null or c.accounted_state in ('', 'suspect') then 'verifying'
          when c.accounted_state = 'in_seat' and exists (select from case_file e
            where e.child_id = c.child_id and e.returned_on >= %(since)s) then 'returned'
          when c.accounted_state = 'in_seat' then 'in_school'
          when c.accounted_state = 'placed' then 'other_form' else 'elsewhere' end as standing
      from child c left join child_identity i using (child_id) left join case_file k on k.case_id = c.open_case_id
      where c.merged_into is null and c.accounted_state <> 'gone'
        and (i.birth_date is null or i.birth_date > %(born_after)s and i.birth_date <= %(born_until)s)),
    done as (
      select township, 'visits' as measure from visit where visited_on >= %(since)s
      union all select township, case kind when 'order_to_correct' then 'orders' when 'penalty_decision' then 'penalties'
        else 'judicial' end from document where issued_on >= %(since)s and result <> 'withdrawn'
        and kind in ('order_to_correct', 'penalty_decision', 'judicial_document')
      union all select township, 'referrals' from referral where opened_on >= %(since)s),
    supervised as (
      select township, 'inspections' as what from inspection where opened_on >= %(since)s
      union all select f.township, case when f.state <> 'right' then 'rectifying'
          when f.reported_on <= f.first_due_on then 'rectified_in_time' else 'rectified_late' end
        from inspection_finding f join inspection i using (inspection_id) where i.opened_on >= %(since)s
      union all select township, case kind when 'interview' then 'interviews' else 'circulars' end
        from admonition where issued_on >= %(since)s
      union all select township, 'accountability' from accountability where decided_on >= %(since)s)
    select 'children_by_township' as "table", township as "row", standing as "column", count(*)::bigint as "value"
      from stood group by 2, 3
    union all select 'children_by_stage', stage, standing, count(*) from stood group by 2, 3
    union all select 'children_by_sex', sex, standing, count(*) from stood group by 2, 3
    union all select 'measures_by_township', township, measure, count(*) from done group by 2, 3
    union all select 'supervision_by_township', township, what, count(*) from supervised group by 2, 3
    union all select '{_REACHED}', split_part(name, '/', 1), '', min(position) from tracking group by 2"""
"""One statement, so all tables and positions are of one moment."""


def counted_on(day: date) -> dict[str, object]:
    """The parameters of `COUNT` on a day."""
    after, until = window(day)
    begun = int(term_on(day).school_year[:4])
    return {"born_after": after, "born_until": until, "since": date(begun, 9, 1)}


def tables_of(found: Iterable[Mapping[str, Any]], *, area: str) -> dict[str, object]:
    """What `prepare_disclosure` takes of the rows of `COUNT`: `counted`, the tables with a line for each code, and `reached`."""
    values = {(each["table"], each["row"], each["column"]): int(each["value"]) for each in found}
    townships = {code for code in TOWNSHIPS if code.startswith(area)}
    townships |= {row for table, row, _ in values if table.endswith("_by_township")}
    rows = {
        "children_by_township": sorted(townships),
        "children_by_stage": STAGES,
        "children_by_sex": SEXES,
        "measures_by_township": sorted(townships),
        "supervision_by_township": sorted(townships),
    }
    return {
        "counted": [
            {
                "table": table,
                "rows": lines,
                "columns": (columns := _COLUMNS[table.partition("_")[0]]),
                "cells": [[values.get((table, row, column), 0) for column in columns] for row in lines],
            }
            for table, lines in rows.items()
        ],
        "reached": [
            {"service": service, "position": position}
            for (table, service, _), position in sorted(values.items())
            if table == _REACHED
        ],
    }
