"""The GraphQL types of the roster 花名册: children, findings, transfers, placements, and where children are accounted for."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.access.consents import WITHHELD
from gateway.schema import assistance, cases, field_check, guardian_letters, oversight, review, supervision, terms
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import AsRead, Info, Looking, facts, many, one

if TYPE_CHECKING:
    from gateway.schema.assistance import Award, Eligibility, HomeTeaching, LearningSupport, StudentPlan
    from gateway.schema.cases import Case, Referral, Responsibility
    from gateway.schema.field_check import FieldCheckAnswer
    from gateway.schema.guardian_letters import GuardianLetter
    from gateway.schema.oversight import Attachment, Visit, VisitPlan
    from gateway.schema.review import ChildDoubt, ChildRow, FindingGround, MergeStep, RowLink, Source
    from gateway.schema.supervision import Receipt
    from gateway.schema.terms import Absence, Deferral, SchoolingElsewhere


PERSONAL = {
    "name": "name",
    "id_number": "idNumber",
    "guardian_name": "guardianName",
    "guardian_phone": "guardianPhone",
    "student_number": "studentNumber",
}

_MAY_BE_WITHHELD = {**PERSONAL, "age_band": "ageBand"}
_BANDS = ((6, "0-5"), (12, "6-11"), (14, "12-13"), (17, "14-16"))
_FOURTEEN = 14


def _completed_years(birth: date, *, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


@strawberry.type(description="适龄儿童少年 A child as the registers know it.")
class Child(Node):
    """A child."""

    SELECT: ClassVar[str] = (
        "select child_id as id, c.*, public.fields_consented(child_id) as consented, (select t.name from township t where t.code = c.township) as township_name,"
        " name, id_number, birth_date, guardian_name, guardian_phone, student_number from child c"
        " left join (select child_id, name, id_number, birth_date, guardian_name, guardian_phone, student_number"
        " from child_identity) i using (child_id)"
    )

    id: UUID = strawberry.field(description="儿童编号 the child's id")
    name: str | None = strawberry.field(
        description="姓名 name; null where it is not known, was erased, or is restricted"
    )
    id_number: str | None = strawberry.field(description="公民身份号码 citizen number (GB 11643)")
    birth_date: date | None = strawberry.field(description="出生日期 birth date")
    age_band: str | None = strawberry.field(
        description="年龄段 class of its age today: 0-5, 6-11, 12-13, 14-16 or 17+; null where the birth date is not known"
    )
    under_fourteen: bool | None = strawberry.field(description="未满十四周岁 whether it is under fourteen today")
    sex: str = strawberry.field(description="性别 sex")
    guardian_name: str | None = strawberry.field(description="监护人姓名 guardian's name")
    guardian_phone: str | None = strawberry.field(description="监护人电话 guardian's telephone")
    student_number: str | None = strawberry.field(description="学籍号 the number it is enrolled under (G, J or L)")
    township: str = strawberry.field(description="乡镇代码 township, nine digits (GB/T 2260)")
    township_name: str | None = strawberry.field(description="乡镇名称 township's name")
    village: str = strawberry.field(description="村代码 village, twelve digits")
    household_id: UUID | None = strawberry.field(description="家庭编号 household")
    school: str = strawberry.field(description="学校代码 school; empty where the registers name none")
    school_name: str = strawberry.field(description="学校名称 school's name")
    stage: str = strawberry.field(description="学段 stage of schooling")
    grade: str = strawberry.field(description="年级 grade")
    schooling_status: str = strawberry.field(description="学籍状态 what the registers say of its schooling")
    poverty: str = strawberry.field(description="困难类别 kind of hardship; empty for none")
    in_hardship: bool = strawberry.field(description="是否困难 whether the registers name any kind of hardship")
    has_disability: bool = strawberry.field(description="是否残疾 whether the registers name any kind of disability")
    disability: str = strawberry.field(description="残疾类别 kind of disability; empty for none")
    disability_grade: str = strawberry.field(description="残疾等级 grade of disability, 1 the heaviest")
    left_behind: bool = strawberry.field(description="留守儿童 left behind by working parents")
    migrant: bool = strawberry.field(description="随迁子女 came with working parents")
    accounted_state: str = strawberry.field(description="归类 the accounted state the child is in")
    accounted_reason: str = strawberry.field(description="归类依据 the rule, in words")
    accounted_on: date | None = strawberry.field(description="归类日期 since which date")
    obliged_from: date | None = strawberry.field(
        description="应入学日期 from which 1 September it has to be in school (义务教育法 第十一条); null where the birth date is not known"
    )
    obliged_until: date | None = strawberry.field(
        description="义务教育期满 until which 31 August somebody answers for it: nine years of school and sixteen of age both over"
    )
    merged_into: UUID | None = strawberry.field(description="合并至 the entry that goes on for this one")
    erased: bool = strawberry.field(description="已删除 names and numbers were erased")
    restricted: bool = strawberry.field(
        description="限制处理 names and numbers are kept because a law wants it, and nobody reads them (PIPL 47)"
    )

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """The child as this caller may see it."""
        masked = {name: looking.masked("Child", camel, row[name]) for name, camel in PERSONAL.items()}
        age = None if row["birth_date"] is None else _completed_years(row["birth_date"], on=looking.today)
        derived = {
            "age_band": None if age is None else next((band for below, band in _BANDS if age < below), "17+"),
            "under_fourteen": None if age is None else age < _FOURTEEN,
            "in_hardship": bool(row["poverty"]),
            "has_disability": bool(row["disability"]),
        }
        shown = {**masked, **derived}
        if row["consented"] is not None:
            withheld = WITHHELD.difference(row["consented"])
            shown |= {name: None for name, camel in _MAY_BE_WITHHELD.items() if camel in withheld}
        return cls(**facts(cls, {**row, **shown}))

    @strawberry.field(description="比对发现 what the registers don't agree on")
    async def findings(self, info: Info) -> list["Finding"]:
        """比对发现 what the registers don't agree on."""
        return await many(info.context, Finding, "child_id = %(child)s order by raised_on, finding_id", child=self.id)

    @strawberry.field(description="未结个案 the open case")
    async def open_case(self, info: Info) -> Annotated["Case", strawberry.lazy("gateway.schema.cases")] | None:
        """未结个案 the open case."""
        rest = "case_id = (select c.open_case_id from child c where c.child_id = %(child)s) and child_id = %(child)s"
        return await one(info.context, cases.Case, rest, child=self.id)

    @strawberry.field(description="个案 all its cases")
    async def cases(self, info: Info) -> list[Annotated["Case", strawberry.lazy("gateway.schema.cases")]]:
        """个案 all its cases."""
        return await many(info.context, cases.Case, "child_id = %(child)s order by opened_on, case_id", child=self.id)

    @strawberry.field(description="责任人 who answers for the child")
    async def responsibilities(
        self, info: Info
    ) -> list[Annotated["Responsibility", strawberry.lazy("gateway.schema.cases")]]:
        """责任人 who answers for the child."""
        return await many(
            info.context, cases.Responsibility, "child_id = %(child)s order by from_on, assignment_id", child=self.id
        )

    @strawberry.field(description="资格 what it is eligible for")
    async def eligibilities(
        self, info: Info
    ) -> list[Annotated["Eligibility", strawberry.lazy("gateway.schema.assistance")]]:
        """资格 what it is eligible for."""
        return await many(
            info.context, assistance.Eligibility, "child_id = %(child)s order by from_on, eligibility_id", child=self.id
        )

    @strawberry.field(description="资助 what was granted")
    async def awards(self, info: Info) -> list[Annotated["Award", strawberry.lazy("gateway.schema.assistance")]]:
        """资助 what was granted."""
        return await many(
            info.context, assistance.Award, "child_id = %(child)s order by granted_on, award_id", child=self.id
        )

    @strawberry.field(description="一生一案 the child's plans")
    async def plans(self, info: Info) -> list[Annotated["StudentPlan", strawberry.lazy("gateway.schema.assistance")]]:
        """一生一案 the child's plans."""
        return await many(
            info.context, assistance.StudentPlan, "child_id = %(child)s order by opened_on, plan_id", child=self.id
        )

    @strawberry.field(description="学困帮扶 support in learning")
    async def learning_supports(
        self, info: Info
    ) -> list[Annotated["LearningSupport", strawberry.lazy("gateway.schema.assistance")]]:
        """学困帮扶 support in learning."""
        return await many(
            info.context,
            assistance.LearningSupport,
            "child_id = %(child)s order by begun_on, support_id",
            child=self.id,
        )

    @strawberry.field(description="送教上门 teaching at home")
    async def home_teaching(
        self, info: Info
    ) -> list[Annotated["HomeTeaching", strawberry.lazy("gateway.schema.assistance")]]:
        """送教上门 teaching at home."""
        return await many(
            info.context,
            assistance.HomeTeaching,
            "child_id = %(child)s order by school_year, teaching_id",
            child=self.id,
        )

    @strawberry.field(description="学籍转接 transfers between schools")
    async def transfers(self, info: Info) -> list["Transfer"]:
        """学籍转接 transfers between schools."""
        return await many(info.context, Transfer, "child_id = %(child)s order by opened_on, transfer_id", child=self.id)

    @strawberry.field(description="安置 placements of a disabled child")
    async def placements(self, info: Info) -> list["Placement"]:
        """安置 placements of a disabled child."""
        return await many(
            info.context, Placement, "child_id = %(child)s order by decided_on, placement_id", child=self.id
        )

    @strawberry.field(description="转办 what other departments were asked")
    async def referrals(self, info: Info) -> list[Annotated["Referral", strawberry.lazy("gateway.schema.cases")]]:
        """转办 what other departments were asked."""
        return await many(
            info.context, cases.Referral, "child_id = %(child)s order by opened_on, referral_id", child=self.id
        )

    @strawberry.field(description="疑似同一人 whether another entry may be this same child")
    async def doubts(self, info: Info) -> list[Annotated["ChildDoubt", strawberry.lazy("gateway.schema.review")]]:
        """疑似同一人 whether another entry may be this same child."""
        rest = "(d.child_id = %(child)s or d.other_id = %(child)s) order by raised_on, doubt_id"
        return await many(info.context, review.ChildDoubt, rest, child=self.id)

    @strawberry.field(description="合并与撤销 with which entries it was merged, and parted again")
    async def merges(self, info: Info) -> list[Annotated["MergeStep", strawberry.lazy("gateway.schema.review")]]:
        """合并与撤销 with which entries it was merged, and parted again."""
        return await many(info.context, review.MergeStep, "child_id = %(child)s order by at, step_id", child=self.id)

    @strawberry.field(description="本人各行 the rows of registers that are its own")
    async def rows(self, info: Info) -> list[Annotated["ChildRow", strawberry.lazy("gateway.schema.review")]]:
        """本人各行 the rows of registers that are its own."""
        rest = "c.child_id = %(child)s order by g.register, g.batch_id, g.row"
        return await many(info.context, review.ChildRow, rest, child=self.id)

    @strawberry.field(description="关联依据 why its rows are one child: pair by pair, by which rule, how sure")
    async def links(self, info: Info) -> list[Annotated["RowLink", strawberry.lazy("gateway.schema.review")]]:
        """关联依据 why its rows are one child."""
        rest = f"c.child_id = %(child)s order by {review.SIDE_BY_SIDE}"
        return await many(info.context, review.RowLink, rest, child=self.id)

    @strawberry.field(description="出处 which rows its facts were taken from")
    async def sources(self, info: Info) -> list[Annotated["Source", strawberry.lazy("gateway.schema.review")]]:
        """出处 which rows its facts were taken from."""
        return await many(info.context, review.Source, "c.child_id = %(child)s order by s.fact", child=self.id)

    @strawberry.field(description="查阅留痕 the latest twenty looks at this child; all of them are in `receipts`")
    async def looks(self, info: Info) -> list[Annotated["Receipt", strawberry.lazy("gateway.schema.supervision")]]:
        """查阅留痕 the latest looks at this child."""
        return await many(
            info.context,
            supervision.Receipt,
            "child_ids @> array[%(child)s::uuid] order by at desc, receipt_id desc limit 20",
            child=self.id,
        )

    @strawberry.field(description="致监护人文书 letters to its guardian, and how they were served")
    async def letters(
        self, info: Info
    ) -> list[Annotated["GuardianLetter", strawberry.lazy("gateway.schema.guardian_letters")]]:
        """致监护人文书 letters to its guardian."""
        rest = "child_id = %(child)s order by made_on, letter_id"
        today = info.context.today
        return await many(info.context, guardian_letters.GuardianLetter, rest, child=self.id, today=today)

    @strawberry.field(description="延缓入学、休学、免入学 what puts its schooling off")
    async def deferrals(self, info: Info) -> list[Annotated["Deferral", strawberry.lazy("gateway.schema.terms")]]:
        """延缓入学、休学、免入学 what puts its schooling off."""
        return await many(
            info.context, terms.Deferral, "child_id = %(child)s order by from_on, deferral_id", child=self.id
        )

    @strawberry.field(description="外地就读 what proves that it is at school outside the county")
    async def schooling_elsewhere(
        self, info: Info
    ) -> list[Annotated["SchoolingElsewhere", strawberry.lazy("gateway.schema.terms")]]:
        """外地就读 what proves that it is at school outside the county."""
        return await many(
            info.context, terms.SchoolingElsewhere, "child_id = %(child)s order by term, proof_id", child=self.id
        )

    @strawberry.field(description="未报到 terms at whose start it did not report")
    async def absences(self, info: Info) -> list[Annotated["Absence", strawberry.lazy("gateway.schema.terms")]]:
        """未报到 terms at whose start it did not report."""
        return await many(info.context, terms.Absence, "child_id = %(child)s order by term, absence_id", child=self.id)

    @strawberry.field(description="摸排 what was found of it at the door")
    async def field_checks(
        self, info: Info
    ) -> list[Annotated["FieldCheckAnswer", strawberry.lazy("gateway.schema.field_check")]]:
        """摸排 what was found of it at the door."""
        return await many(
            info.context,
            field_check.FieldCheckAnswer,
            'child_id = %(child)s order by round collate "C", answer_id',
            child=self.id,
        )

    @strawberry.field(description="家访记录 home visits")
    async def visits(self, info: Info) -> list[Annotated["Visit", strawberry.lazy("gateway.schema.oversight")]]:
        """家访记录 home visits."""
        return await many(
            info.context, oversight.Visit, "child_id = %(child)s order by visited_on, visit_id", child=self.id
        )

    @strawberry.field(description="家访计划 regular visits")
    async def visit_plans(
        self, info: Info
    ) -> list[Annotated["VisitPlan", strawberry.lazy("gateway.schema.oversight")]]:
        """家访计划 regular visits."""
        return await many(
            info.context, oversight.VisitPlan, "child_id = %(child)s order by first_on, plan_id", child=self.id
        )

    @strawberry.field(description="影像佐证 photos and scans")
    async def attachments(
        self, info: Info
    ) -> list[Annotated["Attachment", strawberry.lazy("gateway.schema.oversight")]]:
        """影像佐证 photos and scans."""
        return await many(
            info.context, oversight.Attachment, "child_id = %(child)s order by kept_on, attachment_id", child=self.id
        )


