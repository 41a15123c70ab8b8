"""The duty register as it was known at a moment: one statement over `duty`, for the present and for any moment before.

A row is known from the moment its duty was recorded; of its terms and its end that is shown which was recorded by then.
How a duty stands follows from that and from the day in China at that moment (today, where no moment is given):

- `done` 按期: in time; where nothing says by when, whenever it was done
- `late` 逾期办结: done after its last day
- `never` 逾期未办: handed up undone when its term had run out
- `open` 在办: owed still, and in time
- `overdue` 逾期在办: owed still, and late
- `lifted` 解除: not owed any longer, or by another unit
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from datetime import date, timedelta
from itertools import chain
from typing import Final

from services.chassis.working_days import is_announced, is_working_day

STANDINGS: Final = ("done", "late", "never", "open", "overdue", "lifted")


def as_known(*, within: str, known: str, today: str) -> str:
    """The register as a subquery: `within` a condition on rows `d`, `known` SQL of the moment, `today` SQL of the day."""
    day = f"least(({known} at time zone 'Asia/Shanghai')::date, {today}::date)"
    due_on = f"""case when d.changed_at <= {known} then d.due_on else (select (t.term ->> 'due_on')::date
        from jsonb_array_elements(d.terms) with ordinality t(term, n)
        where (t.term ->> 'at')::timestamptz <= {known} order by t.n desc limit 1) end"""
    of_kind = f"""(select count(*)::integer from jsonb_array_elements(d.terms) t
        where t ->> 'change' = '§' and (t ->> 'at')::timestamptz <= {known})"""
    return f"""(
    select k.*, s.standing,
      case s.standing when 'late' then k.ended_on when 'never' then k.ended_on when 'overdue' then k.day end as late_until
    from (
      select d.duty_id, d.about, d.number, d.matter, d.step, d.level, d.unit as owed_by, d.officer, d.owed_to, d.township,
        d.child_id, d.case_id, d.rule, d.legal_basis, d.since_on, d.since_at, {due_on} as due_on,
        (d.terms -> 0 ->> 'due_on')::date as first_due_on,
        {of_kind.replace("§", "extended")} as extended, {of_kind.replace("§", "paused")} as paused,
        case when d.ended_at <= {known} then d.outcome else '' end as outcome,
        case when d.ended_at <= {known} then d.ended_on end as ended_on,
        case when d.ended_at <= {known} then d.ended_at end as ended_at,
        case when d.ended_at <= {known} then d.ended_by else '' end as ended_by,
        case when d.ended_at <= {known} then d.ended_for else '' end as ended_for,
        case when d.ended_at <= {known} then d.ended_type else '' end as ended_type,
        {day} as day
      from duty d where d.since_at <= {known} and {within}) k
    cross join lateral (select case
      when k.outcome = 'expired' then 'never' when k.outcome = 'lifted' then 'lifted'
      when k.outcome = 'done' then case when k.ended_on > k.due_on then 'late' else 'done' end
      when k.day > k.due_on then 'overdue' else 'open' end as standing) s)"""


def _unlike_the_week(*, worked: bool) -> str:
    """The days on which the ordinary week misleads, as an array: weekends that are worked, or weekdays that are free."""
    days = (date(_FIRST_YEAR, 1, 1) + timedelta(days=n) for n in range(366 * (_LAST_YEAR - _FIRST_YEAR + 1)))
    found = (day for day in days if is_working_day(day) is worked and (day.isoweekday() > _FRIDAY) is worked)
    return "'{" + ",".join(map(str, found)) + "}'::date[]"


_FRIDAY: Final = 5
_FIRST_YEAR: Final = 2018
"""The county's first rules are of that year."""
_LAST_YEAR: Final = max(chain((_FIRST_YEAR,), filter(is_announced, range(_FIRST_YEAR, 2100)))) + 2
LATE_DAYS: Final = "({a}.late_until - {a}.due_on)"
"""By how many days it is or was late; null where it isn't."""
LATE_WORKING_DAYS: Final = f"""(case when {{a}}.late_until is null then null else (select count(*)::integer
    from generate_series({{a}}.due_on + 1, {{a}}.late_until, interval '1 day') g(day)
    where case when extract(isodow from g.day) > {_FRIDAY} then g.day::date = any({_unlike_the_week(worked=True)})
      else g.day::date <> all({_unlike_the_week(worked=False)}) end) end)"""
"""The same in working days, by the State Council's calendar."""
