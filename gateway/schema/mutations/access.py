"""What departments do about access itself 授权办理: approve, consent, order, break glass, end and review.

These are the gateway's own; no service hears of them but for the notices that break-glass raises.
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID, uuid4, uuid5

import strawberry

from gateway.access import consents
from gateway.access.consents import Consent
from gateway.access.policy import Relation
from gateway.access.principal import area_range
from gateway.access.rules import RULES
from gateway.access.warrants import Kind, Warrant, Warrants
from gateway.readmodel.reading import claims
from gateway.schema.mutations.command import CommandAnswer, Words, command, record_of
from gateway.schema.reading import Info
from services.chassis.clock import CHINA
from services.chassis.errors import NotFound, Refused

_COUNTY_DIGITS = 6
_TOWNSHIP = "select township from child where child_id = %(wanted)s"
_BIRTH = "select birth_date from child_identity where child_id = %(wanted)s"
_SCAN = "select attachment_id from attachment where attachment_id = %(scan)s and child_id = %(child)s"
Until = Annotated[date, strawberry.argument(description="The last day it holds 截止日期")]

GivenBy = Annotated[
    str, strawberry.argument(description="同意人 father, mother or other_guardian; the name stands on the paper")
]
WithdrawnBy = Annotated[str, strawberry.argument(description="撤回人 father, mother, other_guardian or child")]
Form = Annotated[str, strawberry.argument(description="方式 paper or spoken")]
StatedOn = Annotated[date, strawberry.argument(description="表示日期 the day it was said on")]
OwnView = Annotated[
    str, strawberry.argument(description="本人意见 `agrees` where the child was asked, as it is from fourteen on")
]
Scan = Annotated[UUID | None, strawberry.argument(description="扫描件 the attachment that shows the paper")]
Witness = Annotated[
    str, strawberry.argument(description="见证人 account of the second official before whom it was said")
]
ConsentedFields = Annotated[
    list[str] | None,
    strawberry.argument(description="字段 the fields of a child it is about; left out: all of the purpose"),
]


@strawberry.type(description="授权办理 commands about access itself.")
class AccessCommands:
    """授权办理 commands about access itself."""

    @command
    async def approve_purpose(self, info: Info, officer: str, until: Until, reason: Words) -> CommandAnswer:
        """用途审批 the head of a unit approves its purpose for one officer, for a time."""
        by = info.context.principal
        return await _give(
            info,
            kind=Kind.APPROVAL,
            unit=by.unit,
            actor=officer,
            purpose=by.purpose,
            until_at=_end_of(until),
            reason=reason,
        )

    @command
    async def record_consent(
        self,
        info: Info,
        child_id: UUID,
        unit_kind: str,
        purpose: str,
        until: Until,
        paper: str,
        given_by: GivenBy,
        form: Form,
        stated_on: StatedOn,
        fields: ConsentedFields = None,
        own_view: OwnView = "",
        scan_id: Scan = None,
        witness: Witness = "",
    ) -> CommandAnswer:
        """登记同意 a guardian agreed, on paper or by word of mouth, to what a unit of the county does for the child."""
        found = await record_of(info, _TOWNSHIP, child_id)
        [person] = await info.context.rows(_BIRTH, wanted=child_id) or [{"birth_date": None}]
        if scan_id is not None and not await info.context.rows(_SCAN, scan=scan_id, child=child_id):
            raise NotFound("There is no such scan of this child. 没有该儿童的此扫描件。")
        grants = _warrants(info).policy.grants_of(kind=unit_kind, purpose=purpose)
        if grants.reach is not Relation.CONSENT:
            raise Refused(f"No consent is asked for {purpose} of {unit_kind}. 该用途不以同意为依据。")
        consent = Consent(
            given_by=given_by,
            form=form,
            fields=consents.fields_of(fields, grants=grants),
            stated_on=stated_on,
            own_view=own_view,
            scan_id=scan_id,
            witness=witness.strip(),
        )
        consents.require_consent(
            consent,
            birth=person["birth_date"],
            until_at=_end_of(until),
            by=info.context.principal,
            now=_now(info),
        )
        return await _give(
            info,
            kind=Kind.CONSENT,
            unit=f"{unit_kind}:{found['township'][:_COUNTY_DIGITS]}",
            purpose=purpose,
            child_id=child_id,
            township=found["township"],
            until_at=_end_of(until),
            paper=paper,
            consent=consent,
        )

    @command
    async def withdraw_consent(
        self, info: Info, warrant_id: UUID, withdrawn_by: WithdrawnBy, form: Form, stated_on: StatedOn
    ) -> CommandAnswer:
        """撤回同意 a guardian, or the child itself, takes a consent back; what it opened is closed at once. No reason is asked."""
        await _warrants(info).withdraw(
            warrant_id,
            withdrawn_by=withdrawn_by,
            form=form,
            stated_on=stated_on,
            by=info.context.principal,
            now=_now(info),
        )
        return _answer(warrant_id, None)

    @command
    async def order_supervision(self, info: Info, child_id: UUID, until: Until, paper: str) -> CommandAnswer:
        """督导令 the head of supervision orders that one child's records be looked at."""
        found = await record_of(info, _TOWNSHIP, child_id)
        return await _give(
            info,
            kind=Kind.ORDER,
            unit=info.context.principal.unit,
            purpose="supervision_order",
            child_id=child_id,
            township=found["township"],
            until_at=_end_of(until),
            paper=paper,
        )

    @command
    async def break_glass(self, info: Info, child_id: UUID, reason: Words) -> CommandAnswer:
        """紧急查阅 one child's record is opened to you for two hours; your head and supervision are told, somebody reviews it."""
        looking = info.context
        if looking.commands is None:
            raise Refused("Nobody can be told from here, so no glass is broken here. 本网关不能通知，故不能紧急查阅。")
        by, area = looking.principal, looking.principal.unit.partition(":")[2]
        low, high = area_range(area)
        found = await looking.reader.fetch(
            _TOWNSHIP.encode(), {"wanted": child_id}, claims=claims(lo=low, hi=high, unit=by.unit)
        )
        if not found:
            raise NotFound("There is no such record.")
        [(township,)] = found
        looking.touched.add(child_id)
        warrant = _warrant(
            info,
            kind=Kind.EMERGENCY,
            unit=by.unit,
            actor=by.actor,
            purpose=by.purpose,
            child_id=child_id,
            township=township,
            until_at=_now(info) + timedelta(hours=RULES.emergency.opens_hours),
            reason=reason,
        )
        await _warrants(info).require(warrant, by=by, now=_now(info))
        for recipient in (by.unit, f"supervision:{area[:_COUNTY_DIGITS]}"):
            await looking.commands.tell(
                recipient,
                reason="glass_broken",
                area=township,
                principal=by,
                about=warrant.warrant_id,
                trace=looking.trace,
            )
        await _warrants(info).give(warrant, by=by, now=_now(info))
        return _answer(warrant.warrant_id, child_id)

    @command
    async def end_warrant(self, info: Info, warrant_id: UUID, reason: Words) -> CommandAnswer:
        """终止凭据 what an approval, a consent, an order or break-glass opened is closed now."""
        await _warrants(info).end(warrant_id, reason=reason, by=info.context.principal, now=_now(info))
        return _answer(warrant_id, None)

    @command
    async def review_break_glass(self, info: Info, warrant_id: UUID, justified: bool, remark: Words) -> CommandAnswer:
        """复核紧急查阅 the head of the unit, or supervision, says whether it was justified."""
        principal = info.context.principal
        await _warrants(info).review(warrant_id, justified=justified, remark=remark, by=principal, now=_now(info))
        return _answer(warrant_id, None)


async def _give(info: Info, **given: object) -> CommandAnswer:
    warrant = _warrant(info, **given)
    await _warrants(info).give(warrant, by=info.context.principal, now=_now(info))
    return _answer(warrant.warrant_id, warrant.child_id)


def _warrant(info: Info, **given: object) -> Warrant:
    """The warrant; the same request again is about the same one."""
    own = uuid5(info.context.idempotency_key or uuid4(), f"{info.context.principal.unit}/{info.path.key}")
    return Warrant(warrant_id=own, **given)  # type: ignore[arg-type]


def _answer(warrant_id: UUID, child_id: UUID | None) -> CommandAnswer:
    subject = {} if child_id is None else {"child_id": child_id}
    return CommandAnswer(id=warrant_id, position=0, visible=True, subject=subject)


def _warrants(info: Info) -> Warrants:
    if info.context.warrants is None:
        raise Refused("This gateway only answers queries; commands are taken elsewhere.")
    return info.context.warrants


def _now(info: Info) -> datetime:
    if info.context.now is None:
        raise Refused("This gateway only answers queries; commands are taken elsewhere.")
    return info.context.now


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=CHINA)
