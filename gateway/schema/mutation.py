"""The root of all commands 办理: each is granted by `access/commands.csv`, sent to its service, and answered when readable.

A caller can only act on what it can see: the record a command is about must be within its reach, and one that is not does
not exist for it. Rules of the domain are the services'; here is only whom a command may concern.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

import strawberry

from gateway.schema.cases import Case, Referral
from gateway.schema.notify import Notice
from gateway.schema.reading import Info, R, one
from gateway.schema.rights import command_of
from gateway.schema.roster import Child
from services.chassis.errors import NotFound, Refused

Words = Annotated[str, strawberry.argument(description="In words that name nobody 不得含个人信息")]


@strawberry.type(description="What came of a command 办理结果.")
class CommandAnswer:
    """The id a command created or changed; the records it concerned are read back where they are asked for."""

    id: UUID = strawberry.field(description="编号 what was created or changed")
    position: int = strawberry.field(description="序号 the place of what happened among what its service told")
    visible: bool = strawberry.field(
        description="可见 whether the records read back hold the effect; false where that takes longer than we wait"
    )
    subject: strawberry.Private[Mapping[str, UUID]]

    @strawberry.field(description="个案 the case concerned")
    async def case(self, info: Info) -> Case | None:
        """The case, as it stands now."""
        return await self._read(info, Case, "case_id")

    @strawberry.field(description="儿童 the child concerned")
    async def child(self, info: Info) -> Child | None:
        """The child, as it stands now."""
        return await self._read(info, Child, "child_id")

    @strawberry.field(description="转办 the referral concerned")
    async def referral(self, info: Info) -> Referral | None:
        """The referral, as it stands now."""
        return await self._read(info, Referral, "referral_id")

    @strawberry.field(description="通知 the notice concerned")
    async def notice(self, info: Info) -> Notice | None:
        """The notice, as it stands now."""
        return await self._read(info, Notice, "notice_id")

    async def _read(self, info: Info, cls: type[R], key: str) -> R | None:
        wanted = self.subject.get(key)
        return None if wanted is None else await one(info.context, cls, f"{key} = %(wanted)s", wanted=wanted)


async def _subject(info: Info, table: str, key: str, wanted: UUID) -> dict[str, UUID]:
    """The ids of the record a command is about; raises `NotFound` where it isn't within the caller's reach."""
    columns = _SUBJECTS[table]
    found = await _record(info, f"select {', '.join(columns)} from {table} where {key} = %(wanted)s", wanted)
    return {name: value for name, value in found.items() if value is not None}


async def _record(info: Info, statement: str, wanted: UUID) -> dict[str, Any]:
    """A record within the caller's reach; raises `NotFound` alike for what isn't there and what isn't theirs."""
    found = await info.context.rows(statement, wanted=wanted)
    if not found:
        raise NotFound("There is no such record.")
    return found[0]


_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "child": ("child_id",),
    "case_file": ("case_id", "child_id"),
    "document": ("document_id", "case_id", "child_id"),
    "referral": ("referral_id", "case_id", "child_id"),
    "responsibility": ("assignment_id", "child_id"),
    "transfer": ("transfer_id", "child_id"),
    "award": ("award_id", "child_id"),
    "student_plan": ("plan_id", "child_id"),
    "notice": ("notice_id",),
}
"""What a command may be about: tables, and the ids by which the records concerned are read back."""


async def _send(
    info: Info, service: str, subject: Mapping[str, UUID], *, creates: str | None = None, **body: object
) -> CommandAnswer:
    """Sends the command this field is named after; `creates` names the id it answers with, where that is a new record."""
    looking = info.context
    if looking.commands is None:
        raise Refused("This gateway only answers queries; commands are taken elsewhere.")
    # One key a request, another for each of its commands: a client that retries the request repeats them all.
    own = uuid5(looking.idempotency_key or uuid4(), str(info.path.key))
    answer = await looking.commands.send(
        service,
        command_of(info.field_name),
        body,
        principal=looking.principal,
        idempotency_key=own,
        trace=looking.trace,
    )
    visible = await looking.commands.visible(service, answer)
    created = {} if creates is None else {creates: answer.id}
    return CommandAnswer(id=answer.id, position=answer.position, visible=visible, subject={**subject, **created})


