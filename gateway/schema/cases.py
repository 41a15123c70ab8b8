"""The GraphQL types of cases 个案: the way from suspicion to seat, its papers, who was asked and who answers."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.schema import oversight
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.proceedings import Proceedings
from gateway.schema.reading import AsRead, Info, Looking, facts, is_past, many, one

if TYPE_CHECKING:
    from gateway.schema.oversight import AssistanceLetter, Attachment


@strawberry.type(
    description="个案 One child, out of school or thought to be, until it sits in class or is accounted for."
)
class Case(Node):
    """A case."""

    SELECT: ClassVar[str] = "select case_id as id, earlier_case as earlier_case_id, c.* from case_file c"

    id: UUID = strawberry.field(description="个案编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    state: str = strawberry.field(description="状态 state")
    cause: str = strawberry.field(description="立案来源 why it was opened")
    causes: list[str] = strawberry.field(description="辍学原因 why the child is out of school")
    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    school: str = strawberry.field(description="学校代码 school")
    stage: str = strawberry.field(description="学段 stage")
    earlier_case_id: UUID | None = strawberry.field(description="前案编号 the case before, of a relapse")
    opened_on: date | None = strawberry.field(description="立案日期 opened")
    confirmed_on: date | None = strawberry.field(description="确认日期 confirmed")
    ordered_on: date | None = strawberry.field(description="责令日期 ordered")
    returned_on: date | None = strawberry.field(description="复学日期 returned")
    closed_on: date | None = strawberry.field(description="结案日期 closed")
    resolution: str = strawberry.field(description="销号代码 resolution code")
    owed_step: str = strawberry.field(description="应办事项 the next step owed")
    owed_by: str = strawberry.field(description="应办单位 by whom")
    owed_due_on: date | None = strawberry.field(description="应办期限 by when")
    owed_rule: str = strawberry.field(description="规则 under which rule")
    owed_legal_basis: str = strawberry.field(description="法律依据 its legal basis")
    expired_steps: int = strawberry.field(description="逾期次数 steps that ran out")
    overdue: bool = strawberry.field(description="逾期 whether the step owed is late today")
    late_since: date | None = strawberry.field(
        description="逾期起 since when the step owed is late, whoever it was handed up to"
    )
    searched_on: date | None = strawberry.field(description="最近查找 when a missing child was last searched for")
    seat_days: int = strawberry.field(description="在校天数 school days seen in class since the return")
    unnamed: list[str] = strawberry.field(
        description="责任人缺失 roles in which nobody answers for the child, as last noted"
    )
    watch_until: date | None = strawberry.field(description="跟踪观察至 until when a child that came back is watched")
    paused_until: date | None = strawberry.field(
        description="中止至 the last day on which the clock of the step owed may stand; null where it runs"
    )
    extension_asked: int = strawberry.field(
        description="申请延期天数 days more that were asked for and wait for a second person; 0 where none do"
    )
    extension_reason: str = strawberry.field(description="延期理由 why more time was asked for")
    extension_asked_by: str = strawberry.field(description="延期申请人 account that asked for it, and can't grant it")
    clearance_asked: str = strawberry.field(
        description="拟销号代码 resolution code that was asked for and waits for a second person; empty where none does"
    )
    clearance_evidence: str = strawberry.field(description="销号证据 kind and reference of the paper that shows it")
    clearance_asked_by: str = strawberry.field(description="销号申请人 account that asked for it, and can't approve it")
    clearance_asked_on: date | None = strawberry.field(description="销号申请日期 when it was asked for")
    clearance_until: date | None = strawberry.field(description="拟延缓至 until when the deferral asked for is to hold")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """The case as it stands today."""
        overdue = row["owed_due_on"] is not None and row["owed_due_on"] < looking.today
        late_since = row["late_since"] or (row["owed_due_on"] if overdue else None)
        return cls(**facts(cls, {**row, "overdue": overdue, "late_since": late_since}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @strawberry.field(description="前案 the case before, of a relapse")
    async def earlier_case(self, info: Info) -> "Case | None":
        """前案 the case before, of a relapse."""
        return await one(
            info.context,
            Case,
            "case_id = %(case)s and child_id = %(child)s",
            case=self.earlier_case_id,
            child=self.child_id,
        )

    @strawberry.field(description="经过 what happened, in order")
    async def steps(self, info: Info) -> list["CaseStep"]:
        """经过 what happened, in order."""
        return await many(
            info.context,
            CaseStep,
            "case_id = %(case)s and child_id = %(child)s order by at, producer <> 'cases', producer, position",
            case=self.id,
            child=self.child_id,
        )

    @strawberry.field(description="文书 the papers")
    async def documents(self, info: Info) -> list["Document"]:
        """文书 the papers."""
        return await many(
            info.context,
            Document,
            "case_id = %(case)s and child_id = %(child)s order by issued_on, document_id",
            case=self.id,
            child=self.child_id,
        )

    @strawberry.field(description="转办 what other departments were asked")
    async def referrals(self, info: Info) -> list["Referral"]:
        """转办 what other departments were asked."""
        return await many(
            info.context,
            Referral,
            "case_id = %(case)s and child_id = %(child)s order by opened_on, referral_id",
            case=self.id,
            child=self.child_id,
        )

    @strawberry.field(description="司法程序 its files before courts")
    async def proceedings(self, info: Info) -> list[Proceedings]:
        """司法程序 its files before courts."""
        return await many(
            info.context,
            Proceedings,
            "case_id = %(case)s and child_id = %(child)s order by filed_on, number_in_case",
            case=self.id,
            child=self.child_id,
        )

    @strawberry.field(description="异地协查函 letters to other counties")
    async def assistance_letters(
        self, info: Info
    ) -> list[Annotated["AssistanceLetter", strawberry.lazy("gateway.schema.oversight")]]:
        """异地协查函 letters to other counties."""
        return await many(
            info.context,
            oversight.AssistanceLetter,
            "case_id = %(case)s and child_id = %(child)s order by sent_on, letter_id",
            case=self.id,
            child=self.child_id,
        )


@strawberry.type(description="经过 One thing that happened in a case, in words that name nobody but for its note.")
class CaseStep(AsRead, Node):
    """A step."""

    SELECT: ClassVar[str] = (
        "select event_id as id, s.*, coalesce((select w.note from step_words w where w.event_id = s.event_id), '') as note"
        " from case_step s"
    )

    id: UUID = strawberry.field(description="编号 id of the event")
    type: str = strawberry.field(description="类型 type of the event")
    at: datetime = strawberry.field(description="时间 when")
    actor: str = strawberry.field(description="经办人 whose account")
    department: str = strawberry.field(description="单位 for which unit")
    purpose: str = strawberry.field(description="用途 on what ground")
    detail: str = strawberry.field(description="内容 in words")
    note: str = strawberry.field(
        description="记录 what whoever persuaded or searched wrote down; empty for other steps, and where nothing was written"
    )


@strawberry.type(description="文书 A paper, with its legal basis, term and receipt of service (N2.5, N2.6).")
class Document(AsRead, Node):
    """A document."""

    SELECT: ClassVar[str] = "select document_id as id, d.* from document d"

    id: UUID = strawberry.field(description="编号 id")
    case_id: UUID = strawberry.field(description="个案编号 the case")
    township: str = strawberry.field(description="乡镇代码 township")
    kind: str = strawberry.field(description="种类 kind")
    number: str = strawberry.field(description="文号 number")
    issuer: str = strawberry.field(description="签发单位 issuer")
    legal_basis: str = strawberry.field(description="法律依据 legal basis")
    term_days: int = strawberry.field(description="期限(日) term in days")
    issued_on: date | None = strawberry.field(description="签发日期 issued")
    served_on: date | None = strawberry.field(description="送达日期 served")
    method: str = strawberry.field(description="送达方式 how it was served")
    receipt: str = strawberry.field(description="送达回证 receipt of service")
    expires_on: date | None = strawberry.field(description="届满日期 the term runs out")
    result: str = strawberry.field(
        description="办理结果 what came of it: complied, partly_complied, not_complied, withdrawn or set_aside; empty until it is known"
    )
    result_on: date | None = strawberry.field(description="结果日期 on which day")
    result_by: str = strawberry.field(description="登记人 account of who found it")
    decided_by: str = strawberry.field(description="撤销机关 who set it aside: court, review or superior; else empty")
    decision: str = strawberry.field(description="撤销文号 number of the decision that set it aside")

    @strawberry.field(description="扫描件 scans of the paper and of its receipt")
    async def scans(self, info: Info) -> list[Annotated["Attachment", strawberry.lazy("gateway.schema.oversight")]]:
        """扫描件 scans of the paper and of its receipt."""
        return await many(
            info.context,
            oversight.Attachment,
            "document_id = %(document)s order by kept_on, attachment_id",
            document=self.id,
        )


@strawberry.type(
    description="转办 Another department was asked (N3); while it is open that department sees what its purpose needs."
)
class Referral(Node):
    """A referral."""

    SELECT: ClassVar[str] = "select referral_id as id, r.* from referral r"

    id: UUID = strawberry.field(description="编号 id")
    case_id: UUID = strawberry.field(description="个案编号 the case")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    to_unit: str = strawberry.field(description="承办单位 who was asked")
    purpose: str = strawberry.field(description="事由 for what")
    request: str = strawberry.field(description="请求 the request")
    township: str = strawberry.field(description="乡镇代码 township")
    state: str = strawberry.field(description="状态 state")
    opened_on: date | None = strawberry.field(description="转办日期 opened")
    reply_by: date | None = strawberry.field(description="回复期限 reply by")
    outcome: str = strawberry.field(description="结果 the answer; why, where it was returned or revoked")
    relief_decision: str = strawberry.field(
        description="救助决定 granted, refused or papers_missing; empty where no help was asked for, or it was not answered"
    )
    granted: str = strawberry.field(description="救助类别 what was granted")
    granted_from: date | None = strawberry.field(description="起始日期 from which day")
    amount_fen: int | None = strawberry.field(
        description="金额(分) how much: a month, or once for what is given once; null where it is no money"
    )
    refused_for: str = strawberry.field(description="不予原因 why it was refused")
    papers: list[str] = strawberry.field(description="补正材料 which papers are missing")
    answered_on: date | None = strawberry.field(description="回复日期 answered")
    asked_by: str = strawberry.field(description="转办单位 who asked")
    handed_on_from: UUID | None = strawberry.field(description="移送来源 the referral of the department that led")
    decision: str = strawberry.field(
        description="刑事处理结果 what was last decided of a suspected crime: filed, not_filed, dropped, charged, not_charged, convicted or"
        " acquitted; empty before, and of other referrals"
    )
    decision_paper: str = strawberry.field(description="决定书文号 number of that decision")
    decided_on: date | None = strawberry.field(description="决定日期 when it was decided")
    overdue: bool = strawberry.field(description="逾期 whether the reply is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """The referral as it stands today."""
        overdue = row["state"] in {"opened", "accepted"} and is_past(row["reply_by"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="责任人 An official who answers for a child, from when to when (N7.2, N7.3).")
class Responsibility(AsRead, Node):
    """A responsibility."""

    SELECT: ClassVar[str] = "select assignment_id as id, r.* from responsibility r"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    role: str = strawberry.field(description="职责 role")
    officer: str = strawberry.field(description="责任人 account of the official")
    from_on: date | None = strawberry.field(description="起始 from")
    until_on: date | None = strawberry.field(description="截止 until")
    successor: str = strawberry.field(description="接任 who follows")
    stands_in_for: UUID | None = strawberry.field(
        description="代理 the responsibility in which it stands in for somebody"
    )

    child = strawberry.field(resolver=its_child, description="儿童 the child")
