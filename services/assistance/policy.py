"""When others tell something, assistance does its part.

- roster.GroupsStated    -> the child's eligibility is found, or ends (N6.1)
- roster.ChildrenMerged  -> of two awards of one child, programme and term, one stands; unmerged, each does (N6.3)
- cases.CaseOpened       -> the child's township is remembered
- cases.CaseConfirmed    -> the child gets its plan, once per case (N6.3)
- cases.ReferralAnswered -> what a department decided of help makes the child eligible, and answers the plan's measure (N3.2, N6.3)
- cases.CaseMoved        -> the plan goes along to another township
- cases.CaseClosed, CaseCleared, CaseMerged -> the plan ends with its case, for the same reason

Each reaction looks at what is known first, so hearing a message again changes nothing. When a day passes, measures and reviews
that are late are noted, and climb (N5.1, N6.3).
"""

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from services.assistance.application import Assistance
from services.assistance.domain.categories import CATEGORIES, Groups, Origin
from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.residence import Residence
from services.assistance.domain.statement import Statement
from services.assistance.lookup import DuePlans
from services.assistance.payments import Payments
from services.chassis.application import let_time_work
from services.contracts import cases, roster
from services.contracts.envelope import Envelope, Published

HEARS = ("roster", "cases")
"""The producers this policy listens to."""
HEEDS: Final[frozenset[type[Published]]] = frozenset(
    {
        roster.GroupsStated,
        roster.ChildrenMerged,
        roster.ChildrenUnmerged,
        cases.CaseOpened,
        cases.CaseConfirmed,
        cases.ReferralAnswered,
        cases.CaseMoved,
        cases.CaseClosed,
        cases.CaseCleared,
        cases.CaseMerged,
    }
)
"""What it does something about; all else passes by unread."""

LOTS_AT_ONCE: Final = 10
"""How many lots of a recognition one tick works on; the rest the next time, so that what is late waits no longer for it."""

LATE_AT_ONCE: Final = 500
"""How many late measures and reviews one tick works on at most; the rest the next time."""


def looks_for(event: Published) -> Iterable[UUID]:
    """What `react` looks for first: what is known of a child's groups, or where it lives."""
    match event:
        case roster.GroupsStated():
            yield Statement.id_of(child_id=event.child_id)
            for category in CATEGORIES.stated(_groups(event), on=event.valid_on):
                yield Eligibility.id_of(child_id=event.child_id, category=category)
        case cases.CaseOpened():
            yield Residence.id_of(child_id=event.child_id)
        case _:
            pass


def react(app: Assistance, envelope: Envelope, event: Published) -> None:
    """Does what a message asks of assistance; what it does not concern passes by."""
    match event:
        case roster.GroupsStated():
            app.state_groups(child_id=event.child_id, groups=_groups(event), valid_on=event.valid_on)
        case roster.ChildrenMerged():
            app.merge_entries(child_id=event.child_id, merged_id=event.merged_id, position=envelope.position)
        case roster.ChildrenUnmerged():
            app.part_entries(child_id=event.child_id, merged_id=event.merged_id, position=envelope.position)
        case cases.CaseOpened():
            app.learn_residence(child_id=event.child_id, township=event.township)
        case cases.CaseConfirmed():
            app.open_student_plan(child_id=event.child_id, case_id=event.case_id)
        case cases.ReferralAnswered(decision=cases.Decision(decision="granted" | "refused") as decision):
            app.take_decision(
                child_id=event.child_id,
                case_id=event.case_id,
                referral_id=event.referral_id,
                purpose=event.purpose,
                granted=decision.granted,
                granted_from=decision.granted_from,
                refused_for=decision.refused_for,
                decided_on=event.answered_on,
            )
        case cases.CaseMoved():
            app.move_student_plan(child_id=event.child_id, case_id=event.case_id, township=event.township)
        case cases.CaseClosed():
            _end_plan(app, event, resolution=event.outcome, ended_on=event.closed_on)
        case cases.CaseCleared():
            _end_plan(app, event, resolution=event.resolution, ended_on=event.cleared_on)
        case cases.CaseMerged():
            _end_plan(app, event, resolution="merged", ended_on=event.merged_on)
        case _:
            pass


def _groups(event: roster.GroupsStated) -> Groups:
    return Groups(
        poverty=event.poverty,
        relief=event.relief,
        disability=event.disability,
        left_behind=event.left_behind,
        migrant=event.migrant,
        risk=event.risk,
        monitored_on=event.monitored_on,
        risk_removed_on=event.risk_removed_on,
        origins={source.fact: Origin(source.register, source.batch_id, source.row) for source in event.sources},
    )


def _end_plan(
    app: Assistance,
    event: cases.CaseClosed | cases.CaseCleared | cases.CaseMerged,
    *,
    resolution: str,
    ended_on: date,
) -> None:
    app.end_student_plan(child_id=event.child_id, case_id=event.case_id, resolution=resolution, ended_on=ended_on)


def tick(app: Assistance, payments: Payments, today: date, *, due_plans: DuePlans) -> None:
    """Lets time work on every measure and review that is late, in the order in which they ran out, and on the recognition that goes on."""
    late = [
        (owed.about, partial(app.watch_due, matter=owed.matter, plan_id=owed.plan_id, about=owed.about))
        for _, owed in due_plans.due(today)[:LATE_AT_ONCE]
    ]
    lots = [(run_id, partial(payments.recognise_lot, run_id=run_id)) for run_id in due_plans.runs[:1] * LOTS_AT_ONCE]
    let_time_work([*late, *lots])
