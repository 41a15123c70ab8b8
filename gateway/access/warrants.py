"""What access rests on besides the policy table 凭据: approvals, consents, supervision orders and break-glass.

A warrant is given once, for a time, and ended or reviewed once; none is ever changed (`readmodel/tables.sql`). Who may give
which is `commands.csv`'s to say; what holds for all of them is here:

    approval   a head lets an officer of the unit use a purpose 审批        not for itself; `rules.toml` says how long at most
    consent    a guardian agrees to a purpose for a unit 同意               with its line of the register, `consents.py`
    order      supervision is to look at a child's records 督导令           with the number of the order
    emergency  an officer breaks the glass of one child's record 紧急查阅    two hours, then reviewed by somebody else

Whether one is in force is asked where it is used: approvals at the token, at most a minute old (`Standing`), the others by
row security and by the compiler with every statement. So what has ended opens nothing, however long a token lasts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from gateway.access import consents
from gateway.access.consents import Consent
from gateway.access.policy import Policy
from gateway.access.principal import NotApproved, Principal
from gateway.access.rules import RULES
from gateway.access.writer import Writer
from gateway.readmodel.reading import Reader, claims
from services.chassis.errors import Forbidden, NotFound, Refused

FEWEST_WORDS: Final = 10
"""Characters a reason for break-glass has at least: a word is no reason."""

_APPROVED: Final = b"""
    select exists (select from warrant w where w.kind = 'approval' and w.unit = %(unit)s and w.purpose = %(purpose)s
      and w.actor in ('', %(actor)s) and w.from_at <= %(now)s and w.until_at > %(now)s
      and not exists (select from warrant_end e where e.warrant_id = w.warrant_id))"""
_ABOUT: Final[Mapping[str, bytes]] = {
    "case": b"select child_id from case_file where case_id = %(id)s and closed_on is null and not public.is_parked(case_id)",
    "referral": b"""
        select child_id from referral where referral_id = %(id)s and not public.is_parked(referral_id) and (state in ('opened', 'accepted')
          or state = 'answered' and answered_on >= nullif(%(since)s, '')::date)""",
}
_GIVE: Final = b"""
    insert into warrant (warrant_id, kind, unit, actor, purpose, child_id, township, from_at, until_at, paper, reason,
      given_by, given_for, given_at)
    values (%(warrant_id)s, %(kind)s, %(unit)s, %(actor)s, %(purpose)s, %(child_id)s, %(township)s, %(from_at)s,
      %(until_at)s, %(paper)s, %(reason)s, %(given_by)s, %(given_for)s, %(from_at)s)
    on conflict (warrant_id) do nothing"""
_FIND: Final = b"select kind, unit, actor, given_for from warrant where warrant_id = %(id)s"
_END: Final = b"""
    insert into warrant_end (warrant_id, ended_at, ended_by, ended_for, end_reason)
    values (%(id)s, %(now)s, %(actor)s, %(unit)s, %(words)s) on conflict (warrant_id) do nothing"""
_REVIEW: Final = b"""
    insert into warrant_review (warrant_id, reviewed_at, reviewed_by, reviewed_for, justified, remark)
    values (%(id)s, %(now)s, %(actor)s, %(unit)s, %(justified)s, %(words)s) on conflict (warrant_id) do nothing"""
_UNREVIEWED: Final = b"""
    select count(*) from warrant w where w.kind = 'emergency' and w.unit = %(unit)s and w.actor = %(actor)s
      and w.given_at < %(before)s and not exists (select from warrant_review r where r.warrant_id = w.warrant_id)"""


class Kind(StrEnum):
    """What a warrant is."""

    APPROVAL = "approval"
    CONSENT = "consent"
    ORDER = "order"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """What is to be given: to a unit, or to one officer of it, for a purpose, perhaps about one child."""

    warrant_id: UUID
    kind: Kind
    unit: str
    purpose: str
    until_at: datetime
    actor: str = ""
    child_id: UUID | None = None
    township: str = ""
    paper: str = ""
    reason: str = ""
    consent: Consent | None = None
    """What a warrant of kind `consent` rests on."""


class Warrants:
    """Gives, ends and reviews warrants, and knows what a purpose rests on now."""

    def __init__(self, *, writer: Writer, reader: Reader, policy: Policy) -> None:
        self.policy = policy
        self._writer = writer
        self._reader = reader

    async def of(self, principal: Principal, *, now: datetime) -> Principal:
        """The principal as it may look now; raises `NotApproved`. See `principal.Standing`."""
        if principal.grants.needs_head and not principal.is_head:
            [(approved,)] = await self._reader.fetch(
                _APPROVED,
                {"unit": principal.unit, "purpose": principal.purpose, "actor": principal.actor, "now": now},
                claims=claims(unit=principal.unit),
            )
            if not approved:
                raise NotApproved(principal)
        if principal.about is None:
            return principal
        since = (now - timedelta(days=RULES.referral.grace_days)).date().isoformat()
        found = await self._reader.fetch(
            _ABOUT[principal.about.kind], {"id": principal.about.id, "since": since}, claims=principal.claims
        )
        if not found:
            raise NotApproved(principal)
        [(child,)] = found
        opened = {name.removeprefix("app."): text for name, text in principal.claims}
        return replace(
            principal,
            claims=claims(**{**opened, "child": str(child)}),
            grants=replace(principal.grants, about_one=True),
        )

    async def give(self, warrant: Warrant, *, by: Principal, now: datetime) -> None:
        """Gives a warrant; the same `warrant_id` again gives nothing more. Raises `Refused` and `Forbidden`."""
        await self.require(warrant, by=by, now=now)
        await self._writer.write(
            _GIVE if warrant.consent is None else consents.registered(_GIVE),
            {
                **({} if warrant.consent is None else warrant.consent.parameters()),
                "warrant_id": warrant.warrant_id,
                "kind": warrant.kind,
                "unit": warrant.unit,
                "actor": warrant.actor,
                "purpose": warrant.purpose,
                "child_id": warrant.child_id,
                "township": warrant.township or by.unit.partition(":")[2],
                "from_at": now,
                "until_at": warrant.until_at,
                "paper": warrant.paper,
                "reason": warrant.reason,
                "given_by": by.actor,
                "given_for": by.unit,
            },
        )

    async def require(self, warrant: Warrant, *, by: Principal, now: datetime) -> None:
        """Raises `Refused` or `Forbidden` where this may not be given."""
        _require(warrant, by=by, now=now)
        if warrant.kind is Kind.EMERGENCY:
            await self._require_reviewed(warrant, now=now)

    async def end(self, warrant_id: UUID, *, reason: str, by: Principal, now: datetime) -> None:
        """Ends a warrant now; whoever gave it may, the head of the unit it was given to, and supervision."""
        _require_words(reason)
        _, unit, _, given_for = await self._find(warrant_id, by=by)
        if by.unit != given_for and by.grants.kind != "supervision" and not (by.unit == unit and by.is_head):
            raise Forbidden(
                "A warrant is ended by the unit that gave it, by the head of the one that has it, or by supervision."
            )
        await self._writer.write(
            _END, {"id": warrant_id, "now": now, "actor": by.actor, "unit": by.unit, "words": reason}
        )

    async def withdraw(
        self, warrant_id: UUID, *, withdrawn_by: str, form: str, stated_on: date, by: Principal, now: datetime
    ) -> None:
        """Takes a consent back at once; whoever may take consents in may, for any child within its reach."""
        consents.require_withdrawal(withdrawn_by=withdrawn_by, form=form, stated_on=stated_on, now=now)
        kind, *_ = await self._find(warrant_id, by=by)
        if kind != Kind.CONSENT:
            raise Refused("Only a consent is taken back; other warrants are ended. 只有同意可以撤回。")
        await self._writer.write(
            consents.WITHDRAW,
            {
                "id": warrant_id,
                "now": now,
                "actor": by.actor,
                "unit": by.unit,
                "withdrawn_by": withdrawn_by,
                "form": form,
                "stated_on": stated_on,
            },
        )

    async def review(self, warrant_id: UUID, *, justified: bool, remark: str, by: Principal, now: datetime) -> None:
        """Says whether break-glass was justified: the head of the unit or supervision, and never whoever broke it."""
        _require_words(remark)
        kind, unit, actor, _ = await self._find(warrant_id, by=by)
        if kind != Kind.EMERGENCY:
            raise Refused("Only break-glass is reviewed. 只有紧急查阅需要复核。")
        if by.actor == actor or (by.grants.kind != "supervision" and not (by.unit == unit and by.is_head)):
            raise Forbidden(
                "Break-glass is reviewed by the head of the unit or by supervision, never by whoever broke it."
            )
        await self._writer.write(
            _REVIEW,
            {
                "id": warrant_id,
                "now": now,
                "actor": by.actor,
                "unit": by.unit,
                "justified": justified,
                "words": remark,
            },
        )

    async def _require_reviewed(self, warrant: Warrant, *, now: datetime) -> None:
        before = now - timedelta(hours=RULES.emergency.review_within_hours)
        [(count,)] = await self._reader.fetch(
            _UNREVIEWED,
            {"unit": warrant.unit, "actor": warrant.actor, "before": before},
            claims=claims(unit=warrant.unit),
        )
        if count:
            raise Refused(
                f"{count} of your earlier looks were not reviewed within {RULES.emergency.review_within_hours} hours;"
                " ask the head of your unit to review them first. 此前的紧急查阅尚未复核。"
            )

    async def _find(self, warrant_id: UUID, *, by: Principal) -> tuple[Any, ...]:
        found = await self._reader.fetch(_FIND, {"id": warrant_id}, claims=by.claims)
        if not found:
            raise NotFound("There is no such warrant.")
        return found[0]


def _require(warrant: Warrant, *, by: Principal, now: datetime) -> None:
    longest = {
        Kind.APPROVAL: timedelta(days=RULES.approval.longest_days),
        Kind.CONSENT: timedelta(days=RULES.consent.longest_days),
        Kind.ORDER: timedelta(days=RULES.order.longest_days),
        Kind.EMERGENCY: timedelta(hours=RULES.emergency.opens_hours),
    }[warrant.kind]
    if not now < warrant.until_at <= now + longest + timedelta(days=1):
        raise Refused(f"An {warrant.kind} lasts from now for at most {longest}. 期限最长 {longest.days} 天。")
    if warrant.kind in {Kind.APPROVAL, Kind.ORDER} and not by.is_head:
        raise Forbidden("Only the head of the unit may do this. 须由单位负责人办理。")
    if warrant.kind is Kind.APPROVAL and warrant.actor == by.actor:
        raise Forbidden("Nobody approves a purpose for themselves. 不得为本人审批。")
    if (warrant.kind is Kind.CONSENT) != (warrant.consent is not None):
        raise Refused("A consent, and nothing else, stands in the register of consents. 同意须登记。")
    if warrant.kind in {Kind.CONSENT, Kind.ORDER} and not warrant.paper.strip():
        raise Refused("Name the number of the paper it rests on. 请填写文书编号。")
    if warrant.kind is Kind.EMERGENCY:
        _require_words(warrant.reason)


def _require_words(reason: str) -> None:
    if len(reason.strip()) < FEWEST_WORDS:
        raise Refused(f"Say why, in at least {FEWEST_WORDS} characters that name nobody. 请写明理由。")
