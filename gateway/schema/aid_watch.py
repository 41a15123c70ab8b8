"""Whether aid arrives where it should 资助监控与勾稽 (N6.2): what does not agree today, and sums that are made twice and compared.

Both are questions to the rows as they stand, so nothing has to be closed: what agrees again is gone.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar, Final, Self
from uuid import UUID

import strawberry

from gateway.schema.its_child import its_child
from gateway.schema.paging import BadArgument
from gateway.schema.reading import AsRead, Looking, facts, is_past
from services.chassis.working_days import add_working_days

PAID_WITHIN_DAYS: Final = 60
"""How long after its grant an award may be unpaid before it is asked about (county default)."""

ANSWERED_WITHIN: Final[Mapping[str, int]] = {
    "eligible_not_granted": 10,
    "recognition_lapsing": 10,
    "eligible_not_paid": 5,
    "paid_not_eligible": 10,
    "left_but_paid": 10,
    "paid_twice": 10,
    "paid_together": 10,
}
"""In how many working days whoever owes the next step has taken it, by kind of question (county default)."""

_TERM: Final = re.compile(r"(\d{4})-(\d{4})-([12])")


def days_of(term: str) -> tuple[date, date, str]:
    """First day of a term, the day after its last, and the name of the term before; raises `BadArgument`."""
    match = _TERM.fullmatch(term)
    if match is None or int(match[2]) != int(match[1]) + 1:
        message = "A term is written 2026-2027-1 for the autumn and 2026-2027-2 for the spring of a school year."
        raise BadArgument(message)
    autumn, spring = int(match[1]), int(match[2])
    if match[3] == "1":
        return date(autumn, 9, 1), date(spring, 3, 1), f"{autumn - 1}-{autumn}-2"
    return date(spring, 3, 1), date(spring, 9, 1), f"{autumn}-{spring}-1"


HELD: Final = """exists (select from jsonb_to_recordset(e.spans) as s(from_on date, until_on date, lapses_on date)
    where s.from_on < %(ends_on)s and coalesce(least(s.until_on, s.lapses_on), 'infinity') > %(begins_on)s)"""
"""Whether an eligibility holds on some day of the term, in whichever of its stretches."""
_BY_PROGRAMME: Final = """(select programme, array_agg(distinct category) as categories from award where state <> 'set_aside'
    group by programme)"""
_OF_CHILD = "c.child_id, c.township, c.school"
_CHILD = "join child c on c.child_id = a.child_id"
_WATCH: Final = f"""
    select 'eligible_not_granted' as kind, {_OF_CHILD}, p.programme, null::uuid as award_id, 0::bigint as amount_fen,
        greatest(min(e.from_on), %(begins_on)s::date) as since_on, 'education_bureau' as owner
    from {_BY_PROGRAMME} p
        join eligibility e on e.category = any(p.categories) and {HELD}
        join child c on c.child_id = e.child_id and c.merged_into is null and c.stage in ('primary', 'junior')
    where not exists (select from award a where a.child_id = c.child_id and a.programme = p.programme
        and a.term in (%(term)s, %(term_before)s))
        and not exists (select from award a where a.child_id = c.child_id and a.term = %(term)s and a.state <> 'set_aside'
            and p.programme = any(a.excludes))
    group by c.child_id, c.township, c.school, p.programme
    union all
    select 'recognition_lapsing', {_OF_CHILD}, a.programme, a.award_id, a.amount_fen, %(begins_on)s::date,
        'education_bureau'
    from award a {_CHILD} and c.merged_into is null
    where a.term = %(term_before)s and a.state <> 'set_aside'
        and exists (select from eligibility e where e.child_id = a.child_id and e.category = a.category and {HELD})
        and not exists (select from award n where n.child_id = a.child_id and n.term = %(term)s
            and (n.programme = a.programme or n.state <> 'set_aside' and a.programme = any(n.excludes)))
    union all
    select 'eligible_not_paid', {_OF_CHILD}, a.programme, a.award_id, a.amount_fen - a.paid_fen, a.granted_on,
        'education_bureau'
    from award a {_CHILD}
    where a.term = %(term)s and a.state in ('granted', 'returned')
        and a.granted_on < %(today)s::date - {PAID_WITHIN_DAYS}
    union all
    select 'paid_not_eligible', {_OF_CHILD}, a.programme, a.award_id, a.paid_fen, max(e.until_on), 'education_bureau'
    from award a {_CHILD} join {_BY_PROGRAMME} p on p.programme = a.programme
        join eligibility e on e.child_id = a.child_id and e.category = any(p.categories)
    where a.term = %(term)s and a.paid_fen > 0 and a.state <> 'set_aside'
    group by c.child_id, c.township, c.school, a.award_id
    having not bool_or({HELD})
    union all
    select 'left_but_paid', {_OF_CHILD}, a.programme, a.award_id, a.paid_fen, c.accounted_on,
        case when c.school = '' then 'education_bureau' else 'school:' || c.school end
    from award a {_CHILD} join payment p on p.award_id = a.award_id and p.paid_on is not null and p.returned_on is null
    where a.term = %(term)s and c.accounted_state in ('elsewhere', 'transferred_out', 'left_explained', 'gone')
        and c.accounted_on <= p.paid_on and a.paid_fen > 0
    union all
    select case when s.programme <> a.programme then 'paid_together' else 'paid_twice' end, {_OF_CHILD}, a.programme,
        a.award_id, a.paid_fen, a.set_aside_on, 'education_bureau'
    from award a {_CHILD} left join award s on s.award_id = a.standing
    where a.term = %(term)s and a.state = 'set_aside' and a.paid_fen > 0
