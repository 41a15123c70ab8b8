"""A unit's word that nobody dropped out in a month 零报告: not a blank, but an act that somebody signs and answers for."""

from datetime import date
from typing import Self
from uuid import UUID, uuid5

from services.cases.domain.persuasion_list import month_of
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

DUE_DAY = 28
"""Schools sum up for the bureau by this day of the month (county practice); later is late and says so."""
_REPORTS = UUID("c31b0f8e-1b1f-5c57-8a55-0a9f1f5d2b10")


class ZeroReport(RecordedAggregate):
    """One unit's zero report of one month."""

    TOPIC = "cases.ZeroReport"

    class Signed(RecordedAggregate.Event, Created):
        """It was signed 签报."""

        TOPIC = "cases.ZeroReport.Signed"
        unit: str
        township: str
        month: str
        signer: str
        late: bool
        signed_on: date

    @staticmethod
    def id_of(*, unit: str, month: str) -> UUID:
        """The id of a unit's report of a month: there is one."""
        return uuid5(_REPORTS, f"{unit}/{month}")

    # Decisions

    @classmethod
    def sign(cls, *, unit: str, township: str, month: str, signer: str, dropouts: int, today: date) -> Self:
        """Signs that there was none; refused where `dropouts` cases of the unit stand confirmed or unreachable, and before the month is nearly over."""
        month = month_of(month, act="sign_zero_report")
        year, number = map(int, month.split("-"))
        due_on = date(year, number, DUE_DAY)
        if today < due_on.replace(day=20):
            raise Refused(f"sign_zero_report: {month} is not over; a zero report is signed from its 20th on.")
        if dropouts:
            raise Refused(
                f"sign_zero_report: {dropouts} cases of this unit are confirmed or can't be found; the monthly report names them (N2.4)."
            )
        return cls._create(
            cls.Signed,
            id=cls.id_of(unit=unit, month=month),
            unit=unit,
            township=township,
            month=month,
            signer=signer,
            late=today > due_on,
            signed_on=today,
        )

    # Evolution

    @event(Signed)
    def __init__(self, unit: str, month: str) -> None:
        self.unit = unit
        self.month = month
