"""What the roster 花名册 tells: children, what is stated of them, where each is accounted for, and what doesn't agree."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from services.contracts.envelope import Published, Sealed

AccountedState = Literal[
    "in_seat", "placed", "elsewhere", "transferred_out", "graduated", "left_explained", "suspect", "gone"
]
"""Where a child is accounted for: 在校 / 送教上门 / 外地就读 / 转出 / 毕业 / 其他离校(有原因) / 疑似 / 死亡或注销."""


class RegisterLoaded(Published, frozen=True, kw_only=True):
    """A register file was read and its batch kept 登记册入库 (N1.8)."""

    TYPE: ClassVar[str] = "roster.register-loaded.v1"
    batch_id: UUID
    register: str
    rows: int
    rejected: int
    sha256: str


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stated fact comes from: register, batch and row 依据."""

    register: str
    batch_id: UUID
    row: int
    rule: str


class ChildRegistered(Published, frozen=True, kw_only=True):
    """A child became known 儿童入册: the registers' rows of one person, linked."""

    TYPE: ClassVar[str] = "roster.child-registered.v1"
    child_id: UUID
    name: Sealed
    id_number: Sealed
    birth_date: Sealed
    sex: str
    guardian_name: Sealed
    guardian_phone: Sealed
    household_id: UUID | None
    township: str
    village: str
    grounds: tuple[Ground, ...]


class IdentityCorrected(Published, frozen=True, kw_only=True):
    """Who the child is was stated anew 身份信息更正."""

    TYPE: ClassVar[str] = "roster.identity-corrected.v1"
    child_id: UUID
    name: Sealed
    id_number: Sealed
    birth_date: Sealed
    sex: str
    guardian_name: Sealed
    guardian_phone: Sealed
    grounds: tuple[Ground, ...]


class ResidenceStated(Published, frozen=True, kw_only=True):
    """Where the child lives was stated anew 住址变更: township (9 digits) and village (12 digits), GB/T 2260."""

    TYPE: ClassVar[str] = "roster.residence-stated.v1"
    child_id: UUID
    household_id: UUID | None
    township: str
    village: str


class SchoolingStated(Published, frozen=True, kw_only=True):
    """What the registers say of the child's schooling 就学情况; empty texts where they say nothing."""

    TYPE: ClassVar[str] = "roster.schooling-stated.v1"
    child_id: UUID
    school: str
    school_name: str
    stage: str
    grade: str
    status: str
    valid_on: date


class GroupsStated(Published, frozen=True, kw_only=True):
    """The focus groups the child belongs to 重点群体 (N1.5): poverty kind, disability kind and grade, left-behind, migrant."""

    TYPE: ClassVar[str] = "roster.groups-stated.v1"
    child_id: UUID
    poverty: str
    disability: str
    disability_grade: str
    left_behind: bool
    migrant: bool
    valid_on: date


class ChildAccounted(Published, frozen=True, kw_only=True):
    """On this date the child is in this one accounted state 归类; `reason` names the rule in plain words."""

    TYPE: ClassVar[str] = "roster.child-accounted.v1"
    child_id: UUID
    state: AccountedState
    valid_on: date
    reason: str


class FindingRaised(Published, frozen=True, kw_only=True):
    """The registers do not agree on a child, or say it is not where it should be 比对发现 (N1.1, N1.6)."""

    TYPE: ClassVar[str] = "roster.finding-raised.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    reason: str
    owner: str
    township: str
    village: str
    school: str
    stage: str
    raised_on: date


class FindingResolved(Published, frozen=True, kw_only=True):
    """A finding no longer holds or was answered 比对发现销号."""

    TYPE: ClassVar[str] = "roster.finding-resolved.v1"
    finding_id: UUID
    child_id: UUID
    kind: str
    resolution: str
    resolved_on: date


class ChildrenMerged(Published, frozen=True, kw_only=True):
    """Two entries were one child 合并; `child_id` is the entry that goes on."""

    TYPE: ClassVar[str] = "roster.children-merged.v1"
    child_id: UUID
    merged_id: UUID
    reason: str


class ChildrenUnmerged(Published, frozen=True, kw_only=True):
    """A merge was wrong and is taken back 撤销合并."""

    TYPE: ClassVar[str] = "roster.children-unmerged.v1"
    child_id: UUID
    merged_id: UUID
    reason: str


class ChildErased(Published, frozen=True, kw_only=True):
    """A child's personal data was erased for good 个人信息删除: its key is gone; whoever opened its texts forgets them now."""

    TYPE: ClassVar[str] = "roster.child-erased.v1"
    child_id: UUID
    reason: str


class TransferOpened(Published, frozen=True, kw_only=True):
    """A hand-over to another school began 学籍转接开始 (N1.2); it is tracked until that school has the child."""

    TYPE: ClassVar[str] = "roster.transfer-opened.v1"
    transfer_id: UUID
    child_id: UUID
    from_school: str
    to_place: str
    opened_on: date
    due_on: date


class TransferCompleted(Published, frozen=True, kw_only=True):
    """The other school has the child 学籍转接完成."""

    TYPE: ClassVar[str] = "roster.transfer-completed.v1"
    transfer_id: UUID
    child_id: UUID
    to_school: str
    completed_on: date


class PlacementDecided(Published, frozen=True, kw_only=True):
    """The panel placed a disabled child 安置决定 (N1.7): regular class 随班就读, special school 特教学校, home teaching 送教上门."""

    TYPE: ClassVar[str] = "roster.placement-decided.v1"
    placement_id: UUID
    child_id: UUID
    form: Literal["regular_class", "special_school", "home_teaching"]
    school: str
    decided_on: date


class TermCheckInClosed(Published, frozen=True, kw_only=True):
    """A school's term check-in was counted 开学报到汇总 (N2.1)."""

    TYPE: ClassVar[str] = "roster.term-check-in-closed.v1"
    check_in_id: UUID
    school: str
    term: str
    expected: int
    present: int
    absent: tuple[UUID, ...]
    closed_on: date