"""


@strawberry.type(
    description="资助监控 Something that does not agree about aid in a term: a question with who owes the next step (N6.2)."
)
class AidWatch:
    """One question about one child. Read by its resolver alone: it is made when it is asked."""

    SELECT: ClassVar[str] = (
        "select md5(concat_ws('/', w.kind, w.child_id, w.programme, w.award_id))::uuid as watch_id, w.*,"
        " q.owner as asked, q.due_on as asked_by, coalesce(q.answer, '') as answer, q.answered_on"
        f" from ({_WATCH}) w left join aid_question q on q.child_id = w.child_id and q.kind = w.kind"
        " and q.programme = w.programme and q.term = %(term)s"
    )

    id: UUID = strawberry.field(description="编号 id, the same while the question stands")
    kind: str = strawberry.field(
        description="种类 eligible_not_granted 应助未认定, recognition_lapsing 认定失效, eligible_not_paid 应发未发,"
        " paid_not_eligible 不应发已发, left_but_paid 离校已发, paid_twice 重复发放, paid_together 互斥项目重复发放"
    )
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    school: str = strawberry.field(description="学校代码 school")
    programme: str = strawberry.field(description="项目 programme")
    award_id: UUID | None = strawberry.field(description="资助编号 the award; none where there should be one")
    amount_fen: int = strawberry.field(description="金额(分) what is asked about; 0 where nothing was granted")
    since_on: date | None = strawberry.field(description="起始 since when")
    owner: str = strawberry.field(description="责任单位 who owes the next step: a kind of unit, or one unit")
    due_on: date | None = strawberry.field(
        description="办理期限 by when, in working days from its beginning; none where that is not known"
    )
    overdue: bool = strawberry.field(description="逾期 whether it is late today")
    asked: str | None = strawberry.field(
        description="被查询单位 who was asked by `askAboutAid`, and told; none where nobody was"
    )
    answer: str = strawberry.field(
        description="答复 set_right, being_set_right, as_it_should_be or family_refuses; empty while not answered"
    )
    answered_on: date | None = strawberry.field(description="答复日期 answered")

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        since_on = row["since_on"]
        due_on = row["asked_by"]
        if due_on is None and since_on is not None:
            due_on = add_working_days(since_on, ANSWERED_WITHIN[row["kind"]])
        late = is_past(due_on, looking.today)
        return cls(**facts(cls, {**row, "id": row["watch_id"], "due_on": due_on, "overdue": late}))


_NONE: Final = "0::bigint"
_COLUMNS: Final = (
    "granted",
    "granted_fen",
    "paid_fen",
    "owed_fen",
    "due_back_fen",
    "received_fen",
    "sent_back_fen",
    "refused_fen",
    "listed_fen",
    "lines_fen",
)


def _part(rest: str, **values: str) -> str:
    """One side's contributions to the sums; what it says nothing of is nothing."""
    return f"select township, school, programme, term, {', '.join(values.get(n, _NONE) for n in _COLUMNS)} from {rest}"


