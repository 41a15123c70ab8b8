"""The commands of statistics 统计报表: packs frozen and restated, and the numbers of old that retention is reckoned on."""

from uuid import UUID

from services.cases.application import Cases
from services.cases.domain.disclosure import Reached
from services.cases.domain.entry_cohort import EntryCohort
from services.cases.domain.pack import CountedLine, StatisticsPack
from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer
from services.chassis.errors import Refused


class Statistics:
    """Everything that can be asked of them."""

    def __init__(self, *, cases: Cases) -> None:
        self._cases = cases

    def freeze_statistics(
        self,
        *,
        kind: str,
        period: str,
        measures: tuple[str, ...],
        lines: tuple[CountedLine, ...],
        reached: tuple[Reached, ...],
    ) -> Answer:
        """Freezes the pack of a period 定格; a period has one, and what changes later is restated."""
        unit = who_acts().department
        StatisticsPack.must_be_made_by(unit)
        if self._cases.find(StatisticsPack, StatisticsPack.id_of(unit=unit, kind=kind, period=period)) is not None:
            raise Refused(f"freeze_statistics: {period} was frozen already; what is wrong in it is restated.")
        pack = StatisticsPack.freeze(
            unit=unit,
            kind=kind,
            period=period,
            measures=measures,
            lines=lines,
            reached=reached,
            officer=who_acts().actor,
            today=today(),
        )
        return self._cases.record(pack)

    def restate_statistics(
        self,
        *,
        pack_id: UUID,
        measures: tuple[str, ...],
        lines: tuple[CountedLine, ...],
        reached: tuple[Reached, ...],
        reason: str,
    ) -> Answer:
        """Sets a version with other numbers beside a frozen pack 更正, and says why."""
        pack = self._cases.get(StatisticsPack, pack_id)
        pack.must_be_of(who_acts().department)
        pack.restate(
            measures=measures, lines=lines, reached=reached, reason=reason, officer=who_acts().actor, today=today()
        )
        return self._cases.record(pack)

    def state_entry_cohort(self, *, school: str, entered: int, pupils: int, paper: str) -> Answer:
        """States how many children entered a school in a year 入学基数, by which paper."""
        unit = who_acts().department
        StatisticsPack.must_be_made_by(unit)
        cohort = self._cases.find(
            EntryCohort, EntryCohort.id_of(unit=unit, school=school, entered=entered)
        ) or EntryCohort.open(unit=unit, school=school, entered=entered, today=today())
        cohort.state(pupils=pupils, paper=paper, officer=who_acts().actor, today=today())
        return self._cases.record(cohort)
