"""What cases does when others tell it something, and when a day passes.

A finding that a child isn't where it should be opens a case, so that somebody owes a look at it the same day. Nothing
that a register says ever ends a case: a finding that no longer holds, or a child whom the household register calls gone,
is evidence for whoever verifies, and a person clears the case with a code and a paper. A child who moves takes its case
along; entries that turn out to be one child have one case. Requests about what is held of a child hear that it was corrected,
erased or restricted.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Final
from uuid import UUID

from services.cases.application import Cases
from services.cases.data_requests import hear_correction, hear_end
from services.cases.domain.case import Case, Place, id_of_case
from services.cases.domain.catalogue import OPENINGS
from services.cases.domain.ladder import OPEN, OUT_OF_CLASS, State
from services.cases.due import DueReplies, Reply
from services.cases.lookup import DueCases, DueVisits, NamedPersons
from services.cases.oversight import Oversight
from services.chassis.application import let_time_work
from services.contracts import restriction, roster
from services.contracts.envelope import Envelope, Published

HEARS: Final = ("roster",)
"""The producers this policy listens to."""
HEEDS: Final[frozenset[type[Published]]] = frozenset(
    {
        roster.FindingRaised,
        roster.ResidenceStated,
        roster.SchoolingStated,
        roster.ChildrenMerged,
        roster.ChildrenUnmerged,
        roster.IdentityCorrected,
        roster.ChildErased,
        restriction.ChildRestricted,
    }
)
"""What it does something about; all else passes by unread."""

LATE_AT_ONCE: Final = 1000
"""On how much of what is late one tick works at most; the longest overdue first, the rest the next time."""


def looks_for(event: Published) -> Iterable[UUID]:
    """What `react` looks for first: the first case of a child, which most children never get."""
    match event:
        case roster.FindingRaised() | roster.ResidenceStated() | roster.SchoolingStated():
            yield id_of_case(event.child_id, 1)
        case _:
            pass


def react(app: Cases, envelope: Envelope, event: Published) -> None:  # noqa: ARG001  # every policy has this form
    """Does what is to be done about something another service told."""
    match event:
        case roster.FindingRaised() if event.kind in OPENINGS and OPENINGS[event.kind].finding:
            _look_for(app, event)
        case roster.ResidenceStated():
            if (case := _open_case(app, event.child_id)) is not None:
                app.move_case(case_id=case.id, township=event.township, village=event.village)
        case roster.SchoolingStated() if event.school:
            if (case := _open_case(app, event.child_id)) is not None:
                app.move_case(case_id=case.id, school=event.school, stage=event.stage)
        case roster.ChildrenMerged():
            _merge(app, child_id=event.child_id, merged_id=event.merged_id)
        case roster.ChildrenUnmerged():
            merged = app.find_latest_case(event.merged_id)
            if merged is not None and merged.state is State.MERGED:
                _open(app, child_id=event.merged_id, cause="unmerged", place=merged.place)
        case roster.IdentityCorrected():
            hear_correction(app, child_id=event.child_id)
        case roster.ChildErased():
            hear_end(app, child_id=event.child_id, outcome="erased")
        case restriction.ChildRestricted():
            hear_end(app, child_id=event.child_id, outcome="restricted")
        case _:
            pass


def tick(
    app: Cases,
    oversight: Oversight,
    today: date,
    *,
    due_cases: DueCases,
    due_replies: DueReplies,
    due_visits: DueVisits,
    named_persons: NamedPersons,
) -> None:
    """Lets a new day work on everything in which something has run out, and on children left to nobody.

    Day by day, whatever it is: after an outage the same happens in the same order as if the clock had run. What was near during
    an outage and is late by now goes up at once; of what is near today somebody is told, once.
    """
    late: list[tuple[date, UUID, Callable[[], object]]] = [
        *((day, id_, partial(app.expire_steps, case_id=id_)) for day, id_ in due_cases.due(today)),
        *(
            (day, reply.about, partial(_watch_reply, oversight, reply, due_replies))
            for day, reply in due_replies.due(today)
        ),
        *((day, id_, partial(app.miss_visit, plan_id=id_)) for day, id_ in due_visits.due(today)),
        *(
            (day, id_, partial(app.note_unnamed, case_id=id_, roles=roles))
            for day, id_, roles in named_persons.lacking(today)
        ),
    ]
    late.sort(key=itemgetter(0))  # within a day as listed here
    near: list[tuple[UUID, Callable[[], object]]] = [
        *((id_, partial(app.expire_steps, case_id=id_)) for _, id_ in due_cases.soon(today)),
        *(
            (reply.about, partial(_warn_of_reply, oversight, reply, term=term))
            for reply, term in due_replies.soon(today)
        ),
    ]
    let_time_work([*((about, act) for _, about, act in late[:LATE_AT_ONCE]), *near[:LATE_AT_ONCE]])


def _watch_reply(oversight: Oversight, reply: Reply, due_replies: DueReplies) -> None:
    """Notes an answer that is late, lets it climb, or settles what was answered since."""
    noted = tuple(due_replies.noted(reply))
    oversight.watch_reply(matter=reply.matter, about=reply.about, number=reply.number, noted=noted)


def _warn_of_reply(oversight: Oversight, reply: Reply, *, term: int) -> None:
    """Tells whoever owes an answer that its last day is near."""
    oversight.warn_of_reply(matter=reply.matter, about=reply.about, number=reply.number, term=term)


def _look_for(app: Cases, finding: roster.FindingRaised) -> None:
    latest = app.find_latest_case(finding.child_id)
    if latest is not None and latest.cleared_until is not None:
        return  # An approved deferral says why the child isn't in class; when it lapses, a case opens by itself.
    if latest is None or latest.state not in OPEN:
        place = Place(township=finding.township, village=finding.village, school=finding.school, stage=finding.stage)
        _open(app, child_id=finding.child_id, cause=finding.kind, place=place, finding_id=finding.finding_id)
    elif latest.state not in OUT_OF_CLASS and OPENINGS[finding.kind].relapse:
        app.record_relapse(case_id=latest.id, cause=finding.kind, finding_id=finding.finding_id)


def _merge(app: Cases, *, child_id: UUID, merged_id: UUID) -> None:
    """An open case of the merged entry goes on in the child's own, which is opened for it where there is none."""
    merged = _open_case(app, merged_id)
    if merged is None:
        return
    own = _open_case(app, child_id)
    into = own.id if own else _open(app, child_id=child_id, cause="merged_entry", place=merged.place)
    app.merge_case(case_id=merged.id, into_case=into)


def _open_case(app: Cases, child_id: UUID) -> Case | None:
    latest = app.find_latest_case(child_id)
    return latest if latest is not None and latest.state in OPEN else None


def _open(app: Cases, *, child_id: UUID, cause: str, place: Place, finding_id: UUID | None = None) -> UUID:
    return app.open_case(
        child_id=child_id,
        cause=cause,
        township=place.township,
        village=place.village,
        school=place.school,
        stage=place.stage,
        finding_id=finding_id,
    ).id