_AWARDS: Final = (
    "(select c.township, c.school, a.programme, a.term, a.state <> 'set_aside' as stands, a.amount_fen, a.paid_fen"
    " from award a join child c on c.child_id = a.child_id) a"
)
_PAYMENTS: Final = (
    "(select c.township, c.school, a.programme, a.term, a.amount_fen, p.paid_fen, p.returned_on, p.refused_on from payment p"
    " join award a on a.award_id = p.award_id join child c on c.child_id = p.child_id) p"
)
_LINES: Final = (
    "(select l.township, l.school, l.programme, l.term, a.amount_fen from payment p"
    " join payment_list l on l.list_id = p.list_id and l.withdrawn_on is null"
    " join award a on a.award_id = p.award_id where p.unlisted_on is null) p"
)
_SUMS: Final = " union all ".join(
    (
        _part(
            _AWARDS,
            granted="stands::int",
            granted_fen="case when stands then amount_fen else 0 end",
            paid_fen="case when stands then paid_fen else 0 end",
            owed_fen="case when stands then amount_fen - paid_fen else 0 end",
            due_back_fen="case when stands then 0 else paid_fen end",
        ),
        _part(
            _PAYMENTS,
            received_fen="paid_fen",
            sent_back_fen="case when returned_on is null then 0 else paid_fen end",
            refused_fen="case when refused_on is null then 0 else amount_fen end",
        ),
        _part("payment_list where withdrawn_on is null", listed_fen="total_fen"),
        _part(_LINES, lines_fen="amount_fen"),
    )
)


@strawberry.type(
    description="资助勾稽 Sums of a programme and term at a school, in a township or of the county, in fen, from awards, payments and"
    " lists; schools as they are now."
)
class AidSum:
    """Sums of one place. Read by its resolver alone; nobody is named in it."""

    SELECT: ClassVar[str] = (
        "select * from (select township, school, programme, term, "
        + ", ".join(f"sum({name})::bigint as {name}" for name in _COLUMNS)
        + f" from ({_SUMS}) s(township, school, programme, term, "
        + ", ".join(_COLUMNS)
        + ") group by township, school, programme, term) t"
    )

    township: str = strawberry.field(description="乡镇代码 township")
    school: str = strawberry.field(description="学校代码 school")
    programme: str = strawberry.field(description="项目 programme")
    term: str = strawberry.field(description="学期 term")
    granted: int = strawberry.field(description="认定人数 awards that stand")
    granted_fen: int = strawberry.field(description="认定金额(分) granted")
    paid_fen: int = strawberry.field(description="实发(分) paid on awards that stand, by the awards")
    owed_fen: int = strawberry.field(description="应发未发(分) owed still")
    due_back_fen: int = strawberry.field(description="应退(分) paid on awards set aside, which has to come back")
    received_fen: int = strawberry.field(description="银行已发(分) every payment the bank made, by the payments")
    sent_back_fen: int = strawberry.field(description="退回(分) of these, what came back")
    refused_fen: int = strawberry.field(description="退票(分) what the bank refused to pay, as often as it did")
    listed_fen: int = strawberry.field(description="名册合计(分) totals of the lists, as they were made")
    lines_fen: int = strawberry.field(description="名册明细(分) their lines, counted one by one")
    difference: str = strawberry.field(
        description="不平 which sums do not agree, of the place or of a school in it: awards_and_payments, lists_and_lines, or both;"
        " empty where all do"
    )

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:  # noqa: ARG003  # every type is read in this form
        """A school's sums, and whether both sides of them agree."""
        checks = {
            "awards_and_payments": row["paid_fen"] + row["due_back_fen"] == row["received_fen"] - row["sent_back_fen"],
            "lists_and_lines": row["listed_fen"] == row["lines_fen"],
        }
        difference = " ".join(name for name, agrees in checks.items() if not agrees)
        return cls(**facts(cls, {**row, "difference": difference}))


