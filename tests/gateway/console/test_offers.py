"""What is offered of a case: what its state allows, and not what the service would surely refuse."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from itertools import product
from typing import Any

import pytest

from gateway.console.views.offers import ONLY_WHERE, of_case
from gateway.schema.rights import command_of
from services.cases.domain.case import Case
from services.cases.domain.ladder import OPEN, State
from services.chassis.errors import Refused
from tests.cases.given import acting_on, brought_to, clearance, days
from tests.cases.test_case import ATTEMPTS

TODAY, YESTERDAY, TOMORROW = "2026-09-14", "2026-09-13", "2026-09-15"
ASKED = {"clearanceAsked": "R8", "clearanceAskedBy": "officer-1"}
DEFERRED = {"clearanceAsked": "R9", "clearanceAskedBy": "officer-1"}
LONGER = {"extensionAsked": 3, "extensionAskedBy": "officer-1"}


def offered(state: str, *, account: str = "officer-2", **facts: Any) -> set[str]:
    """What an account is offered of a case in a state."""
    return set(of_case({"state": state, **facts}, account=account, today=TODAY))


def paper(kind: str, *, expires: str, **more: str) -> dict[str, Any]:
    """A served paper whose term runs out on a day."""
    return {"kind": kind, "servedOn": "2026-08-01", "expiresOn": expires, **more}


def test_a_clearance_is_asked_for_where_none_waits_and_answered_where_one_does() -> None:
    answers = {"approveClearance", "declineClearance"}

    assert offered("verifying") & {"requestClearance", *answers} == {"requestClearance"}
    assert offered("verifying", **ASKED) & {"requestClearance", *answers} == answers


def test_who_asked_for_a_clearance_is_not_offered_its_approval_but_may_take_it_back() -> None:
    own = offered("verifying", account="officer-1", **ASKED)

    assert "approveClearance" not in own
    assert "declineClearance" in own


def test_a_deferral_that_ran_out_while_it_waited_can_only_be_declined() -> None:
    assert "approveClearance" in offered("verifying", **DEFERRED, clearanceUntil=TOMORROW)
    assert offered("verifying", **DEFERRED, clearanceUntil=TODAY) & {"approveClearance", "declineClearance"} == {
        "declineClearance"
    }


def test_more_time_is_asked_for_once_and_granted_by_another() -> None:
    answers = {"grantExtension", "declineExtension"}

    assert offered("reported") & {"requestExtension", *answers} == {"requestExtension"}
    assert offered("reported", **LONGER) & {"requestExtension", *answers} == answers
    assert offered("reported", account="officer-1", **LONGER) & answers == {"declineExtension"}


def test_a_clock_that_runs_is_paused_and_one_that_stands_is_made_to_run() -> None:
    clock = {"pauseStep", "resumeStep"}

    assert offered("persuading") & clock == {"pauseStep"}
    assert offered("persuading", pausedUntil=TOMORROW) & clock == {"resumeStep"}


def test_what_is_late_is_done_and_neither_paused_nor_given_more_time() -> None:
    assert not offered("persuading", overdue=True) & {"pauseStep", "requestExtension"}


@pytest.mark.parametrize(
    ("state", "kind", "act"),
    [
        ("ordered", "order_to_correct", "issuePenalty"),
        ("penalised", "penalty_decision", "issueDemand"),
        ("demanded", "performance_notice", "takeToJustice"),
        ("ordered", "order_to_correct", "fileProceedings"),
    ],
)
def test_nothing_follows_a_paper_before_its_term_is_over_or_once_it_was_complied_with(
    state: str, kind: str, act: str
) -> None:
    assert act not in offered(state, documents=[paper(kind, expires=TODAY)])
    assert act in offered(state, documents=[paper(kind, expires=YESTERDAY)])
    assert act not in offered(state, documents=[paper(kind, expires=YESTERDAY, result="complied")])
    set_aside = paper(kind, expires=TOMORROW, result="set_aside")
    assert act in offered(state, documents=[paper(kind, expires=YESTERDAY), set_aside])


def test_somebody_goes_to_court_once_at_a_time() -> None:
    assert "fileProceedings" not in offered("judicial", proceedings=[{"state": "accepted"}])
    assert "fileProceedings" in offered("judicial", proceedings=[{"state": "refused"}])


def test_a_case_is_closed_when_its_watch_is_over() -> None:
    assert "closeCase" not in offered("watched", watchUntil=TOMORROW)
    assert "closeCase" in offered("watched", watchUntil=TODAY)


def test_of_a_case_that_has_ended_nothing_is_offered() -> None:
    assert offered("cleared", **ASKED) == set()


ASKED_FOR: dict[str, Callable[[Case, date, str], object]] = {
    "nothing": lambda _case, _day, _by: None,
    "clearance": lambda case, day, by: case.ask_clearance(clearance=clearance(on=day, asked_by=by)),
    "deferral": lambda case, day, by: case.ask_clearance(
        clearance=clearance("R9", evidence_kind="deferral_approval", asked_by=by, expires_on=day + days(1), on=day)
    ),
    "more time": lambda case, day, by: case.ask_extension(days=1, reason="flood", asked_by=by, today=day),
    "a pause": lambda case, day, _by: case.pause(reason="hospital", today=day),
}
KINDS = {State.ORDERED: "order_to_correct", State.PENALISED: "penalty_decision", State.DEMANDED: "performance_notice"}


def as_shown(case: Case, *, today: date) -> dict[str, Any]:
    """A case as the gateway shows it."""
    asked, more, pause = case.clearance, case.clock.asked, case.clock.pause
    return {
        "state": str(case.state),
        "overdue": case.owed.due_on < today,
        "pausedUntil": None if pause is None else str(pause.until_on),
        "watchUntil": None if case.watch_until is None else str(case.watch_until),
        "clearanceAsked": "" if asked is None else asked.resolution,
        "clearanceAskedBy": "" if asked is None else asked.asked_by,
        "clearanceUntil": None if asked is None or asked.expires_on is None else str(asked.expires_on),
        "extensionAsked": 0 if more is None else more.days,
        "extensionAskedBy": "" if more is None else more.asked_by,
        "documents": [
            paper(KINDS[pressed.state], expires=str(pressed.expires_on))
            for pressed in case.pressed
            if pressed.state in KINDS
        ],
    }


def is_taken(case: Case, act: str, *, on: date) -> bool:
    """Whether the service takes an act of officer-2 on a day."""
    with acting_on(on):
        try:
            ATTEMPTS[act](deepcopy(case), on)
        except Refused:
            return False
    return True


@pytest.mark.parametrize("state", sorted(OPEN))
def test_whatever_was_asked_for_an_act_is_offered_where_the_service_takes_it_and_nowhere_else(state: State) -> None:
    """All but what only the service knows: it is said in the decision record 0101."""
    for what, asked_by, after in product(ASKED_FOR, ("officer-1", "officer-2"), (0, 2)):
        case = brought_to(state)
        day = case.owed.due_on
        with acting_on(day):
            ASKED_FOR[what](case, day, asked_by)
        on = day + days(after)
        shown = set(of_case(as_shown(case, today=on), account="officer-2", today=str(on)))
        taken = {act for act in ONLY_WHERE if is_taken(case, command_of(act), on=on)}
        assert shown & ONLY_WHERE.keys() == taken, (what, asked_by, after)
