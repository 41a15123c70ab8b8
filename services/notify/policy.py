"""What notify does when a case or the roster tells something, and when a day passes.

Whoever owes the next step is told (N1.1, N2.4, N2.5): `owed.by` names a kind of unit, the case's area names which.
A paper that was issued is told to its issuer, who owes its service; a referral to the department that was asked, its answer
or return to whoever asked. A unit called to order or found wanting is told (N8), and whoever waits for its answer that it is there; where
one is near its day, the unit, and where it is late, the unit and the level above it.

A finding is told to the unit that owes its answer (N1.6, N1.7), an answer to the bureau, which accepts or returns it, and what is
late to the owner and to whom stands above it. So is a measure or a review of a plan that is late (N5.1, N6.3). A comparison finds hundreds at once, so what is alike is told together: one notice
for a unit, a kind, a place and a due date, and a further one only once that was acknowledged. So are village lists of the field check
(N1.8) that a township does not hand in.
"""

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from services.chassis.application import let_time_work
from services.contracts import assistance, cases, data_requests, field_check, near_replies, oversight, roster
from services.contracts.envelope import Envelope, Published
from services.notify.application import Notices
from services.notify.domain.case_area import CaseArea
from services.notify.domain.units import BUREAU
from services.notify.lookup import OpenNotices

HEARS: Final = ("cases", "roster", "assistance")
"""The producers this policy listens to."""
HEEDS: Final[frozenset[type[Published]]] = frozenset(
    {
        cases.CaseOpened,
        cases.CaseConfirmed,
        cases.CaseOrdered,
        cases.StepExpired,
        cases.StepFallsDue,
        near_replies.ReplyFallsDue,
        cases.DocumentIssued,
        cases.ReferralOpened,
        cases.ReferralAnswered,
        cases.PublicReportReceived,
        roster.FindingRaised,
        roster.FindingAnswered,
        roster.FindingReturned,
        roster.FindingsFallDue,
        roster.FindingOverdue,
        field_check.FieldCheckOverdue,
        data_requests.DataRequestReceived,
        data_requests.DataRequestAssigned,
        oversight.ReferralReturned,
        oversight.AdmonitionIssued,
        oversight.AdmonitionAnswered,
        oversight.InspectionFound,
        oversight.RectificationReported,
        oversight.InspectionClosed,
        oversight.ReplyOverdue,
        oversight.ReplyClimbed,
        assistance.PlanOverdue,
        assistance.PlanOverdueClimbed,
        assistance.AidQuestionAsked,
        assistance.AidQuestionAnswered,
        assistance.PaymentRefused,
        assistance.PaymentRefusalOverdue,
        assistance.PaymentRefusalClimbed,
    }
)
"""What it does something about; all else passes by unread."""

LOCAL: Final = frozenset({"school", "township"})
"""Kinds of unit of one place; to the county's own departments all townships are one."""

AT_ONCE: Final = 1000
"""How many notices one tick delivers, and how many it escalates, at most; the rest the next time."""


def looks_for(event: Published) -> Iterable[UUID]:
    """What `react` looks for first: where a case belongs."""
    match event:
        case cases.CaseOpened():
            yield CaseArea.id_of(case_id=event.case_id)
        case _:
            pass


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
        case cases.StepFallsDue():
            _tell_ower(app, envelope, reason="step_falls_due", case_id=event.case_id, owed=event.owed)
        case cases.DocumentIssued(issuer=issuer, case_id=case_id, document_id=about):
            _tell(app, envelope, issuer, reason="document_issued", about=about, case_id=case_id, step="serve")
        case cases.ReferralOpened(to=to, case_id=case_id, referral_id=about, reply_by=due_on):
            _tell(
                app, envelope, to, reason="referral_opened", about=about, case_id=case_id, step="reply", due_on=due_on
            )
        case roster.FindingRaised() | roster.FindingAnswered() | roster.FindingReturned() | roster.FindingOverdue():
            _tell_of_finding(app, event)
        case roster.FindingsFallDue():
            _tell_of_near(app, event)
        case field_check.FieldCheckOverdue():
            _tell_of_list(app, event)
        case cases.ReferralAnswered(asked_by=asked_by, case_id=case_id, referral_id=about) if asked_by:
            _tell(app, envelope, asked_by, reason="referral_answered", about=about, case_id=case_id, step="reply")
        case oversight.ReferralReturned(asked_by=asked_by, case_id=case_id, referral_id=about) if asked_by:
            _tell(app, envelope, asked_by, reason="referral_returned", about=about, case_id=case_id, step="reply")
        case _:
            _react_to_oversight(app, envelope, event)


