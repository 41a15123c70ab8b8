"""Posts and deputies as rows: who answers for every child of a place, who stands in, and for whom nobody is named (N7.2, N7.3).

A tenure in a post lasts until the next one begins, so it has no end of its own; a deputy's has. Who answered on a day is
one answer: see `RESPONSIBLE_ON`.
"""

# ruff: noqa: S608  # statements are made of this project's own words

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar, Final, LiteralString, assert_never, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from gateway.readmodel.cases import Responsibility
from gateway.readmodel.fold import Fold, Told
from gateway.readmodel.roster import Child
from gateway.readmodel.rows import Row, Rows
from services.contracts.oversight import PostDeputised, PostFilled, PostHandedOver, ResponsibilityDeputised

PostEvent = PostFilled | PostHandedOver | PostDeputised


class Tenure(Row, frozen=True, kw_only=True):
    """One official's time in a post 任职, or a deputy's; the place is in the column of its kind."""

    TABLE: ClassVar[str] = "post_tenure"
    KEY: ClassVar[str] = "tenure_id"
    tenure_id: UUID
    post_id: UUID
    role: str = ""
    officer: str = ""
    township: str = ""
    village: str = ""
    school: str = ""
    from_on: date | None = None
    until_on: date | None = None
    deputy: bool = False


UNTIL: Final[LiteralString] = (
    "coalesce({t}.until_on, (select min(h.from_on) - 1 from post_tenure h"
    " where h.post_id = {t}.post_id and not h.deputy and h.from_on > {t}.from_on))"
)
"""The last day of a tenure: a deputy's own, a holder's the day before the next one begins."""

_PLACE_ON: Final[LiteralString] = """(
    select c.child_id, case when c.stays = '[]' then c.township else coalesce(lived.township, '') end as township,
        case when c.stays = '[]' then c.village else coalesce(lived.village, '') end as village,
        case when c.stays = '[]' then c.school else coalesce(went.school, '') end as school
    from child c
    left join lateral (select s.township, s.village from jsonb_to_recordset(c.stays) as s(since date, township text, village text)
        where s.township is not null and s.since <= {day} order by s.since desc limit 1) lived on true
    left join lateral (select s.school from jsonb_to_recordset(c.stays) as s(since date, school text)
        where s.school is not null and s.since <= {day} order by s.since desc limit 1) went on true
    where c.child_id = {child})"""
"""`Child.place_on` as a table of one row; `{child}` and `{day}` are filled in as SQL."""
_OF_PLACE: Final[LiteralString] = (
    "({t}.village <> '' and {t}.village = c.village or {t}.school <> '' and {t}.school = c.school"
    " or {t}.village = '' and {t}.school = '' and {t}.township = c.township and c.township <> '')"
)
"""Whether a tenure `{t}` is in a post of the place `c`."""

RESPONSIBLE_ON: Final[LiteralString] = (
    """
    with own as (
        select r.role, r.officer, r.stands_in_for is not null as deputy, 2 as rank, r.from_on
        from responsibility r where r.child_id = %(child)s and r.from_on <= %(day)s
          and (r.until_on is null or r.until_on >= %(day)s)
          and (r.stands_in_for is null or exists (
            select from responsibility o where o.assignment_id = r.stands_in_for
              and (o.until_on is null or o.until_on >= %(day)s)))),
    place as (
        select t.role, t.officer, t.deputy, 1 as rank, t.from_on
        from post_tenure t join """
    + _PLACE_ON.format(child="%(child)s", day="%(day)s")
    + " c on "
    + _OF_PLACE.format(t="t")
    + """
        where t.from_on <= %(day)s and (t.until_on is null or t.until_on >= %(day)s)
          and (not t.deputy or t.from_on >= (
            select max(h.from_on) from post_tenure h
            where h.post_id = t.post_id and not h.deputy and h.from_on <= %(day)s)))
    select distinct on (role) %(child)s::uuid as child_id, role, officer, deputy, rank = 2 as by_name, from_on
    from (select * from own union all select * from place) answering
    order by role, rank desc, deputy desc, from_on desc
"""
)
"""For each role the one account that answers for a child on a day: its own person before the post of the place where the child
was on that day, a deputy before whom it stands in for. What isn't within the reach of who asks, such as the posts of another
township in which the child lived before, is not among the answers."""

