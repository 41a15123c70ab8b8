"""What cases does when others tell it something, and when a day passes.

A finding that a child isn't where it should be opens a case, so that somebody owes a look at it the same day. Nothing
that a register says ever ends a case: a finding that no longer holds, or a child whom the household register calls gone,
is evidence for whoever verifies, and a person clears the case with a code and a paper.
"""

from contextlib import suppress
from datetime import date
from typing import Final

from services.cases.application import Cases
from services.cases.domain.catalogue import OPENINGS
from services.cases.domain.ladder import OPEN, OUT_OF_CLASS
from services.cases.lookup import DueCases
from services.chassis.errors import Stale
from services.contracts import roster
from services.contracts.envelope import Envelope, Published

HEARS: Final = ("roster",)
"""The producers this policy listens to."""

LATE_AT_ONCE: Final = 1000
"""How many late cases one tick works on at most; the longest overdue first, the rest the next time."""


def react(app: Cases, envelope: Envelope, event: Published) -> None:  # noqa: ARG001  # every policy has this form
    """Does what is to be done about something another service told."""
    match event:
        case roster.FindingRaised() if event.kind in OPENINGS and OPENINGS[event.kind].finding:
            _look_for(app, event)
        case _:
            pass


def tick(app: Cases, today: date, *, due_cases: DueCases) -> None:
    """Lets a new day work on the cases in which something has run out."""
    for case_id in due_cases.due(today)[:LATE_AT_ONCE]:
        # Somebody acted on this case at this very moment: the next tick looks again whether anything is late.
        with suppress(Stale):
            app.expire_steps(case_id=case_id)


def _look_for(app: Cases, finding: roster.FindingRaised) -> None:
    latest = app.find_latest_case(finding.child_id)
    if latest is not None and latest.cleared_until is not None:
        return  # An approved deferral says why the child isn't in class; when it lapses, a case opens by itself.
    if latest is None or latest.state not in OPEN:
        app.open_case(
            child_id=finding.child_id,
            cause=finding.kind,
            township=finding.township,
            village=finding.village,
            school=finding.school,
            stage=finding.stage,
            finding_id=finding.finding_id,
        )
    elif latest.state not in OUT_OF_CLASS and OPENINGS[finding.kind].relapse:
        app.record_relapse(case_id=latest.id, cause=finding.kind, finding_id=finding.finding_id)