def _react_to_oversight(app: Notices, envelope: Envelope, event: Published) -> None:
    """Tells units what is asked of them beside the cases, and the levels above what is late."""
    match event:
        case cases.PublicReportReceived(owed=owed) if owed is not None:
            _tell_unit(
                app,
                envelope,
                BUREAU,
                reason="public_report",
                about=event.report_id,
                township=event.township,
                due_on=owed.due_on,
            )
        case data_requests.DataRequestReceived() | data_requests.DataRequestAssigned():
            _tell_unit(
                app,
                envelope,
                event.owed_by,
                reason="data_request",
                about=event.request_id,
                township=event.township,
                due_on=event.due_on,
            )
        case oversight.AdmonitionIssued():
            _tell_unit(
                app,
                envelope,
                event.unit,
                reason=event.kind,
                about=event.admonition_id,
                township=event.township,
                due_on=event.reply_by,
            )
        case oversight.InspectionFound():
            _tell_unit(
                app,
                envelope,
                event.owed_by,
                reason="rectification_due",
                about=event.inspection_id,
                township=event.township,
                due_on=event.due_on,
            )
        case oversight.InspectionClosed():
            _tell_unit(
                app,
                envelope,
                event.unit,
                reason="inspection_closed",
                about=event.inspection_id,
                township=event.township,
            )
        case _:
            _react_to_replies(app, envelope, event)


def _react_to_replies(app: Notices, envelope: Envelope, event: Published) -> None:
    """Tells units of answers that are near their day, and of late ones those above too; whoever waits for one, that it is there."""
    match event:
        case oversight.AdmonitionAnswered():
            _tell_unit(
                app,
                envelope,
                BUREAU,
                reason="reply_received",
                about=event.admonition_id,
                township=event.township,
            )
        case oversight.RectificationReported():
            _tell_unit(
                app,
                envelope,
                BUREAU,
                reason="rectification_reported",
                about=event.inspection_id,
                township=event.township,
            )
        case near_replies.ReplyFallsDue():
            _tell_of_reply(app, envelope, event, event.owed_by, reason="reply_falls_due")
        case oversight.ReplyOverdue():
            if event.owed_by != "other_county":
                _tell_of_reply(app, envelope, event, event.owed_by, reason="reply_owed_late")
            _tell_of_reply(app, envelope, event, event.up_to, reason="reply_overdue")
        case oversight.ReplyClimbed():
            _tell_of_reply(app, envelope, event, event.up_to, reason="reply_overdue")
        case _:
            _react_to_aid(app, event)


def _react_to_aid(app: Notices, event: Published) -> None:
    """Tells units what plans and payments ask of them, and the levels above what is late."""
    match event:
        case assistance.AidQuestionAsked():
            recipient = app.county.addressee(event.owner, township=event.township, school="")
            app.raise_notice_of_many(
                about=event.question_id,
                recipient=recipient,
                reason="aid_question",
                area=app.county.area_of(event.township if recipient.partition(":")[0] in LOCAL else ""),
                step="aid_question",
                due_on=event.due_on,
            )
        case assistance.AidQuestionAnswered():
            app.raise_notice_of_many(
                about=event.question_id,
                recipient=app.county.addressee(BUREAU, township="", school=""),
                reason="aid_question_answered",
                area=app.county.code,
                step="aid_question",
                due_on=None,
            )
        case assistance.PaymentRefused():
            _tell_of_refusal(app, event, event.owner, reason="payment_refused")
        case assistance.PaymentRefusalOverdue():
            _tell_of_refusal(app, event, event.owed_by, reason="plan_overdue")
        case assistance.PaymentRefusalClimbed():
            _tell_of_refusal(app, event, event.up_to, reason="plan_overdue_below")
        case assistance.PlanOverdue():
            _tell_of_plan(app, event, event.owed_by, reason="plan_overdue")
        case assistance.PlanOverdueClimbed():
            _tell_of_plan(app, event, event.up_to, reason="plan_overdue_below")
        case _:
            pass


def tick(app: Notices, today: date, *, open_notices: OpenNotices) -> None:
    """Tries deliveries again and lets a new day escalate what nobody acknowledged."""
    let_time_work(
        [
            *((id_, partial(app.deliver_notice, notice_id=id_)) for id_ in open_notices.undelivered()[:AT_ONCE]),
            *((id_, partial(app.escalate_notice, notice_id=id_)) for id_ in open_notices.overdue(today)[:AT_ONCE]),
        ]
    )


