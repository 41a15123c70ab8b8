"""The past, as the schema asks for it: `supervision.Replay` on a thread, its answers as GraphQL types."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gateway.schema.supervision import CaseReplay, PartitionRow, ReplayedEvent
from gateway.supervision.replay import Replay, Step
from services.contracts.divisions import TOWNSHIPS


class ReplayedSupervision:
    """Answers what supervision asks of the past."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    async def case_as_of(self, case_id: UUID, moment: datetime) -> CaseReplay:
        """The case as known at the moment; raises `NotFound` where it was not known then."""
        then = await asyncio.to_thread(self._replay.case_as_of, case_id, moment)
        owed = then.owed
        return CaseReplay(
            case_id=then.case_id,
            as_of=then.moment,
            state=then.state,
            owed_step=owed.step if owed else "",
            owed_by=owed.by if owed else "",
            owed_due_on=owed.due_on if owed else None,
            overdue=owed.is_late if owed else False,
            events=[_event(step) for step in then.steps],
        )

    async def partition_as_of(self, moment: datetime) -> Sequence[PartitionRow]:
        """Where all children of the window were accounted for, as known at the moment."""
        rows = await asyncio.to_thread(self._replay.partition_as_of, moment)
        return [
            PartitionRow(
                township=row.township,
                township_name=TOWNSHIPS.get(row.township, ""),
                state=row.state,
                dated=row.dated,
                count=row.children,
            )
            for row in rows
        ]


def _event(step: Step) -> ReplayedEvent:
    return ReplayedEvent(
        at=step.at,
        type=step.type,
        actor=step.actor,
        department=step.department,
        detail=step.detail,
        producer=step.producer,
        position=step.position,
    )
