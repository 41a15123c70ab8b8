"""What departments do in the roster 花名册办理: findings and doubts, moves and terms, field checks, deliveries."""

from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from gateway.readmodel.partition import window
from gateway.schema.mutations.command import (
    CommandAnswer,
    Words,
    all_within_reach,
    command,
    record_of,
    send,
    subject_of,
    within_area,
)
from gateway.schema.reading import Info
from services.chassis.errors import NotFound, Refused

_NO_PUPILS = ("gone", "graduated", "left_explained")
"""States of the partition in which a child is expected at no school."""


@strawberry.input(description="栏目对应 What an office calls a column of a register.")
class ColumnName:
    """One column of an office's files."""

    written: str = strawberry.field(description="来表栏目 the heading as the office writes it")
    field: str = strawberry.field(description="登记册栏目 the register's own word for it")


async def _finding(info: Info, finding_id: UUID) -> dict[str, Any]:
    """The finding a command is about, as its service knows it: by child and kind."""
    return await record_of(info, "select child_id, kind from finding where finding_id = %(wanted)s", finding_id)


@strawberry.type(description="比对办理 commands about findings and doubts.")
class ReviewCommands:
    """比对办理 commands about findings and doubts."""

    @command
    async def answer_finding(self, info: Info, finding_id: UUID, code: str, evidence: Words) -> CommandAnswer:
        """比对发现答复 the unit that owes the answer gives it; `evidence` is the number of the paper it rests on."""
        owned = "select child_id, kind, owner from finding where finding_id = %(wanted)s"
        finding = await record_of(info, owned, finding_id)
        owner = finding.pop("owner")
        if owner != info.context.principal.unit:
            raise Refused(f"This finding is for {owner} to answer.")
        subject = {"finding_id": finding_id, "child_id": finding["child_id"]}
        return await send(info, "roster", subject, code=code, evidence=evidence, **finding)

    @command
    async def accept_answer(self, info: Info, finding_id: UUID) -> CommandAnswer:
        """答复核准 accepts an answer, which closes the finding."""
        finding = await _finding(info, finding_id)
        return await send(info, "roster", {"finding_id": finding_id, "child_id": finding["child_id"]}, **finding)

    @command
    async def return_answer(self, info: Info, finding_id: UUID, reason: Words) -> CommandAnswer:
        """答复退回 sends an answer back; the finding is owed again."""
        finding = await _finding(info, finding_id)
        subject = {"finding_id": finding_id, "child_id": finding["child_id"]}
        return await send(info, "roster", subject, reason=reason, **finding)

    @command
    async def resolve_finding(
        self, info: Info, finding_id: UUID, resolution: str, evidence: Words = ""
    ) -> CommandAnswer:
        """比对发现销号 settles a finding on a paper of the unit that owes the answer."""
        finding = await _finding(info, finding_id)
        subject = {"finding_id": finding_id, "child_id": finding["child_id"]}
        return await send(info, "roster", subject, resolution=resolution, evidence=evidence, **finding)

    @command
    async def decide_doubt(self, info: Info, doubt_id: UUID, decision: str, reason: Words) -> CommandAnswer:
        """疑似同一人判定 decides whether two entries are one child: `same` or `different`; both must be in reach."""
        pair = await record_of(
            info, "select doubt_id, child_id, other_id from doubt where doubt_id = %(wanted)s", doubt_id
        )
        await all_within_reach(info, (pair["child_id"], pair["other_id"]))
        subject = {"doubt_id": doubt_id, "child_id": pair["child_id"]}
        return await send(info, "roster", subject, doubt_id=doubt_id, decision=decision, reason=reason)

    @command
    async def merge_children(self, info: Info, child_id: UUID, merged_id: UUID, reason: Words) -> CommandAnswer:
        """合并 two entries are one child, and the first goes on."""
        await all_within_reach(info, (child_id, merged_id))
        subject = {"child_id": child_id}
        return await send(info, "roster", subject, child_id=child_id, merged_id=merged_id, reason=reason)

    @command
    async def unmerge_children(self, info: Info, child_id: UUID, merged_id: UUID, reason: Words) -> CommandAnswer:
        """撤销合并 takes a merge back: they are two children."""
        await all_within_reach(info, (child_id, merged_id))
        subject = {"child_id": child_id}
        return await send(info, "roster", subject, child_id=child_id, merged_id=merged_id, reason=reason)