SUMS_BY: Final = ("school", "township", "county")
"""The places of which sums are made."""


def summed(sums: Iterable[AidSum], *, by: str) -> list[AidSum]:
    """The sums of schools by school, township or county; raises `BadArgument` for another place.

    What does not agree at a school does not agree above it either: two schools' differences never make up for each other.
    """
    if by not in SUMS_BY:
        message = f"Sums are made by {', '.join(SUMS_BY)}."
        raise BadArgument(message)
    places: dict[tuple[str, str, str, str], list[AidSum]] = {}
    for one in sums:
        place = ("" if by == "county" else one.township, one.school if by == "school" else "")
        places.setdefault((*place, one.programme, one.term), []).append(one)
    return [_together(of_place, township=place[0], school=place[1]) for place, of_place in places.items()]


def _together(sums: Sequence[AidSum], *, township: str, school: str) -> AidSum:
    amounts = {name: sum(getattr(one, name) for one in sums) for name in _COLUMNS}
    apart = dict.fromkeys(name for one in sums for name in one.difference.split())
    return replace(sums[0], township=township, school=school, difference=" ".join(apart), **amounts)


_OF_PROGRAMME: Final = "(select array_agg(distinct category) as codes from award where programme = %(programme)s)"
_PUPILS: Final = f"""
    select c.township, c.school, a.award_id, coalesce(a.state, '') as state, a.list_id, a.paid_fen,
        exists (select from award o where o.child_id = c.child_id and o.term = %(term)s and o.state <> 'set_aside'
            and %(programme)s = any(o.excludes)) as excluded,
        exists (select from eligibility e cross join {_OF_PROGRAMME} p where e.child_id = c.child_id and {HELD}
            and (p.codes is null or e.category = any(p.codes))) as eligible
    from child c left join award a on a.child_id = c.child_id and a.programme = %(programme)s and a.term = %(term)s
        and a.state <> 'set_aside'
    where c.merged_into is null and c.stage in ('primary', 'junior')"""


@strawberry.type(
    description="认定进度 How far the recognition of a programme and term has come at a school: pupils, counted now."
)
class RecognitionProgress(AsRead):
    """One school's progress. Read by its resolver alone; nobody is named in it."""

    SELECT: ClassVar[str] = f"""
    select * from (select township, school, count(*) filter (where award_id is not null or eligible and not excluded)::int as expected,
        count(award_id)::int as granted, count(*) filter (where award_id is null and eligible and not excluded)::int as waiting,
        count(*) filter (where list_id is not null or paid_fen > 0)::int as listed,
        count(*) filter (where paid_fen > 0)::int as paid
    from ({_PUPILS}) p where award_id is not null or eligible group by township, school) r"""

    township: str = strawberry.field(description="乡镇代码 township")
    school: str = strawberry.field(description="学校代码 school; empty for pupils whose school is not known")
    expected: int = strawberry.field(description="应认定人数 granted, or eligible in the term and not granted yet")
    granted: int = strawberry.field(description="已认定人数 awards that stand")
    waiting: int = strawberry.field(description="待认定人数 eligible in the term and not granted yet")
    listed: int = strawberry.field(description="已列名册人数 on a list for the bank, or paid")
    paid: int = strawberry.field(description="已发放人数 paid")
