"""The ladder of a case 个案台阶: its states, and which act is allowed in which of them, each with its rule in words.

One table decides; `Case` asks it before every act and adds only what needs more than the state (a term that has run
out, days counted in class). `refuse_unless` names the rule and what may be done instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.cases.domain.catalogue import listed
from services.chassis.errors import Refused


class State(StrEnum):
    """Where a case stands; the last three are its ends."""

    SUSPECTED = "suspected"  # 疑似
    VERIFYING = "verifying"  # 核实中
    CONFIRMED = "confirmed"  # 确认辍学
    PERSUADING = "persuading"  # 劝返中
    UNREACHABLE = "unreachable"  # 失联
    SOUGHT = "sought"  # 失联已书面报告,查找中
    REPORTED = "reported"  # 已书面报告
    ORDERED = "ordered"  # 已责令限期改正
    PENALISED = "penalised"  # 已行政处罚
    DEMANDED = "demanded"  # 已催告
    JUDICIAL = "judicial"  # 司法程序中
    RETURNED = "returned"  # 已返校
    WATCHED = "watched"  # 跟踪观察
    CLOSED = "closed"  # 结案
    CLEARED = "cleared"  # 销号
    MERGED = "merged"  # 并案


OPEN: Final = frozenset(State) - {State.CLOSED, State.CLEARED, State.MERGED}
"""The states in which somebody owes a next step."""

OUT_OF_CLASS: Final = OPEN - {State.RETURNED, State.WATCHED}
"""The open states in which the child isn't known to sit in class."""

PURSUED: Final = frozenset({State.ORDERED, State.PENALISED, State.DEMANDED, State.JUDICIAL})
"""The states in which the guardian is pursued by served papers."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act on a case: the rule in words, the states it is allowed in, and whether something has to have gone before it."""

    rule: str
    states: frozenset[State]
    asked_for: bool = False


ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "begin_verification": Act(
            "a child is verified while suspected, or when found again after a search (N1.1)",
            frozenset({State.SUSPECTED, State.UNREACHABLE, State.SOUGHT}),
        ),
        "confirm_case": Act("a dropout is confirmed by whoever went to verify it (N2.1)", frozenset({State.VERIFYING})),
        "report_unreachable": Act(
            "a child is reported unreachable by somebody who went to look for it (N1.3)",
            OUT_OF_CLASS - {State.SUSPECTED, State.UNREACHABLE, State.SOUGHT},
        ),
        "record_persuasion": Act(
            "a confirmed dropout is persuaded until it is back (N2.2)",
            frozenset({State.CONFIRMED, State.PERSUADING, State.REPORTED, *PURSUED}),
        ),
        "record_search": Act(
            "a child that can't be found is searched for, again and again, until it is found (N1.3, N2.4)",
            frozenset({State.UNREACHABLE, State.SOUGHT}),
        ),
        "report_case": Act(
            "a written report follows persuasion that failed, or a search (N2.4)",
            frozenset({State.PERSUADING, State.UNREACHABLE}),
        ),
        "issue_order": Act("a guardian is ordered only after a written report (N2.5)", frozenset({State.REPORTED})),
        "issue_penalty": Act(
            "a guardian is fined only after a served order whose term has run out (N2.5)", frozenset({State.ORDERED})
        ),
        "issue_demand": Act(
            "a demand follows only a served penalty decision whose term has run out (N2.5)",
            frozenset({State.PENALISED}),
        ),
        "take_to_justice": Act(
            "justice follows only a served order whose term has run out (N2.6)",
            frozenset({State.ORDERED, State.PENALISED, State.DEMANDED}),
        ),
        "file_proceedings": Act(
            "somebody goes to court only after a served order, penalty decision or demand whose term has run out (N2.6)",
            PURSUED,
        ),
        "record_proceeding": Act("proceedings follow a served judicial document (N2.6)", frozenset({State.JUDICIAL})),
        "issue_document": Act("papers are issued on an open case", OPEN),
        "record_return": Act("a child comes back from outside class (N2.2)", OUT_OF_CLASS),
        "count_seat_days": Act(
            "days in class are counted after a return, until it is proven", frozenset({State.RETURNED})
        ),
        "record_attendance": Act(
            "whether a child sits in class is told of one that came back (N2.2, N2.3)",
            frozenset({State.RETURNED, State.WATCHED}),
        ),
        "watch_case": Act("a watch begins with a return (N2.3)", frozenset({State.RETURNED})),
        "close_case": Act("a case is closed at the end of its watch", frozenset({State.WATCHED})),
        "record_relapse": Act(
            "only who came back can be gone again; this opens a new case", frozenset({State.RETURNED, State.WATCHED})
        ),
        "move_case": Act("an open case goes along with its child", OPEN, asked_for=True),
        "merge_case": Act("an open case goes on in another child's when both entries are one", OPEN, asked_for=True),
        "pause_step": Act("the clock of an owed step may stand for a reason of the list", OPEN),
        "resume_step": Act("a clock that stands is made to run again", OPEN, asked_for=True),
        "request_extension": Act("more time for an owed step is asked for before it is late", OPEN),
        "grant_extension": Act("more time is granted by a second person", OPEN, asked_for=True),
        "decline_extension": Act("more time that was asked for can be declined", OPEN, asked_for=True),
        "request_clearance": Act("an open case can be cleared with a resolution code and its evidence", OPEN),
        "approve_clearance": Act("an open case is cleared by a second person", OPEN, asked_for=True),
        "decline_clearance": Act("an open case's clearance can be declined", OPEN, asked_for=True),
    }
)


@dataclass(frozen=True, slots=True)
class Service:
    """What the service of a paper does to a case: in which states it waits for one, where that brings it, and the clock that
    follows its term."""

    waiting: frozenset[State]
    reaches: State
    trigger: str


SERVED: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "order": Service(ACTS["issue_order"].states, State.ORDERED, "order_ran_out"),
        "penalty": Service(ACTS["issue_penalty"].states, State.PENALISED, "penalty_ran_out"),
        "demand": Service(ACTS["issue_demand"].states, State.DEMANDED, "demand_ran_out"),
        "justice": Service(ACTS["take_to_justice"].states, State.JUDICIAL, "judicial_ran_out"),
    }
)
"""By what a kind of paper moves; see `catalogue.toml`."""

AFTER_A_TERM: Final = frozenset({"penalty", "demand", "justice"})
"""Papers that may only follow a served one whose term has run out (N2.6)."""


def allowed(state: State) -> list[str]:
    """The acts allowed in a state, by name and in the ladder's order; without those that answer a request."""
    return [name for name, act in ACTS.items() if state in act.states and not act.asked_for]


def refuse_unless(act: str, *, state: State) -> None:
    """Refuses an act that the state doesn't allow: the rule, where the case stands, what is allowed next."""
    if state in ACTS[act].states:
        return
    if state not in OPEN:
        raise Refused(f"{act}: this case has ended ({state}); if the child is out of school again, open_case.")
    raise Refused(f"{act}: {ACTS[act].rule}. The case is {state}; allowed now: {listed(allowed(state))}.")