@strawberry.type(description="异动办理 commands about moves, placements and terms.")
class MoveCommands:
    """异动办理 commands about moves, placements and terms."""

    @command
    async def open_transfer(self, info: Info, child_id: UUID, from_school: str, to_place: str) -> CommandAnswer:
        """学籍转接开始 begins a hand-over."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(info, "roster", subject, child_id=child_id, from_school=from_school, to_place=to_place)

    @command
    async def complete_transfer(self, info: Info, transfer_id: UUID, to_school: str) -> CommandAnswer:
        """学籍转接完成 the other school has the child."""
        subject = await subject_of(info, "transfer", "transfer_id", transfer_id)
        return await send(info, "roster", subject, transfer_id=transfer_id, to_school=to_school)

    @command
    async def decide_placement(self, info: Info, child_id: UUID, form: str, school: str) -> CommandAnswer:
        """安置决定 places a disabled child."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(info, "roster", subject, child_id=child_id, form=form, school=school)

    @command
    async def end_placement(self, info: Info, placement_id: UUID, reason: Words) -> CommandAnswer:
        """安置终止 a placement no longer holds."""
        subject = await subject_of(info, "placement", "placement_id", placement_id)
        return await send(info, "roster", subject, placement_id=placement_id, reason=reason)

    @command
    async def approve_deferral(
        self, info: Info, child_id: UUID, kind: str, proof: Words, from_on: date, until_on: date
    ) -> CommandAnswer:
        """延缓入学、休学、免入学批准 a child starts later, pauses or is exempt until a day."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info, "roster", subject, child_id=child_id, kind=kind, proof=proof, from_on=from_on, until_on=until_on
        )

    @command
    async def end_deferral(self, info: Info, deferral_id: UUID, reason: Words) -> CommandAnswer:
        """延缓终止 a deferral no longer holds."""
        subject = await subject_of(info, "deferral", "deferral_id", deferral_id)
        return await send(info, "roster", subject, deferral_id=deferral_id, reason=reason)

    @command
    async def prove_schooling_elsewhere(
        self, info: Info, child_id: UUID, term: str, place: str, school_name: str, proof: Words
    ) -> CommandAnswer:
        """外地就读核实 for a term it is proved that a child is at school outside the county."""
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info, "roster", subject, child_id=child_id, term=term, place=place, school_name=school_name, proof=proof
        )

    @command
    async def open_check_in(
        self,
        info: Info,
        term: str,
        starts_on: date,
        expected: list[UUID] | None = None,
        grades: list[str] | None = None,
    ) -> CommandAnswer:
        """开学报到开始 begins the check-in of the caller's school for a term; expected are all its pupils, or those of `grades`, where nobody is named"""
        school = info.context.principal.parameters["school"]
        if not school:
            raise NotFound("A check-in is opened by the school that holds it.")
        if expected is None:
            expected = await _pupils(info, school=school, grades=grades)
        await all_within_reach(info, expected)
        return await send(info, "roster", {}, school=school, term=term, expected=expected, starts_on=starts_on)

    @command
    async def check_in(self, info: Info, check_in_id: UUID, children: list[UUID]) -> CommandAnswer:
        """报到 counts children present."""
        subject = await subject_of(info, "check_in", "check_in_id", check_in_id)
        await all_within_reach(info, children)
        return await send(info, "roster", subject, check_in_id=check_in_id, children=children)

    @command
    async def close_check_in(self, info: Info, check_in_id: UUID) -> CommandAnswer:
        """报到汇总 counts the check-in; whoever did not come is listed."""
        subject = await subject_of(info, "check_in", "check_in_id", check_in_id)
        return await send(info, "roster", subject, check_in_id=check_in_id)

    @command
    async def verify_absence(self, info: Info, absence_id: UUID, reason: Words) -> CommandAnswer:
        """未报到核实 keeps why a child did not report at term start."""
        missing = "select check_in_id, child_id from absence where absence_id = %(wanted)s"
        absence = await record_of(info, missing, absence_id)
        return await send(info, "roster", {"child_id": absence["child_id"]}, reason=reason, **absence)


async def _pupils(info: Info, *, school: str, grades: list[str] | None) -> list[UUID]:
    """The pupils of a school, of some of its grades where they are named; who has left it for good is none any more."""
    found = await info.context.rows(
        "select child_id from child where school = %(school)s and merged_into is null and not erased and not restricted"
        " and accounted_state <> all(%(gone)s) and (%(grades)s::text[] is null or grade = any(%(grades)s)) order by child_id",
        school=school,
        grades=grades,
        gone=list(_NO_PUPILS),
    )
    if not found:
        raise Refused("Nobody is a pupil of this school in these grades; enrol the pupils first.")
    return [row["child_id"] for row in found]


