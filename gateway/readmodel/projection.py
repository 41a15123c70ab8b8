"""One batch of events into the read model, in one transaction: journal, rows and tracking together or not at all.

The tracking rows are compared and set: a batch is taken only by whoever knows exactly how far the read model is, so
redelivery and a second projector change nothing, and a read model that was emptied meanwhile is noticed (`Overtaken`:
read the tracking again and go on from there).

A child's accounted state in the read model is its open case if it has one, else what the roster says: see `settle` and
`partition.py`. `open_case_id` is kept as a column because lists filter by it; it follows from the rows of `case_file`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg import sql

from gateway.readmodel import (
    answers,
    assistance,
    cases,
    data_requests,
    deliveries,
    disclosure,
    duties,
    field_check,
    four_checks,
    guardian_letters,
    moves,
    notify,
    oversight,
    owed_elsewhere,
    owed_in_cases,
    partition,
    payments,
    proceedings,
    responsible,
    review,
    roster,
    statistics,
    terms,
    timeline,
    words,
)
from gateway.readmodel.assistance import HouseholdPlan
from gateway.readmodel.cases import CaseFile
from gateway.readmodel.duties import Duty, Ledger
from gateway.readmodel.fold import Fold, Opener, Share, Told, evolve, hear, keys_of, named, shares, whole
from gateway.readmodel.review import DoubtRow
from gateway.readmodel.roster import Child, ChildIdentity
from gateway.readmodel.rows import Connection, Known, OfCase, OfChild, Row, Rows, ask_rows, write_rows
from gateway.readmodel.timeline import CaseStep
from gateway.readmodel.words import StepWords, VisitWords
from services.chassis.log import Message
from services.contracts.envelope import Envelope, MessageDropped, Published

FOLDS: Final[tuple[Fold[Any], ...]] = (
    *roster.FOLDS,
    *moves.FOLDS,
    *review.FOLDS,
    *terms.FOLDS,
    *field_check.FOLDS,
    *deliveries.FOLDS,
    *four_checks.FOLDS,
    *guardian_letters.FOLDS,
    *cases.FOLDS,
    *timeline.FOLDS,
    *oversight.FOLDS,
    *words.FOLDS,
    *answers.FOLDS,
    *proceedings.FOLDS,
    *disclosure.FOLDS,
    *statistics.FOLDS,
    *data_requests.FOLDS,
    *responsible.FOLDS,
    *assistance.FOLDS,
    *payments.FOLDS,
    *notify.FOLDS,
    *owed_in_cases.FOLDS,
    *owed_elsewhere.FOLDS,
)
IGNORED: Final = roster.IGNORED | cases.IGNORED | words.IGNORED | assistance.IGNORED | notify.IGNORED | {MessageDropped}
"""Published events that leave no row, by decision; a test holds that every other one has a fold.

That a service won't react to a message changes nothing that is shown; the decision stands in the journal. So does, sealed, who
told a report of the public.
"""

PERSONAL: Final = roster.PERSONAL | review.PERSONAL | words.PERSONAL
"""The sealed fields that are opened, by event."""
FORGOTTEN_WITH_THEIR_CHILD: Final[tuple[type[VisitWords | StepWords | DoubtRow], ...]] = (
    VisitWords,
    StepWords,
    DoubtRow,
)
"""Rows that hold opened words about a child and leave with it; its names do by a fold of their own."""
KINDS: Final[tuple[type[Row], ...]] = tuple(dict.fromkeys(Duty if fold.row is Ledger else fold.row for fold in FOLDS))
"""The kinds of row as tables hold them."""
OF_CHILDREN: Final = tuple(kind for kind in KINDS if issubclass(kind, OfChild))
OF_CASES: Final = tuple(kind for kind in KINDS if issubclass(kind, OfCase))
"""Those that stand under the township of a child, or of a case."""
TABLES: Final = (*(kind.TABLE for kind in KINDS), partition.TABLE)
"""All that is projected, but for journal and tracking."""
CHANNEL: Final = "baoxue_read_model"
"""What PostgreSQL notifies of each batch, so that whoever waits for the read model need not ask; see `changes.py`."""
LOCK: Final = 4103260001
"""The advisory lock under which the read model is written: one batch at a time, whoever brings it."""


class Overtaken(Exception):
    """The read model is not where this reader believes it is: another one wrote it, or it was emptied."""


class Contradicted(Exception):
    """The log tells another event at a position that the journal already holds. One of the two was tampered with."""


def apply(
    connection: Connection, messages: Sequence[Message], *, since: Mapping[str, int], opener: Opener
) -> dict[str, int]:
    """Applies what is new in a batch and returns the positions reached, by tracking name.

    `since` is where the reader believes the read model to be; what lies at or before it is left out. Raises
    `Overtaken`, `Contradicted`, `msgspec.DecodeError`, and what the opener and psycopg raise; then nothing is written.
    """
    envelopes, reached = _fresh(messages, since)
    if not envelopes:
        return reached
    told = listen(envelopes, opener=opener)
    with writing(connection):
        track(connection, since=since, reached=reached)
        keep(connection, envelopes)
        write(connection, outcome(connection, told))
    return reached


# The steps of a batch, for whoever does more within its transaction than `apply`.


def listen(envelopes: Iterable[Envelope], *, opener: Opener) -> list[Told[Published]]:
    """What was told, opened as far as rows show it. Before the transaction: it asks the key store."""
    return hear(envelopes, opener=opener, personal=PERSONAL)


@contextmanager
def writing(connection: Connection, *, lock: int = LOCK) -> Iterator[None]:
    """A transaction in which nobody else writes this read model."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [lock])
        yield


