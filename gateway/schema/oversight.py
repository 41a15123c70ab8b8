"""The GraphQL types of the work around the cases 督导办理: visits, papers signed by units, inspections, letters, posts.

They name units, papers and officials' accounts. What a family promised at a visit and what the public told are people's own words.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.readmodel.responsible import UNTIL
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, Looking, facts, is_past, many


@strawberry.type(description="家访 A home visit or talk as it was made (N2.3).")
class Visit(AsRead, Node):
    """A home visit or talk as it was made."""

    SELECT: ClassVar[str] = (
        "select visit_id as id, v.*, (select coalesce(max(w.promise), '') from visit_words w"
        " where w.visit_id = v.visit_id) as promise from visit v"
    )

    id: UUID = strawberry.field(description="家访编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    case_id: UUID | None = strawberry.field(description="个案编号 the case it was made for")
    township: str = strawberry.field(description="乡镇代码 township")
    method: str = strawberry.field(description="方式 how")
    attitude: str = strawberry.field(description="态度 how the family took it")
    promise: str = strawberry.field(description="承诺 what the family promised, in its own words; empty where nothing")
    visitor: str = strawberry.field(description="家访人 account of who visited")
    visited_on: date | None = strawberry.field(description="家访日期 when")
    next_on: date | None = strawberry.field(description="下次日期 when somebody comes again")

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @strawberry.field(description="影像佐证 photos and scans made there")
    async def attachments(self, info: Info) -> list["Attachment"]:
        """影像佐证 photos and scans made there."""
        return await many(
            info.context,
            Attachment,
            "child_id = %(child)s and attachment_id = any(array(select unnest(attachments) from visit where visit_id = %(visit)s))"
            " order by kept_on, attachment_id",
            child=self.child_id,
            visit=self.id,
        )


@strawberry.type(description="影像佐证 A photo or scan; the file itself is at `/files/attachments/{id}`.")
class Attachment(AsRead, Node):
    """A photo or scan; the file itself is at `/files/attachments/{id}`."""

    SELECT: ClassVar[str] = "select attachment_id as id, a.* from attachment a"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    case_id: UUID | None = strawberry.field(description="个案编号 the case")
    document_id: UUID | None = strawberry.field(description="文书编号 the paper whose scan or receipt it is")
    township: str = strawberry.field(description="乡镇代码 township")
    shows: str = strawberry.field(description="内容 what it shows")
    media_type: str = strawberry.field(description="格式 media type")
    size: int = strawberry.field(description="大小 bytes")
    sha256: str = strawberry.field(description="哈希 SHA-256 of its bytes")
    kept_on: date | None = strawberry.field(description="存档日期 kept when")

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="家访计划 Regular visits of a focus child (N2.3).")
class VisitPlan(Node):
    """Regular visits of a focus child."""

    SELECT: ClassVar[str] = "select plan_id as id, p.* from visit_plan p"

    id: UUID = strawberry.field(description="计划编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    visitor: str = strawberry.field(description="家访人 account of who visits")
    reason: str = strawberry.field(description="重点群体 why it is visited regularly")
    every_days: int = strawberry.field(description="间隔(日) every so many days")
    next_on: date | None = strawberry.field(description="下次日期 the next visit is due")
    missed: int = strawberry.field(description="逾期次数 days that passed without a visit")
    missed_on: date | None = strawberry.field(description="最近逾期 the last such day was noted")
    ended_on: date | None = strawberry.field(description="终止日期 ended")
    overdue: bool = strawberry.field(description="逾期 whether the next visit is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["ended_on"] is None and is_past(row["next_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(
    description="劝返清单 A township's dropouts of a month, returned and not, signed by six in order (N2.2)."
)
class PersuasionList(AsRead, Node):
    """A township's dropouts of a month, returned and not, signed by six in order."""

    SELECT: ClassVar[str] = "select list_id as id, l.* from persuasion_list l"

    id: UUID = strawberry.field(description="清单编号 id")
    township: str = strawberry.field(description="乡镇代码 township")
    month: str = strawberry.field(description="月份 month, 2026-10")
    returned: int = strawberry.field(description="已返校 how many came back")
    not_returned: int = strawberry.field(description="未返校 how many did not")
    signed_by: list[str] = strawberry.field(description="已签 who has signed, in order")
    complete: bool = strawberry.field(description="签齐 whether all six have")
    opened_on: date | None = strawberry.field(description="造册日期 made up")


