"""An inspection of a township or school 督导检查 (N8.2): a sample anybody can draw again, findings with a day, a second look, an end.

The sample follows from the inspection's own id and the cases it was drawn from, so nobody can choose what is looked at.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from uuid import UUID

from services.cases.domain import catalogue
from services.cases.domain.late_reply import Awaited
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

MOST_SAMPLED = 200


def draw(inspection_id: UUID, population: Iterable[UUID], *, size: int) -> tuple[UUID, ...]:
    """The sample of an inspection: those whose hash with its id is lowest, whatever the order they are given in."""
    ranked = sorted(set(population), key=lambda each: hashlib.sha256(inspection_id.bytes + each.bytes).digest())
    return tuple(ranked[:size])


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to be put right: by whom, by when, what they said they did, and whether it is."""

    owed_by: str
    due_on: date
    reported_by: str = ""
    right: bool = False


class Inspection(RecordedAggregate):
    """One inspection."""

    TOPIC = "cases.Inspection"

    class Opened(RecordedAggregate.Event, Created):
        """It began, with its sample 抽样."""

        TOPIC = "cases.Inspection.Opened"
        unit: str
        township: str
        matter: str
        population: int
        sample: tuple[UUID, ...]
        opened_on: date

    class Found(RecordedAggregate.Event):
        """Something is to be put right 限期整改."""

        TOPIC = "cases.Inspection.Found"
        unit: str
        township: str
        number: int
        finding: str
        owed_by: str
        due_on: date

    class Reported(RecordedAggregate.Event):
        """The unit says it has put it right 整改报告."""

        TOPIC = "cases.Inspection.Reported"
        township: str
        number: int
        evidence: str
        reporter: str
        reported_on: date

    class Checked(RecordedAggregate.Event):
        """Somebody looked again 复查."""

        TOPIC = "cases.Inspection.Checked"
        township: str
        number: int
        right: bool
        due_on: date | None
        checked_on: date

    class Closed(RecordedAggregate.Event):
        """It is over, and the result is public 公告."""

        TOPIC = "cases.Inspection.Closed"
        unit: str
        township: str
        found: int
        closed_on: date

    # Decisions

    @classmethod
    def open(
        cls,
        *,
        inspection_id: UUID,
        unit: str,
        township: str,
        matter: str,
        population: Iterable[UUID],
        size: int,
        today: date,
    ) -> Self:
        """Begins an inspection of a unit with a sample of the cases it answers for."""
        catalogue.known(matter, words=catalogue.INSPECTIONS, what="matter of an inspection")
        if not 0 <= size <= MOST_SAMPLED:
            raise Refused(f"open_inspection: a sample holds up to {MOST_SAMPLED} cases.")
        everyone = set(population)
        return cls._create(
            cls.Opened,
            id=inspection_id,
            unit=unit,
            township=township,
            matter=matter,
            population=len(everyone),
            sample=draw(inspection_id, everyone, size=size),
            opened_on=today,
        )

    def find(self, *, finding: str, owed_by: str, due_on: date, today: date) -> None:
        """Records a finding with who puts it right by when."""
        self._still_open("record_inspection_finding")
        if due_on <= today:
            raise Refused("record_inspection_finding: leave at least a day to put it right.")
        self.trigger_event(
            self.Found,
            unit=self.unit,
            township=self.township,
            number=len(self.findings) + 1,
            finding=catalogue.in_the_clear(finding, what="the finding"),
            owed_by=owed_by,
            due_on=due_on,
        )

    def report(self, *, number: int, evidence: str, unit: str, reporter: str, today: date) -> None:
        """The unit that owes it says that it is right now, with its evidence."""
        finding = self._finding(number, act="report_rectification")
        if unit != finding.owed_by:
            raise Refused(f"report_rectification: {finding.owed_by} owes this and reports it itself (N8.2).")
        if finding.right or finding.reported_by:
            raise Refused("report_rectification: this finding was reported and waits for a second look, or is right.")
        self.trigger_event(
            self.Reported,
            township=self.township,
            number=number,
            evidence=catalogue.in_the_clear(evidence, what="the evidence"),
            reporter=reporter,
            reported_on=today,
        )

    def check(self, *, number: int, right: bool, due_on: date | None, checker: str, today: date) -> None:
        """Somebody other than who reported looks again; what isn't right is owed by a new day."""
        finding = self._finding(number, act="check_rectification")
        if not finding.reported_by:
            raise Refused("check_rectification: nobody has reported this finding as put right.")
        if checker == finding.reported_by:
            raise Refused("check_rectification: who reported it doesn't check it, somebody else does (N8.2).")
        if right == (due_on is not None) or (due_on is not None and due_on <= today):
            raise Refused("check_rectification: what isn't right gets a new day after today; what is right gets none.")
        self.trigger_event(
            self.Checked, township=self.township, number=number, right=right, due_on=due_on, checked_on=today
        )

    def close(self, *, today: date) -> None:
        """Ends the inspection; refused while anything is not right."""
        self._still_open("close_inspection")
        if owing := [str(number) for number, finding in self.findings.items() if not finding.right]:
            raise Refused(f"close_inspection: findings {', '.join(owing)} are not put right yet (N8.2).")
        self.trigger_event(
            self.Closed, unit=self.unit, township=self.township, found=len(self.findings), closed_on=today
        )

    def awaited(self, number: int) -> Awaited | None:
        """What a unit still has to put right of a finding; None while it waits for a second look, and once it is right."""
        finding = self.findings.get(number)
        if finding is None or finding.right or finding.reported_by or self.closed:
            return None
        return Awaited(
            matter="rectification",
            about=self.id,
            number=number,
            owed_by=finding.owed_by,
            due_on=finding.due_on,
            township=self.township,
        )

    def _finding(self, number: int, *, act: str) -> Finding:
        self._still_open(act)
        if number not in self.findings:
            raise Refused(f"{act}: this inspection has {len(self.findings)} findings, counted from 1.")
        return self.findings[number]

    def _still_open(self, act: str) -> None:
        if self.closed:
            raise Refused(f"{act}: this inspection is closed and its result public; open another.")

    # Evolution

    @event(Opened)
    def __init__(self, unit: str, township: str, sample: tuple[UUID, ...]) -> None:
        self.unit = unit
        self.township = township
        self.sample = sample
        self.findings: dict[int, Finding] = {}
        self.closed = False

    @event(Found)
    def _found(self, number: int, owed_by: str, due_on: date) -> None:
        self.findings[number] = Finding(owed_by=owed_by, due_on=due_on)

    @event(Reported)
    def _reported(self, number: int, reporter: str) -> None:
        self.findings[number] = replace(self.findings[number], reported_by=reporter)

    @event(Checked)
    def _checked(self, number: int, right: bool, due_on: date | None) -> None:
        finding = self.findings[number]
        self.findings[number] = replace(finding, right=right, reported_by="", due_on=due_on or finding.due_on)

    @event(Closed)
    def _closed(self) -> None:
        self.closed = True