def track(connection: Connection, *, since: Mapping[str, int], reached: Mapping[str, int]) -> None:
    """Moves the tracking on; raises `Overtaken` where it isn't where the reader believes it to be."""
    names = list(reached)
    with connection.pipeline():
        connection.execute(
            "insert into tracking (name, position) select name, 0 from unnest(%s::text[]) name on conflict do nothing",
            [names],
        )
        moved = connection.execute(
            """update tracking set position = batch.reached
               from unnest(%s::text[], %s::bigint[], %s::bigint[]) as batch (name, since, reached)
               where tracking.name = batch.name and tracking.position = batch.since""",
            [names, [since.get(name, 0) for name in names], list(reached.values())],
        )
    if moved.rowcount != len(names):
        raise Overtaken("the read model is not where this reader left it")


def keep(connection: Connection, envelopes: Sequence[Envelope]) -> None:
    """Writes the journal: envelopes as they were published first. Raises `Contradicted`.

    What is there already stays: the same events, though their bodies may have gained fields since.
    """
    batch = msgspec.json.encode(envelopes).decode()
    written = connection.execute(
        """insert into journal (producer, position, event_id, type, aggregate_id, version, stored_topic, recorded_at,
             actor, department, purpose, command_id, correlation_id, causation_id, trace, child_id, case_id, body)
           select producer, position, id, type, aggregate_id, version, stored_topic, recorded_at, actor, department,
             purpose, command_id, correlation_id, causation_id, trace, (body ->> 'child_id')::uuid,
             (body ->> 'case_id')::uuid, body
           from json_to_recordset(%s::text::json) as told (producer text, position bigint, id uuid, type text,
             aggregate_id uuid, version int, stored_topic text, recorded_at timestamptz, actor text, department text,
             purpose text, command_id uuid, correlation_id uuid, causation_id uuid, trace text, body jsonb)
           on conflict do nothing""",
        [batch],
    ).rowcount
    if written == len(envelopes):
        return
    other = connection.execute(
        """select journal.producer, journal.position
           from json_to_recordset(%s::text::json) as told (producer text, position bigint, id uuid)
           join journal using (producer, position) where journal.event_id <> told.id limit 1""",
        [batch],
    ).fetchone()
    if other is not None:
        raise Contradicted(f"the journal holds another event at {other[0]} {other[1]}")


