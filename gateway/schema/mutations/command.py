"""What every command shares: it concerns what its caller can see, goes to its service, and is answered when readable.

Rules of the domain are the services'; here is only whom a command may concern. The record it is about must be within the
caller's reach, and one that is not does not exist for it.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

import strawberry

from gateway.schema.cases import Case, Referral
from gateway.schema.deliveries import Delivery
from gateway.schema.notify import Notice
from gateway.schema.reading import Info, R, one
from gateway.schema.review import Doubt
from gateway.schema.rights import command_of
from gateway.schema.roster import Child, Finding
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

    @strawberry.field(description="比对发现 the finding concerned")
    async def finding(self, info: Info) -> Finding | None:
        """The finding, as it stands now."""
        return await self._read(info, Finding, "finding_id")

    @strawberry.field(description="疑似同一人 the doubt concerned")
    async def doubt(self, info: Info) -> Doubt | None:
        """The doubt, as it stands now."""
        return await self._read(info, Doubt, "doubt_id")

    @strawberry.field(description="送册 the delivery concerned")
    async def delivery(self, info: Info) -> Delivery | None:
        """The delivery, as it stands now."""
        return await self._read(info, Delivery, "delivery_id")

    async def _read(self, info: Info, cls: type[R], key: str) -> R | None:
        wanted = self.subject.get(key)
        return None if wanted is None else await one(info.context, cls, f"{key} = %(wanted)s", wanted=wanted)


def command(resolver: Callable[..., Awaitable[CommandAnswer]]) -> Any:
    """A field of Mutation that sends the command it is named after; its description is the docstring."""
    return strawberry.mutation(resolver, description=(resolver.__doc__ or "").partition("\n\n")[0].strip().rstrip("."))


async def subject_of(info: Info, table: str, key: str, wanted: UUID) -> dict[str, UUID]:
    """The ids of the record a command is about; raises `NotFound` where it isn't within the caller's reach."""
    columns = _SUBJECTS[table]
    found = await record_of(info, f"select {', '.join(columns)} from {table} where {key} = %(wanted)s", wanted)
    return {name: value for name, value in found.items() if value is not None}


async def record_of(info: Info, statement: str, wanted: UUID | str) -> dict[str, Any]:
    """A record within the caller's reach; raises `NotFound` alike for what isn't there and what isn't theirs."""
    found = await info.context.rows(statement, wanted=wanted)
    if not found:
        raise NotFound("There is no such record.")
    return found[0]


async def all_within_reach(info: Info, children: Iterable[UUID]) -> None:
    """Raises `NotFound` unless the caller reaches every one of these children; which one it doesn't is not told."""
    wanted = set(children)
    found = await info.context.rows("select child_id from child where child_id = any(%(wanted)s)", wanted=list(wanted))
    if {row["child_id"] for row in found} != wanted:
        raise NotFound("There is no such record.")


def within_area(info: Info, township: str) -> None:
    """Raises `NotFound` for a township that is not one of the caller's area."""
    claims = info.context.principal.parameters
    if not claims["lo"] <= township < claims["hi"]:
        raise NotFound("There is no such township in your area.")


BELONGS = "select child_id, township, village, school, stage from child where child_id = %(wanted)s"
"""Where a child belongs, for a case that opens."""

_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "child": ("child_id",),
    "case_file": ("case_id", "child_id"),
    "document": ("document_id", "case_id", "child_id"),
    "referral": ("referral_id", "case_id", "child_id"),
    "responsibility": ("assignment_id", "child_id"),
    "post_tenure": ("post_id",),
    "transfer": ("transfer_id", "child_id"),
    "award": ("award_id", "child_id"),
    "payment_refusal": ("refusal_id", "child_id"),
    "recognition_run": ("run_id",),
    "aid_question": ("question_id", "child_id"),
    "student_plan": ("plan_id", "child_id"),
    "notice": ("notice_id",),
    "message": ("message_id",),
    "visit_plan": ("plan_id", "child_id"),
    "learning_support": ("support_id", "child_id"),
    "household_plan": ("plan_id",),
    "persuasion_list": ("list_id",),
    "inspection": ("inspection_id",),
    "admonition": ("admonition_id",),
    "proceedings": ("proceedings_id", "case_id", "child_id"),
    "assistance_letter": ("letter_id", "case_id", "child_id"),
    "procuratorate_notice": ("notice_id",),
    "public_report": ("report_id",),
    "data_request": ("request_id", "child_id"),
    "disclosure": ("disclosure_id",),
    "deferral": ("deferral_id", "child_id"),
    "check_in": ("check_in_id",),
    "field_check": ("field_check_id",),
    "letter_run": ("run_id",),
    "guardian_letter": ("letter_id", "child_id"),
    "delivery": ("delivery_id",),
}
"""What a command may be about: tables, and the ids by which the records concerned are read back."""


async def send(
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
