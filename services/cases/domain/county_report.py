"""The bureau's report to the county government 辍学和失联情况报告 (N1.3): numbered, with the cases that stood confirmed or unreachable.

Which cases those are follows from the cases themselves on the day; nobody chooses whom to report.
"""

from collections.abc import Iterable
from datetime import date
from typing import Self
from uuid import UUID

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden

KIND = "county_report"
"""Under which its numbers are kept in the issuer's book."""
OFFICE = "education_bureau"


class CountyReport(RecordedAggregate):
    """One report."""

    TOPIC = "cases.CountyReport"

    class Made(RecordedAggregate.Event, Created):
        """It was made up and goes to the county government 上报."""

        TOPIC = "cases.CountyReport.Made"
        unit: str
        number: str
        confirmed: tuple[UUID, ...]
        unreachable: tuple[UUID, ...]
        made_on: date

    # Decisions

    @staticmethod
    def must_be_made_by(unit: str) -> None:
        """Refuses anybody but the bureau, which keeps the office of the leading group."""
        if unit.partition(":")[0] != OFFICE:
            raise Forbidden("Only the education bureau reports to the county government (N1.3).")

    @classmethod
    def make(
        cls,
        *,
        report_id: UUID,
        unit: str,
        number: str,
        confirmed: Iterable[UUID],
        unreachable: Iterable[UUID],
        today: date,
    ) -> Self:
        """Makes the report up, also where there is nobody to report: that is then what it says."""
        cls.must_be_made_by(unit)
        return cls._create(
            cls.Made,
            id=report_id,
            unit=unit,
            number=number,
            confirmed=tuple(sorted(confirmed)),
            unreachable=tuple(sorted(unreachable)),
            made_on=today,
        )

    # Evolution

    @event(Made)
    def __init__(self, unit: str, number: str) -> None:
        self.unit = unit
        self.number = number
