"""What cases tells of proceedings 司法程序 (N2.6): a file from its filing to the day it is carried out; and what became of a suspected crime."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from services.contracts.envelope import Published


class ProceedingsFiled(Published, frozen=True, kw_only=True):
    """Somebody went to court 起诉、申请: `ground` is the paper on which it stands, `supported_by` who supports the suit 支持起诉."""

    TYPE: ClassVar[str] = "cases.proceedings-filed.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    number_in_case: int
    kind: str
    brought_by: str
    supported_by: str
    authority: str
    ground: UUID
    legal_basis: str
    filed_on: date


class FilingAccepted(Published, frozen=True, kw_only=True):
    """The court took it on 立案受理, under its number 案号."""

    TYPE: ClassVar[str] = "cases.filing-accepted.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    docket: str
    accepted_on: date


class FilingDeclined(Published, frozen=True, kw_only=True):
    """The court did not take it on 不予受理; `paper` is the number of its ruling."""

    TYPE: ClassVar[str] = "cases.filing-declined.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    paper: str
    declined_on: date


class HearingHeld(Published, frozen=True, kw_only=True):
    """The court heard the parties 开庭."""

    TYPE: ClassVar[str] = "cases.hearing-held.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    heard_on: date


class CourtDecided(Published, frozen=True, kw_only=True):
    """The court decided 裁判: settled, judged or ruled; `grants`: what was asked is granted, to be done by `comply_by`."""

    TYPE: ClassVar[str] = "cases.court-decided.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    decision: str
    grants: bool
    on_appeal: bool
    paper: str
    decided_on: date
    comply_by: date | None


class CourtDecisionServed(Published, frozen=True, kw_only=True):
    """The decision reached the parties 送达: until when it may be appealed, and from when it is in force 生效."""

    TYPE: ClassVar[str] = "cases.court-decision-served.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    method: str
    receipt: str
    served_on: date
    appeal_until: date | None
    in_force_on: date
    grants: bool


class CourtDecisionAppealed(Published, frozen=True, kw_only=True):
    """A party appealed in time 上诉: nothing is in force until that is decided."""

    TYPE: ClassVar[str] = "cases.court-decision-appealed.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    appellant: str
    appealed_on: date


class CourtDecisionRemitted(Published, frozen=True, kw_only=True):
    """The judgment was quashed and goes back to the court that made it 发回重审."""

    TYPE: ClassVar[str] = "cases.court-decision-remitted.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    paper: str
    decided_on: date


class CourtDecisionEnforced(Published, frozen=True, kw_only=True):
    """What is in force was carried out 执行完毕."""

    TYPE: ClassVar[str] = "cases.court-decision-enforced.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    paper: str
    enforced_on: date


class ProceedingsWithdrawn(Published, frozen=True, kw_only=True):
    """Whoever brought it took it back 撤诉."""

    TYPE: ClassVar[str] = "cases.proceedings-withdrawn.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    paper: str
    withdrawn_on: date


class ProceedingsFallen(Published, frozen=True, kw_only=True):
    """The paper on which it stood was set aside 撤销, and the file with it."""

    TYPE: ClassVar[str] = "cases.proceedings-fallen.v1"
    proceedings_id: UUID
    case_id: UUID
    child_id: UUID
    ground: UUID
    fell_on: date


class CrimeDecided(Published, frozen=True, kw_only=True):
    """What police, procuratorate or court decided of a suspected crime that was handed over 刑事处理结果; `paper` is its number."""

    TYPE: ClassVar[str] = "cases.crime-decided.v1"
    referral_id: UUID
    case_id: UUID
    child_id: UUID
    to: str
    decision: str
    paper: str
    decided_on: date