def is_kept(connection: Connection, envelopes: Sequence[Envelope]) -> bool:
    """Whether the journal holds all of these events already: asked first by who expects it, as bodies are dear to send."""
    [(found,)] = connection.execute(
        """select count(*) from unnest(%b::text[], %b::bigint[], %b::uuid[]) as told (producer, position, event_id)
           join journal using (producer, position, event_id)""",
        [[one.producer for one in envelopes], [one.position for one in envelopes], [one.id for one in envelopes]],
    ).fetchall()
    return bool(found == len(envelopes))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the rows a batch is about: as they stood, and those that are not what they were."""

    before: Rows
    changed: Rows


NO_ROWS: Final = Rows()


def outcome(connection: Connection, told: Sequence[Told[Published]], *, ahead: Rows = NO_ROWS) -> Outcome:
    """Folds what was told into the rows that stand there. Writes nothing.

    `ahead` is what an earlier batch changed that may not be written yet.
    """
    heard = list(shares(told, folds=FOLDS))
    before = _read(connection, told, heard, ahead=ahead)
    rows = evolve(heard, known=before)
    settle(rows)
    return Outcome(before, rows.changed())


def write(connection: Connection, become: Outcome) -> None:
    """Writes what has become of rows, and what follows from it elsewhere."""
    recounting = partition.Recounting(connection, become.changed.keys_of(Child, ChildIdentity))
    with connection.pipeline():  # nothing is asked: all of it goes in one way there and back
        followers = fill(connection, become)
        recounting.move()
        connection.execute(f"notify {CHANNEL}".encode())
        follow(connection, followers)


def fill(connection: Connection, become: Outcome) -> "Followers":
    """Writes what has become of rows and nothing else; returns whose other rows are to follow. The partition is to be counted anew, too."""
    write_rows(connection, duties.spread(become.changed, before=become.before))
    return _followers(become)


def settle(rows: Known) -> None:
    """Sets what follows from rows of several producers: a child's open case, the township a row stands under, what is forgotten."""
    open_cases: dict[UUID, CaseFile] = {}
    for case in rows.of(CaseFile):
        if case.closed_on is None:
            open_cases[case.child_id] = max(case, open_cases.get(case.child_id, case), key=_latest)
    for child in rows.of(Child):
        case_id = open_cases[child.child_id].case_id if child.child_id in open_cases else None
        if child.open_case_id != case_id:
            rows.put(Child, child.child_id, replace(child, open_case_id=case_id))
    for of_child in OF_CHILDREN:
        for column, whose in of_child.PLACES.items():
            for row in rows.of(of_child):
                _stand_under(rows, row, column, rows.find(Child, getattr(row, whose)))
    for of_case in OF_CASES:
        for line in rows.of(of_case):
            _stand_under(rows, line, "township", rows.find(CaseFile, line.case_id))
    for ledger in rows.of(Ledger):
        settled = duties.under_child(ledger, rows)
        if settled is not ledger:
            rows.put(Ledger, ledger.about, settled)
    for step in rows.of(CaseStep):
        file = rows.find(CaseFile, step.case_id) if step.child_id is None else None
        if file is not None:
            rows.put(CaseStep, step.event_id, replace(step, child_id=file.child_id))
    for kind in FORGOTTEN_WITH_THEIR_CHILD:
        for said in rows.of(kind):
            of = rows.find(Child, said.child_id)
            if of is not None and of.closed:
                rows.put(kind, getattr(said, kind.KEY), None)


def _stand_under(rows: Known, row: OfChild | OfCase, column: str, place: Child | CaseFile | None) -> None:
    township = "" if place is None else place.township
    if getattr(row, column) != township:
        rows.put(type(row), getattr(row, row.KEY), replace(row, **{column: township}))


def _latest(case: CaseFile) -> tuple[str, UUID]:
    return (case.opened_on.isoformat() if case.opened_on else "", case.case_id)


def _fresh(messages: Iterable[Message], since: Mapping[str, int]) -> tuple[list[Envelope], dict[str, int]]:
    """What lies beyond `since`, each position once, and how far it goes."""
    reached: dict[str, int] = {}
    envelopes: list[Envelope] = []
    for message in messages:
        name, position = message.tracking, message.envelope.position
        if position > reached.get(name, since.get(name, 0)):
            reached[name] = position
            envelopes.append(message.envelope)
    return envelopes, reached


