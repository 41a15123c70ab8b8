"""What people said in their own words 原话, opened for those who follow it up: promises at a visit, reports of the public.

Such words are personal, so they stand in two narrow tables of their own, like names in `child_identity`, and leave them with
their person. Who told a report is not opened here: it stays sealed in the journal until somebody asks, see `supervision/informants.py`.
"""

from typing import Any, ClassVar, Final
from uuid import UUID

from msgspec.structs import replace

from gateway.readmodel.fold import Fold, Told, about
from gateway.readmodel.rows import OfChild, Row
from services.contracts.cases import PublicReportReceived
from services.contracts.envelope import Published
from services.contracts.oversight import PublicReportInformantNamed, PublicReportSupplemented, VisitRecorded

PERSONAL: Final[dict[type[Published], tuple[str, ...]]] = {
    VisitRecorded: ("promise",),
    PublicReportReceived: ("text",),
    PublicReportSupplemented: ("text",),
}
"""The sealed fields the projection opens."""


class VisitWords(OfChild, frozen=True, kw_only=True):
    """What a family promised at a visit 承诺; absent where it promised nothing or its child was erased."""

    TABLE: ClassVar[str] = "visit_words"
    KEY: ClassVar[str] = "visit_id"
    visit_id: UUID
    promise: str = ""


class ReportWords(Row, frozen=True, kw_only=True):
    """What a report of the public says 举报内容, and what whoever told it added since."""

    TABLE: ClassVar[str] = "report_words"
    KEY: ClassVar[str] = "report_id"
    report_id: UUID
    township: str = ""
    text: str = ""
    supplements: tuple[str, ...] = ()


def visit_words(_: VisitWords | None, told: Told[VisitRecorded]) -> VisitWords | None:
    """A promise as it was given."""
    promise = (told.opened or {}).get("promise")
    if not promise:
        return None
    return VisitWords(visit_id=told.event.visit_id, child_id=told.event.child_id, promise=promise)


def report_words(
    row: ReportWords | None, told: Told[PublicReportReceived | PublicReportSupplemented]
) -> ReportWords | None:
    """A report's words, while its key is there."""
    if told.opened is None:
        return None
    event, text = told.event, told.opened["text"]
    row = row or ReportWords(report_id=event.report_id, township=event.township)
    if isinstance(event, PublicReportSupplemented):
        return replace(row, supplements=(*row.supplements, text))
    return replace(row, text=text)


FOLDS: Final[tuple[Fold[Any], ...]] = (
    Fold(row=VisitWords, events=(VisitRecorded,), about=about("visit_id"), evolve=visit_words),
    Fold(
        row=ReportWords,
        events=(PublicReportReceived, PublicReportSupplemented),
        about=about("report_id"),
        evolve=report_words,
    ),
)
IGNORED: Final[frozenset[type[Published]]] = frozenset({PublicReportInformantNamed})
