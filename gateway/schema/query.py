"""The root of all queries. Its resolvers are plain; the compiler serves the same fields faster and is held equal to them."""

# statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from gateway.schema.access_query import AccessQuery
from gateway.schema.assistance_query import AssistanceQuery
from gateway.schema.audit_report import AuditQuery
from gateway.schema.cases import Case, Referral, Responsibility
from gateway.schema.counts import CountsQuery
from gateway.schema.data_requests import DataRequestQuery
from gateway.schema.deliveries import ColumnMapping, Delivery
from gateway.schema.disclosure_query import DisclosureQuery
from gateway.schema.duties import DutiesQuery
from gateway.schema.field_check import FieldCheck, FieldCheckAnswer, Submission
from gateway.schema.funnel import REACHED
from gateway.schema.guardian_letters import GuardianLettersQuery
from gateway.schema.informant import InformantQuery
from gateway.schema.map import AWAITING
from gateway.schema.node_query import NodeQuery, own
from gateway.schema.notify import Notice
from gateway.schema.notify_query import NotifyQuery
from gateway.schema.oversight_query import OversightQuery
from gateway.schema.paging import PAGE
from gateway.schema.payments_query import PaymentsQuery
from gateway.schema.proceedings_query import ProceedingsQuery
from gateway.schema.proofs import ProofQuery
from gateway.schema.reading import Connection, Info, by_township, many, one, page
from gateway.schema.replay import ReplayQuery
from gateway.schema.review import Doubt
from gateway.schema.roots import CALLED, ENDING
from gateway.schema.roster import Child, Finding, FindingCount, Township
from gateway.schema.statistics_query import StatisticsQuery
from gateway.schema.supervision import Receipt
from gateway.schema.terms import Absence, CheckIn


def _where(*, given: dict[str, object], also: str = "true") -> str:
    """The conditions of the arguments that are there."""
    return " and ".join([also, *(f"{name} = %({name})s" for name, value in given.items() if value is not None)])


@strawberry.type(description="What may be seen of a field 可见字段.")
class VisibleField:
    """A field the caller may see, and why."""

    type: str = strawberry.field(description="类型 type")
    field: str = strawberry.field(description="字段 field")
    mode: str = strawberry.field(description="方式 full, mask, bucket, predicate or count")
    relation: str = strawberry.field(description="范围 in which rows")
    legal_basis: str = strawberry.field(description="法律依据 legal basis")


@strawberry.type(description="The caller, and what it may see and do 本人权限.")
class Me:
    """Who asks, and what the policy grants them."""

    actor: str = strawberry.field(description="账号 account")
    unit: str = strawberry.field(description="单位 unit, `kind:area`")
    purpose: str = strawberry.field(description="用途 purpose")
    grants: list[VisibleField] = strawberry.field(description="可见字段 what may be seen")
    commands: list[str] = strawberry.field(description="可办事项 which commands may be sent")