@strawberry.type(
    description="比对发现 What the registers don't agree on, or a child not where it should be (N1.1, N1.6)."
)
class Finding(AsRead, Node):
    """A finding."""

    SELECT: ClassVar[str] = "select finding_id as id, f.* from finding f"

    id: UUID = strawberry.field(description="编号 id")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    kind: str = strawberry.field(description="类别 kind")
    reason: str = strawberry.field(description="说明 why, in words")
    owner: str = strawberry.field(description="责任单位 who has to settle it")
    township: str = strawberry.field(description="乡镇代码 township")
    village: str = strawberry.field(description="村代码 village")
    school: str = strawberry.field(description="学校代码 school")
    stage: str = strawberry.field(description="学段 stage")
    raised_on: date | None = strawberry.field(description="发现日期 since when")
    due_on: date | None = strawberry.field(description="期限 when the answer is due; null for a kind without a term")
    legal_basis: str = strawberry.field(description="法律依据 legal basis of the duty to answer")
    state: str = strawberry.field(description="状态 open, answered (not accepted yet) or resolved")
    overdue: bool = strawberry.field(description="逾期 the term ran out without an accepted answer")
    answer_code: str = strawberry.field(description="答复 code of the answer, or R1 to R13")
    evidence: str = strawberry.field(description="佐证 number of the paper it rests on")
    answered_by: str = strawberry.field(description="答复单位 which unit answered")
    answered_on: date | None = strawberry.field(description="答复日期 answered when")
    return_reason: str = strawberry.field(description="退回理由 why the answer was not accepted")
    resolved_on: date | None = strawberry.field(description="销号日期 settled when")
    resolution: str = strawberry.field(description="销号原因 settled how")
    approved_by: str = strawberry.field(description="核准单位 which unit accepted the answer")

    @strawberry.field(description="依据 the rows it rests on")
    async def grounds(self, info: Info) -> list[Annotated["FindingGround", strawberry.lazy("gateway.schema.review")]]:
        """依据 the rows it rests on."""
        rest = "f.finding_id = %(finding)s order by g.register, g.batch_id, g.row"
        return await many(info.context, review.FindingGround, rest, finding=self.id)

    child = strawberry.field(resolver=its_child, description="儿童 the child")


