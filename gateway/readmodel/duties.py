"""The duty register 履职台账: whatever was owed, a row each — what, by whom, to whom, from when, by when, and how it ended (N8.2, N8.3).

A matter (a case, a finding, a referral, a plan …) owes one thing at a time. So its duties are numbered, and what changes
the thing owed ends one duty and begins the next. The folds (`owed_in_cases.py`, `owed_elsewhere.py`) see the duties of a
matter together, as its `Ledger`; the table holds them one by one, and `spread` and `gather` lie between.

A row also says when each of this became known: the duty itself, every term it had, its end. So what the register said at
an earlier moment is one statement (`duty_register.py`); a test holds it equal to the folds over what was recorded by then.

Who owes a duty is the unit it was at that time. A case that moves hands over what is owed, and the unit that had it keeps
its row. Matters that know a child and no place stand under the child's township and follow it.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any, ClassVar, Final, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from gateway.readmodel.fold import Told
from gateway.readmodel.roster import Child
from gateway.readmodel.rows import Connection, Known, Row, Rows
from services.chassis.clock import china_date

Change = Literal["set", "paused", "resumed", "extended"]
Outcome = Literal["", "done", "expired", "lifted"]
"""How a duty ended: done, handed up undone when its term had run out, or lifted, as it is not owed any longer or by others."""

MATTERS: Final = (
    "case_step",
    "finding",
    "finding_acceptance",
    "referral",
    "document_service",
    "visit",
    "measure",
    "plan_review",
    "household_review",
    "support_review",
    "home_teaching",
    "home_teaching_begin",
    "payment_refused",
    "aid_question",
    "public_report",
    "field_check",
    "check_in",
    "transfer",
    "acknowledgement",
    "rectification",
    "admonition",
    "assistance_letter",
    "procuratorate_notice",
    "data_request",
)
"""In which matters something is owed."""
_LEVELS: Final = {"bureau": "education_bureau", "county": "county_government"}
TOWNSHIP_DIGITS, SCHOOL_DIGITS = 9, 10


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A term as it became known: when, until which day, and why it is this one."""

    at: datetime
    due_on: date | None
    change: Change = "set"


class Duty(Row, frozen=True, kw_only=True):
    """One thing owed 应履职责. `owed_by` is a unit `kind:area`, or a kind of unit whose area is the township's county."""

    TABLE: ClassVar[str] = "duty"
    KEY: ClassVar[str] = "duty_id"
    duty_id: UUID
    about: UUID
    number: int
    matter: str
    step: str = ""
    level: str = ""
    """The word of the rule for who owes it, where it has one: teacher, school, township …"""
    owed_by: str = ""
    officer: str = ""
    """The account that owes it, where the matter names one."""
    owed_to: str = ""
    """The unit that asked for it; empty where it is owed to the child."""
    township: str = ""
    school: str = ""
    follows_child: bool = False
    child_id: UUID | None = None
    case_id: UUID | None = None
    rule: str = ""
    legal_basis: str = ""
    since_on: date
    since_at: datetime
    terms: tuple[Term, ...] = ()
    due_on: date | None = None
    outcome: Outcome = ""
    ended_on: date | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_for: str = ""
    ended_type: str = ""
    waiting: tuple[UUID, ...] = ()
    """The children of a list that nobody has asked after yet."""
    changed_at: datetime
    """When something last became known of it."""


class Ledger(Row, frozen=True, kw_only=True):
    """All duties of one matter, from the first."""

    TABLE: ClassVar[str] = Duty.TABLE
    KEY: ClassVar[str] = "about"
    about: UUID
    duties: tuple[Duty, ...] = ()

    @property
    def last(self) -> Duty | None:
        """The duty that came last, owed still or not."""
        return self.duties[-1] if self.duties else None


# Between the ledger and its rows.


def gather(duties: Iterable[Duty]) -> list[Ledger]:
    """The ledgers of these rows, which are all there are of their matters."""
    found = sorted(duties, key=lambda duty: (duty.about, duty.number))
    return [Ledger(about=key, duties=tuple(of_one)) for key, of_one in groupby(found, key=lambda duty: duty.about)]


def spread(changed: Rows, *, before: Rows) -> Rows:
    """The rows as they are written: in the place of each ledger those of its duties that are new or not what they were."""
    rows = changed.without(Ledger)
    for ledger in changed.of(Ledger):
        known = before.find(Ledger, ledger.about)
        there = {duty.number: duty for duty in known.duties} if known is not None else {}
        for duty in ledger.duties:
            if duty != there.get(duty.number):
                rows.put(Duty, duty.duty_id, duty)
    return rows