@strawberry.type(description="目标责任书 A responsibility statement: who answers to whom for a year (N7.1).")
class Statement(AsRead, Node):
    """A responsibility statement: who answers to whom for a year."""

    SELECT: ClassVar[str] = "select statement_id as id, s.* from statement s"

    id: UUID = strawberry.field(description="责任书编号 id")
    level: str = strawberry.field(description="层级 level of the chain")
    year: int = strawberry.field(description="年度 year")
    superior: str = strawberry.field(description="上级 to whom")
    party: str = strawberry.field(description="责任方 who")
    township: str = strawberry.field(description="乡镇代码 township")
    signed_on: date | None = strawberry.field(description="签订日期 signed")


@strawberry.type(description="督导检查 An inspection of a unit, with a sample nobody chose (N8.2).")
class Inspection(AsRead, Node):
    """An inspection of a unit, with a sample nobody chose."""

    SELECT: ClassVar[str] = "select inspection_id as id, i.* from inspection i"

    id: UUID = strawberry.field(description="检查编号 id")
    unit: str = strawberry.field(description="受检单位 the unit inspected")
    township: str = strawberry.field(description="乡镇代码 township")
    matter: str = strawberry.field(description="事项 what it looks at")
    population: int = strawberry.field(description="总数 of how many cases the sample was drawn")
    sample: list[UUID] = strawberry.field(description="抽样 the cases drawn")
    opened_on: date | None = strawberry.field(description="开始日期 begun")
    closed_on: date | None = strawberry.field(description="公告日期 ended, its result public")

    @strawberry.field(description="检查发现 what it found")
    async def findings(self, info: Info) -> list["Rectification"]:
        """检查发现 what it found."""
        return await many(
            info.context,
            Rectification,
            "inspection_id = %(inspection)s order by number, finding_id",
            inspection=self.id,
        )


