"""The journal in the types and the manner of GraphQL: what `gateway.schema.supervision.Supervision` asks for."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gateway.readmodel.partition import PartitionRow as VillageRow
from gateway.schema.supervision import CaseReplay, PartitionRow, ReplayedEvent
from gateway.supervision.informants import Informants
from gateway.supervision.replay import Replay
from services.contracts.divisions import TOWNSHIPS


class Answers:
    """Answers from the journal, each question on a thread of its own so that the endpoint goes on answering others."""

    def __init__(self, *, replay: Replay, informants: Informants) -> None:
        self._replay = replay
        self._informants = informants

    async def case_as_of(self, case_id: UUID, moment: datetime) -> CaseReplay:
        """The case as it was known at a moment; raises `NotFound` where it was not."""
        case = await asyncio.to_thread(self._replay.case_as_of, case_id, moment)
        return CaseReplay(
            case_id=case.case_id,
            as_of=case.moment,
            state=case.state,
            owed_step=case.owed.step if case.owed is not None else "",
            owed_by=case.owed.by if case.owed is not None else "",
            owed_due_on=case.owed.due_on if case.owed is not None else None,
            overdue=case.owed is not None and case.owed.is_late,
            events=[
                ReplayedEvent(
                    at=step.at,
                    type=step.type,
                    actor=step.actor,
                    department=step.department,
                    detail=step.detail,
                    producer=step.producer,
                    position=step.position,
                )
                for step in case.steps
            ],
        )

    async def partition_as_of(self, moment: datetime) -> Sequence[PartitionRow]:
        """The partition of the whole county as it was known at a moment."""
        counts: Counter[tuple[str, bool, str]] = Counter()
        for row in await self.villages_as_of(moment):
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
