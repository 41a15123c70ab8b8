"""Requests about what is held of a child: received, owed by a day, answered with what was done and by nobody's mere word."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from services.cases import policy
from services.cases.data_requests import DataRequests
from services.cases.domain.data_request import DataRequest
from services.cases.domain.late_reply import LateReply
from services.chassis.errors import Forbidden, Refused
from services.chassis.working_days import add_working_days
from services.contracts import roster
from services.contracts.envelope import Published
from services.contracts.restriction import ChildRestricted
from tests.cases.given import CHILD, MONDAY, acting_on, days
from tests.cases.in_memory import MemoryCases

TOWNSHIP, BUREAU, SCHOOL = "township:410326103", "education_bureau:410326", "school:3141000300"
SHA = "ab" * 32


class Counter:
    """A township's counter, on cases in memory."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.requests = DataRequests(cases=self.cases)

    def receives(
        self, kind: str, *, about: str = "", asked_by: str = "mother", seen: str = "household_register"
    ) -> UUID:
        """A request, of whom who asks was looked at unless `seen` is empty."""
        request_id = self.requests.receive_data_request(
            child_id=CHILD, township="410326103", kind=kind, asked_by=asked_by, request="想看登记内容", about=about
        ).id
        if seen:
            self.requests.check_requester(request_id=request_id, shown=seen)
        return request_id

    def hears(self, event: Published) -> None:
        """The roster tells something."""
        policy.react(self.cases, None, event)  # type: ignore[arg-type]  # this policy asks for no envelope

    def request(self, request_id: UUID) -> DataRequest:
        """As it stands."""
        return self.cases.get(DataRequest, request_id)

    def ends(self) -> list[tuple[str, str]]:
        """How requests ended."""
        return [
            ("declined", event.ground) if isinstance(event, DataRequest.Declined) else ("answered", event.outcome)
            for event in self.cases.memory.log
            if isinstance(event, DataRequest.Answered | DataRequest.Declined)
        ]


@pytest.fixture
def counter() -> Iterator[Counter]:
    with acting_on(MONDAY, department=TOWNSHIP):
        yield Counter()


def test_a_request_is_owed_by_the_counters_unit_within_fifteen_working_days_under_a_rule_with_its_law(
    counter: Counter,
) -> None:
    counter.receives("copy", seen="")

    [received] = counter.cases.told(DataRequest.Received)
    assert (received.owed_by, received.due_on) == (TOWNSHIP, add_working_days(MONDAY, 15))
    assert "个人信息保护法第五十条" in received.legal_basis
    assert received.receipt_number.startswith(f"QL{MONDAY:%Y%m%d}-")


def test_nothing_of_a_child_is_told_before_it_was_seen_who_asks(counter: Counter) -> None:
    request = counter.receives("access", seen="")
    with pytest.raises(Refused, match="see who asks first"):
        counter.requests.answer_data_request(request_id=request, outcome="provided", answer="已提供", content=SHA)
    with pytest.raises(Refused, match="guardian shows that they are the guardian"):
        counter.requests.check_requester(request_id=request, shown="own_document")
    counter.requests.check_requester(request_id=request, shown="birth_certificate")
    with pytest.raises(Refused, match="name its SHA-256"):
        counter.requests.answer_data_request(request_id=request, outcome="provided", answer="已提供")
    counter.requests.answer_data_request(request_id=request, outcome="provided", answer="已提供", content=SHA)
    assert counter.ends() == [("answered", "provided")]
    with pytest.raises(Refused, match="answered or refused on"):
        counter.requests.decline_data_request(request_id=request, ground="withdrawn", answer="请求人撤回")


def test_a_correction_of_who_a_child_is_waits_until_the_roster_says_it(counter: Counter) -> None:
    request = counter.receives("correction", about="identity")
    with pytest.raises(Refused, match="still says what it said"):
        counter.requests.answer_data_request(request_id=request, outcome="corrected", answer="已更正")

    counter.hears(_corrected())

    counter.requests.answer_data_request(request_id=request, outcome="corrected", answer="已更正")
    assert counter.ends() == [("answered", "corrected")]


