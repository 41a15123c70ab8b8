"""What departments do to help 帮扶办理: awards, plans, support in learning, teaching at home."""

from datetime import date
from uuid import UUID

import strawberry

from gateway.schema.mutations.command import CommandAnswer, Words, command, send, subject_of
from gateway.schema.reading import Info
from services.chassis.errors import NotFound


@strawberry.type(description="帮扶办理 commands about assistance.")
class AssistanceCommands:
    """帮扶办理 commands about assistance."""

    @command
    async def grant_award(
        self, info: Info, child_id: UUID, programme: str, term: str, stage: str, boarding: bool, category: str
    ) -> CommandAnswer:
        """资助认定 grants a programme's amount for a term."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
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

    @command
    async def pay_award(
        self, info: Info, award_id: UUID, payment_id: UUID, amount_fen: int, paid_on: date
    ) -> CommandAnswer:
        """发放 the bank paid an award."""
        subject = await subject_of(info, "award", "award_id", award_id)
        return await send(
            info,
            "assistance",
            subject,
            award_id=award_id,
            payment_id=payment_id,
            amount_fen=amount_fen,
            paid_on=paid_on,
        )

    @command
    async def return_award(
        self, info: Info, award_id: UUID, payment_id: UUID, reason: Words, returned_on: date
    ) -> CommandAnswer:
        """退回 a payment came back."""
        subject = await subject_of(info, "award", "award_id", award_id)
        return await send(
            info,
            "assistance",
            subject,
            award_id=award_id,
            payment_id=payment_id,
            reason=reason,
            returned_on=returned_on,
        )

    @command
    async def open_student_plan(self, info: Info, child_id: UUID, case_id: UUID | None = None) -> CommandAnswer:
        """一生一案 opens a child's plan."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(info, "assistance", subject, child_id=child_id, case_id=case_id)

    @command
    async def plan_measure(
        self, info: Info, plan_id: UUID, measure: str, owner: str, due_on: date, note: str = ""
    ) -> CommandAnswer:
        """帮扶措施 plans a measure."""
        subject = await subject_of(info, "student_plan", "plan_id", plan_id)
        return await send(
            info, "assistance", subject, plan_id=plan_id, measure=measure, owner=owner, due_on=due_on, note=note
        )

    @command
    async def carry_out_measure(
        self, info: Info, plan_id: UUID, measure_id: UUID, evidence: Words, done_on: date
    ) -> CommandAnswer:
        """措施落实 a measure was carried out."""
        subject = await subject_of(info, "student_plan", "plan_id", plan_id)
        return await send(
            info, "assistance", subject, plan_id=plan_id, measure_id=measure_id, evidence=evidence, done_on=done_on
        )

    @command
    async def begin_learning_support(
        self, info: Info, child_id: UUID, needs: list[str], helper: str, review_on: date
    ) -> CommandAnswer:
        """学困帮扶 begins support in learning."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info, "assistance", subject, child_id=child_id, needs=needs, helper=helper, review_on=review_on
        )

    @command
    async def give_home_teaching(
        self, info: Info, child_id: UUID, visit_id: UUID, hours: int, evidence: Words, given_on: date
    ) -> CommandAnswer:
        """送教上门 counts a visit of teaching at home."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info,
            "assistance",
            subject,
            child_id=child_id,
            visit_id=visit_id,
            hours=hours,
            evidence=evidence,
            given_on=given_on,
        )

    @command
    async def recognise_eligibility(
        self, info: Info, child_id: UUID, category: str, ground: Words, from_on: date
    ) -> CommandAnswer:
        """资格认定 recognises a child as eligible on a department's answer, such as `referral:<id>` (N3.3, N6.1)."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info, "assistance", subject, child_id=child_id, category=category, ground=ground, from_on=from_on
        )

    @command
    async def end_eligibility(self, info: Info, child_id: UUID, category: str, until_on: date) -> CommandAnswer:
        """资格终止 ends a child's eligibility in a category with the day before."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(info, "assistance", subject, child_id=child_id, category=category, until_on=until_on)

    @command
    async def review_student_plan(self, info: Info, plan_id: UUID, review_on: date) -> CommandAnswer:
        """一生一案评估 looks at a child's plan again and sets the next day to do so."""
        subject = await subject_of(info, "student_plan", "plan_id", plan_id)
        return await send(info, "assistance", subject, plan_id=plan_id, review_on=review_on)

    @command
    async def review_learning_support(
        self, info: Info, support_id: UUID, outcome: str, review_on: date
    ) -> CommandAnswer:
        """学困帮扶评估 says how a supported pupil does, improved, unchanged or worse, and when to look again."""
        subject = await subject_of(info, "learning_support", "support_id", support_id)
        return await send(info, "assistance", subject, support_id=support_id, outcome=outcome, review_on=review_on)

    @command
    async def hold_support_session(
        self,
        info: Info,
        support_id: UUID,
        session_id: UUID,
        need: str,
        minutes: int,
        progress: str,
        held_on: date,
    ) -> CommandAnswer:
        """学困辅导 counts a session of support about one need, with the pupil's progress: improved, unchanged or worse."""
        subject = await subject_of(info, "learning_support", "support_id", support_id)
        return await send(
            info,
            "assistance",
            subject,
            support_id=support_id,
            session_id=session_id,
            need=need,
            minutes=minutes,
            progress=progress,
            held_on=held_on,
        )

    @command
    async def end_learning_support(self, info: Info, support_id: UUID) -> CommandAnswer:
        """学困帮扶结束 ends a pupil's support."""
        subject = await subject_of(info, "learning_support", "support_id", support_id)
        return await send(info, "assistance", subject, support_id=support_id)

    @command
    async def open_household_plan(self, info: Info, household_id: UUID) -> CommandAnswer:
        """一家一案 opens a household's plan over all its children within reach."""
        children = await info.context.rows(
            "select child_id from child where household_id = %(wanted)s and merged_into is null order by child_id",
            wanted=household_id,
        )
        if not children:
            raise NotFound("There is no such record.")
        listed = [child["child_id"] for child in children]
        return await send(info, "assistance", {}, household_id=household_id, children=listed)

    @command
    async def include_child(self, info: Info, plan_id: UUID, child_id: UUID) -> CommandAnswer:
        """纳入一家一案 brings another child of the household under its plan."""
        await subject_of(info, "household_plan", "plan_id", plan_id)
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(info, "assistance", subject, plan_id=plan_id, child_id=child_id)

    @command
    async def review_household_plan(self, info: Info, plan_id: UUID, review_on: date) -> CommandAnswer:
        """一家一案评估 looks at a household's plan again and sets the next day to do so."""
        await subject_of(info, "household_plan", "plan_id", plan_id)
        return await send(info, "assistance", {}, plan_id=plan_id, review_on=review_on)
