"""A hand-over is open until the other school has the child."""

from itertools import pairwise

import pytest

from services.chassis.aggregate import NobodyActing
from services.chassis.errors import Refused
from services.chassis.working_days import working_days_between
from services.roster.domain.transfer import HANDS, WORKING_DAYS, Transfer, hand_due_on
from tests.roster.given import CHILD, MONDAY, OTHER_SCHOOL, SCHOOL, acting_on, days, happened, replayed, state_of


def opened() -> Transfer:
    with acting_on():
        return Transfer.open(transfer_id=CHILD, child_id=CHILD, from_school=SCHOOL, to_place="洛阳市", today=MONDAY)


def test_a_transfer_says_by_when_the_other_school_must_have_the_child() -> None:
    transfer = opened()

    assert working_days_between(MONDAY, transfer.due_on) == 40
    assert transfer.completed_on is None


def test_each_of_the_four_hands_has_ten_working_days() -> None:
    ends = [MONDAY, *(hand_due_on(MONDAY, hand) for hand in range(1, len(HANDS) + 1))]

    assert [working_days_between(begin, end) for begin, end in pairwise(ends)] == [WORKING_DAYS] * 4


def test_a_transfer_is_begun_by_somebody() -> None:
    with pytest.raises(NobodyActing):
        Transfer.open(transfer_id=CHILD, child_id=CHILD, from_school=SCHOOL, to_place="洛阳市", today=MONDAY)


def test_a_transfer_is_complete_when_the_other_school_has_the_child_be_it_late() -> None:
    transfer = opened()
    late = hand_due_on(MONDAY, len(HANDS)) + days(1)

    with acting_on(late):
        transfer.complete(to_school=OTHER_SCHOOL, today=late)

    assert transfer.completed_on == late
    completed = transfer.pending_events[-1]
    assert isinstance(completed, Transfer.Completed)
    assert (completed.child_id, completed.to_school) == (CHILD, OTHER_SCHOOL)


def test_a_transfer_cannot_be_completed_again() -> None:
    transfer = opened()
    with acting_on():
        transfer.complete(to_school=OTHER_SCHOOL, today=MONDAY)
        with pytest.raises(Refused, match="complete already"):
            transfer.complete(to_school=SCHOOL, today=MONDAY)

    assert happened(transfer) == ["Completed"]
    assert state_of(replayed(transfer)) == state_of(transfer)
