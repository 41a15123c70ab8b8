"""Statistics counted 统计汇总: which children stand behind each measure, and how many for each school, over one moment.

A child is behind a measure at most once, at one school, so lines add up to townships and the county. A school stands under
the township in which most of its pupils live: no register says where it lies, and its pupils of other townships are its own.
Children of no school are of their township. Where a child stands is as of now; what happened is counted from 1 September of the
school year to the day that is asked about. The measures are those of `chassis/indicators.toml`.

`members` is both what is counted and what is listed behind a number (`BEHIND`), so a list is as long as its number.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from services.chassis.indicators import MEASURES, Level, Line, Place
from services.chassis.school_terms import term_on
from services.contracts.divisions import TOWNSHIPS

_REACHED: Final = "reached"
_NAMED: Final = "named"
FINAL_CLASS: Final = "九年级"
YEARS_OF_SCHOOL: Final = 9
ALL: Final = "*"


class Number(NamedTuple):
    """A row of `COUNT`: how many, or, under a word of its own, what a school is called and how far was counted."""

    measure: str
    township: str
    school: str
    persons: int
    said: str


def members(on: str, *, each: bool) -> str:
    """The tables of a statement, the last of which is `m`: `who`, measure, and the township and school it is counted at; `on` is
    the day, as SQL.

    `who` is a child where each of them is wanted, else how many there are: put together before they are told apart by measure,
    since a county's children each stand behind several. Parameters besides are `lo` and `hi`, the caller's range of townships.
    Nothing is joined but by a key, and where schools lie is looked up in one value: what row security leaves of a table the
    planner can't tell, takes for few rows, and would go through all of them for each of the others.
    """
    since = f"make_date(extract(year from {on})::integer - (extract(month from {on}) < 9)::integer, 9, 1)"
    this_year = f"between {since} and {on}"
    together = "" if each else "group by township, school, poor, primary_age, standing"
    pupils = "" if each else "group by township, school, is_final"
    who, one = ("child_id", "c.child_id") if each else ("count(*)", "1::bigint")
    is_own = "c.merged_into is null and c.township >= %(lo)s and c.township < %(hi)s"
    return f"""
    own as materialized (select c.child_id, c.township, c.school, c.school_name, c.grade, c.poverty <> '' as poor, c.accounted_state,
      c.accounted_on, c.open_case_id from child c where {is_own}),
    lives as materialized (select school, township, count(*) as pupils, max(school_name) as name from own where school <> ''
      group by school, township),
    homes as materialized (select coalesce(jsonb_object_agg(school, township), jsonb_build_object()) as home from (select distinct on (school)
      school, township from lives order by school, pupils desc, township) h),
    stood as (select {who} as who, township, school, poor, primary_age, standing from (select c.child_id, c.township, c.school, c.poor,
        i.birth_date > {on} - interval '12 years' as primary_age,
        case when k.state in ('returned', 'watched') then 'returned' when k.confirmed_on is not null then 'dropout'
          when c.open_case_id is not null or c.accounted_state in ('', 'suspect') then 'verifying'
          when c.accounted_state = 'in_seat' then 'in_school' when c.accounted_state = 'placed' then 'home_taught'
          when c.accounted_state = 'graduated' then 'finished' when c.accounted_state = 'left_explained' then 'left_explained'
          else 'elsewhere' end as standing
      from own c left join child_identity i using (child_id) left join case_file k on k.case_id = c.open_case_id
      where c.accounted_state <> 'gone' and (i.birth_date is null
        or i.birth_date > {on} - interval '17 years' and i.birth_date <= {on} - interval '6 years')) s {together}),
    seated as (select {who} as who, township, school, is_final from (select child_id, township, school, grade = '{FINAL_CLASS}' as is_final
      from own where accounted_state = 'in_seat') s {pupils}),
    {_happened(on, this_year)},
    lists as (select child_id, bool_or(by = 'education') as education, bool_or(by = 'poverty') as poverty,
        bool_or(by = 'platform') as platform from (
          select child_id, 'education' as by from case_file where confirmed_on is not null and closed_on is null
            and state not in ('returned', 'watched', 'closed')
          union all select child_id, case kind when 'suspect_listed' then 'platform' else 'poverty' end from finding
            where kind in ('suspect_listed', 'poverty_out_of_school') and resolved_on is null) l group by child_id),
    member as (
      select s.who, m.measure, s.township, s.school from stood s cross join lateral unnest(array['age', s.standing,
        case when s.poor then 'poor' end, case when s.primary_age then 'primary_age' end,
        case when s.primary_age and s.standing in ('in_school', 'returned', 'home_taught', 'elsewhere') then 'primary_age_in_school'
        end]) m(measure)
      union all select s.who, m.measure, s.township, s.school from seated s
        cross join lateral unnest(array['pupils', case when s.is_final then 'final_class' end]) m(measure)
      union all select {one}, h.measure, c.township, coalesce(h.school, c.school) from happened h
        join child c on c.child_id = h.child_id where {is_own}
      union all select {one}, m.measure, c.township, c.school from lists l join child c on c.child_id = l.child_id
        cross join lateral unnest(array['listed',
          case when l.education then 'on_education' else 'off_education' end, case when l.poverty then 'on_poverty' end,
          case when c.poverty <> '' and not l.poverty then 'off_poverty' end,
          case when l.platform then 'on_platform' else 'off_platform' end,
          case when l.education and l.platform and (l.poverty or c.poverty = '') then 'unified' else 'differing' end]) m(measure)
        where {is_own}),
    m as (select who, measure, coalesce((select home from homes) ->> school, township) as township, school
      from member where measure is not null)"""


def _happened(on: str, this_year: str) -> str:
    """The table of what became of children within the school year so far, each once for a measure, with the school it counts at."""
    return f"""happened as (
      select distinct on (child_id, measure) child_id, measure, school from (
        select child_id, 'suspended' as measure, null::text as school, from_on as day from deferral
          where kind = 'suspension' and from_on {this_year}
        union all select child_id, 'withdrawn', nullif(school, ''), confirmed_on from case_file where confirmed_on {this_year}
        union all select child_id, 'transferred_out', nullif(from_school, ''), opened_on from transfer where opened_on {this_year}
        union all select child_id, 'transferred_unplaced', nullif(from_school, ''), opened_on from transfer
          where opened_on {this_year} and (completed_on is null or completed_on > {on})
        union all select child_id, 'transferred_in', to_school, completed_on from transfer
          where completed_on {this_year} and (select home from homes) ? to_school
        union all select child_id, 'other_increase', nullif(school, ''), returned_on from case_file where returned_on {this_year}
        union all select child_id, 'other_increase', null, ended_on from deferral
          where kind = 'suspension' and ended_on {this_year}
        union all select child_id, case accounted_state when 'gone' then 'died' when 'graduated' then 'graduated'
            else 'other_decrease' end, null, accounted_on from own c
          where accounted_state in ('gone', 'graduated', 'left_explained') and accounted_on {this_year}
            and (accounted_state <> 'left_explained' or not exists (select from deferral d
              where d.child_id = c.child_id and d.kind = 'suspension' and d.from_on {this_year}))
      ) e order by child_id, measure, day desc, school)"""


COUNT: Final = f"""
    with {members("%(on)s::date", each=False)}
    select m.measure, m.township, m.school, sum(m.who)::bigint as persons, '' as said from m group by 1, 2, 3
    union all select 'pupils_begun', coalesce((select home from homes) ->> c.school, ''), c.school, max(c.present), ''
      from check_in c where c.term = %(autumn)s and c.closed_on <= %(on)s group by 2, 3
    union all select 'entered', coalesce((select home from homes) ->> e.school, ''), e.school, max(e.pupils), ''
      from entry_cohort e where e.entered = %(entered)s group by 2, 3
    union all select 'registers_age', f.township, '', sum(p.in_window), '' from four_checks f
      cross join lateral jsonb_to_recordset(f.places) as p(in_window integer)
      where f.as_of = (select max(as_of) from four_checks where as_of <= %(on)s) group by 2
    union all select '{_NAMED}', '', school, 0, max(name) from lives group by 3
    union all select '{_REACHED}', split_part(name, '/', 1), '', min(position), '' from tracking group by 2"""
"""One statement, so all numbers and positions are of one moment. `on` is the day, `autumn` the school year's first term, `entered`
the year in which those who finish now entered school."""

BEHIND: Final = (
    f"{{a}}.child_id in (with {members('%(today)s::date', each=True)} select w.who from m w"
    " where w.measure = split_part({v}::text, '/', 1) and split_part({v}::text, '/', 2) in ('*', w.township)"
    " and split_part({v}::text, '/', 3) in ('*', w.school))"
)
"""The children behind a number, by its cell: measure, township and school, of which `*` stands for all of them and nothing for none."""


def cell(measure: str, place: Place, *, level: Level) -> str:
    """What names a number, so that who stands behind it can be asked for; empty where nobody can be listed."""
    if MEASURES[measure].of != "children":
        return ""
    township = ALL if level == "county" else place.township
    return f"{measure}/{township}/{place.school if level == 'school' else ALL}"


def counted_on(day: date) -> dict[str, object]:
    """The parameters of `COUNT` for a day, but for the caller's range."""
    begun = int(term_on(day).school_year[:4])
    return {"on": day, "autumn": f"{begun}-{begun + 1}-1", "entered": begun + 1 - YEARS_OF_SCHOOL}


def lines_of(found: Iterable[Number], *, area: str) -> tuple[list[Line], dict[str, int]]:
    """The lines of the rows of `COUNT`, one for each school and each township, and the positions they were counted at."""
    counts: dict[tuple[str, str], dict[str, int]] = {(code, ""): {} for code in TOWNSHIPS if code.startswith(area)}
    names: dict[str, str] = {}
    reached: dict[str, int] = {}
    for row in found:
        match row.measure:
            case "reached":
                reached[row.township] = int(row.persons)
            case "named":
                names[row.school] = row.said
            case measure:
                counts.setdefault((row.township, row.school), {})[measure] = int(row.persons)
    lines = [
        Line(
            township=township,
            school=school,
            name=names.get(school, ""),
            counts=tuple(line.get(measure, 0) for measure in MEASURES),
        )
        for (township, school), line in sorted(counts.items())
    ]
    return lines, reached
