"""What the roster does when others tell it something, and when a day passes.

Time brings findings, and takes them when their cause has ended: a transfer that nobody completes, a deferral that ends, a
school elsewhere that nobody proved this term, a child who did not report, teaching at home that did not begin, hours of it that
were not taught. It also
tells when what somebody owes for a finding is near its day, or late, and a field check list that was not handed in. Each first of September
children come into the age of compulsory schooling, and leave it. Letters of open runs are made, and taken back where a child has left.
Assistance tells which hours were taught at home.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from itertools import islice
from typing import Final
from uuid import UUID

from services.chassis.application import let_time_work
from services.contracts import assistance
from services.contracts.envelope import Envelope, Published
from services.roster.application import Roster
from services.roster.domain.near_findings import NearFindings
from services.roster.due import Due
from services.roster.findings_soon import Alike
from services.roster.guardian_letters import GuardianLetters

HEARS: Final = ("assistance",)
"""The producers this policy listens to."""
HEEDS: Final[frozenset[type[Published]]] = frozenset(
    {
        assistance.HomeTeachingGiven,
    }
)
"""What it does something about; all else passes by unread."""

LATE_AT_ONCE: Final = 1000
"""How much of a kind one tick works on at most; the longest overdue first, the rest the next time."""
LETTERS_TOGETHER: Final = 200
"""Letters that are recorded together: a run is broken off between two such lots, and goes on there."""


def react(app: Roster, envelope: Envelope, event: Published) -> None:  # noqa: ARG001  # every policy has this form
    """Does what is to be done about something another service told."""
    match event:
        case assistance.HomeTeachingGiven():
            app.count_home_hours(
                child_id=event.child_id,
                school_year=event.school_year,
                hours=event.hours_so_far,
                taught_on=event.given_on,
            )
        case _:
            pass


def tick(app: Roster, letters: GuardianLetters, today: date, *, due: Due, look_again: Callable[[], None]) -> None:
    """Lets a new day work on what has run out; `look_again` feeds `due` what was recorded meanwhile."""
    let_time_work(_run_out(app, letters, today, due=due, look_again=look_again))


def _run_out(
    app: Roster, letters: GuardianLetters, today: date, *, due: Due, look_again: Callable[[], None]
) -> Iterator[tuple[UUID, Callable[[], object]]]:
    """What has run out and what is to be done about it; asked for one by one, for what was done may bring more."""
    for letter_id in due.letters.to_withdraw()[:LATE_AT_ONCE]:
        yield letter_id, partial(letters.withdraw_letter, letter_id=letter_id)
    for deferral_id in due.deferrals(today)[:LATE_AT_ONCE]:
        yield deferral_id, partial(app.lapse_deferral, deferral_id=deferral_id)
    for child_id in due.to_excuse(today)[:LATE_AT_ONCE]:
        yield child_id, partial(app.heed_excuse, child_id=child_id)
    for placement_id, taught_on in due.to_begin():
        yield placement_id, partial(app.begin_home_teaching, placement_id=placement_id, taught_on=taught_on)
    look_again()
    for child_id, kind in due.to_drop(today)[:LATE_AT_ONCE]:
        yield child_id, partial(app.drop_finding, child_id=child_id, kind=kind)
    for brought in list(islice(due.to_raise(today), LATE_AT_ONCE)):
        yield (
            brought.child_id,
            partial(
                app.raise_finding,
                child_id=brought.child_id,
                kind=brought.kind,
                reason=brought.reason,
                owner=brought.owner,
                ground=brought.ground,
            ),
        )
    for child_id, kind in due.overdue(today)[:LATE_AT_ONCE]:
        yield child_id, partial(app.expire_finding, child_id=child_id, kind=kind)
    for alike in due.findings.soon(today)[:LATE_AT_ONCE]:
        yield alike.warning_id, partial(_warn, app, alike, today)
    for child_id in due.of_age(today)[:LATE_AT_ONCE]:
        yield child_id, partial(app.come_of_age, child_id=child_id)
    for field_check_id in due.lists_overdue(today)[:LATE_AT_ONCE]:
        yield field_check_id, partial(app.expire_field_check, field_check_id=field_check_id)
    for run_id, children in due.letters.to_make():
        for start in range(0, min(len(children), LATE_AT_ONCE), LETTERS_TOGETHER):
            some = children[start : start + LETTERS_TOGETHER]
            yield run_id, partial(letters.make_letters, run_id=run_id, children=some)


def _warn(app: Roster, alike: Alike, today: date) -> None:
    """Tells whoever owes findings that their last day is near 临期提醒, once for all that are alike."""
    warning = NearFindings.warn(
        owner=alike.owner, township=alike.township, kind=alike.kind, due_on=alike.due_on, today=today
    )
    app.record(app.find(NearFindings, warning.id) or warning)