@strawberry.type(description="限期整改 Something an inspection found, to be put right by a day (N8.2).")
class Rectification(Node):
    """Something an inspection found, to be put right by a day."""

    SELECT: ClassVar[str] = "select finding_id as id, f.* from inspection_finding f"

    id: UUID = strawberry.field(description="编号 id")
    inspection_id: UUID = strawberry.field(description="检查编号 the inspection")
    township: str = strawberry.field(description="乡镇代码 township")
    number: int = strawberry.field(description="序号 its number there")
    finding: str = strawberry.field(description="问题 what was found")
    owed_by: str = strawberry.field(description="整改单位 who puts it right")
    due_on: date | None = strawberry.field(description="整改期限 by when")
    state: str = strawberry.field(description="状态 owed, reported or right")
    evidence: str = strawberry.field(description="整改情况 what the unit says it did")
    checked_on: date | None = strawberry.field(description="复查日期 looked at again")
    overdue: bool = strawberry.field(description="逾期 whether it is owed and late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["state"] == "owed" and is_past(row["due_on"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))


@strawberry.type(description="约谈、通报 A unit called to order by an interview or a circular, and its answer (N8.1).")
class Admonition(Node):
    """A unit called to order by an interview or a circular, and its answer."""

    SELECT: ClassVar[str] = "select admonition_id as id, a.* from admonition a"

    id: UUID = strawberry.field(description="编号 id")
    kind: str = strawberry.field(description="种类 interview 约谈 or circular 通报")
    unit: str = strawberry.field(description="单位 the unit")
    township: str = strawberry.field(description="乡镇代码 township")
    number: str = strawberry.field(description="文号 number")
    ground: str = strawberry.field(description="事由 on what ground")
    reply_by: date | None = strawberry.field(description="答复期限 to be answered by")
    issued_on: date | None = strawberry.field(description="发出日期 issued")
    answer: str = strawberry.field(description="答复 what the unit will do")
    late: bool = strawberry.field(description="逾期答复 whether it answered late")
    answered_on: date | None = strawberry.field(description="答复日期 answered")
    overdue: bool = strawberry.field(description="逾期 whether the answer is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["answered_on"] is None and is_past(row["reply_by"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))


@strawberry.type(description="责任追究 A unit held to account (N8.2).")
class AccountabilityDecision(AsRead, Node):
    """A unit held to account."""

    SELECT: ClassVar[str] = "select decision_id as id, d.* from accountability d"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="单位 the unit")
    township: str = strawberry.field(description="乡镇代码 township")
    ground: str = strawberry.field(description="事由 on what ground")
    measure: str = strawberry.field(description="措施 measure")
    number: str = strawberry.field(description="文号 number")
    decided_on: date | None = strawberry.field(description="决定日期 decided")


@strawberry.type(description="零报告 A unit's signed word that nobody dropped out in a month.")
class ZeroReport(AsRead, Node):
    """A unit's signed word that nobody dropped out in a month."""

    SELECT: ClassVar[str] = "select report_id as id, z.* from zero_report z"

    id: UUID = strawberry.field(description="编号 id")
    unit: str = strawberry.field(description="单位 the unit")
    township: str = strawberry.field(description="乡镇代码 township")
    month: str = strawberry.field(description="月份 month, 2026-10")
    late: bool = strawberry.field(description="逾期 signed after the 28th")
    signed_on: date | None = strawberry.field(description="签报日期 signed")


@strawberry.type(description="异地协查函 Another county asked to look for a child (N1.3).")
class AssistanceLetter(Node):
    """Another county asked to look for a child."""

    SELECT: ClassVar[str] = "select letter_id as id, l.* from assistance_letter l"

    id: UUID = strawberry.field(description="编号 id")
    case_id: UUID = strawberry.field(description="个案编号 the case")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    place: str = strawberry.field(description="受函地 division code of the county asked")
    number: str = strawberry.field(description="文号 number")
    request: str = strawberry.field(description="请求 the request")
    reply_by: date | None = strawberry.field(description="回函期限 reply by")
    sent_on: date | None = strawberry.field(description="发函日期 sent")
    reminders: int = strawberry.field(description="催办次数 how often it was asked again")
    outcome: str = strawberry.field(description="结果 what came of it")
    paper: str = strawberry.field(description="回函文号 number of the reply")
    answered_on: date | None = strawberry.field(description="回函日期 answered")
    overdue: bool = strawberry.field(description="逾期 whether the reply is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["answered_on"] is None and is_past(row["reply_by"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(
    description="群众举报 What somebody of the public told (N3.5), and what became of it; who told it is asked for by `informant`."
)
class PublicReport(Node):
    """A report of the public."""

    SELECT: ClassVar[str] = (
        "select report_id as id, r.*, coalesce((select w.text from report_words w where w.report_id = r.report_id), '') as text,"
        " coalesce((select w.supplements from report_words w where w.report_id = r.report_id), '{}') as supplements,"
        " coalesce((select w.notes from report_words w where w.report_id = r.report_id), '{}') as notes"
        " from public_report r"
    )

    id: UUID = strawberry.field(description="编号 id")
    township: str = strawberry.field(description="乡镇代码 township")
    receipt_number: str = strawberry.field(description="回执号 receipt number")
    received_on: date | None = strawberry.field(description="受理日期 received")
    text: str = strawberry.field(description="举报内容 what was told, in the words of whoever told it")
    supplements: list[str] = strawberry.field(description="补充内容 what whoever told it added since")
    notes: list[str] = strawberry.field(description="查访情况 what each look into it found, in the words of who looked")
    owed_step: str = strawberry.field(description="应办事项 what is owed next")
    owed_by: str = strawberry.field(description="应办单位 by whom")
    owed_due_on: date | None = strawberry.field(description="应办期限 by when")
    inquiries: int = strawberry.field(description="查访次数 how often somebody looked into it")
    inquired_on: date | None = strawberry.field(description="最近查访 when somebody last did")
    outcome: str = strawberry.field(description="处理结果 what came of it")
    case_id: UUID | None = strawberry.field(description="个案编号 the case it led to")
    handled_on: date | None = strawberry.field(description="办结日期 handled")
    overdue: bool = strawberry.field(description="逾期 whether a look into it is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        return cls(**facts(cls, {**row, "overdue": is_past(row["owed_due_on"], looking.today)}))


@strawberry.type(
    description="检察建议 A notice of the procuratorate, and the county's answer (未成年人保护法 第一百零五条)."
)
class ProcuratorateNotice(Node):
    """A notice of the procuratorate, and the county's answer."""

    SELECT: ClassVar[str] = "select notice_id as id, n.* from procuratorate_notice n"

    id: UUID = strawberry.field(description="编号 id")
    township: str = strawberry.field(description="乡镇代码 the township it is about, or the county")
    number: str = strawberry.field(description="文号 number")
    matter: str = strawberry.field(description="事项 what it says")
    case_id: UUID | None = strawberry.field(description="个案编号 the case it is about")
    reply_by: date | None = strawberry.field(description="答复期限 to be answered by")
    received_on: date | None = strawberry.field(description="收文日期 received")
    answer: str = strawberry.field(description="复函内容 the county's answer")
    paper: str = strawberry.field(description="复函文号 number of the answer")
    late: bool = strawberry.field(description="逾期复函 whether it was answered late")
    answered_on: date | None = strawberry.field(description="复函日期 answered")
    overdue: bool = strawberry.field(description="逾期 whether the answer is late today")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """As it stands today."""
        overdue = row["answered_on"] is None and is_past(row["reply_by"], looking.today)
        return cls(**facts(cls, {**row, "overdue": overdue}))


@strawberry.type(
    description="任职 An official's time in a post, or a deputy's: answering in a role for every child of a place (N7.2, N7.3)."
)
class PostTenure(AsRead, Node):
    """An official's time in a post, or a deputy's: answering in a role for every child of a place."""

    SELECT: ClassVar[str] = (
        "select t.tenure_id as id, t.tenure_id, t.post_id, t.role, t.officer, t.township, t.village, t.school, t.from_on, t.deputy,"
        f" {UNTIL.format(t='t')} as until_on from post_tenure t"
    )

    id: UUID = strawberry.field(description="编号 id")
    post_id: UUID = strawberry.field(description="岗位编号 the post")
    role: str = strawberry.field(description="职责 role")
    officer: str = strawberry.field(description="责任人 account of the official")
    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    school: str = strawberry.field(description="学校代码 school")
    from_on: date | None = strawberry.field(description="起始 from")
    until_on: date | None = strawberry.field(description="截止 until; none: today still")
    deputy: bool = strawberry.field(description="代理 whether it stands in for the holder")


@strawberry.type(description="未签 A unit or household that has not signed what it owes.")
class Unsigned(AsRead):
    """A unit or household that has not signed."""

    party: str = strawberry.field(description="责任方 who, `kind:area`")
    name: str = strawberry.field(description="名称 its name, where a list has one")
    township: str = strawberry.field(description="乡镇代码 township")


@strawberry.type(
    description="上报县政府 The bureau's report of confirmed and unreachable children to the county government (N1.3)."
)
class CountyReport(AsRead, Node):
    """A report to the county government."""

    SELECT: ClassVar[str] = (
        "select r.report_id as id, r.report_id, r.unit, r.township, r.number, cardinality(r.confirmed) as confirmed,"
        " cardinality(r.unreachable) as unreachable, r.made_on from county_report r"
    )

    id: UUID = strawberry.field(description="编号 id; the paper is at `/files/papers/county_report/{id}`")
    unit: str = strawberry.field(description="报告单位 who reported")
    number: str = strawberry.field(description="文号 number")
    confirmed: int = strawberry.field(description="确认辍学 how many stood confirmed")
    unreachable: int = strawberry.field(description="失联 how many could not be found")
    made_on: date | None = strawberry.field(description="报告日期 made")


@strawberry.type(
    description="逾期未复 An answer that did not come by its day, and the level above that was told (N3, N8.1)."
)
class LateReply(AsRead, Node):
    """An answer that did not come by its day."""

    SELECT: ClassVar[str] = "select late_reply_id as id, l.* from late_reply l"

    id: UUID = strawberry.field(description="编号 id")
    matter: str = strawberry.field(
        description="事项 referral, assistance_letter, procuratorate_notice, admonition, rectification, public_report or data_request"
    )
    about: UUID = strawberry.field(description="所涉编号 the id of what is unanswered")
    number: int = strawberry.field(description="序号 the number of an inspection's finding")
    owed_by: str = strawberry.field(description="应答单位 who owes the answer")
    township: str = strawberry.field(description="乡镇代码 township")
    case_id: UUID | None = strawberry.field(description="个案编号 the case")
    due_on: date | None = strawberry.field(description="期限 when it was due")
    up_to: str = strawberry.field(description="已报至 the level that was told last")
    noted_on: date | None = strawberry.field(description="登记日期 noted as late")
    settled_on: date | None = strawberry.field(description="了结日期 answered, or not awaited any longer")


@strawberry.type(description="某日责任人 Who answers for a child in a role on a day (N7.2, N7.3).")
class Answering(AsRead):
    """Who answers for a child in a role on a day."""

    child_id: UUID = strawberry.field(description="儿童编号 the child")
    role: str = strawberry.field(description="职责 role")
    officer: str = strawberry.field(description="责任人 account of the official")
    deputy: bool = strawberry.field(description="代理 whether it stands in for who holds the role")
    by_name: bool = strawberry.field(description="专人 named for this child, not by the post of its place")
    from_on: date | None = strawberry.field(description="起始 since when")