def _read(connection: Connection, told: Sequence[Told[Published]], heard: Sequence[Share], *, ahead: Rows) -> Rows:
    """The rows a batch is about, with the children and cases it names and those children's open cases."""
    keys = keys_of(heard)
    children = keys.setdefault(Child, set())
    files = keys.setdefault(CaseFile, set())
    events = [*(one.event for one in told), *(part.event for fold, _, part in heard if fold.parts is not whole)]
    children.update(named(events, fields=("child_id", "other_id")))
    files.update(named(events, fields=("case_id",)))
    rows = Rows()
    with connection.pipeline():  # all of it is asked for in one way there and back
        owed = ask_rows(connection, Duty, by="about", ids=keys.get(Ledger, ()))
        asked = [
            (kind, ask_rows(connection, kind, by=kind.KEY, ids=ids))
            for kind, ids in keys.items()
            if kind is not Ledger and not kind.OF_ONE_EVENT
        ]
        open_cases = ask_rows(connection, CaseFile, by="child_id", ids=children, only="closed_on is null")
    for ledger in duties.gather(owed()):
        rows.put(Ledger, ledger.about, ledger)
    for kind, found in asked:
        for row in found():
            rows.put(kind, getattr(row, kind.KEY), row)
    for case in open_cases():
        files.add(case.case_id)
        rows.put(CaseFile, case.case_id, case)
    files.update(case.case_id for case in ahead.of(CaseFile) if case.child_id in children)
    for kind, ids in keys.items():
        rows.take_over(ahead, kind, ids)
    return rows


@dataclass(slots=True)
class Followers:
    """Whose rows, written earlier, are to be looked after: of children and cases that stand elsewhere now, of households that may, of
    children of whom nothing is shown any more in words."""

    children: set[UUID] = field(default_factory=set)
    files: set[UUID] = field(default_factory=set)
    households: set[UUID] = field(default_factory=set)
    closed: set[UUID] = field(default_factory=set)

    def add(self, others: "Followers") -> None:
        """These too."""
        self.children |= others.children
        self.files |= others.files
        self.households |= others.households
        self.closed |= others.closed


def _followers(become: Outcome) -> Followers:
    before, changed = become.before, become.changed
    children = [child for child in changed.of(Child) if _has_moved(before.find(Child, child.child_id), child)]
    households = {plan.household_id for plan in changed.of(HouseholdPlan)}
    for child in (*children, *(earlier for child in children if (earlier := before.find(Child, child.child_id)))):
        if child.household_id is not None:
            households.add(child.household_id)
    return Followers(
        {child.child_id for child in children},
        {case.case_id for case in changed.of(CaseFile) if _has_moved(before.find(CaseFile, case.case_id), case)},
        households,
        {child.child_id for child in changed.of(Child) if child.closed},
    )


def follow(connection: Connection, followers: Followers) -> None:
    """Moves rows written earlier under the township their child, case or household has now; what was said leaves with its child."""
    if followers.children:
        ids = list(followers.children)
        for of_child in OF_CHILDREN:
            for column, whose in of_child.PLACES.items():
                connection.execute(_following(of_child, column, whose, Child), [ids])
        duties.follow(connection, ids)
    if followers.files:
        ids = list(followers.files)
        for of_case in OF_CASES:
            connection.execute(_following(of_case, "township", "case_id", CaseFile), [ids])
        connection.execute(
            """update case_step set child_id = case_file.child_id from case_file
               where case_file.case_id = case_step.case_id and case_step.child_id is null and case_file.case_id = any(%b)""",
            [ids],
        )
    if followers.closed:
        for kind in FORGOTTEN_WITH_THEIR_CHILD:
            gone = sql.SQL("delete from {table} where child_id = any(%s)").format(table=sql.Identifier(kind.TABLE))
            connection.execute(gone, [list(followers.closed)])
    if followers.households:
        # The unknown township of a county is its lowest code, so the highest is the best known one.
        connection.execute(
            """update household_plan set township = coalesce((select max(child.township) from child
                 where child.household_id = household_plan.household_id), '')
               where household_id = any(%b)""",
            [list(followers.households)],
        )


@cache
def _following(kind: type[Row], column: str, of: str, place: type[Row]) -> bytes:
    """Moves rows under the township that the children or cases of these ids have now."""
    statement = sql.SQL(
        "update {table} set {column} = place.township from {place} place"
        " where {table}.{of} = place.{key} and place.{key} = any(%b) and {table}.{column} <> place.township"
    )
    return statement.format(
        table=sql.Identifier(kind.TABLE),
        column=sql.Identifier(column),
        of=sql.Identifier(of),
        place=sql.Identifier(place.TABLE),
        key=sql.Identifier(place.KEY),
    ).as_bytes()


def _has_moved(before: Child | CaseFile | None, now: Child | CaseFile) -> bool:
    """Whether a child or case stands elsewhere than before, or is new; a child moves with its household, too."""
    if before is None:
        return True
    household = isinstance(before, Child) and isinstance(now, Child) and before.household_id != now.household_id
    return before.township != now.township or household