ROLE_OF_LEVEL: Final = {
    "teacher": "teacher",
    "school": "principal",
    "township": "township_cadre",
    "bureau": "bureau_leader",
}
"""The role of 双线三包 or 四包一 in which a person answers for a child at a level that owes a step."""
_ROLES: Final = " ".join(f"when '{level}' then '{role}'" for level, role in ROLE_OF_LEVEL.items())
_ROLE: Final = f"(case {{d}}.level {_ROLES} end)"
ANSWERED: Final = f"""coalesce((select w.officer from (
    select r.officer, 2 as rank, r.stands_in_for is not null as deputy, r.from_on from responsibility r
    where r.child_id = {{d}}.child_id and r.role = {_ROLE} and r.from_on <= {{d}}.since_on
      and (r.until_on is null or r.until_on >= {{d}}.since_on)
      and (r.stands_in_for is null or exists (select from responsibility o where o.assignment_id = r.stands_in_for
        and (o.until_on is null or o.until_on >= {{d}}.since_on)))
    union all
    select tenure.officer, 1, tenure.deputy, tenure.from_on
    from {_PLACE_ON.format(child="{d}.child_id", day="{d}.since_on")} c join post_tenure tenure on {_OF_PLACE.format(t="tenure")}
    where tenure.role = {_ROLE} and tenure.from_on <= {{d}}.since_on
      and (tenure.until_on is null or tenure.until_on >= {{d}}.since_on)
      and (not tenure.deputy or tenure.from_on >= (select max(h.from_on) from post_tenure h
        where h.post_id = tenure.post_id and not h.deputy and h.from_on <= {{d}}.since_on))) w
    order by w.rank desc, w.deputy desc, w.from_on desc limit 1), '')"""
"""`RESPONSIBLE_ON` for a row `d` of the duty register: who answered for its child in the role of its level, when it began."""


def key_of(told: Told[PostEvent]) -> UUID:
    """A tenure's key: its post, its first day, and whether it is a deputy's."""
    kind = "deputy" if isinstance(told.event, PostDeputised) else "holder"
    return uuid5(told.event.post_id, f"{kind}/{told.event.from_on}")


def tenure(_row: Tenure | None, told: Told[PostEvent]) -> Tenure:
    """An official's or deputy's time in a post."""
    event = told.event
    kind, _, area = event.unit.partition(":")
    held = Tenure(
        tenure_id=key_of(told),
        post_id=event.post_id,
        role=event.role,
        township=event.township,
        village=area if kind == "village" else "",
        school=area if kind == "school" else "",
        from_on=event.from_on,
    )
    match event:
        case PostFilled():
            return replace(held, officer=event.officer)
        case PostHandedOver():
            return replace(held, officer=event.successor)
        case PostDeputised():
            return replace(held, officer=event.deputy, until_on=event.until_on, deputy=True)
        case _:
            assert_never(event)


def key_of_deputy(told: Told[ResponsibilityDeputised]) -> UUID:
    """The key of the row of who stands in for an official who answers for one child."""
    return uuid5(told.event.assignment_id, f"deputy/{told.event.from_on}")


def deputy(_row: Responsibility | None, told: Told[ResponsibilityDeputised]) -> Responsibility:
    """Who stands in for an official who answers for one child."""
    event = told.event
    return Responsibility(
        assignment_id=key_of_deputy(told),
        child_id=event.child_id,
        role=event.role,
        officer=event.deputy,
        from_on=event.from_on,
        until_on=event.until_on,
        stands_in_for=event.assignment_id,
    )


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for a child in a role 责任人: one account, by name or by the post of the child's place."""

    role: str
    officer: str
    deputy: bool
    by_name: bool
    from_on: date


def answering(rows: Rows, child: Child, *, on: date) -> tuple[Answers, ...]:
    """`RESPONSIBLE_ON` of rows at hand: for each role the one account that answers for a child on a day, by role."""
    answers = [*_by_name(rows, child, on=on), *_by_place(rows, child, on=on)]
    answers.sort(key=lambda one: (one.by_name, one.deputy, one.from_on))  # the last of a role answers
    by_role = {one.role: one for one in answers}
    return tuple(by_role[role] for role in sorted(by_role))


def _by_name(rows: Rows, child: Child, *, on: date) -> Iterator[Answers]:
    for row in rows.of(Responsibility):
        stood_in_for = rows.find(Responsibility, row.stands_in_for) if row.stands_in_for is not None else row
        lasts = stood_in_for is not None and (stood_in_for.until_on is None or stood_in_for.until_on >= on)
        if row.child_id == child.child_id and lasts and _is_in_force(row, on):
            deputy = row.stands_in_for is not None
            yield Answers(
                role=row.role, officer=row.officer, deputy=deputy, by_name=True, from_on=row.from_on or date.min
            )


def _by_place(rows: Rows, child: Child, *, on: date) -> Iterator[Answers]:
    posts, was = rows.of(Tenure), child.place_on(on)
    for row in posts:
        if row.village or row.school:
            of_place = row.village == was.village if row.village else row.school == was.school
        else:
            of_place = row.township == was.township != ""
        if not of_place or not _is_in_force(row, on):
            continue
        begun = [
            held.from_on
            for held in posts
            if held.post_id == row.post_id and not held.deputy and held.from_on is not None and held.from_on <= on
        ]
        if row.deputy and (not begun or row.from_on is None or row.from_on < max(begun)):
            continue
        yield Answers(
            role=row.role, officer=row.officer, deputy=row.deputy, by_name=False, from_on=row.from_on or date.min
        )


def _is_in_force(row: Responsibility | Tenure, on: date) -> bool:
    return row.from_on is not None and row.from_on <= on and (row.until_on is None or row.until_on >= on)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Tenure, events=get_args(PostEvent), about=key_of, evolve=tenure),
    Fold(row=Responsibility, events=(ResponsibilityDeputised,), about=key_of_deputy, evolve=deputy),
)
