"""What departments do in cases 个案办理: from suspicion to return, papers, referrals, reports and who answers."""

from datetime import date
from typing import Any
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


@strawberry.input(description="到课 whether the child of a case sat in class on a day.")
class DayInClass:
    """One line of a school's list."""

    case_id: UUID = strawberry.field(description="个案编号 the case")
    on: date = strawberry.field(description="日期 the school day")
    present: bool = strawberry.field(description="到课 whether it was there")


@strawberry.type(description="个案办理 commands about cases.")
class CaseCommands:
    """个案办理 commands about cases."""

    @command
    async def open_case(self, info: Info, child_id: UUID, cause: str) -> CommandAnswer:
        """立案 opens a case for a child who has none open."""
        place = await record_of(info, BELONGS, child_id)
        return await send(info, "cases", {"child_id": child_id}, creates="case_id", cause=cause, **place)

    @command
    async def begin_verification(self, info: Info, case_id: UUID) -> CommandAnswer:
        """核实 somebody goes to find out."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def confirm_case(self, info: Info, case_id: UUID, causes: list[str]) -> CommandAnswer:
        """确认辍学 the child is out of school, and why."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, causes=causes)

    @command
    async def report_unreachable(self, info: Info, case_id: UUID) -> CommandAnswer:
        """失联 the child can't be found."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def record_search(self, info: Info, case_id: UUID, method: str, note: str, made_on: date) -> CommandAnswer:
        """查找记录 somebody looked for a missing child and didn't find it."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, method=method, note=note, made_on=made_on)

    @command
    async def record_persuasion(
        self, info: Info, case_id: UUID, method: str, outcome: str, note: str, made_on: date
    ) -> CommandAnswer:
        """劝返记录 an attempt to persuade."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info, "cases", subject, case_id=case_id, method=method, outcome=outcome, note=note, made_on=made_on
        )

    @command
    async def report_case(self, info: Info, case_id: UUID, issuer: str, number: str = "") -> CommandAnswer:
        """书面报告 reports in writing to the bureau."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number)

    @command
    async def issue_order(
        self, info: Info, case_id: UUID, issuer: str, term_days: int, number: str = ""
    ) -> CommandAnswer:
        """责令限期改正 orders the guardian to send the child back."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number, term_days=term_days)

    @command
    async def take_to_justice(
        self, info: Info, case_id: UUID, issuer: str, term_days: int, number: str = ""
    ) -> CommandAnswer:
        """司法文书 issues the judicial document."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number, term_days=term_days)

    @command
    async def serve_document(
        self, info: Info, document_id: UUID, method: str, receipt: str, served_on: date
    ) -> CommandAnswer:
        """送达 a paper reached its addressee."""
        subject = await subject_of(info, "document", "document_id", document_id)
        return await send(
            info, "cases", subject, document_id=document_id, method=method, receipt=receipt, served_on=served_on
        )

    @command
    async def record_document_result(self, info: Info, document_id: UUID, result: str, found_on: date) -> CommandAnswer:
        """文书办理结果 what came of a paper: complied, partly_complied, not_complied, or withdrawn before its service."""
        subject = await subject_of(info, "document", "document_id", document_id)
        return await send(info, "cases", subject, document_id=document_id, result=result, found_on=found_on)

    @command
    async def set_aside_document(
        self, info: Info, document_id: UUID, decided_by: str, decision: Words, decided_on: date
    ) -> CommandAnswer:
        """撤销文书 a court, a review or the level above set a served paper aside: court, review or superior, and its number."""
        subject = await subject_of(info, "document", "document_id", document_id)
        return await send(
            info,
            "cases",
            subject,
            document_id=document_id,
            decided_by=decided_by,
            decision=decision,
            decided_on=decided_on,
        )

    @command
    async def record_return(
        self, info: Info, case_id: UUID, school: str, returned_on: date, seat_days: int = 0
    ) -> CommandAnswer:
        """复学 the child is back in class."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info, "cases", subject, case_id=case_id, school=school, returned_on=returned_on, seat_days=seat_days
        )

    @command
    async def count_seat_days(self, info: Info, case_id: UUID, seat_days: int) -> CommandAnswer:
        """在校天数 school days seen in class since the return."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, seat_days=seat_days)

    @command
    async def record_attendance(self, info: Info, school: str, seen: list[DayInClass]) -> CommandAnswer:
        """到课登记 a school tells who of the children that came back sat in class on which day, all or none."""
        for case_id in {each.case_id for each in seen}:
            await subject_of(info, "case_file", "case_id", case_id)
        lines = [{"case_id": each.case_id, "on": each.on, "present": each.present} for each in seen]
        return await send(info, "cases", {}, school=school, seen=lines)

    @command
    async def watch_case(self, info: Info, case_id: UUID) -> CommandAnswer:
        """跟踪观察 watches the child for a term."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def close_case(self, info: Info, case_id: UUID) -> CommandAnswer:
        """结案 closes a case whose watch is over."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def record_relapse(self, info: Info, case_id: UUID, cause: str = "relapse") -> CommandAnswer:
        """复辍 the child is gone again; the next case opens."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, creates="case_id", case_id=case_id, cause=cause)

    @command
    async def request_clearance(
        self,
        info: Info,
        case_id: UUID,
        resolution: str,
        evidence_kind: str,
        evidence: Words,
        expires_on: date | None = None,
    ) -> CommandAnswer:
        """销号申请 asks to clear a case."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info,
            "cases",
            subject,
            case_id=case_id,
            resolution=resolution,
            evidence_kind=evidence_kind,
            evidence=evidence,
            expires_on=expires_on,
        )

    @command
    async def approve_clearance(self, info: Info, case_id: UUID) -> CommandAnswer:
        """销号 clears a case as asked; never by who asked."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id)

    @command
    async def decline_clearance(self, info: Info, case_id: UUID, reason: Words) -> CommandAnswer:
        """不予销号 declines a clearance."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(info, "cases", subject, case_id=case_id, reason=reason)

    @command
    async def open_referral(
        self, info: Info, case_id: UUID, to: str, purpose: str, request: Words, reply_by: date
    ) -> CommandAnswer:
        """转办 asks another department."""
        subject = await subject_of(info, "case_file", "case_id", case_id)
        return await send(
            info,
            "cases",
            subject,
            creates="referral_id",
            case_id=case_id,
            to=to,
            purpose=purpose,
            request=request,
            reply_by=reply_by,
        )

    @command
    async def accept_referral(self, info: Info, referral_id: UUID) -> CommandAnswer:
        """受理 the department takes it on."""
        subject = await subject_of(info, "referral", "referral_id", referral_id)
        return await send(info, "cases", subject, referral_id=referral_id)

    @command
    async def answer_referral(
        self,
        info: Info,
        referral_id: UUID,
        outcome: Words,
        decision: str = "",
        granted: str = "",
        granted_from: date | None = None,
        amount_fen: int | None = None,
        refused_for: str = "",
        papers: list[str] | None = None,
    ) -> CommandAnswer:
        """办结回复 the department answers; about help it says what it decided, which reaches the child's plan by itself (N3.2)."""
        subject = await subject_of(info, "referral", "referral_id", referral_id)
        decided = {
            "decision": decision,
            "granted": granted,
            "granted_from": granted_from,
            "amount_fen": amount_fen,
            "refused_for": refused_for,
            "papers": papers or [],
        }
        body: dict[str, Any] = {"decision": decided} if any(decided.values()) else {}
        return await send(info, "cases", subject, referral_id=referral_id, outcome=outcome, **body)

    @command
    async def record_crime_decision(
        self, info: Info, referral_id: UUID, decision: str, paper: Words, decided_on: date
    ) -> CommandAnswer:
        """刑事处理结果 what police, procuratorate or court decided of a suspected crime that was handed over."""
        subject = await subject_of(info, "referral", "referral_id", referral_id)
        return await send(
            info, "cases", subject, referral_id=referral_id, decision=decision, paper=paper, decided_on=decided_on
        )

    @command
    async def revoke_referral(self, info: Info, referral_id: UUID, reason: Words) -> CommandAnswer:
        """撤回 takes a referral back."""
        subject = await subject_of(info, "referral", "referral_id", referral_id)
        return await send(info, "cases", subject, referral_id=referral_id, reason=reason)

    @command
    async def receive_public_report(self, info: Info, text: str, township: str, informant: str = "") -> CommandAnswer:
        """群众举报 takes in what somebody of the public tells."""
        within_area(info, township)
        return await send(info, "cases", {}, text=text, township=township, informant=informant)

    @command
    async def assign_responsibility(
        self, info: Info, child_id: UUID, role: str, officer: str, from_on: date
    ) -> CommandAnswer:
        """明确责任人 an official answers for a child."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(info, "cases", subject, child_id=child_id, role=role, officer=officer, from_on=from_on)

    @command
    async def end_responsibility(
        self, info: Info, assignment_id: UUID, until_on: date, successor: str = ""
    ) -> CommandAnswer:
        """责任交接 an official no longer answers."""
        subject = await subject_of(info, "responsibility", "assignment_id", assignment_id)
        return await send(info, "cases", subject, assignment_id=assignment_id, until_on=until_on, successor=successor)

    @command
    async def deputise_responsibility(
        self, info: Info, assignment_id: UUID, deputy: str, from_on: date, until_on: date
    ) -> CommandAnswer:
        """代理 somebody stands in for the official who answers for a child."""
        subject = await subject_of(info, "responsibility", "assignment_id", assignment_id)
        return await send(
            info,
            "cases",
            subject,
            assignment_id=assignment_id,
            deputy=deputy,
            from_on=from_on,
            until_on=until_on,
        )

    @command
    async def fill_post(
        self, info: Info, unit: str, role: str, officer: str, from_on: date, township: str = ""
    ) -> CommandAnswer:
        """定岗 an official answers in a role for every child of a place, written `village:code`, `township:code` or `school:code`."""
        kind, _, area = unit.partition(":")
        within_area(info, township if kind == "school" else area[:9])
        return await send(info, "cases", {}, unit=unit, role=role, officer=officer, from_on=from_on, township=township)

    @command
    async def hand_over_post(self, info: Info, post_id: UUID, successor: str, from_on: date) -> CommandAnswer:
        """交接 somebody else holds the post from a day on."""
        subject = await subject_of(info, "post_tenure", "post_id", post_id)
        return await send(info, "cases", subject, post_id=post_id, successor=successor, from_on=from_on)

    @command
    async def deputise_post(
        self, info: Info, post_id: UUID, deputy: str, from_on: date, until_on: date
    ) -> CommandAnswer:
        """代理 somebody stands in for the holder of a post."""
        subject = await subject_of(info, "post_tenure", "post_id", post_id)
        return await send(info, "cases", subject, post_id=post_id, deputy=deputy, from_on=from_on, until_on=until_on)

    @command
    async def hand_on_referral(
        self, info: Info, referral_id: UUID, to: str, outcome: Words, request: Words, reply_by: date
    ) -> CommandAnswer:
        """移送 the department that leads a matter says what it found and hands it on."""
        subject = await subject_of(info, "referral", "referral_id", referral_id)
        return await send(
            info,
            "cases",
            subject,
            referral_id=referral_id,
            to=to,
            outcome=outcome,
            request=request,
            reply_by=reply_by,
        )
