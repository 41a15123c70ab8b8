"""What every printed sheet says of itself 落款: who took it out, for which unit, on what ground, when, and its number."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.access.principal import Principal
from gateway.words import unit, word
from services.chassis.clock import CHINA

_NUMBER_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who, for whom, what for, when. `receipt_id` is the record of the look, of which `number` is the short form."""

    receipt_id: UUID
    actor: str
    unit: str
    purpose: str
    at: datetime

    @property
    def number(self) -> str:
        """The number on the sheet 编号: the day and the beginning of the receipt's id."""
        return export_number(self.receipt_id, at=self.at)

    @property
    def words(self) -> str:
        """One line for the sheet, its footer and its properties."""
        at = self.at.astimezone(CHINA)
        return (
            f"编号：{self.number}　单位：{unit(self.unit)}　经办：{self.actor}　用途：{word('purposes', self.purpose)}　"
            f"时间：{at:%Y-%m-%d %H:%M}"
        )


def export_number(receipt_id: UUID, *, at: datetime) -> str:
    """The number under which a look is known on paper."""
    return f"{at.astimezone(CHINA):%Y%m%d}-{receipt_id.hex[:_NUMBER_DIGITS]}"


def stamp_of(principal: Principal, *, at: datetime, receipt_id: UUID) -> Stamp:
    """The stamp of somebody's look."""
    return Stamp(receipt_id=receipt_id, actor=principal.actor, unit=principal.unit, purpose=principal.purpose, at=at)
