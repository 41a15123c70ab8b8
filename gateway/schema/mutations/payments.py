"""What the office does to bring aid to a school's pupils 学期认定与发放: a term recognised, a list for the bank, and its answer."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

from datetime import date
from uuid import UUID

import strawberry

from gateway.schema.aid_watch import ANSWERED_WITHIN, HELD, AidWatch, days_of
from gateway.schema.mutations.command import CommandAnswer, command, record_of, send, subject_of, within_area
from gateway.schema.reading import Info
from services.chassis.errors import NotFound, Refused
from services.chassis.working_days import add_working_days
from services.contracts.divisions import COUNTY


@strawberry.input(description="待认定 A pupil to recognise, and whether it boards.")
class PupilInput:
    """A pupil to recognise."""

    child_id: UUID = strawberry.field(description="儿童编号 the child")
    boarding: bool = strawberry.field(description="寄宿 whether it boards")


@strawberry.input(description="银行回执行 What the bank says of one line of a list.")
class BankLineInput:
    """What the bank says of one line."""

    award_id: UUID = strawberry.field(description="资助编号 the award")
    outcome: str = strawberry.field(description="结果 paid or refused")
    amount_fen: int = strawberry.field(description="金额(分) amount")
    on: date = strawberry.field(description="日期 when it was paid or refused")
    reason: str = strawberry.field(default="", description="退票原因 why it was refused, such as account_wrong")


@strawberry.type(description="学期认定与发放 commands about a school's awards.")
class PaymentCommands:
    """学期认定与发放 commands about a school's awards."""

    @command
    async def recognise_term(
        self, info: Info, programme: str, term: str, school: str, pupils: list[PupilInput]
    ) -> CommandAnswer:
        """学期认定 grants a programme's amount for a term to these pupils of a school, as far as they are eligible (N6.2)."""
        boarding = {pupil.child_id: pupil.boarding for pupil in pupils}
        found = await info.context.rows(
            "select c.child_id, c.stage, array(select distinct e.category from eligibility e"
            " where e.child_id = c.child_id order by 1) as categories"
            " from child c where c.child_id = any(%(wanted)s) and c.school = %(school)s order by c.child_id",
            wanted=list(boarding),
            school=school,
        )
        if len(found) < len(boarding):
            raise NotFound("One of these is no pupil of this school.")
        if any(row["stage"] not in {"primary", "junior"} for row in found):
            raise Refused("One of these pupils has no stage of compulsory education, primary or junior.")
        asked = [{**row, "child_id": row["child_id"], "boarding": boarding[row["child_id"]]} for row in found]
        return await send(info, "assistance", {}, programme=programme, term=term, school=school, pupils=asked)

    @command
    async def open_recognition(
        self, info: Info, programme: str, term: str, township: str | None = None
    ) -> CommandAnswer:
        """全县学期认定 recognises a term for all pupils of the county, or of a township, who are eligible in it; it works on lot by lot, and `recognitionRuns` tells how far it has come (N6.2)."""
        begins_on, ends_on, _ = days_of(term)
        if township is not None:
            within_area(info, township)
        found = await info.context.rows(
            "select c.child_id, c.stage, c.boarding, array_agg(distinct e.category order by e.category) as categories"
            " from child c join eligibility e on e.child_id = c.child_id"
            " where c.merged_into is null and c.stage in ('primary', 'junior')"
            f" and (%(township)s::text is null or c.township = %(township)s) and {HELD}"
            " group by c.child_id, c.stage, c.boarding order by c.child_id",
            township=township,
            begins_on=begins_on,
            ends_on=ends_on,
        )
        return await send(info, "assistance", {}, programme=programme, term=term, area=township or COUNTY, pupils=found)

    @command
    async def cancel_recognition(self, info: Info, run_id: UUID) -> CommandAnswer:
        """停止认定 works on no further lot of a recognition; what was granted stays (N6.2)."""
        subject = await subject_of(info, "recognition_run", "run_id", run_id)
        return await send(info, "assistance", subject, run_id=run_id)

    @command
    async def make_payment_list(self, info: Info, list_id: UUID, awards: list[UUID]) -> CommandAnswer:
        """编制名册 puts awards of one school that are owed on a list for the bank; `listId` is a new id of the caller (N6.2)."""
        found = await info.context.rows(
            "select a.award_id, c.school, c.township, c.child_id from award a join child c on c.child_id = a.child_id"
            " where a.award_id = any(%(wanted)s)",
            wanted=awards,
        )
        if not found or {row["award_id"] for row in found} != set(awards):
            raise NotFound("There is no such record.")
        schools = {row["school"] for row in found}
        if len(schools) > 1 or "" in schools:
            raise Refused("A payment list is of one school; make one for each (N6.2).")
        township = min(row["township"] for row in found)
        return await send(
            info,
            "assistance",
            {},
            creates="list_id",
            list_id=list_id,
            school=schools.pop(),
            township=township,
            awards=sorted(awards),
        )

    @command
    async def approve_payment_list(self, info: Info, list_id: UUID) -> CommandAnswer:
        """审批名册 approves and locks a list that another person made."""
        return await send(info, "assistance", await _list(info, list_id), list_id=list_id)

    @command
    async def withdraw_payment_list(self, info: Info, list_id: UUID) -> CommandAnswer:
        """撤回名册 takes a list back of which the bank has answered nothing."""
        return await send(info, "assistance", await _list(info, list_id), list_id=list_id)

    @command
    async def take_bank_result(self, info: Info, list_id: UUID, lines: list[BankLineInput]) -> CommandAnswer:
        """银行回执 what the bank answered for lines of a list; refusals come back as tasks."""
        subject = await _list(info, list_id)
        told = [
            {
                "award_id": line.award_id,
                "outcome": line.outcome,
                "amount_fen": line.amount_fen,
                "on": line.on,
                "reason": line.reason,
            }
            for line in lines
        ]
        return await send(info, "assistance", subject, list_id=list_id, lines=told)

    @command
    async def answer_refused_payment(self, info: Info, refusal_id: UUID, answer: str) -> CommandAnswer:
        """退票答复 what became of a refused payment: account_corrected, card_renewed or family_refuses."""
        subject = await subject_of(info, "payment_refusal", "refusal_id", refusal_id)
        return await send(info, "assistance", subject, refusal_id=refusal_id, answer=answer)

    @command
    async def ask_about_aid(self, info: Info, watch_id: UUID, term: str, owner: str | None = None) -> CommandAnswer:
        """资助疑点查询 puts what `aidWatch` shows to a unit, the child's school where none is named, and tells it; answered by its day."""
        begins_on, ends_on, before = days_of(term)
        today = info.context.today
        wanted = {"term": term, "term_before": before, "begins_on": begins_on, "ends_on": ends_on, "today": today}
        found = await info.context.rows(
            f"select * from ({AidWatch.SELECT}) w where watch_id = %(wanted)s",  # our own words
            wanted=watch_id,
            **wanted,
        )
        if not found:
            raise NotFound("There is no such question any more: what agrees again is gone.")
        row = found[0]
        if owner is None and not row["school"]:
            raise Refused("This child's school is not known; name who is asked, such as township:410326103.")
        return await send(
            info,
            "assistance",
            {"child_id": row["child_id"]},
            child_id=row["child_id"],
            kind=row["kind"],
            programme=row["programme"],
            term=term,
            award_id=row["award_id"],
            owner=owner or f"school:{row['school']}",
            township=row["township"],
            due_on=add_working_days(today, ANSWERED_WITHIN[row["kind"]]),
        )

    @command
    async def answer_aid_question(self, info: Info, question_id: UUID, answer: str) -> CommandAnswer:
        """资助疑点答复 what became of it: set_right, being_set_right, as_it_should_be or family_refuses."""
        subject = await subject_of(info, "aid_question", "question_id", question_id)
        return await send(info, "assistance", subject, question_id=question_id, answer=answer)


async def _list(info: Info, list_id: UUID) -> dict[str, UUID]:
    found = await record_of(info, "select list_id from payment_list where list_id = %(wanted)s", list_id)
    return {"list_id": found["list_id"]}
