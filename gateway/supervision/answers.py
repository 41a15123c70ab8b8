"""The journal in the types and the manner of GraphQL: what `gateway.schema.replay.Supervision` asks for."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, assert_never
from uuid import UUID

from gateway.readmodel.assistance import Award, Eligibility, Measure, StudentPlan
from gateway.readmodel.partition import OPEN_CASE
from gateway.readmodel.partition import PartitionRow as VillageRow
from gateway.schema.replay import (
    CaseReplay,
    ChildReplay,
    HouseholdReplay,
    ReplayedAid,
    ReplayedEvent,
    ReplayedLook,
    ReplayedRole,
)
from gateway.schema.supervision import PartitionRow
from gateway.supervision.informants import Informants
from gateway.supervision.proofs import Proofs
from gateway.supervision.replay import Aid, Event, OwedThen, Replay, Step
from services.contracts.divisions import TOWNSHIPS


class Answers:
    """Answers from the journal, each question on a thread of its own so that the endpoint goes on answering others."""

    def __init__(self, *, replay: Replay, informants: Informants, proofs: Proofs | None = None) -> None:
        self._replay = replay
        self._informants = informants
        self.proofs = proofs

    async def case_as_of(self, case_id: UUID, moment: datetime, *, on: date | None = None) -> CaseReplay:
        """The case as it was known at a moment; raises `NotFound` where it was not."""
        case = await asyncio.to_thread(self._replay.case_as_of, case_id, moment, on=on)
        owed = _owed(case.owed)
        return CaseReplay(
            case_id=case.case_id,
            as_of=moment,
            on=on,
            state=case.state,
            owed_step=owed["owed_step"],
            owed_by=owed["owed_by"],
            owed_due_on=owed["owed_due_on"],
            overdue=case.owed is not None and case.owed.is_late,
            events=[_step(step) for step in case.steps],
            looks=[
                ReplayedLook(
                    at=look.at,
                    actor=look.actor,
                    department=look.department,
                    purpose=look.purpose,
                    operation=look.operation,
                    decision=look.decision,
                    fields=list(look.fields),
                )
                for look in case.looks
            ],
        )

    async def child_as_of(self, child_id: UUID, moment: datetime, *, on: date | None = None) -> ChildReplay:
        """The child as it was known at a moment; raises `NotFound` where it was not."""
        then = await asyncio.to_thread(self._replay.child_as_of, child_id, moment, on=on)
        child, case = then.child, then.case
        return ChildReplay(
            child_id=child.child_id,
            as_of=moment,
            on=on,
            name=then.name,
            sex=child.sex,
            township=child.township,
            village=child.village,
            household_id=child.household_id,
            school=child.school,
            school_name=child.school_name,
            stage=child.stage,
            grade=child.grade,
            schooling_status=child.schooling_status,
            accounted_state=child.accounted_state if case is None else OPEN_CASE,
            accounted_reason=child.accounted_reason,
            accounted_on=child.accounted_on,
            merged_into=child.merged_into,
            erased=child.erased,
            case_id=case.case_id if case is not None else None,
            case_state=case.state if case is not None else "",
            answering=[
                ReplayedRole(
                    role=one.role, officer=one.officer, deputy=one.deputy, by_name=one.by_name, from_on=one.from_on
                )
                for one in then.answering
            ],
            aid=[_aid(row) for row in then.aid],
            events=[_event(event) for event in then.events],
        )

    async def household_as_of(self, household_id: UUID, moment: datetime, *, on: date | None = None) -> HouseholdReplay:
        """The household as it was known at a moment; raises `NotFound` where it was not."""
        household = await asyncio.to_thread(self._replay.household_as_of, household_id, moment, on=on)
        plan = household.plan
        return HouseholdReplay(
            household_id=household_id,
            as_of=moment,
            on=on,
            children=list(household.children),
            plan_opened_on=plan.opened_on if plan is not None else None,
            review_on=plan.review_on if plan is not None else None,
            aid=[_aid(row) for row in household.aid],
        )

    async def partition_as_of(self, moment: datetime, *, on: date | None = None) -> Sequence[PartitionRow]:
        """The partition of the whole county as it was known at a moment."""
        counts: Counter[tuple[str, bool, str]] = Counter()
        for row in await asyncio.to_thread(self._replay.partition_as_of, moment, on=on):
            counts[row.township, not row.dated, row.state] += row.children
        return [
            PartitionRow(
                township=township,
                township_name=TOWNSHIPS.get(township, ""),
                state=state,
                dated=not undated,
                count=count,
            )
            for (township, undated, state), count in sorted(counts.items())
        ]

    async def villages_as_of(self, moment: datetime) -> Sequence[VillageRow]:
        """The same by village."""
        return await asyncio.to_thread(self._replay.partition_as_of, moment)

    async def informant_of(self, report_id: UUID) -> str:
        """Who told a report of the public; empty where nobody said, or can be read any more."""
        return await asyncio.to_thread(self._informants.named_in, report_id)


def _owed(owed: OwedThen | None) -> dict[str, Any]:
    if owed is None:
        return {"owed_step": "", "owed_by": "", "owed_due_on": None, "rule": "", "legal_basis": ""}
    return {
        "owed_step": owed.step,
        "owed_by": owed.by,
        "owed_due_on": owed.due_on,
        "rule": owed.rule,
        "legal_basis": owed.legal_basis,
    }


def _step(step: Step) -> ReplayedEvent:
    return ReplayedEvent(
        at=step.at,
        type=step.type,
        actor=step.actor,
        department=step.department,
        purpose=step.purpose,
        detail=step.detail,
        state=step.state,
        **_owed(step.owed),
        rules_version=step.rules.version if step.rules is not None else "",
        rules_entry=step.rules.position if step.rules is not None else None,
        looked_at=step.looked_at,
        seen=list(step.seen),
        producer=step.producer,
        position=step.position,
    )


def _event(event: Event) -> ReplayedEvent:
    return ReplayedEvent(
        at=event.at,
        holds_from=event.holds_from,
        type=event.type,
        actor=event.actor,
        department=event.department,
        purpose=event.purpose,
        producer=event.producer,
        position=event.position,
    )


def _aid(row: Aid) -> ReplayedAid:
    facts: dict[str, Any] = {"ground": "", "state": "", "until_on": None, "amount_fen": None, "paid_fen": None}
    match row:
        case Eligibility():
            facts |= {"kind": "eligibility", "what": row.category, "ground": row.ground}
            facts |= {"from_on": row.from_on, "until_on": row.until_on}
        case Award():
            facts |= {"kind": "award", "what": f"{row.programme} {row.term}", "ground": row.legal_basis}
            facts |= {"state": row.state, "from_on": row.granted_on}
            facts |= {"amount_fen": row.amount_fen, "paid_fen": row.paid_fen}
        case StudentPlan():
            facts |= {"kind": "plan", "what": "", "from_on": row.opened_on, "until_on": row.review_on}
        case Measure():
            facts |= {"kind": "measure", "what": row.measure, "from_on": row.done_on, "until_on": row.due_on}
        case _:
            assert_never(row)
    return ReplayedAid(child_id=row.child_id, **facts)
