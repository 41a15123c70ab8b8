"""What cases tells: everything its contract promises, of the right event, and nothing private."""

import inspect
from dataclasses import asdict, is_dataclass
from typing import Any, get_type_hints

import msgspec
import pytest

from services.cases.domain.admonition import Accountability, Admonition
from services.cases.domain.assignment import Assignment
from services.cases.domain.attachment import Attachment
from services.cases.domain.case import Case
from services.cases.domain.county_report import CountyReport
from services.cases.domain.data_request import DataRequest
from services.cases.domain.disclosure import Disclosure
from services.cases.domain.disclosure_ledger import DisclosureLedger
from services.cases.domain.document import Document
from services.cases.domain.entry_cohort import EntryCohort
from services.cases.domain.inspection import Inspection
from services.cases.domain.ladder import State
from services.cases.domain.late_reply import LateReply, NearReply
from services.cases.domain.letter import AssistanceLetter, ProcuratorateNotice
from services.cases.domain.number_book import NumberBook
from services.cases.domain.pack import StatisticsPack
from services.cases.domain.persuasion_list import PersuasionList
from services.cases.domain.post import Post
from services.cases.domain.proceedings import Proceedings
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.cases.domain.statement import Statement
from services.cases.domain.visit import Visit, VisitPlan
from services.cases.domain.zero_report import ZeroReport
from services.cases.publisher import publish
from services.chassis.aggregate import RecordedAggregate
from services.contracts import cases as told
from services.contracts import data_requests, disclosure, oversight, proceedings, statistics
from services.contracts.envelope import Published
from services.contracts.near_replies import ReplyFallsDue
from tests.cases.given import MONDAY, acting_on, brought_to, days
from tests.cases.lives import all_lives

AGGREGATES: tuple[type[RecordedAggregate], ...] = (
    Attachment, Case, Document, NumberBook, Referral, PublicReport, Assignment, Post, Visit, VisitPlan, PersuasionList, Statement, Inspection,
    Admonition, Accountability, ZeroReport, AssistanceLetter, ProcuratorateNotice, LateReply, NearReply, CountyReport,
    Disclosure, DisclosureLedger, Proceedings, StatisticsPack, EntryCohort, DataRequest,
)  # fmt: skip
PRIVATE = {Case.ClearanceLapsed} | {
    NumberBook.Opened,
    NumberBook.Taken,
    DisclosureLedger.Opened,
    DisclosureLedger.Entered,
    EntryCohort.Opened,
}
EVENTS = [event for aggregate in all_lives() for event in aggregate.pending_events]


def event_classes() -> set[type]:
    """Every event the service can record."""
    return {
        member
        for aggregate in AGGREGATES
        for member in vars(aggregate).values()
        if inspect.isclass(member) and issubclass(member, RecordedAggregate.Event) and member.__name__ != "Event"
    }


def wire_types() -> set[type[Published]]:
    """Every event the contract promises."""
    return {
        member
        for module in (told, oversight, disclosure, data_requests, proceedings, statistics)
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Published) and member is not Published
    } | {ReplyFallsDue}


def test_the_lives_told_in_these_tests_hold_every_event_of_the_service() -> None:
    assert {type(event) for event in EVENTS} == event_classes()


def test_everything_the_contract_promises_is_told() -> None:
    assert {type(publish(event)) for event in EVENTS} - {type(None)} == wire_types()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__qualname__)
def test_an_event_is_told_in_full_unless_it_is_the_services_own_matter(event: Any) -> None:
    published = publish(event)

    if type(event) in PRIVATE:
        assert published is None
        return
    assert published is not None
    assert msgspec.json.decode(msgspec.json.encode(published), type=type(published)) == published
    shared = get_type_hints(type(event)).keys() & set(published.__struct_fields__) - {
        "owed",
        "expired",
        "content",
        "reached",
    }
    assert shared
    assert all(plain(getattr(published, name)) == plain(getattr(event, name)) for name in shared)


def plain(value: Any) -> Any:
    """A value of several parts as its parts by name, whichever of the two languages says it."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def test_the_next_step_owed_is_told_as_it_was_recorded() -> None:
    case = brought_to(State.CONFIRMED)
    published = publish(case.pending_events[-1])

    assert isinstance(published, told.CaseConfirmed)
    assert msgspec.structs.asdict(published.owed) == {
        "step": "persuade",
        "by": "teacher",
        "due_on": MONDAY + days(3),
        "rule": "N2.2-persuade-2026",
        "legal_basis": "义务教育法第十三条;县控辍保学通知二(二)",
    }


def test_a_note_is_passed_on_as_the_sealed_text_it_is() -> None:
    case = brought_to(State.CONFIRMED)
    with acting_on(MONDAY):
        case.persuade(method="phone", outcome="refused", note="sealed:1:abc", made_on=MONDAY, today=MONDAY)

    published = publish(case.pending_events[-1])

    assert isinstance(published, told.PersuasionRecorded)
    assert published.note == "sealed:1:abc"


def test_what_isnt_of_this_service_is_not_told() -> None:
    assert publish(object()) is None
