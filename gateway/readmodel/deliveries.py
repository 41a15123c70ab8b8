"""Register files as they were handed in 送册, as rows: deliveries, the batches in force, and how units call their columns."""

from datetime import date, datetime
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import Row
from services.contracts.deliveries import (
    ColumnMappingDeleted,
    ColumnMappingReplaced,
    ColumnMappingSaved,
    ColumnName,
    DeliveryCancelled,
    DeliveryCommitted,
    DeliveryHandedIn,
    DeliveryPreviewed,
    DeliveryRefused,
    RegisterLoaded,
)
from services.contracts.divisions import COUNTY

MappingEvent = ColumnMappingSaved | ColumnMappingReplaced | ColumnMappingDeleted
DeliveryEvent = DeliveryHandedIn | DeliveryPreviewed | DeliveryCommitted | DeliveryCancelled | DeliveryRefused


class Delivery(Row, frozen=True, kw_only=True):
    """Register files from handing in to being in force 送册; counts and nobody's name.

    `handed_in`, `previewed`, then `committed`, `cancelled` or `refused`. It stands under the county, and whoever handed it
    in sees it too.
    """

    TABLE: ClassVar[str] = "delivery"
    KEY: ClassVar[str] = "delivery_id"
    delivery_id: UUID
    township: str = COUNTY
    unit: str = ""
    part: str = ""
    files: int = 0
    state: str = "handed_in"
    rows: int = 0
    rejected: int = 0
    children_new: int = 0
    children_changed: int = 0
    children_missed: int = 0
    findings_raised: int = 0
    findings_resolved: int = 0
    doubts: int = 0
    reason: str = ""
    handed_in_on: date | None = None
    ended_on: date | None = None


class RegisterBatch(Row, frozen=True, kw_only=True):
    """A register file that was read 登记册批次, of the county or of a unit's part of it; of no township."""

    TABLE: ClassVar[str] = "register_batch"
    KEY: ClassVar[str] = "batch_id"
    batch_id: UUID
    township: str = ""
    register: str = ""
    part: str = ""
    rows: int = 0
    rejected: int = 0
    sha256: str = ""
    loaded_at: datetime | None = None


class ColumnMapping(Row, frozen=True, kw_only=True):
    """How a unit calls the columns of a register 栏目对应; absent once it was deleted. It stands under the county."""

    TABLE: ClassVar[str] = "column_mapping"
    KEY: ClassVar[str] = "mapping_id"
    mapping_id: UUID
    township: str = COUNTY
    register: str = ""
    unit: str = ""
    columns: tuple[ColumnName, ...] = ()
    saved_at: datetime | None = None
    saved_by: str = ""


def delivery(row: Delivery | None, told: Told[DeliveryEvent]) -> Delivery:
    """A delivery as far as it has come."""
    event = told.event
    row = row or Delivery(delivery_id=event.delivery_id)
    match event:
        case DeliveryHandedIn():
            return replace(
                row,
                unit=told.envelope.department,
                part=event.part,
                files=event.files,
                handed_in_on=event.handed_in_on,
            )
        case DeliveryPreviewed():
            return replace(
                row,
                state="previewed",
                rows=event.rows,
                rejected=event.rejected,
                children_new=event.children_new,
                children_changed=event.children_changed,
                children_missed=event.children_missed,
                findings_raised=event.findings_raised,
                findings_resolved=event.findings_resolved,
                doubts=event.doubts,
            )
        case DeliveryCommitted():
            return replace(row, state="committed", ended_on=event.committed_on)
        case DeliveryCancelled():
            return replace(row, state="cancelled", reason=event.reason, ended_on=event.cancelled_on)
        case DeliveryRefused():
            return replace(row, state="refused", reason=event.reason, ended_on=event.refused_on)
        case _:
            assert_never(event)


def column_mapping(row: ColumnMapping | None, told: Told[MappingEvent]) -> ColumnMapping | None:
    """A mapping as it was saved last; none where it was deleted."""
    event, envelope = told.event, told.envelope
    if isinstance(event, ColumnMappingDeleted):
        return None
    row = row or ColumnMapping(mapping_id=event.mapping_id)
    if isinstance(event, ColumnMappingSaved):
        row = replace(row, register=event.register, unit=event.unit)
    return replace(row, columns=event.columns, saved_at=envelope.recorded_at, saved_by=envelope.department)


def register_batch(_: RegisterBatch | None, told: Told[RegisterLoaded]) -> RegisterBatch:
    """A batch as it was loaded."""
    event = told.event
    return RegisterBatch(
        batch_id=event.batch_id,
        register=event.register,
        part=event.part,
        rows=event.rows,
        rejected=event.rejected,
        sha256=event.sha256,
        loaded_at=told.envelope.recorded_at,
    )


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Delivery, events=get_args(DeliveryEvent), about=about("delivery_id"), evolve=delivery),
    Fold(row=ColumnMapping, events=get_args(MappingEvent), about=about("mapping_id"), evolve=column_mapping),
    Fold(row=RegisterBatch, events=(RegisterLoaded,), about=about("batch_id"), evolve=register_batch),
)
