"""A hand-over is open until the other school has the child."""

import pytest

from services.chassis.aggregate import NobodyActing
from services.chassis.errors import Refused
from services.roster.domain.transfer import TERM_DAYS, Transfer
from tests.roster.given import CHILD, MONDAY, OTHER_SCHOOL, SCHOOL, acting_on, days, happened, replayed, state_of


def opened() -> Transfer:
    with acting_on():
        return Transfer.open(transfer_id=CHILD, child_id=CHILD, from_school=SCHOOL, to_place="洛阳市", today=MONDAY)


def test_a_transfer_says_by_when_the_other_school_must_have_the_child() -> None:
    transfer = opened()

    assert transfer.due_on == MONDAY + days(TERM_DAYS)
    assert transfer.completed_on is None


def test_a_transfer_is_begun_by_somebody() -> None:
    with pytest.raises(NobodyActing):
        Transfer.open(transfer_id=CHILD, child_id=CHILD, from_school=SCHOOL, to_place="洛阳市", today=MONDAY)


def test_a_transfer_is_complete_when_the_other_school_has_the_child_be_it_late() -> None:
    transfer = opened()
    late = MONDAY + days(TERM_DAYS + 1)

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