def _tell_of_finding(
    app: Notices,
    event: roster.FindingRaised | roster.FindingAnswered | roster.FindingReturned | roster.FindingOverdue,
) -> None:
    """Tells whoever owes the next step of a finding; of what was recorded before events named the owner nobody is told."""

    def tell(whom: str, reason: str, *, township: str, due_on: date | None) -> None:
        recipient = app.county.addressee(whom, township=township, school="")
        app.raise_notice_of_many(
            about=event.finding_id,
            recipient=recipient,
            reason=reason,
            area=app.county.area_of(township if recipient.partition(":")[0] in LOCAL else ""),
            step=event.kind,
            due_on=due_on,
        )

    match event:
        case roster.FindingRaised():
            tell(event.owner, "finding_raised", township=event.township, due_on=event.due_on)
        case roster.FindingAnswered():
            tell(BUREAU, "finding_answered", township="", due_on=event.due_on)
        case roster.FindingReturned() if event.owner:
            tell(event.owner, "finding_returned", township=event.township, due_on=event.due_on)
        case roster.FindingOverdue():
            tell(event.owner, "finding_overdue", township=event.township, due_on=event.due_on)
            superior = app.county.superior(event.owner, area=app.county.area_of(event.township))
            if superior is not None:
                tell(superior, "finding_overdue_below", township=event.township, due_on=event.due_on)
        case _:
            pass


def _tell_of_near(app: Notices, event: roster.FindingsFallDue) -> None:
    """Tells whoever owes findings that their last day is near, once for those of a kind, a place and a day."""
    recipient = app.county.addressee(event.owner, township=event.township, school="")
    app.raise_notice(
        cause=event.warning_id,
        about=event.warning_id,
        recipient=recipient,
        reason="finding_falls_due",
        area=app.county.area_of(event.township if recipient.partition(":")[0] in LOCAL else ""),
        step=event.kind,
        due_on=event.due_on,
    )


def _tell_of_plan(
    app: Notices, event: assistance.PlanOverdue | assistance.PlanOverdueClimbed, whom: str, *, reason: str
) -> None:
    """Tells who owes a measure or a look at a plan, then the level above; those alike together."""
    recipient = app.county.addressee(whom, township=event.township, school="")
    app.raise_notice_of_many(
        about=event.about,
        recipient=recipient,
        reason=reason,
        area=app.county.area_of(event.township if recipient.partition(":")[0] in LOCAL else ""),
        step=event.matter,
        due_on=event.due_on,
    )


def _tell_of_refusal(
    app: Notices,
    event: assistance.PaymentRefused | assistance.PaymentRefusalOverdue | assistance.PaymentRefusalClimbed,
    whom: str,
    *,
    reason: str,
) -> None:
    """Tells a school of a payment the bank refused, then that it is late, then the level above; those alike together."""
    recipient = app.county.addressee(whom, township=event.township, school="")
    app.raise_notice_of_many(
        about=event.refusal_id,
        recipient=recipient,
        reason=reason,
        area=app.county.area_of(event.township if recipient.partition(":")[0] in LOCAL else ""),
        step="payment_refused",
        due_on=event.due_on,
    )


def _tell_of_list(app: Notices, event: field_check.FieldCheckOverdue) -> None:
    """Tells the township that lists of its villages are late, then the bureau; those of one due date together."""
    at_township = event.reminded == "township"
    app.raise_notice_of_many(
        about=event.field_check_id,
        recipient=app.county.addressee(event.reminded, township=event.township, school=""),
        reason="field_check_overdue" if at_township else "field_check_overdue_below",
        area=app.county.area_of(event.township),
        step="field_check",
        due_on=event.due_on,
    )


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


def _tell_of_reply(
    app: Notices,
    envelope: Envelope,
    event: near_replies.ReplyFallsDue | oversight.ReplyOverdue | oversight.ReplyClimbed,
    whom: str,
    *,
    reason: str,
) -> None:
    _tell_unit(
        app,
        envelope,
        whom,
        reason=reason,
        about=event.about,
        township=event.township,
        due_on=event.due_on,
        case_id=event.case_id,
    )


def _tell_unit(
    app: Notices,
    envelope: Envelope,
    whom: str,
    *,
    reason: str,
    about: UUID,
    township: str,
    due_on: date | None = None,
    case_id: UUID | None = None,
) -> None:
    """Tells a unit, or the one of a kind that answers for a township, in a matter that says itself where it belongs."""
    app.raise_notice(
        cause=envelope.id,
        about=about,
        recipient=app.county.addressee(whom, township=township, school=""),
        reason=reason,
        case_id=case_id,
        area=app.county.area_of(township),
        step="reply",
        due_on=due_on,
    )
