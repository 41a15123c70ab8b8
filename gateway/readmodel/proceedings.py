"""Proceedings 司法程序 as rows: a file from its filing to the day it is carried out; and what became of a suspected crime."""

from datetime import date
from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.cases import Referral
from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfCase
from services.contracts.proceedings import (
    CourtDecided,
    CourtDecisionAppealed,
    CourtDecisionEnforced,
    CourtDecisionRemitted,
    CourtDecisionServed,
    CrimeDecided,
    FilingAccepted,
    FilingDeclined,
    HearingHeld,
    ProceedingsFallen,
    ProceedingsFiled,
    ProceedingsWithdrawn,
)

EndingEvent = FilingDeclined | CourtDecisionEnforced | ProceedingsWithdrawn | ProceedingsFallen
ProceedingsEvent = (
    ProceedingsFiled
    | FilingAccepted
    | HearingHeld
    | CourtDecided
    | CourtDecisionServed
    | CourtDecisionAppealed
    | CourtDecisionRemitted
    | EndingEvent
)


class Proceedings(OfCase, frozen=True, kw_only=True):
    """One file. `state`: filed, accepted, decided, served, appealed, enforced, refused, withdrawn or fallen.

    A decision that was served is in force from `in_force_on` on; that day comes without an event.
    """

    TABLE: ClassVar[str] = "proceedings"
    KEY: ClassVar[str] = "proceedings_id"
    proceedings_id: UUID
    child_id: UUID
    number_in_case: int = 0
    kind: str = ""
    state: str = ""
    brought_by: str = ""
    supported_by: str = ""
    authority: str = ""
    ground: UUID | None = None
    legal_basis: str = ""
    filed_on: date | None = None
    docket: str = ""
    accepted_on: date | None = None
    hearings: int = 0
    heard_on: date | None = None
    decision: str = ""
    grants: bool | None = None
    on_appeal: bool = False
    decision_paper: str = ""
    decided_on: date | None = None
    comply_by: date | None = None
    method: str = ""
    receipt: str = ""
    served_on: date | None = None
    appeal_until: date | None = None
    in_force_on: date | None = None
    appellant: str = ""
    appealed_on: date | None = None
    ended_paper: str = ""
    ended_on: date | None = None


def proceedings(row: Proceedings | None, told: Told[ProceedingsEvent]) -> Proceedings:
    """A file, step by step; a decision on appeal stands in the place of the one before."""
    event = told.event
    row = row or Proceedings(proceedings_id=event.proceedings_id, case_id=event.case_id, child_id=event.child_id)
    match event:
        case ProceedingsFiled():
            return replace(
                row,
                state="filed",
                number_in_case=event.number_in_case,
                kind=event.kind,
                brought_by=event.brought_by,
                supported_by=event.supported_by,
                authority=event.authority,
                ground=event.ground,
                legal_basis=event.legal_basis,
                filed_on=event.filed_on,
            )
        case FilingAccepted():
            return replace(row, state="accepted", docket=event.docket, accepted_on=event.accepted_on)
        case HearingHeld():
            return replace(row, hearings=row.hearings + 1, heard_on=event.heard_on)
        case CourtDecided():
            decided = {"decision": event.decision, "grants": event.grants, "decision_paper": event.paper}
            days = {"decided_on": event.decided_on, "comply_by": event.comply_by}
            return replace(_unserved(row), state="decided", on_appeal=event.on_appeal, **decided, **days)
        case CourtDecisionServed():
            served = {"method": event.method, "receipt": event.receipt, "served_on": event.served_on}
            days = {"appeal_until": event.appeal_until, "in_force_on": event.in_force_on}
            return replace(row, state="served", **served, **days)
        case CourtDecisionAppealed():
            appealed = {"appellant": event.appellant, "appealed_on": event.appealed_on}
            return replace(row, state="appealed", in_force_on=None, **appealed)
        case CourtDecisionRemitted():
            decided = {"decision": "remitted", "grants": None, "decision_paper": event.paper}
            days = {"decided_on": event.decided_on, "comply_by": None}
            return replace(_unserved(row), state="accepted", on_appeal=True, **decided, **days)
        case _:
            return _ended(row, event)


def _unserved(row: Proceedings) -> Proceedings:
    return replace(row, method="", receipt="", served_on=None, appeal_until=None, in_force_on=None)


def _ended(row: Proceedings, event: EndingEvent) -> Proceedings:
    match event:
        case FilingDeclined():
            return replace(row, state="refused", ended_paper=event.paper, ended_on=event.declined_on)
        case CourtDecisionEnforced():
            return replace(row, state="enforced", ended_paper=event.paper, ended_on=event.enforced_on)
        case ProceedingsWithdrawn():
            return replace(row, state="withdrawn", ended_paper=event.paper, ended_on=event.withdrawn_on)
        case ProceedingsFallen():
            return replace(row, state="fallen", ended_on=event.fell_on)
        case _:
            assert_never(event)


def crime_decided(row: Referral | None, told: Told[CrimeDecided]) -> Referral:
    """What became of a suspected crime that was handed over by a referral."""
    event = told.event
    row = row or Referral(referral_id=event.referral_id, case_id=event.case_id, child_id=event.child_id)
    decided = {"decision": event.decision, "decision_paper": event.paper, "decided_on": event.decided_on}
    return replace(row, to_unit=event.to, **decided)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=Proceedings, events=get_args(ProceedingsEvent), about=about("proceedings_id"), evolve=proceedings),
    Fold(row=Referral, events=(CrimeDecided,), about=about("referral_id"), evolve=crime_decided),
)
