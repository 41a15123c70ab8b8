"""What the roster 花名册 tells of register files: batches kept, deliveries from handing in to being in force, and how columns are called."""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from services.contracts.envelope import Published


class RegisterLoaded(Published, frozen=True, kw_only=True):
    """A register file was read and its batch kept 登记册入库 (N1.8)."""

    TYPE: ClassVar[str] = "roster.register-loaded.v1"
    batch_id: UUID
    register: str
    rows: int
    rejected: int
    sha256: str
    part: str = ""
    """Which unit's part of the register this is, `kind:area`; empty where one delivery is the whole county's."""


class DeliveryHandedIn(Published, frozen=True, kw_only=True):
    """Register files were handed in and are being read 送册; nothing of them counts before somebody commits them."""

    TYPE: ClassVar[str] = "roster.delivery-handed-in.v1"
    delivery_id: UUID
    part: str
    files: int
    handed_in_on: date


class DeliveryPreviewed(Published, frozen=True, kw_only=True):
    """What would change if the delivery were committed 预览, as counts."""

    TYPE: ClassVar[str] = "roster.delivery-previewed.v1"
    delivery_id: UUID
    rows: int
    rejected: int
    children_new: int
    children_changed: int
    children_missed: int
    findings_raised: int
    findings_resolved: int
    doubts: int


class DeliveryCommitted(Published, frozen=True, kw_only=True):
    """A delivery was taken in and compared 入库: its registers are in force."""

    TYPE: ClassVar[str] = "roster.delivery-committed.v1"
    delivery_id: UUID
    committed_on: date


class DeliveryCancelled(Published, frozen=True, kw_only=True):
    """A delivery was withdrawn before it was committed, or while it was; whole steps that were done stay 撤回."""

    TYPE: ClassVar[str] = "roster.delivery-cancelled.v1"
    delivery_id: UUID
    reason: str
    cancelled_on: date


class DeliveryRefused(Published, frozen=True, kw_only=True):
    """A delivery could not be read at all 拒收; the reason names file, sheet, row and column, and nobody."""

    TYPE: ClassVar[str] = "roster.delivery-refused.v1"
    delivery_id: UUID
    reason: str
    refused_on: date


class ColumnName(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a unit's files 栏目: as the unit writes it, and the field it is."""

    written: str
    field: str


class ColumnMappingSaved(Published, frozen=True, kw_only=True):
    """A unit said how it calls the columns of a register 栏目对应保存; its files are read so from now on."""

    TYPE: ClassVar[str] = "roster.column-mapping-saved.v1"
    mapping_id: UUID
    register: str
    unit: str
    columns: tuple[ColumnName, ...]


class ColumnMappingReplaced(Published, frozen=True, kw_only=True):
    """It calls them otherwise 栏目对应更改."""

    TYPE: ClassVar[str] = "roster.column-mapping-replaced.v1"
    mapping_id: UUID
    columns: tuple[ColumnName, ...]


class ColumnMappingDeleted(Published, frozen=True, kw_only=True):
    """Its files are read by the known names of columns again 栏目对应删除."""

    TYPE: ClassVar[str] = "roster.column-mapping-deleted.v1"
    mapping_id: UUID