async def _of_school_age(info: Info, *, township: str, village: str | None) -> dict[str, list[UUID]]:
    """The children of school age of a township by village, or of one of its villages, within the caller's reach."""
    after, until = window(info.context.today)
    found = await info.context.rows(
        "select c.village, c.child_id from child c left join child_identity i on i.child_id = c.child_id"
        " where c.merged_into is null and not c.erased and not c.restricted and c.township = %(township)s"
        " and (%(village)s::text is null or c.village = %(village)s)"
        " and (i.birth_date is null or (i.birth_date > %(after)s and i.birth_date <= %(until)s))",
        township=township,
        village=village,
        after=after,
        until=until,
    )
    villages: dict[str, list[UUID]] = {}
    for row in found:
        villages.setdefault(row["village"], []).append(row["child_id"])
    return villages


async def _submission(info: Info, submission_id: UUID) -> dict[str, Any]:
    """The submission a command is about, as its service knows it: by township, round and version."""
    version = "select township, round, version from submission where submission_id = %(wanted)s"
    return await record_of(info, version, submission_id)


@strawberry.type(description="摸排与送册办理 commands about field checks, submissions and deliveries.")
class IntakeCommands:
    """摸排与送册办理 commands about field checks, submissions and deliveries."""

    @command
    async def open_field_check(
        self,
        info: Info,
        round: str,  # noqa: A002
        township: str,
        due_on: date,
        village: str | None = None,
        children: list[UUID] | None = None,
    ) -> CommandAnswer:
        """摸排下发 lists of a round go out: of one village, or of each of the township's; everybody of school age, or `children`."""
        within_area(info, township)
        if children is not None and village is None:
            raise Refused("Name the village whose list these children are.")
        if children is None:
            villages = await _of_school_age(info, township=township, village=village)
        else:
            await all_within_reach(info, children)
            villages = {village or "": children}
        if not villages:
            raise Refused("没有适龄儿童 / no child of school age is known there.")
        return await send(
            info,
            "roster",
            {},
            round=round,
            township=township,
            villages=villages,
            due_on=due_on,
        )

    @command
    async def settle_field_check(
        self, info: Info, field_check_id: UUID, child_id: UUID, found: str, reason: Words
    ) -> CommandAnswer:
        """摸排冲突裁定 decides which of two contradicting answers holds."""
        await subject_of(info, "field_check", "field_check_id", field_check_id)
        subject = await subject_of(info, "child", "child_id", child_id)
        return await send(
            info,
            "roster",
            subject,
            field_check_id=field_check_id,
            child_id=child_id,
            found=found,
            reason=reason,
        )

    @command
    async def make_submission(self, info: Info, township: str, round: str) -> CommandAnswer:  # noqa: A002
        """乡镇上报 hands a township's round in as a version."""
        within_area(info, township)
        return await send(info, "roster", {}, township=township, round=round)

    @command
    async def accept_submission(self, info: Info, submission_id: UUID) -> CommandAnswer:
        """接收会签 countersigns a township's version; it is locked for good, and waits as a delivery to be committed."""
        return await send(info, "roster", {}, **await _submission(info, submission_id))

    @command
    async def return_submission(self, info: Info, submission_id: UUID, reason: Words) -> CommandAnswer:
        """退回补正 gives a township's version back."""
        return await send(info, "roster", {}, reason=reason, **await _submission(info, submission_id))

    @command
    async def commit_delivery(self, info: Info, delivery_id: UUID) -> CommandAnswer:
        """同意入库 wants a previewed delivery taken in; it is in force when its state says so."""
        subject = await subject_of(info, "delivery", "delivery_id", delivery_id)
        return await send(info, "roster", subject, delivery_id=delivery_id)

    @command
    async def cancel_delivery(self, info: Info, delivery_id: UUID, reason: Words) -> CommandAnswer:
        """撤回送册 withdraws a delivery."""
        subject = await subject_of(info, "delivery", "delivery_id", delivery_id)
        return await send(info, "roster", subject, delivery_id=delivery_id, reason=reason)

    @command
    async def compare_registers(self, info: Info, as_of: date | None = None) -> CommandAnswer:
        """重新比对 wants the registers in force compared again; as of an earlier day they are only counted."""
        return await send(info, "roster", {}, as_of=as_of)

    @command
    async def save_mapping(self, info: Info, register: str, unit: str, columns: list[ColumnName]) -> CommandAnswer:
        """栏目对应 keeps how a unit calls the columns of a register, for its files from now on."""
        named = {column.written: column.field for column in columns}
        if len(named) != len(columns):
            raise Refused("A heading stands for one column; the same heading was given twice.")
        return await send(info, "roster", {}, register=register, unit=unit, columns=named)

    @command
    async def delete_mapping(self, info: Info, register: str, unit: str) -> CommandAnswer:
        """栏目对应删除 forgets how a unit calls the columns of a register; its files are read by the known names again."""
        return await send(info, "roster", {}, register=register, unit=unit)


@strawberry.type(description="花名册办理 commands about the roster.")
class RosterCommands(IntakeCommands, MoveCommands, ReviewCommands):
    """花名册办理 commands about the roster."""
