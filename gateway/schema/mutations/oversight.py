"""What departments do around the cases 督导办理: clocks, visits, lists and statements signed, inspections, letters, zero reports.

A record that belongs to a child must be within the caller's reach; one that belongs to a unit or a township within its area.
What else must hold the service says.
"""

from datetime import date
from uuid import UUID

import strawberry

from gateway.schema.mutations.command import (
    BELONGS,
    CommandAnswer,
    Words,
    command,
    record_of,
    send,
    subject_of,
    within_area,
)
from gateway.schema.reading import Info


@strawberry.input(description="批量确认 one case of a bulk confirmation, with causes of its own.")
class Confirmation:
    """One case to confirm."""

    case_id: UUID = strawberry.field(description="个案编号 the case")
    causes: list[str] = strawberry.field(description="辍学原因 why the child is out of school")
    evidence: list[UUID] = strawberry.field(
        description="佐证 visits and scans of this child that show it, at least one"
    )


@strawberry.type(description="督导办理 commands around the cases.")
class OversightCommands:
    """督导办理 commands around the cases."""

    @command
    async def issue_penalty(
        self, info: Info, case_id: UUID, issuer: str, term_days: int, number: str = ""
    ) -> CommandAnswer:
        """行政处罚 fines the guardian after an order that ran out."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number, term_days=term_days)

    @command
    async def issue_demand(
        self, info: Info, case_id: UUID, issuer: str, term_days: int, number: str = ""
    ) -> CommandAnswer:
        """催告 calls on the guardian to comply with a penalty that ran out."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number, term_days=term_days)

    @command
    async def issue_document(
        self, info: Info, case_id: UUID, kind: str, issuer: str, term_days: int = 0, number: str = ""
    ) -> CommandAnswer:
        """签发文书 issues a paper of any kind of the catalogue."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info, "cases", subject, case_id=case_id, kind=kind, issuer=issuer, number=number, term_days=term_days
        )

    @command
    async def record_proceeding(
        self, info: Info, case_id: UUID, proceeding: str, paper: Words, made_on: date, comply_by: date | None = None
    ) -> CommandAnswer:
        """司法进展 what the court or the procuratorate did."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info,
            "cases",
            subject,
            case_id=case_id,
            proceeding=proceeding,
            paper=paper,
            made_on=made_on,
            comply_by=comply_by,
        )

    @command
    async def pause_step(self, info: Info, case_id: UUID, reason: str) -> CommandAnswer:
        """期限中止 lets the clock of the owed step stand, for a reason of the list."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, reason=reason)

    @command
    async def resume_step(self, info: Info, case_id: UUID) -> CommandAnswer:
        """期限恢复 lets the clock run again."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def request_extension(self, info: Info, case_id: UUID, days: int, reason: Words) -> CommandAnswer:
        """延期申请 asks for more time, once for a step."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, days=days, reason=reason)

    @command
    async def grant_extension(self, info: Info, case_id: UUID) -> CommandAnswer:
        """准予延期 grants the time asked for; who asked can't."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def decline_extension(self, info: Info, case_id: UUID, reason: Words) -> CommandAnswer:
        """不予延期 declines the time asked for."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, reason=reason)

    @command
    async def return_referral(self, info: Info, referral_id: UUID, reason: Words) -> CommandAnswer:
        """退回转办 gives a referral back to who asked."""
        subject = await subject_of(info, "referral", "referral_id", referral_id)
        return await send(info, "cases", subject, referral_id=referral_id, reason=reason)

    @command
    async def record_visit(
        self,
        info: Info,
        child_id: UUID,
        method: str,
        attitude: str,
        visited_on: date,
        promise: str = "",
        case_id: UUID | None = None,
        next_on: date | None = None,
        attachments: list[UUID] | None = None,
    ) -> CommandAnswer:
        """家访记录 keeps a home visit; what the family promised is sealed."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info,
            "cases",
            subject,
            child_id=child_id,
            method=method,
            attitude=attitude,
            visited_on=visited_on,
            promise=promise,
            case_id=case_id,
            next_on=next_on,
            attachments=attachments or [],
        )

    @command
    async def plan_visits(
        self, info: Info, child_id: UUID, visitor: str, reason: str, every_days: int
    ) -> CommandAnswer:
        """家访计划 has a focus child visited regularly."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info, "cases", subject, child_id=child_id, visitor=visitor, reason=reason, every_days=every_days
        )

    @command
    async def end_visits(self, info: Info, plan_id: UUID, reason: Words) -> CommandAnswer:
        """家访计划终止 ends regular visits."""
        subject = await subject_of(info, "visit_plan", "plan_id", plan_id)
        return await send(info, "cases", subject, plan_id=plan_id, reason=reason)

    @command
    async def confirm_cases(self, info: Info, confirmations: list[Confirmation]) -> CommandAnswer:
        """批量确认辍学 confirms several dropouts, each for causes and by evidence of its own, all or none."""
        for each in confirmations:
            await subject_of(info, "case_file", "case_id", each.case_id)
        listed = [{"case_id": each.case_id, "causes": each.causes, "evidence": each.evidence} for each in confirmations]
        return await send(info, "cases", {}, creates="case_id", confirmations=listed)

    @command
    async def sign_zero_report(self, info: Info, township: str, month: str) -> CommandAnswer:
        """零报告 signs for one's own unit that nobody dropped out in a month."""
        await record_of(info, "select child_id from child where township = %(wanted)s limit 1", township)
        return await send(info, "cases", {}, township=township, month=month)

    @command
    async def open_persuasion_list(
        self, info: Info, township: str, month: str, returned: list[UUID], not_returned: list[UUID]
    ) -> CommandAnswer:
        """劝返清单 makes up a township's monthly list, to be signed by six."""
        within_area(info, township)
        for case_id in (*returned, *not_returned):
            await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info, "cases", {}, township=township, month=month, returned=returned, not_returned=not_returned
        )

    @command
    async def sign_persuasion_list(self, info: Info, list_id: UUID, role: str) -> CommandAnswer:
        """劝返清单签字 signs the list in one's turn."""
        await subject_of(info, "persuasion_list", "list_id", list_id)
        return await send(info, "cases", {}, list_id=list_id, role=role)

    @command
    async def report_to_county(self, info: Info) -> CommandAnswer:
        """上报县政府 reports all confirmed and unreachable children of the county under the next number."""
        return await send(info, "cases", {})

    @command
    async def sign_statement(
        self, info: Info, level: str, year: int, superior: str, party: str, township: str
    ) -> CommandAnswer:
        """目标责任书 signs a responsibility statement under the one above it."""
        within_area(info, township)
        return await send(info, "cases", {}, level=level, year=year, superior=superior, party=party, township=township)

    @command
    async def open_inspection(self, info: Info, unit: str, township: str, matter: str, size: int) -> CommandAnswer:
        """督导检查 begins an inspection with a sample nobody chooses."""
        within_area(info, township)
        return await send(info, "cases", {}, unit=unit, township=township, matter=matter, size=size)

    @command
    async def record_inspection_finding(
        self, info: Info, inspection_id: UUID, finding: Words, owed_by: str, due_on: date
    ) -> CommandAnswer:
        """限期整改 records what is to be put right, by whom and by when."""
        await subject_of(info, "inspection", "inspection_id", inspection_id)
        return await send(
            info, "cases", {}, inspection_id=inspection_id, finding=finding, owed_by=owed_by, due_on=due_on
        )

    @command
    async def report_rectification(
        self, info: Info, inspection_id: UUID, number: int, evidence: Words
    ) -> CommandAnswer:
        """整改报告 the unit that owes a finding says it is right."""
        await subject_of(info, "inspection", "inspection_id", inspection_id)
        return await send(info, "cases", {}, inspection_id=inspection_id, number=number, evidence=evidence)

    @command
    async def check_rectification(
        self, info: Info, inspection_id: UUID, number: int, right: bool, due_on: date | None = None
    ) -> CommandAnswer:
        """复查 somebody else looks again."""
        await subject_of(info, "inspection", "inspection_id", inspection_id)
        return await send(info, "cases", {}, inspection_id=inspection_id, number=number, right=right, due_on=due_on)

    @command
    async def close_inspection(self, info: Info, inspection_id: UUID) -> CommandAnswer:
        """检查结果公告 ends an inspection whose findings are all right."""
        await subject_of(info, "inspection", "inspection_id", inspection_id)
        return await send(info, "cases", {}, inspection_id=inspection_id)

    @command
    async def issue_admonition(
        self, info: Info, kind: str, unit: str, township: str, number: Words, ground: Words, reply_by: date
    ) -> CommandAnswer:
        """约谈、通报 calls a unit to order; it answers by a day."""
        within_area(info, township)
        return await send(
            info,
            "cases",
            {},
            kind=kind,
            unit=unit,
            township=township,
            number=number,
            ground=ground,
            reply_by=reply_by,
        )

    @command
    async def answer_admonition(self, info: Info, admonition_id: UUID, answer: Words) -> CommandAnswer:
        """整改承诺 the unit answers for itself."""
        await subject_of(info, "admonition", "admonition_id", admonition_id)
        return await send(info, "cases", {}, admonition_id=admonition_id, answer=answer)

    @command
    async def decide_accountability(
        self, info: Info, unit: str, township: str, ground: Words, measure: str, number: Words
    ) -> CommandAnswer:
        """责任追究 holds a unit to account."""
        within_area(info, township)
        return await send(
            info, "cases", {}, unit=unit, township=township, ground=ground, measure=measure, number=number
        )

    @command
    async def send_assistance_letter(
        self, info: Info, case_id: UUID, place: str, number: Words, request: Words, reply_by: date
    ) -> CommandAnswer:
        """异地协查函 asks another county to look for a child."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info, "cases", subject, case_id=case_id, place=place, number=number, request=request, reply_by=reply_by
        )

    @command
    async def remind_assistance_letter(self, info: Info, letter_id: UUID, reply_by: date) -> CommandAnswer:
        """催办 asks again where no reply came."""
        subject = await subject_of(info, "assistance_letter", "letter_id", letter_id)
        return await send(info, "cases", subject, letter_id=letter_id, reply_by=reply_by)

    @command
    async def answer_assistance_letter(self, info: Info, letter_id: UUID, outcome: str, paper: Words) -> CommandAnswer:
        """协查回函 keeps what the other county answered."""
        subject = await subject_of(info, "assistance_letter", "letter_id", letter_id)
        return await send(info, "cases", subject, letter_id=letter_id, outcome=outcome, paper=paper)

    @command
    async def receive_procuratorate_notice(
        self,
        info: Info,
        number: Words,
        matter: Words,
        township: str,
        reply_by: date,
        case_id: UUID | None = None,
    ) -> CommandAnswer:
        """检察建议 takes a notice of the procuratorate in."""
        within_area(info, township)
        concerned = {} if case_id is None else await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info,
            "cases",
            concerned,
            number=number,
            matter=matter,
            township=township,
            reply_by=reply_by,
            case_id=case_id,
        )

    @command
    async def answer_procuratorate_notice(
        self, info: Info, notice_id: UUID, answer: Words, paper: Words
    ) -> CommandAnswer:
        """复函 answers the procuratorate."""
        await subject_of(info, "procuratorate_notice", "notice_id", notice_id)
        return await send(info, "cases", {}, notice_id=notice_id, answer=answer, paper=paper)

    @command
    async def handle_public_report(
        self, info: Info, report_id: UUID, outcome: str, case_id: UUID | None = None
    ) -> CommandAnswer:
        """举报办结 says what came of a report of the public."""
        await subject_of(info, "public_report", "report_id", report_id)
        concerned = {} if case_id is None else await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", concerned, report_id=report_id, outcome=outcome, case_id=case_id)

    @command
    async def record_report_inquiry(
        self, info: Info, report_id: UUID, method: str, note: str, made_on: date
    ) -> CommandAnswer:
        """举报查访 somebody looked into a report; while nobody knows which child is meant, the next look is owed."""
        await subject_of(info, "public_report", "report_id", report_id)
        return await send(info, "cases", {}, report_id=report_id, method=method, note=note, made_on=made_on)

    @command
    async def open_case_of_report(self, info: Info, report_id: UUID, child_id: UUID) -> CommandAnswer:
        """举报立案 it is known which child a report means: its case opens, or is the open one."""
        await subject_of(info, "public_report", "report_id", report_id)
        place = await record_of(info, BELONGS, child_id)
        return await send(info, "cases", {"child_id": child_id}, creates="case_id", report_id=report_id, **place)