def under_child(ledger: Ledger, rows: Known) -> Ledger:
    """The ledger with those duties that follow their child under the township it has now."""
    duties = tuple([_under_child(duty, rows) for duty in ledger.duties])
    return ledger if duties == ledger.duties else replace(ledger, duties=duties)


def _under_child(duty: Duty, rows: Known) -> Duty:
    if not duty.follows_child or duty.child_id is None:
        return duty
    child = rows.find(Child, duty.child_id)
    township = child.township if child is not None else ""
    return duty if duty.township == township else replace(duty, township=township)


def follow(connection: Connection, children: Collection[UUID]) -> None:
    """Moves duties written earlier under the township their child has now, where they follow it."""
    connection.execute(
        """update duty set township = child.township from child
           where duty.child_id = child.child_id and child.child_id = any(%b) and duty.follows_child
             and duty.township <> child.township""",
        [list(children)],
    )


# What an event does to a ledger.


def owe(row: Ledger | None, told: Told[Any], key: UUID, *, since_on: date, due_on: date | None, **facts: Any) -> Ledger:
    """The next duty begins."""
    ledger, at = row or Ledger(about=key), told.envelope.recorded_at
    number = len(ledger.duties) + 1
    duty = Duty(
        duty_id=uuid5(key, f"duty/{number}"),
        about=key,
        number=number,
        since_on=since_on,
        since_at=at,
        changed_at=at,
        due_on=due_on,
        terms=(Term(at=at, due_on=due_on),),
        **facts,
    )
    return replace(ledger, duties=(*ledger.duties, duty))


def owe_again(ledger: Ledger, told: Told[Any], *, since_on: date, due_on: date | None, **facts: Any) -> Ledger:
    """The next duty begins, in all that isn't said like the last one."""
    last = ledger.duties[-1]
    same = {name: getattr(last, name) for name in _STAYS} | facts
    return owe(ledger, told, ledger.about, since_on=since_on, due_on=due_on, **same)


_STAYS: Final = [
    "matter",
    "step",
    "level",
    "owed_by",
    "officer",
    "owed_to",
    "township",
    "school",
    "follows_child",
    "child_id",
    "case_id",
    "rule",
    "legal_basis",
]


def end(ledger: Ledger, told: Told[Any], outcome: Outcome, *, on: date) -> Ledger:
    """The duty that is owed ends; where none is, nothing changes."""
    last = ledger.last
    if last is None or last.outcome:
        return ledger
    envelope = told.envelope
    ended = replace(
        last,
        outcome=outcome,
        ended_on=on,
        ended_at=envelope.recorded_at,
        ended_by=envelope.actor,
        ended_for=envelope.department,
        ended_type=envelope.type.rpartition(".v")[0],  # the fact; in which version it was told is the wire's affair
        waiting=(),
        changed_at=envelope.recorded_at,
    )
    return replace(ledger, duties=(*ledger.duties[:-1], ended))


def change_term(ledger: Ledger, told: Told[Any], change: Change, *, due_on: date | None) -> Ledger:
    """The duty that is owed has another term, or its clock stands."""
    last = ledger.last
    if last is None or last.outcome:
        return ledger
    at = told.envelope.recorded_at
    terms = (*last.terms, Term(at=at, due_on=due_on, change=change))
    return replace(ledger, duties=(*ledger.duties[:-1], replace(last, terms=terms, due_on=due_on, changed_at=at)))


def hand_over(ledger: Ledger, told: Told[Any], *, owed_by: str, township: str, school: str) -> Ledger:
    """The matter belongs elsewhere: what is owed stays owed, by the same day, and where another unit owes it from now on,
    the first one's duty is lifted."""
    last, place = ledger.last, {"township": township, "school": school}
    if last is None or last.outcome:
        return ledger
    if (owed_by, township) == (last.owed_by, last.township):
        return replace(ledger, duties=(*ledger.duties[:-1], replace(last, **place)))
    on = recorded_on(told)
    ledger = end(ledger, told, "lifted", on=on)
    return owe_again(ledger, told, since_on=on, due_on=last.due_on, owed_by=owed_by, **place)


def recorded_on(told: Told[Any]) -> date:
    """The day in China on which it was recorded."""
    return china_date(told.envelope.recorded_at)


def unit_of(level: str, *, township: str, school: str) -> str:
    """The unit that a rule's word means for a child of this place: a teacher owes for the school, where there is none the
    township does, and where that isn't known the bureau. As `notify` addresses them."""
    if level in {"teacher", "school"} and len(school) == SCHOOL_DIGITS:
        return f"school:{school}"
    if level in {"teacher", "school", "township"}:
        return f"township:{township}" if len(township) == TOWNSHIP_DIGITS else "education_bureau"
    return _LEVELS.get(level, level)