@strawberry.type(description="学籍转接 A hand-over to another school, tracked until that school has the child (N1.2).")
class Transfer(AsRead, Node):
    """A transfer."""

    SELECT: ClassVar[str] = "select transfer_id as id, t.* from transfer t"

    id: UUID = strawberry.field(description="编号 id")
    from_school: str = strawberry.field(description="转出学校 from which school")
    to_place: str = strawberry.field(description="转往地 to which place")
    to_school: str = strawberry.field(description="转入学校 the school that has the child now")
    opened_on: date | None = strawberry.field(description="开始日期 begun")
    due_on: date | None = strawberry.field(description="期限 due")
    completed_on: date | None = strawberry.field(description="完成日期 completed")


@strawberry.type(description="安置 Where a disabled child is taught: regular class, special school, at home (N1.7).")
class Placement(AsRead, Node):
    """A placement."""

    SELECT: ClassVar[str] = "select placement_id as id, p.* from placement p"

    id: UUID = strawberry.field(description="编号 id")
    form: str = strawberry.field(description="形式 form")
    school: str = strawberry.field(description="学校代码 school")
    decided_on: date | None = strawberry.field(description="决定日期 decided")
    first_visit_by: date | None = strawberry.field(
        description="首次送教期限 by when a child placed at home is visited first; null for the other forms"
    )
    begun_on: date | None = strawberry.field(
        description="首次送教日期 when it was visited first; null while nobody came"
    )
    end_reason: str = strawberry.field(description="终止原因 why it ended")
    ended_on: date | None = strawberry.field(description="终止日期 ended when; null while it holds")


@strawberry.type(description="乡镇 A township of the county (GB/T 2260).")
class Township(AsRead):
    """A township."""

    SELECT: ClassVar[str] = "select t.* from township t"

    code: str = strawberry.field(description="代码 nine digits")
    name: str = strawberry.field(description="名称 name")


@strawberry.type(description="比对发现计数 How many findings of a kind are open in a township.")
class FindingCount:
    """A count of findings."""

    SELECT: ClassVar[str] = (
        "select f.* from (select kind, township, count(*)::integer as count from finding where resolved_on is null group by 1, 2) f"
    )

    kind: str = strawberry.field(description="类别 kind")
    township: str = strawberry.field(description="乡镇代码 township")
    count: int | None = strawberry.field(
        description="数量 how many; null for a small number where it is granted as a count 小数隐去"
    )

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """The a count of findings as read."""
        return cls(**facts(cls, {**row, "count": looking.counted("FindingCount", "count", row["count"])}))
