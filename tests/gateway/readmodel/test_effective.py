"""From which day what an event says holds, for every event there is."""

from datetime import date, timedelta

from gateway.readmodel import projection  # noqa: F401  # so that every contract is known
from gateway.readmodel.effective import as_it_was, field_of, holds_from
from gateway.readmodel.fold import Told
from services.contracts.cases import CaseVerificationBegun, PersuasionRecorded, ResponsibilityEnded, StepPaused
from services.contracts.envelope import Published, wire_types
from services.contracts.restriction import ChildRestricted
from services.contracts.roster import DeferralApproved, SchoolingStated
from tests.gateway.readmodel.telling import DAY, START, Story, envelope, made, owed, sealed


def told(event: Published, *, day: int, producer: str = "cases") -> Told[Published]:
    """The event, recorded so many days after `DAY`."""
    story = Story(producer, made("thing"), (event,))
    return Told(envelope(story, 0, position=day + 1, recorded_at=START + timedelta(days=day)), event)


def test_of_every_published_event_can_be_told_from_when_it_holds() -> None:
    for event in wire_types().values():
        assert field_of(event) is None or field_of(event) in event.__struct_fields__


def test_an_act_holds_from_its_day_an_end_from_the_last_one_and_what_says_nothing_from_its_recording() -> None:
    assert field_of(PersuasionRecorded) == "made_on"
    assert field_of(DeferralApproved) == "from_on"
    assert field_of(ResponsibilityEnded) == "until_on"
    assert field_of(StepPaused) == "paused_on"
    assert field_of(ChildRestricted) is None  # it says until when
    begun = CaseVerificationBegun(case_id=made("thing"), child_id=made("child", 1), owed=owed())
    assert holds_from(told(begun, day=4)) == DAY + timedelta(days=4)


def test_what_a_register_states_late_of_an_earlier_day_held_then() -> None:
    def stated(school: str, valid_on: date, day: int) -> Told[Published]:
        event = SchoolingStated(
            child_id=made("child", 1), school=school, school_name="", stage="", grade="", status="", valid_on=valid_on
        )
        return told(event, day=day, producer="roster")

    later, earlier = stated("2", DAY, 0), stated("1", DAY - timedelta(days=30), 5)

    assert list(as_it_was([later, earlier], on=DAY - timedelta(days=1))) == [earlier]
    assert list(as_it_was([later, earlier], on=None)) == [later, earlier]


def test_nothing_of_a_case_holds_before_what_it_followed() -> None:
    of_case = {"case_id": made("thing"), "child_id": made("child", 1)}
    begun = told(CaseVerificationBegun(**of_case, owed=owed()), day=3)
    note = sealed(made("child", 1), "\u8bb0\u5f55")
    told_late = PersuasionRecorded(**of_case, method="phone", outcome="", note=note, made_on=DAY, owed=owed())
    persuaded = told(told_late, day=4)

    assert list(as_it_was([begun, persuaded], on=DAY)) == []
    assert list(as_it_was([begun, persuaded], on=DAY + timedelta(days=3))) == [begun, persuaded]
