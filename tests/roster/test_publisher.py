"""What the roster tells: everything its contract promises, of the right event, and nothing personal in the clear."""

import inspect
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from services.chassis.aggregate import RecordedAggregate
from services.contracts import deliveries as told_of_deliveries
from services.contracts import field_check as told_of_field_check
from services.contracts import guardian_letters as told_of_letters
from services.contracts import restriction as told_of_restriction
from services.contracts import review as told_of_review
from services.contracts import roster as told
from services.contracts.envelope import Published, Sealed
from services.contracts.roster import FindingsFallDue
from services.roster.domain.child import Child
from services.roster.domain.column_mapping import ColumnMapping
from services.roster.domain.deferral import Deferral
from services.roster.domain.delivery import Delivery
from services.roster.domain.doubt import Doubt
from services.roster.domain.field_check import FOUND, FieldCheck
from services.roster.domain.field_round import FieldRound
from services.roster.domain.four_checks import FourChecks
from services.roster.domain.guardian_letter import GuardianLetter, LetterRun
from services.roster.domain.home_hours import HomeHours
from services.roster.domain.near_findings import NearFindings
from services.roster.domain.placement import Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.schooling_elsewhere import SchoolingElsewhere
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer
from services.roster.publisher import publish
from services.roster.reconcile.model import AccountedState
from tests.roster.lives import all_lives

AGGREGATES: tuple[type[RecordedAggregate], ...] = (
    Child,
    ColumnMapping,
    Deferral,
    Delivery,
    Doubt,
    FieldCheck,
    FieldRound,
    FourChecks,
    GuardianLetter,
    HomeHours,
    LetterRun,
    NearFindings,
    Placement,
    RegisterBatch,
    SchoolingElsewhere,
    TermCheckIn,
    Transfer,
)
PRIVATE = {
    Child.Absorbed,
    Child.Released,
    Child.Excused,
    Child.ExcuseEnded,
    Child.Placed,
    Child.PlacementEnded,
    FourChecks.Begun,
    Delivery.Accepted,
    FieldCheck.Locked,
    FieldCheck.Unlocked,
    FieldRound.Begun,
    FieldRound.Extended,
    HomeHours.Begun,
    HomeHours.Counted,
}
"""The roster's own matter: an entry that goes on as another is told by the
other's merge; what excuses or places a child by the deferral, the proof or the placement;
hours at home are assistance's to tell; that a delivery is wanted shows when it is in force;
that lists are locked shows by the submission they are in, and a round by its lists."""
EVENTS: list[Any] = [event for aggregate in all_lives() for event in aggregate.pending_events]
_CONTRACTS = (told, told_of_review, told_of_field_check, told_of_letters, told_of_deliveries, told_of_restriction)
SHARED_BY_ANOTHER_NAME = {
    "answers",
    "caused",
    "expected",
    "school_years",
    "schooling",
    "groups",
    "grounds",
    "links",
    "sources",
    "batches",
    "columns",
    "places",
}


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
        for contract in _CONTRACTS
        for member in vars(contract).values()
        if inspect.isclass(member) and issubclass(member, Published) and member is not Published
    } | {FindingsFallDue}


def test_the_lives_told_in_these_tests_hold_every_event_of_the_service() -> None:
    assert {type(event) for event in EVENTS} == event_classes()


def test_everything_the_contract_promises_is_told() -> None:
    assert {type(publish(event)) for event in EVENTS} - {type(None)} == wire_types()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__qualname__)
def test_an_event_is_told_in_full_unless_it_is_the_rosters_own_matter(event: Any) -> None:
    published = publish(event)

    if type(event) in PRIVATE:
        assert published is None
        return
    assert published is not None
    assert msgspec.json.decode(msgspec.json.encode(published), type=type(published)) == published
    shared = get_type_hints(type(event)).keys() & set(published.__struct_fields__) - SHARED_BY_ANOTHER_NAME
    assert all(getattr(published, name) == getattr(event, name) for name in shared)
    assert getattr(published, "child_id", None) in {getattr(event, "child_id", event.originator_id), None}


def test_every_field_of_a_statement_is_told_by_its_own_name() -> None:
    for event in EVENTS:
        published = publish(event)
        for part in ("schooling", "groups"):
            if hasattr(event, part):
                stated = getattr(event, part)
                assert all(getattr(published, name) == getattr(stated, name) for name in stated.__slots__)


def test_where_a_fact_comes_from_is_told_with_it() -> None:
    for event in EVENTS:
        published = publish(event)
        if isinstance(published, told.ChildRegistered | told.IdentityCorrected):
            assert [msgspec.structs.asdict(ground) for ground in published.grounds] == [
                {name: getattr(ground, name) for name in ground.__slots__} for ground in event.grounds
            ]


def test_why_rows_are_one_child_is_told_with_its_score_and_in_both_languages() -> None:
    (linked,) = [event for event in EVENTS if isinstance(event, Child.RowsLinked)]
    published = publish(linked)

    assert isinstance(published, told.RowsLinked)
    weighed = published.links[1]
    assert (weighed.register, weighed.row, weighed.other_register, weighed.other_row) == ("hukou", 7, "poverty", 12)
    assert (weighed.rule, weighed.score) == (linked.links[1].rule, 0.9973)
    assert weighed.words == f"{weighed.rule} (姓名同音、出生日期相同、同村、监护人相同或相近)"
    assert len(published.grounds) == 3


def test_the_rows_of_a_doubt_are_told_side_by_side() -> None:
    for event in EVENTS:
        if isinstance(event, Doubt.Raised | Doubt.RaisedAgain):
            published = publish(event)
            assert isinstance(published, told_of_review.DoubtRaised)
            assert [(pair.register, pair.row, pair.other_register, pair.other_row) for pair in published.pairs] == [
                (pair.of_child.register, pair.of_child.row, pair.of_other.register, pair.of_other.row)
                for pair in event.grounds
            ]
            assert (published.child_rows, published.other_rows) == (event.child_rows, event.other_rows)
            assert [(pair.agree, pair.differ) for pair in published.pairs] == [
                (pair.agree, pair.differ) for pair in event.grounds
            ]


def test_a_closed_check_in_counts_who_came() -> None:
    (closed,) = [event for event in EVENTS if isinstance(event, TermCheckIn.Closed)]
    published = publish(closed)

    assert isinstance(published, told.TermCheckInClosed)
    assert published.present + len(published.absent) == published.expected == 3


def test_whoever_checks_in_is_told_once() -> None:
    came = [publish(event) for event in EVENTS if isinstance(event, TermCheckIn.Present)]

    assert all(isinstance(published, told.ChildrenCheckedIn) for published in came)
    children = [child for published in came for child in published.children]
    assert len(children) == len(set(children)) == 2


def test_whatever_is_personal_in_the_roster_is_sealed_in_the_contract() -> None:
    for published in (told.ChildRegistered, told.IdentityCorrected):
        fields = get_type_hints(published)
        assert {name for name, kind in fields.items() if kind is Sealed} == {
            "name",
            "id_number",
            "birth_date",
            "guardian_name",
            "guardian_phone",
        }


def test_the_states_of_the_comparison_are_those_of_the_contract() -> None:
    assert {state.value for state in AccountedState} == set(get_args(told.AccountedState))


def test_what_is_found_at_the_door_is_called_alike_on_both_sides() -> None:
    assert frozenset(get_args(told_of_field_check.FieldFound)) == FOUND


def test_what_isnt_of_this_service_is_not_told() -> None:
    assert publish(object()) is None