@strawberry.type(description="What departments may do 办理.")
class Mutation:
    """All commands. Retry with the same `Idempotency-Key` header after a lost answer: nothing happens twice."""

    @strawberry.mutation(description="立案 opens a case for a child who has none open")
    async def open_case(self, info: Info, child_id: UUID, cause: str) -> CommandAnswer:
        """立案 opens a case; where the child belongs is taken from the roster, not from the caller."""
        belongs = "select child_id, township, village, school, stage from child where child_id = %(wanted)s"
        place = await _record(info, belongs, child_id)
        return await _send(info, "cases", {"child_id": child_id}, creates="case_id", cause=cause, **place)

    @strawberry.mutation(description="核实 somebody goes to find out")
    async def begin_verification(self, info: Info, case_id: UUID) -> CommandAnswer:
        """核实 somebody goes to find out."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id)

    @strawberry.mutation(description="确认辍学 the child is out of school, and why")
    async def confirm_case(self, info: Info, case_id: UUID, causes: list[str]) -> CommandAnswer:
        """确认辍学 the child is out of school, and why."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id, causes=causes)

    @strawberry.mutation(description="失联 the child can't be found")
    async def report_unreachable(self, info: Info, case_id: UUID) -> CommandAnswer:
        """失联 the child can't be found."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id)

    @strawberry.mutation(description="劝返记录 an attempt to persuade")
    async def record_persuasion(
        self, info: Info, case_id: UUID, method: str, outcome: str, note: str, made_on: date
    ) -> CommandAnswer:
        """劝返记录 an attempt to persuade."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(
            info, "cases", subject, case_id=case_id, method=method, outcome=outcome, note=note, made_on=made_on
        )

    @strawberry.mutation(description="书面报告 reports in writing to the bureau")
    async def report_case(self, info: Info, case_id: UUID, issuer: str, number: str) -> CommandAnswer:
        """书面报告 reports in writing to the bureau."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number)

    @strawberry.mutation(description="责令限期改正 orders the guardian to send the child back")
    async def issue_order(self, info: Info, case_id: UUID, issuer: str, number: str, term_days: int) -> CommandAnswer:
        """责令限期改正 orders the guardian to send the child back."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number, term_days=term_days)

    @strawberry.mutation(description="司法文书 issues the judicial document")
    async def take_to_justice(
        self, info: Info, case_id: UUID, issuer: str, number: str, term_days: int
    ) -> CommandAnswer:
        """司法文书 issues the judicial document."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id, issuer=issuer, number=number, term_days=term_days)

    @strawberry.mutation(description="送达 a paper reached its addressee")
    async def serve_document(
        self, info: Info, document_id: UUID, method: str, receipt: str, served_on: date
    ) -> CommandAnswer:
        """送达 a paper reached its addressee."""
        subject = await _subject(info, "document", "document_id", document_id)
        return await _send(
            info, "cases", subject, document_id=document_id, method=method, receipt=receipt, served_on=served_on
        )

    @strawberry.mutation(description="复学 the child is back in class")
    async def record_return(
        self, info: Info, case_id: UUID, school: str, returned_on: date, seat_days: int = 0
    ) -> CommandAnswer:
        """复学 the child is back in class."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(
            info, "cases", subject, case_id=case_id, school=school, returned_on=returned_on, seat_days=seat_days
        )

    @strawberry.mutation(description="在校天数 school days seen in class since the return")
    async def count_seat_days(self, info: Info, case_id: UUID, seat_days: int) -> CommandAnswer:
        """在校天数 school days seen in class since the return."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id, seat_days=seat_days)

    @strawberry.mutation(description="跟踪观察 watches the child for a term")
    async def watch_case(self, info: Info, case_id: UUID) -> CommandAnswer:
        """跟踪观察 watches the child for a term."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id)

    @strawberry.mutation(description="结案 closes a case whose watch is over")
    async def close_case(self, info: Info, case_id: UUID) -> CommandAnswer:
        """结案 closes a case whose watch is over."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id)

    @strawberry.mutation(description="复辍 the child is gone again; the next case opens")
    async def record_relapse(self, info: Info, case_id: UUID, cause: str = "relapse") -> CommandAnswer:
        """复辍 the child is gone again; the next case opens."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, creates="case_id", case_id=case_id, cause=cause)

    @strawberry.mutation(description="销号申请 asks to clear a case")
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
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(
            info,
            "cases",
            subject,
            case_id=case_id,
            resolution=resolution,
            evidence_kind=evidence_kind,
            evidence=evidence,
            expires_on=expires_on,
        )

    @strawberry.mutation(description="销号 clears a case as asked; never by who asked")
    async def approve_clearance(self, info: Info, case_id: UUID) -> CommandAnswer:
        """销号 clears a case as asked; never by who asked."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id)

    @strawberry.mutation(description="不予销号 declines a clearance")
    async def decline_clearance(self, info: Info, case_id: UUID, reason: Words) -> CommandAnswer:
        """不予销号 declines a clearance."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(info, "cases", subject, case_id=case_id, reason=reason)

    @strawberry.mutation(description="转办 asks another department")
    async def open_referral(
        self, info: Info, case_id: UUID, to: str, purpose: str, request: Words, reply_by: date
    ) -> CommandAnswer:
        """转办 asks another department."""
        subject = await _subject(info, "case_file", "case_id", case_id)
        return await _send(
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

    @strawberry.mutation(description="受理 the department takes it on")
    async def accept_referral(self, info: Info, referral_id: UUID) -> CommandAnswer:
        """受理 the department takes it on."""
        subject = await _subject(info, "referral", "referral_id", referral_id)
        return await _send(info, "cases", subject, referral_id=referral_id)

    @strawberry.mutation(description="办结回复 the department answers")
    async def answer_referral(self, info: Info, referral_id: UUID, outcome: Words) -> CommandAnswer:
        """办结回复 the department answers."""
        subject = await _subject(info, "referral", "referral_id", referral_id)
        return await _send(info, "cases", subject, referral_id=referral_id, outcome=outcome)

    @strawberry.mutation(description="撤回 takes a referral back")
    async def revoke_referral(self, info: Info, referral_id: UUID, reason: Words) -> CommandAnswer:
        """撤回 takes a referral back."""
        subject = await _subject(info, "referral", "referral_id", referral_id)
        return await _send(info, "cases", subject, referral_id=referral_id, reason=reason)

    @strawberry.mutation(description="群众举报 takes in what somebody of the public tells")
    async def receive_public_report(self, info: Info, text: str, township: str, informant: str = "") -> CommandAnswer:
        """群众举报; the township has to be one of the caller's area."""
        claims = info.context.principal.parameters
        if not claims["lo"] <= township < claims["hi"]:
            raise NotFound("There is no such township in your area.")
        return await _send(info, "cases", {}, text=text, township=township, informant=informant)

    @strawberry.mutation(description="明确责任人 an official answers for a child")
    async def assign_responsibility(
        self, info: Info, child_id: UUID, role: str, officer: str, from_on: date
    ) -> CommandAnswer:
        """明确责任人 an official answers for a child."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(info, "cases", subject, child_id=child_id, role=role, officer=officer, from_on=from_on)

    @strawberry.mutation(description="责任交接 an official no longer answers")
    async def end_responsibility(
        self, info: Info, assignment_id: UUID, until_on: date, successor: str = ""
    ) -> CommandAnswer:
        """责任交接 an official no longer answers."""
        subject = await _subject(info, "responsibility", "assignment_id", assignment_id)
        return await _send(info, "cases", subject, assignment_id=assignment_id, until_on=until_on, successor=successor)

    @strawberry.mutation(description="比对发现销号 settles a finding")
    async def resolve_finding(self, info: Info, finding_id: UUID, resolution: Words) -> CommandAnswer:
        """比对发现销号 settles a finding."""
        finding = await _record(info, "select child_id, kind from finding where finding_id = %(wanted)s", finding_id)
        subject = {"child_id": finding["child_id"]}
        return await _send(info, "roster", subject, resolution=resolution, **finding)

    @strawberry.mutation(description="学籍转接开始 begins a hand-over")
    async def open_transfer(self, info: Info, child_id: UUID, from_school: str, to_place: str) -> CommandAnswer:
        """学籍转接开始 begins a hand-over."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(info, "roster", subject, child_id=child_id, from_school=from_school, to_place=to_place)

    @strawberry.mutation(description="学籍转接完成 the other school has the child")
    async def complete_transfer(self, info: Info, transfer_id: UUID, to_school: str) -> CommandAnswer:
        """学籍转接完成 the other school has the child."""
        subject = await _subject(info, "transfer", "transfer_id", transfer_id)
        return await _send(info, "roster", subject, transfer_id=transfer_id, to_school=to_school)

    @strawberry.mutation(description="安置决定 places a disabled child")
    async def decide_placement(self, info: Info, child_id: UUID, form: str, school: str) -> CommandAnswer:
        """安置决定 places a disabled child."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(info, "roster", subject, child_id=child_id, form=form, school=school)

    @strawberry.mutation(description="资助认定 grants a programme's amount for a term")
    async def grant_award(
        self, info: Info, child_id: UUID, programme: str, term: str, stage: str, boarding: bool, category: str
    ) -> CommandAnswer:
        """资助认定 grants a programme's amount for a term."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(
            info,
            "assistance",
            subject,
            child_id=child_id,
            programme=programme,
            term=term,
            stage=stage,
            boarding=boarding,
            category=category,
        )

    @strawberry.mutation(description="发放 the bank paid an award")
    async def pay_award(
        self, info: Info, award_id: UUID, payment_id: UUID, amount_fen: int, paid_on: date
    ) -> CommandAnswer:
        """发放 the bank paid an award."""
        subject = await _subject(info, "award", "award_id", award_id)
        return await _send(
            info,
            "assistance",
            subject,
            award_id=award_id,
            payment_id=payment_id,
            amount_fen=amount_fen,
            paid_on=paid_on,
        )

    @strawberry.mutation(description="退回 a payment came back")
    async def return_award(
        self, info: Info, award_id: UUID, payment_id: UUID, reason: Words, returned_on: date
    ) -> CommandAnswer:
        """退回 a payment came back."""
        subject = await _subject(info, "award", "award_id", award_id)
        return await _send(
            info,
            "assistance",
            subject,
            award_id=award_id,
            payment_id=payment_id,
            reason=reason,
            returned_on=returned_on,
        )

    @strawberry.mutation(description="一生一案 opens a child's plan")
    async def open_student_plan(self, info: Info, child_id: UUID, case_id: UUID | None = None) -> CommandAnswer:
        """一生一案 opens a child's plan."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(info, "assistance", subject, child_id=child_id, case_id=case_id)

    @strawberry.mutation(description="帮扶措施 plans a measure")
    async def plan_measure(
        self, info: Info, plan_id: UUID, measure: str, owner: str, due_on: date, note: str = ""
    ) -> CommandAnswer:
        """帮扶措施 plans a measure."""
        subject = await _subject(info, "student_plan", "plan_id", plan_id)
        return await _send(
            info, "assistance", subject, plan_id=plan_id, measure=measure, owner=owner, due_on=due_on, note=note
        )

    @strawberry.mutation(description="措施落实 a measure was carried out")
    async def carry_out_measure(
        self, info: Info, plan_id: UUID, measure_id: UUID, evidence: Words, done_on: date
    ) -> CommandAnswer:
        """措施落实 a measure was carried out."""
        subject = await _subject(info, "student_plan", "plan_id", plan_id)
        return await _send(
            info, "assistance", subject, plan_id=plan_id, measure_id=measure_id, evidence=evidence, done_on=done_on
        )

    @strawberry.mutation(description="学困帮扶 begins support in learning")
    async def begin_learning_support(
        self, info: Info, child_id: UUID, needs: list[str], helper: str, review_on: date
    ) -> CommandAnswer:
        """学困帮扶 begins support in learning."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(
            info, "assistance", subject, child_id=child_id, needs=needs, helper=helper, review_on=review_on
        )

    @strawberry.mutation(description="送教上门 counts a visit of teaching at home")
    async def give_home_teaching(
        self, info: Info, child_id: UUID, visit_id: UUID, hours: int, evidence: Words, given_on: date
    ) -> CommandAnswer:
        """送教上门 counts a visit of teaching at home."""
        subject = await _subject(info, "child", "child_id", child_id)
        return await _send(
            info,
            "assistance",
            subject,
            child_id=child_id,
            visit_id=visit_id,
            hours=hours,
            evidence=evidence,
            given_on=given_on,
        )

    @strawberry.mutation(description="签收 the unit that was told has seen the notice")
    async def acknowledge_notice(self, info: Info, notice_id: UUID) -> CommandAnswer:
        """签收; notify refuses a notice that was for another unit."""
        subject = await _subject(info, "notice", "notice_id", notice_id)
        return await _send(info, "notify", subject, notice_id=notice_id)