@pytest.mark.parametrize("done", ["erased", "restricted"])
def test_that_data_was_deleted_is_told_by_the_roster_and_said_by_nobody(counter: Counter, done: str) -> None:
    deletion, seen = counter.receives("deletion"), counter.receives("access")
    with pytest.raises(Refused, match="not said by hand"):
        counter.requests.answer_data_request(request_id=deletion, outcome=done, answer="已删除")

    told = (
        roster.ChildErased(child_id=CHILD, reason="guardian asked")
        if done == "erased"
        else ChildRestricted(child_id=CHILD, basis="档案法", until=MONDAY)
    )
    counter.hears(told)
    counter.hears(told)

    assert counter.ends() == [("answered", done)]
    assert counter.request(seen).ended_on is None


def test_a_refusal_names_a_ground_of_the_list_and_the_law_it_rests_on(counter: Counter) -> None:
    request = counter.receives("deletion")
    with pytest.raises(Refused, match="No ground of refusal"):
        counter.requests.decline_data_request(request_id=request, ground="no_time", answer="太忙")
    with pytest.raises(Refused, match="who asks was seen"):
        counter.requests.decline_data_request(request_id=request, ground="identity_not_shown", answer="未带证件")
    counter.requests.decline_data_request(request_id=request, ground="statutory_retention", answer="须保存至期满")
    [declined] = counter.cases.told(DataRequest.Declined)
    assert declined.legal_basis == "个人信息保护法第四十七条"


def test_it_is_answered_by_the_unit_that_owes_it_and_handed_on_by_that_or_the_bureau(counter: Counter) -> None:
    request = counter.receives("explanation")
    with acting_on(MONDAY, department=SCHOOL), pytest.raises(Forbidden):
        counter.requests.assign_data_request(request_id=request, unit=SCHOOL)
    counter.requests.assign_data_request(request_id=request, unit=BUREAU, officer="officer-2")
    with pytest.raises(Forbidden, match="owes the answer"):
        counter.requests.answer_data_request(request_id=request, outcome="explained", answer="已说明")
    with acting_on(MONDAY, department=BUREAU):
        counter.requests.answer_data_request(request_id=request, outcome="explained", answer="已说明")
    assert counter.ends() == [("answered", "explained")]


def test_what_is_not_answered_in_time_goes_up_level_by_level_until_it_is(counter: Counter) -> None:
    request = counter.receives("explanation")
    last = add_working_days(MONDAY, 15)
    counter.cases.pass_day(last)
    assert not counter.cases.told(LateReply.Noted)
    _pass(counter, last + days(1), until=last + days(10))
    late = [event.up_to for event in counter.cases.memory.log if isinstance(event, LateReply.Noted | LateReply.Climbed)]
    assert late == ["education_bureau", "county_government"]
    with acting_on(last + days(11), department=TOWNSHIP):
        counter.requests.answer_data_request(request_id=request, outcome="explained", answer="已说明")
    counter.cases.pass_day(last + days(11))
    assert counter.cases.told(LateReply.Settled)
    assert counter.cases.told(DataRequest.Answered)[0].late


def test_requests_about_one_child_have_numbers_of_their_own(counter: Counter) -> None:
    first, second = counter.receives("access"), counter.receives("access")
    assert first != second
    assert second == DataRequest.id_of(CHILD, 2)
    with pytest.raises(Refused, match="what is to be corrected"):
        counter.receives("access", about="identity")


def _pass(counter: Counter, day: date, *, until: date) -> None:
    while day <= until:
        counter.cases.pass_day(day)
        day += days(1)


def _corrected() -> roster.IdentityCorrected:
    sealed = dict.fromkeys(("name", "id_number", "birth_date", "guardian_name", "guardian_phone"), "sealed:1:abc")
    return roster.IdentityCorrected(child_id=CHILD, sex="female", grounds=(), **sealed)
