"""What notify does when a case tells something, and when a day passes.

Whoever owes the next step is told (N1.1, N2.4, N2.5): `owed.by` names a kind of unit, the case's area names which.
A paper that was issued is told to its issuer, who owes its service; a referral to the department that was asked.
"""

from contextlib import suppress
from datetime import date
from typing import Final
from uuid import UUID

from services.chassis.errors import Stale
from services.contracts import cases
from services.contracts.envelope import Envelope, Published
from services.notify.application import Notices
from services.notify.domain.case_area import CaseArea
from services.notify.lookup import OpenNotices

HEARS: Final = ("cases",)
"""The producers this policy listens to."""

AT_ONCE: Final = 1000
"""How many notices one tick delivers, and how many it escalates, at most; the rest the next time."""


def react(app: Notices, envelope: Envelope, event: Published) -> None:
    """Tells whoever owes something now; what puts nobody under a duty passes by."""
    match event:
        case cases.CaseOpened():
            app.learn_area(case_id=event.case_id, township=event.township, school=event.school)
            _tell_ower(app, envelope, reason="case_opened", case_id=event.case_id, owed=event.owed)
        case cases.CaseConfirmed():
            _tell_ower(app, envelope, reason="case_confirmed", case_id=event.case_id, owed=event.owed)
        case cases.CaseOrdered():
            _tell_ower(app, envelope, reason="case_ordered", case_id=event.case_id, owed=event.owed)
        case cases.StepExpired():
            _tell_ower(app, envelope, reason="step_expired", case_id=event.case_id, owed=event.owed)
        case cases.DocumentIssued(issuer=issuer, case_id=case_id, document_id=about):
            _tell(app, envelope, issuer, reason="document_issued", about=about, case_id=case_id, step="serve")
        case cases.ReferralOpened(to=to, case_id=case_id, referral_id=about, reply_by=due_on):
            _tell(
                app, envelope, to, reason="referral_opened", about=about, case_id=case_id, step="reply", due_on=due_on
            )
        case _:
            pass


def tick(app: Notices, today: date, *, open_notices: OpenNotices) -> None:
    """Tries deliveries again and lets a new day escalate what nobody acknowledged."""
    for notice_id in open_notices.undelivered()[:AT_ONCE]:
        with suppress(Stale):
            app.deliver_notice(notice_id=notice_id)
    for notice_id in open_notices.overdue(today)[:AT_ONCE]:
        # Somebody acted on this notice at this very moment: the next tick looks again whether it must climb.
        with suppress(Stale):
            app.escalate_notice(notice_id=notice_id)


def _tell_ower(app: Notices, envelope: Envelope, *, reason: str, case_id: UUID, owed: cases.Owed) -> None:
    _tell(app, envelope, owed.by, reason=reason, about=case_id, case_id=case_id, step=owed.step, due_on=owed.due_on)


def _tell(
    app: Notices,
    envelope: Envelope,
    whom: str,
    *,
    reason: str,
    about: UUID,
    case_id: UUID,
    step: str,
    due_on: date | None = None,
) -> None:
    """Tells a unit, or the unit of a kind that answers where the case belongs.

    A paper or referral can be heard before its case, on another partition; then the county's units answer.
    """
    known = app.find(CaseArea, CaseArea.id_of(case_id=case_id))
    township, school = ("", "") if known is None else (known.township, known.school)
    app.raise_notice(
        cause=envelope.id,
        about=about,
        recipient=app.county.addressee(whom, township=township, school=school),
        reason=reason,
        case_id=case_id,
        area=app.county.area_of(township),
        step=step,
        due_on=due_on,
    )
