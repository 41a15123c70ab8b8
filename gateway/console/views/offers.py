"""What may be done about a case now 可办事项: what its state allows, without what would surely be refused.

The service decides; this spares refusals. What a caller isn't shown of a case is taken as not being there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

OPEN: Final = frozenset(
    [
        "suspected",
        "verifying",
        "confirmed",
        "persuading",
        "unreachable",
        "sought",
        "reported",
        "ordered",
        "penalised",
        "demanded",
        "judicial",
        "returned",
        "watched",
    ]
)
_PURSUED: Final = frozenset({"ordered", "penalised", "demanded", "judicial"})
_OUT_OF_CLASS: Final = OPEN - {"returned", "watched"}
ACTS: Final[Mapping[str, frozenset[str]]] = {
    "beginVerification": frozenset({"suspected", "unreachable", "sought"}),
    "confirmCase": frozenset({"verifying"}),
    "recordPersuasion": frozenset({"confirmed", "persuading", "reported", *_PURSUED}),
    "recordVisit": OPEN,
    "reportCase": frozenset({"persuading", "unreachable"}),
    "issueOrder": frozenset({"reported"}),
    "issuePenalty": frozenset({"ordered"}),
    "issueDemand": frozenset({"penalised"}),
    "takeToJustice": frozenset({"ordered", "penalised", "demanded"}),
    "fileProceedings": _PURSUED,
    "recordProceeding": frozenset({"judicial"}),
    "recordReturn": _OUT_OF_CLASS,
    "countSeatDays": frozenset({"returned"}),
    "watchCase": frozenset({"returned"}),
    "closeCase": frozenset({"watched"}),
    "recordRelapse": frozenset({"returned", "watched"}),
    "reportUnreachable": _OUT_OF_CLASS - {"suspected", "unreachable", "sought"},
    "recordSearch": frozenset({"unreachable", "sought"}),
    "openReferral": OPEN,
    "issueDocument": OPEN,
    "sendAssistanceLetter": OPEN,
    "requestClearance": OPEN,
    "approveClearance": OPEN,
    "declineClearance": OPEN,
    "pauseStep": OPEN,
    "resumeStep": OPEN,
    "requestExtension": OPEN,
    "grantExtension": OPEN,
    "declineExtension": OPEN,
}
"""In which states of a case a command is offered, in the order of the way back to school."""

ACTS_IN_COURT: Final[Mapping[str, frozenset[str]]] = {
    "acceptFiling": frozenset({"filed"}),
    "declineFiling": frozenset({"filed"}),
    "recordHearing": frozenset({"accepted", "appealed"}),
    "recordDecision": frozenset({"accepted", "appealed"}),
    "serveDecision": frozenset({"decided"}),
    "appealDecision": frozenset({"served"}),
    "recordEnforcement": frozenset({"in_force"}),
    "withdrawProceedings": frozenset({"filed", "accepted"}),
}
"""The same of a file of proceedings."""

_STANDS_ON: Final[Mapping[str, str]] = {
    "ordered": "order_to_correct",
    "penalised": "penalty_decision",
    "demanded": "performance_notice",
}
"""The kind of served paper on which a case stands in a state."""
_BEFORE_A_COURT: Final = frozenset({"filed", "accepted", "decided", "appealed"})
"""States of a file in which it surely goes on: one is open at a time."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A case as somebody looks at it on a day."""

    case: Mapping[str, Any]
    account: str
    today: str

    def is_asked(self, what: str) -> bool:
        """Whether a second person is waited for: `clearance` or `extension`."""
        return bool(self.case.get(f"{what}Asked"))

    def may_answer(self, what: str) -> bool:
        """Whether this account may say yes: whoever asked may not, and a deferral has to hold beyond today."""
        until = self.case.get("clearanceUntil") if what == "clearance" else None
        others = self.case.get(f"{what}AskedBy") != self.account
        return self.is_asked(what) and others and (not until or until > self.today)

    @property
    def is_watched_long_enough(self) -> bool:
        """Whether the watch is over, its last day included."""
        until = self.case.get("watchUntil")
        return not until or until <= self.today

    @property
    def is_ignored(self) -> bool:
        """Whether the term of the paper it stands on is over, and what the paper asked for wasn't done."""
        kind = _STANDS_ON.get(self.case["state"])
        papers = [
            paper
            for paper in self.case.get("documents", ())
            if paper.get("kind") == kind and paper.get("servedOn") and paper.get("result") != "set_aside"
        ]
        if not papers:
            return True
        return (papers[-1].get("expiresOn") or "") < self.today and papers[-1].get("result") != "complied"

    @property
    def is_before_a_court(self) -> bool:
        """Whether a court has it."""
        return any(file.get("state") in _BEFORE_A_COURT for file in self.case.get("proceedings", ()))


ONLY_WHERE: Final[Mapping[str, Callable[[_Asked], bool]]] = {
    "issuePenalty": lambda asked: asked.is_ignored,
    "issueDemand": lambda asked: asked.is_ignored,
    "takeToJustice": lambda asked: asked.is_ignored,
    "fileProceedings": lambda asked: asked.is_ignored and not asked.is_before_a_court,
    "closeCase": lambda asked: asked.is_watched_long_enough,
    "requestClearance": lambda asked: not asked.is_asked("clearance"),
    "approveClearance": lambda asked: asked.may_answer("clearance"),
    "declineClearance": lambda asked: asked.is_asked("clearance"),
    "pauseStep": lambda asked: not asked.case.get("pausedUntil") and not asked.case.get("overdue"),
    "resumeStep": lambda asked: bool(asked.case.get("pausedUntil")),
    "requestExtension": lambda asked: not asked.is_asked("extension") and not asked.case.get("overdue"),
    "grantExtension": lambda asked: asked.may_answer("extension"),
    "declineExtension": lambda asked: asked.is_asked("extension"),
}
"""What has to be so beside the state, for a command to be offered."""


def of_case(case: Mapping[str, Any], *, account: str, today: str) -> list[str]:
    """The commands offered for a case to an account on a day."""
    asked = _Asked(case, account, today)
    return [
        name
        for name, states in ACTS.items()
        if case["state"] in states and (name not in ONLY_WHERE or ONLY_WHERE[name](asked))
    ]


def may_answer(case: Mapping[str, Any], what: str, *, account: str, today: str) -> bool:
    """Whether an account may approve the `clearance` or grant the `extension` that a case waits for."""
    return _Asked(case, account, today).may_answer(what)


def of_file(state: str) -> list[str]:
    """The commands offered for a file of proceedings in a state."""
    return [name for name, states in ACTS_IN_COURT.items() if state in states]