@strawberry.type(description="What departments may look at 查询.")
class Query(
    AccessQuery,
    AssistanceQuery,
    AuditQuery,
    CountsQuery,
    DataRequestQuery,
    DisclosureQuery,
    DutiesQuery,
    InformantQuery,
    NodeQuery,
    NotifyQuery,
    OversightQuery,
    PaymentsQuery,
    ProceedingsQuery,
    ProofQuery,
    GuardianLettersQuery,
    ReplayQuery,
    StatisticsQuery,
):
    """All queries. What the caller's department and purpose do not reach is absent: not found and not yours are the same."""

    @strawberry.field(description="本人权限 who I am and what I may see")
    async def me(self, info: Info) -> Me:
        """The caller and its grants."""
        principal = info.context.principal
        visible = [
            VisibleField(
                type=key[0], field=key[1], mode=grant.mode, relation=grant.relation, legal_basis=grant.legal_basis
            )
            for key, grant in sorted(principal.grants.fields.items())
        ]
        commands = sorted(principal.grants.commands)
        return Me(
            actor=principal.actor, unit=principal.unit, purpose=principal.purpose, grants=visible, commands=commands
        )

    @strawberry.field(description="儿童 one child")
    async def child(self, info: Info, id: UUID) -> Child | None:  # noqa: A002
        """One child, or null."""
        return await one(info.context, Child, "child_id = %(id)s", id=id)

    @strawberry.field(
        description="儿童名单 children; entries merged into another are left out. `name`: the name or its beginning, its pinyin"
        " or its initials 姓名、拼音、首字母; `idLast4`: the last four of the citizen number 身份证号后四位; `leftBehind`, `migrant`, `poor`,"
        " `disabled`: those of a focus group 重点群体, or not"
    )
    async def children(
        self,
        info: Info,
        township: str | None = None,
        state: str | None = None,
        obliged_from: date | None = None,
        left_behind: bool | None = None,
        migrant: bool | None = None,
        poor: bool | None = None,
        disabled: bool | None = None,
        name: str | None = None,
        id_last4: Annotated[str | None, strawberry.argument(name="idLast4")] = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Child]:
        """Children by township, accounted state, the day they have to be in school from, focus group, name and number."""
        narrowed: dict[str, object] = {"township": township, "accounted_state": state, "obliged_from": obliged_from}
        given = dict(narrowed)
        keys = by_township(info, type_name="Child", key="child_id")
        also = ["merged_into is null"]
        for condition, holds in (
            ("left_behind", left_behind),
            ("migrant", migrant),
            ("poverty <> ''", poor),
            ("disability <> ''", disabled),
        ):
            if holds is not None:
                also.append(f"({condition}) is {holds}")
        for condition, value, key in ((CALLED, name, "name"), (ENDING, id_last4, "ending")):
            if value is not None:
                also.append(condition.format(a="r", v=f"%({key})s", identity="true"))
                given[key] = value
        where = _where(given=narrowed, also=" and ".join(also))
        return await page(info.context, Child, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="个案 one case")
    async def case(self, info: Info, id: UUID) -> Case | None:  # noqa: A002
        """One case, or null."""
        return await one(info.context, Case, "case_id = %(id)s", id=id)

    @strawberry.field(
        description="个案名单 cases; `overdue` those whose step is late today for whom it is owed by; `late` those whose step was"
        " late before, too, and went up; `owedBy` the kind of unit that owes it; `reached` those that ever came to a step of `caseFunnel`;"
        " `awaiting` those in which a `clearance` or an `extension` was asked for and waits for a second person"
    )
    async def cases(
        self,
        info: Info,
        state: str | None = None,
        township: str | None = None,
        overdue: bool | None = None,
        late: bool | None = None,
        owed_by: str | None = None,
        reached: str | None = None,
        awaiting: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Case]:
        """Cases by state, township, lateness, who owes the next step, how far they came and what they wait for."""
        given: dict[str, object] = {"state": state, "township": township, "owed_by": owed_by}
        also = "true"
        if overdue is not None:
            also = "owed_due_on < %(today)s" if overdue else "(owed_due_on is null or owed_due_on >= %(today)s)"
        if late is not None:
            is_late = "(late_since is not null or coalesce(owed_due_on < %(today)s, false))"
            also += f" and {is_late if late else f'not {is_late}'}"
        if reached is not None:
            also += f" and {REACHED.format(a='r', v='%(reached)s')}"
        if awaiting is not None:
            also += f" and {AWAITING.format(a='r', v='%(awaiting)s')}"
        keys = by_township(info, type_name="Case", key="case_id")
        where = _where(given=given, also=also)
        today = info.context.today
        return await page(
            info.context,
            Case,
            where,
            keys=keys,
            first=first,
            after=after,
            given={**given, "today": today, "reached": reached, "awaiting": awaiting},
        )

    @strawberry.field(
        description="比对发现名单 findings that are open or answered; `mine` those my unit owes the answer to"
    )
    async def findings(
        self,
        info: Info,
        kind: str | None = None,
        township: str | None = None,
        owner: str | None = None,
        mine: bool | None = None,
        state: str | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Finding]:
        """Unresolved findings by kind, township, owner, state and lateness."""
        given: dict[str, object] = {
            "kind": kind,
            "township": township,
            "owner": owner,
            "state": state,
            "overdue": overdue,
        }
        also = "resolved_on is null"
        if mine is not None:
            also += f" and owner {'=' if mine else '<>'} %(unit)s"
        keys = by_township(info, type_name="Finding", key="finding_id")
        where = _where(given=given, also=also)
        given = {**given, "unit": info.context.principal.unit}
        return await page(info.context, Finding, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="疑似同一人 one pair of entries, side by side")
    async def doubt(self, info: Info, id: UUID) -> Doubt | None:  # noqa: A002
        """One doubt, or null."""
        return await one(info.context, Doubt, "doubt_id = %(id)s", id=id)

    @strawberry.field(
        description="疑似同一人名单 pairs of entries that may be one child, the oldest first; `scoreFrom` those as likely as that"
    )
    async def doubts(
        self,
        info: Info,
        state: str | None = None,
        score_from: float | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Doubt]:
        """The review queue: doubts by state, and from a score on."""
        keys = {"coalesce(raised_on, 'epoch'::date)": "date", "doubt_id": "uuid"}
        given: dict[str, object] = {"state": state}
        where = _where(given=given, also="true" if score_from is None else "score >= %(score_from)s")
        given["score_from"] = score_from
        return await page(info.context, Doubt, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="开学报到 check-ins of schools for a term")
    async def check_ins(
        self, info: Info, term: str | None = None, first: int = PAGE, after: str | None = None
    ) -> Connection[CheckIn]:
        """Check-ins by term."""
        keys, given = {"check_in_id": "uuid"}, dict[str, object](term=term)
        return await page(info.context, CheckIn, _where(given=given), keys=keys, first=first, after=after, given=given)

    @strawberry.field(
        description="未报到名单 children who did not report; `verified` those whose reason is known, or is not"
    )
    async def absences(
        self,
        info: Info,
        check_in_id: UUID | None = None,
        verified: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Absence]:
        """Absences by check-in, and whether they are verified."""
        given: dict[str, object] = {"check_in_id": check_in_id}
        also = "true" if verified is None else f"verified_on is {'not ' if verified else ''}null"
        keys = by_township(info, type_name="Absence", key="absence_id")
        where = _where(given=given, also=also)
        return await page(info.context, Absence, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="摸排名单 villages' lists of a round")
    async def field_checks(
        self,
        info: Info,
        round: str | None = None,  # noqa: A002
        township: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[FieldCheck]:
        """Field checks by round and township."""
        given: dict[str, object] = {"round": round, "township": township}
        keys = by_township(info, type_name="FieldCheck", key="field_check_id")
        where = _where(given=given)
        return await page(info.context, FieldCheck, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="摸排结果 what was found of the children on a village's list")
    async def field_check_answers(
        self,
        info: Info,
        field_check_id: UUID,
        found: str | None = None,
        conflict: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[FieldCheckAnswer]:
        """The lines of a list by result and conflict."""
        given: dict[str, object] = {"field_check_id": field_check_id, "found": found, "conflict": conflict}
        keys = by_township(info, type_name="FieldCheckAnswer", key="answer_id")
        where = _where(given=given)
        return await page(info.context, FieldCheckAnswer, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="乡镇上报 townships' versions of a round")
    async def submissions(
        self,
        info: Info,
        round: str | None = None,  # noqa: A002
        township: str | None = None,
        state: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Submission]:
        """Submissions by round, township and state."""
        given: dict[str, object] = {"round": round, "township": township, "state": state}
        keys = by_township(info, type_name="Submission", key="submission_id")
        where = _where(given=given)
        return await page(info.context, Submission, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="送册 one delivery of register files")
    async def delivery(self, info: Info, id: UUID) -> Delivery | None:  # noqa: A002
        """One delivery, or null."""
        where = f"delivery_id = %(id)s and {own(info, type_name='Delivery', column='unit')}"
        return await one(info.context, Delivery, where, id=id, unit=info.context.principal.unit)

    @strawberry.field(description="送册名单 deliveries of register files of my area, or my unit's own, newest first")
    async def deliveries(
        self, info: Info, state: str | None = None, first: int = PAGE, after: str | None = None
    ) -> Connection[Delivery]:
        """Deliveries by state."""
        keys = {"coalesce(handed_in_on, 'epoch'::date)": "date", "delivery_id": "uuid"}
        where = _where(given={"state": state}, also=own(info, type_name="Delivery", column="unit"))
        return await page(
            info.context,
            Delivery,
            where,
            keys=keys,
            first=first,
            after=after,
            descending=True,
            given={"state": state, "unit": info.context.principal.unit},
        )

    @strawberry.field(description="栏目对应 how units of my area, or my own, call the columns of their registers")
    async def column_mappings(
        self,
        info: Info,
        unit: str | None = None,
        register: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[ColumnMapping]:
        """Column mappings by unit and register."""
        given: dict[str, object] = {"unit": unit, "register": register}
        where = _where(given=given, also=own(info, type_name="ColumnMapping", column="unit", of="mine"))
        given = {**given, "mine": info.context.principal.unit}
        keys = {"mapping_id": "uuid"}
        return await page(info.context, ColumnMapping, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="比对发现计数 open findings by township and kind")
    async def finding_counts(self, info: Info) -> list[FindingCount]:
        """How many findings are open."""
        rows = await info.context.rows(
            "select kind, township, count(*)::integer as count from finding where resolved_on is null"
            " group by kind, township order by township, kind"
        )
        return [FindingCount.of(row, info.context) for row in rows]

    @strawberry.field(description="通知 notices to my unit, or of my area, newest first")
    async def notices(
        self, info: Info, state: str | None = None, first: int = PAGE, after: str | None = None
    ) -> Connection[Notice]:
        """Notices by state."""
        keys = {"coalesce(raised_at, 'epoch'::timestamptz)": "timestamptz", "notice_id": "uuid"}
        where = _where(given={"state": state}, also=own(info, type_name="Notice", column="recipient"))
        unit = info.context.principal.unit
        return await page(
            info.context,
            Notice,
            where,
            keys=keys,
            first=first,
            after=after,
            descending=True,
            given={"state": state, "unit": unit},
        )

    @strawberry.field(
        description="转办 referrals of my area, or to my unit; `open` those not answered, returned or revoked, `overdue` those whose"
        " reply is late today"
    )
    async def referrals(
        self,
        info: Info,
        state: str | None = None,
        to_unit: str | None = None,
        purpose: str | None = None,
        open: bool | None = None,  # noqa: A002
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Referral]:
        """Referrals by state, department, purpose, whether they are open, and lateness."""
        given: dict[str, object] = {"state": state, "to_unit": to_unit, "purpose": purpose}
        is_open, also = "state in ('opened', 'accepted')", ["true"]
        if open is not None:
            also.append(is_open if open else f"not ({is_open})")
        if overdue is not None:
            late = f"coalesce(reply_by < %(today)s, false) and {is_open}"
            also.append(late if overdue else f"not ({late})")
        keys = by_township(info, type_name="Referral", key="referral_id")
        where = _where(given=given, also=" and ".join(also))
        given = {**given, "today": info.context.today}
        return await page(info.context, Referral, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="责任人 who answers for children by name; `on` those who did on a day")
    async def responsibilities(
        self,
        info: Info,
        officer: str | None = None,
        child_id: UUID | None = None,
        on: date | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Responsibility]:
        """Responsibilities by official, child and day."""
        given: dict[str, object] = {"officer": officer, "child_id": child_id}
        also = "true" if on is None else "from_on <= %(on)s and (until_on is null or until_on >= %(on)s)"
        keys = by_township(info, type_name="Responsibility", key="assignment_id")
        where = _where(given=given, also=also)
        given = {**given, "on": on}
        return await page(info.context, Responsibility, where, keys=keys, first=first, after=after, given=given)

    @strawberry.field(description="查阅留痕 who looked at this child, newest first")
    async def receipts(
        self, info: Info, child_id: UUID, first: int = PAGE, after: str | None = None
    ) -> Connection[Receipt]:
        """Receipts of looks at one child."""
        where = (
            "child_ids @> array[%(child)s::uuid] and exists (select from child where child_id = %(child)s)"
            " and exists (select from child where child_id = any(child_ids))"
        )
        keys = {"coalesce(at, 'epoch'::timestamptz)": "timestamptz", "receipt_id": "uuid"}
        return await page(
            info.context,
            Receipt,
            where,
            keys=keys,
            first=first,
            after=after,
            descending=True,
            given={"child": child_id},
        )

    @strawberry.field(description="乡镇 the county's townships")
    async def townships(self, info: Info) -> list[Township]:
        """All townships."""
        return await many(info.context, Township, "true order by code")
