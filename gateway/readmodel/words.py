"""What was said and written in free words 原话, opened for those who follow it up: promises at a visit, notes of whoever went
there, reports of the public and what looking into them found.

Such words are personal, so they stand in narrow tables of their own, like names in `child_identity`, and leave them with
their person. Who told a report is not opened here: it stays sealed in the journal until somebody asks, see `supervision/informants.py`.
"""

from typing import Any, ClassVar, Final, assert_never, get_args
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfCase, OfChild, Row
from services.contracts.cases import ChildSearched, PersuasionRecorded, PublicReportInquired, PublicReportReceived
from services.contracts.envelope import Published
from services.contracts.oversight import PublicReportInformantNamed, PublicReportSupplemented, VisitRecorded

PERSONAL: Final[dict[type[Published], tuple[str, ...]]] = {
    VisitRecorded: ("promise",),
    PersuasionRecorded: ("note",),
    ChildSearched: ("note",),
    PublicReportReceived: ("text",),
    PublicReportInquired: ("note",),
    PublicReportSupplemented: ("text",),
}
"""The sealed fields the projection opens."""


class VisitWords(OfChild, frozen=True, kw_only=True):
    """What a family promised at a visit 承诺; absent where it promised nothing or its child was erased."""

    TABLE: ClassVar[str] = "visit_words"
    KEY: ClassVar[str] = "visit_id"
    visit_id: UUID
    promise: str = ""


class StepWords(OfCase, frozen=True, kw_only=True):
    """What whoever persuaded or searched wrote down 记录, by the step of its case; absent where nothing, or the child was erased."""

    TABLE: ClassVar[str] = "step_words"
    KEY: ClassVar[str] = "event_id"
    OF_ONE_EVENT: ClassVar[bool] = True
    event_id: UUID
    child_id: UUID
    note: str = ""


class ReportWords(Row, frozen=True, kw_only=True):
    """What a report of the public says 举报内容, what whoever told it added since, and what each look into it found."""

    TABLE: ClassVar[str] = "report_words"
    KEY: ClassVar[str] = "report_id"
    report_id: UUID
    township: str = ""
    text: str = ""
    supplements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


ReportEvent = PublicReportReceived | PublicReportSupplemented | PublicReportInquired


def visit_words(_: VisitWords | None, told: Told[VisitRecorded]) -> VisitWords | None:
    """A promise as it was given."""
    promise = (told.opened or {}).get("promise")
    if not promise:
        return None
    return VisitWords(visit_id=told.event.visit_id, child_id=told.event.child_id, promise=promise)


def step_words(_: StepWords | None, told: Told[PersuasionRecorded | ChildSearched]) -> StepWords | None:
    """A note as it was written."""
    note = (told.opened or {}).get("note")
    if not note:
        return None
    return StepWords(event_id=told.envelope.id, case_id=told.event.case_id, child_id=told.event.child_id, note=note)


def report_words(row: ReportWords | None, told: Told[ReportEvent]) -> ReportWords | None:
    """A report's words, while its key is there."""
    if told.opened is None:
        return None
    event, opened = told.event, told.opened
    row = row or ReportWords(report_id=event.report_id, township=event.township)
    match event:
        case PublicReportReceived():
            return replace(row, text=opened["text"])
        case PublicReportSupplemented():
            return replace(row, supplements=(*row.supplements, opened["text"]))
        case PublicReportInquired():
            return replace(row, notes=(*row.notes, opened["note"])) if opened["note"] else row
        case _:
            assert_never(event)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=VisitWords, events=(VisitRecorded,), about=about("visit_id"), evolve=visit_words),
    Fold(
        row=StepWords,
        events=(PersuasionRecorded, ChildSearched),
        about=lambda told: told.envelope.id,
        evolve=step_words,
    ),
    Fold(row=ReportWords, events=get_args(ReportEvent), about=about("report_id"), evolve=report_words),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset({PublicReportInformantNamed})
