"""The past told again: the same as the read model was then, for a case and for the whole county."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, get_args
from uuid import UUID

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from gateway.readmodel import moves, projection, trees
from gateway.readmodel.cases import CaseFile
from gateway.readmodel.effective import as_it_was, holds_from
from gateway.readmodel.fold import Told, hear, project, shares
from gateway.readmodel.in_force import CASE_RULES, note_rules
from gateway.readmodel.migrate import migrate
from gateway.readmodel.partition import OPEN_CASE, UNACCOUNTED, PartitionRow, in_order, partition, window
from gateway.readmodel.projection import FOLDS, apply, settle
from gateway.readmodel.responsible import RESPONSIBLE_ON
from gateway.readmodel.responsible import Answers as Answering
from gateway.readmodel.roster import Child, ChildIdentity, IdentityEvent
from gateway.readmodel.rows import Known, Row, Rows, read_rows
from gateway.supervision.answers import Answers
from gateway.supervision.informants import Informants
from gateway.supervision.replay import ERASED, Replay
from services.chassis.clock import SystemClock, china_date
from services.chassis.errors import NotFound, Refused
from services.chassis.log import Message
from services.chassis.tree import LogTree, signer_of
from services.contracts.assistance import AwardGranted, AwardPaid
from services.contracts.restriction import ChildRestricted, RestrictionLifted
from services.contracts.roster import ChildAccounted, ChildErased, ResidenceStated, SchoolingStated
from tests.gateway.readmodel.telling import (
    DAY,
    START,
    Story,
    TestVault,
    case_story,
    corrected,
    dice,
    envelope,
    made,
    published,
    registered,
    stories,
    without_birth_dates,
)

CASE, CHILD = made("case", 1, 1), made("child", 1)
LATER = START + timedelta(days=3650)
WHOLE = (
    "begun",
    "confirmed",
    "persuaded",
    "expired",
    "reported",
    "ordered",
    "justice",
    "returned",
    "watched",
    "closed",
)


@dataclass(frozen=True)
class Room:
    """A read model that is emptied between tests, and a replay over it that may only read."""

    writer: psycopg.Connection
    replay: Replay
    vault: TestVault
    dsn: str
    reader: str

    def tell(self, messages: list[Message]) -> None:
        since = dict(self.writer.execute("select name, position from tracking").fetchall())
        apply(self.writer, messages, since=since, opener=self.vault)

    def rows(self, kind: Any, ids: list[UUID]) -> list[Any]:
        return read_rows(self.writer, kind, by=kind.KEY, ids=ids)

    def answering(self, child_id: UUID, day: date) -> tuple[Answering, ...]:
        """Who answers for a child by the statement of the read model."""
        with self.writer.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(RESPONSIBLE_ON, {"child": child_id, "day": day}).fetchall()
        return tuple(
            Answering(**{name: row[name] for name in Answering.__struct_fields__})
            for row in sorted(found, key=lambda row: str(row["role"]))
        )

    def state_of(self, case_id: UUID | None) -> str:
        return "".join(case.state for case in self.rows(CaseFile, [case_id])) if case_id is not None else ""

    def case_row(self) -> dict[str, Any]:
        with self.writer.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute("select * from case_file where case_id = %s", [CASE]).fetchone()
        assert row is not None
        return row


@pytest.fixture(scope="module")
def rooms(module_database: Any) -> Any:
    fresh = module_database("gateway", migrate=migrate)

    def make() -> Room:
        with psycopg.connect(fresh.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            for table in projection.TABLES:
                connection.execute(f"delete from {table}".encode())  # noqa: S608  # our own tables
            connection.execute("delete from journal; delete from receipt; delete from tracking")
        vault = TestVault()
        writer = psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True)
        reader = fresh.dsn("gateway_reader")
        return Room(writer, Replay(dsn=reader, opener=vault), vault, fresh.dsn("gateway_writer"), reader)

    return make


@pytest.fixture
def room(rooms: Any) -> Iterator[Room]:
    made_room = rooms()
    with made_room.writer:
        yield made_room


def days(story: Story) -> list[Message]:
    """A story of which one event is recorded each day, at eight in the morning in China."""
    return [
        Message(f"{story.producer}/0", envelope(story, at, position=at + 1, recorded_at=START + timedelta(days=at)))
        for at in range(len(story.events))
    ]


def test_a_case_as_of_each_step_is_what_the_read_model_was_then(room: Room) -> None:
    messages = days(case_story(1, 1, WHOLE))
    then: list[dict[str, Any]] = []
    for message in messages:
        room.tell([message])
        then.append(room.case_row())

    for at, message in enumerate(messages):
        case = room.replay.case_as_of(CASE, message.envelope.recorded_at)

        row = then[at]
        assert (case.state, case.causes, case.school) == (row["state"], tuple(row["causes"]), row["school"])
        assert (case.closed_on, case.resolution) == (row["closed_on"], row["resolution"])
        assert (case.owed.step if case.owed else "") == row["owed_step"]
        assert (case.owed.due_on if case.owed else None) == row["owed_due_on"]
        assert [step.position for step in case.steps] == list(range(1, at + 2))
        assert [step.state for step in case.steps] == [row["state"] for row in then[: at + 1]]


def test_a_case_is_not_known_before_it_was_recorded(room: Room) -> None:
    room.tell(days(case_story(1, 1, WHOLE)))

    with pytest.raises(NotFound):
        room.replay.case_as_of(CASE, START - timedelta(microseconds=1))
    with pytest.raises(NotFound):
        room.replay.case_as_of(made("case", 1, 2), LATER)


def test_each_step_names_who_acted_for_whom_and_on_what_ground(room: Room) -> None:
    room.tell(days(case_story(1, 1, ("begun",))))

    first, second = room.replay.case_as_of(CASE, LATER).steps

    assert (first.actor, first.department, first.purpose) == ("clerk-7", "township:410326103", "dropout_control")
    assert (first.at, second.at) == (START, START + timedelta(days=1))
    assert first.detail.startswith("疑似辍学立案")
    assert second.detail.startswith("开始核实")


def test_papers_are_as_they_were_and_not_as_they_became(room: Room) -> None:
    paper = next(story for seed in range(20) for story in stories(children=2, chance=dice(seed))
                 if story.aggregate_id == made("document", 1, 1))  # fmt: skip
    messages = [
        Message("cases/1", envelope(paper, at, position=at + 1, recorded_at=START + timedelta(days=at)))
        for at in (0, 1)
    ]
    opened = case_story(1, 1, ())
    room.tell([Message("cases/0", envelope(opened, 0, position=9)), *messages])

    before = room.replay.case_as_of(CASE, START + timedelta(hours=1))
    after = room.replay.case_as_of(CASE, LATER)

    assert [(paper.issued_on, paper.served_on) for paper in before.documents] == [(DAY, None)]
    assert [(paper.issued_on, paper.served_on) for paper in after.documents] == [(DAY, DAY)]
    assert after.documents[0].township == after.township


def test_only_those_looks_are_told_that_were_taken_by_then(room: Room) -> None:
    room.tell(days(case_story(1, 1, ())))
    for at, children in enumerate(([CHILD], [made("child", 2)], [made("child", 2), CHILD])):
        room.writer.execute(
            """insert into receipt (receipt_id, at, actor, department, purpose, operation, decision, child_ids, fields)
               values (%s, %s, 'officer-3', 'public_security:410326', 'identity_check', 'ChildPage', 'answered', %s, %s)""",
            [made("receipt", at), START + timedelta(days=at), children, ["Child.name"]],
        )

    assert [look.at for look in room.replay.case_as_of(CASE, START + timedelta(days=1)).looks] == [START]
    looks = room.replay.case_as_of(CASE, LATER).looks
    assert [look.at for look in looks] == [START, START + timedelta(days=2)]
    assert looks[0].fields == ("Child.name",)


def test_what_is_owed_is_late_only_after_its_day_in_china(room: Room) -> None:
    room.tell(days(case_story(1, 1, ())))  # owed on 8 September

    def owed_at(moment: str) -> Any:
        return room.replay.case_as_of(CASE, datetime.fromisoformat(moment)).owed

    assert not owed_at("2026-09-08T23:59:59+08:00").is_late
    assert owed_at("2026-09-09T00:00:00+08:00").is_late


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_the_past_is_what_the_read_model_was_then(rooms: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=9, chance=chance), chance=chance, partitions=2)
    recorded = [message.envelope.recorded_at for message in told]
    moments = [*chance.sample(recorded, 3), max(recorded)]
    room = rooms()
    with room.writer:
        room.tell(told)
        partitions = [room.replay.partition_as_of(moment) for moment in moments]
        children = [
            [replayed(room.replay.child_as_of, made("child", number), moment) for number in range(9)]
            for moment in moments
        ]

    unseen = without_birth_dates(told)
    for moment, rows, then in zip(moments, partitions, children, strict=True):
        room = rooms()
        with room.writer:
            room.tell([message for message in unseen if message.envelope.recorded_at <= moment])
            assert rows == partition(room.writer, as_of=china_date(moment))
            for number, child in enumerate(then):
                [row] = room.rows(Child, [made("child", number)]) or [None]
                assert (child.child if child is not None else None) == row
                if child is not None:
                    assert child.name == "".join(one.name for one in room.rows(ChildIdentity, [row.child_id]))
                    assert child.answering == room.answering(row.child_id, china_date(moment))
                    assert (child.case.state if child.case else "") == room.state_of(row.open_case_id)
    assert partitions[-1]


def replayed(ask: Any, key: UUID, moment: datetime) -> Any:
    """What is known of it at the moment, or None where nothing was."""
    try:
        return ask(key, moment)
    except NotFound:
        return None


PARTITION: Final = [fold for fold in FOLDS if fold.row in {Child, ChildIdentity, CaseFile}]
"""What a partition is counted of."""
BIRTHS: Final = dict.fromkeys(get_args(IdentityEvent), ("birth_date",))


def heard_by(told: Sequence[Message], moment: datetime) -> list[Told[Any]]:
    """What had been recorded by then of what moves children."""
    known = [message.envelope for message in told if message.envelope.recorded_at <= moment]
    heeded = {event for fold in moves.FOLDS for event in fold.events}
    return [one for one in hear(known, opener=TestVault(), personal=BIRTHS) if type(one.event) in heeded]


def counted_by_hand(told: Sequence[Told[Any]], *, on: date) -> list[PartitionRow]:
    """The partition of a day, of rows that the folds of the read model make of what held by then."""
    rows = project(as_it_was(told, on=on), folds=PARTITION, known=Rows())
    settle(rows)
    after, last = window(on)
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for child in rows.of(Child):
        identity = rows.find(ChildIdentity, child.child_id)
        born = identity.birth_date if identity is not None else None
        if child.merged_into is None and (born is None or after < born <= last):
            state = OPEN_CASE if child.open_case_id is not None else child.accounted_state or UNACCOUNTED
            counts[child.township, child.village, state, born is not None] += 1
    return in_order(
        PartitionRow(township=township, village=village, state=state, dated=dated, children=children)
        for (township, village, state, dated), children in counts.items()
    )


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_the_partition_of_a_day_is_what_the_folds_make_of_what_held_by_then(rooms: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=12, chance=chance), chance=chance, partitions=2)
    unseen = without_birth_dates(told)
    room = rooms()
    with room.writer:
        room.tell(told)
        for moment in (chance.choice(told).envelope.recorded_at, LATER):
            heard = heard_by(unseen, moment)
            for on in {holds_from(one) for one in chance.sample(heard, min(3, len(heard)))}:
                assert room.replay.partition_as_of(moment, on=on) == counted_by_hand(heard, on=on)


def test_what_a_partition_passes_by_moves_no_child() -> None:
    told = hear(
        [one.envelope for one in published(stories(children=120, chance=dice(8)), chance=dice(8))],
        opener=TestVault(),
        personal=BIRTHS,
    )
    rows, heeded, passed = Known(Rows()), {event for fold in moves.FOLDS for event in fold.events}, set()
    for fold, key, part in shares(told, folds=PARTITION):
        before = rows.find(fold.row, key)
        rows.evolve(fold.row, key, fold.evolve, part)
        if type(part.event) not in heeded:
            passed.add(type(part.event))
            assert before is not None
            assert _counts(rows.find(fold.row, key)) == _counts(before)
    assert passed == {event for fold in PARTITION for event in fold.events} - heeded


def _counts(row: Row | None) -> tuple[object, ...]:
    """What of a row is counted by."""
    match row:
        case Child():
            return (row.township, row.village, row.accounted_state, row.merged_into)
        case CaseFile():
            return (row.child_id, row.closed_on is None)
        case ChildIdentity():
            return (row.birth_date,)
        case _:
            return ()


def test_a_statement_of_an_earlier_day_moves_a_child_on_that_day_and_not_before_it_was_known(room: Room) -> None:
    earlier = DAY - timedelta(days=40)
    room.tell(stated(1, (
        msgspec.structs.replace(registered(1, born="2014-05-01"), valid_on=earlier),
        ChildAccounted(child_id=CHILD, state="in_seat", valid_on=DAY, reason=""),
        ChildAccounted(child_id=CHILD, state="suspect", valid_on=earlier, reason=""),
    )))  # fmt: skip

    def states(days_on: int, on: date) -> list[str]:
        return [row.state for row in room.replay.partition_as_of(START + timedelta(days=days_on), on=on)]

    assert states(1, DAY) == ["in_seat"]
    assert states(1, earlier) == ["unaccounted"]
    assert states(2, earlier) == ["suspect"]
    assert states(2, earlier - timedelta(days=1)) == []


def test_who_was_erased_or_is_restricted_has_no_age_at_any_moment_and_is_counted_still(room: Room) -> None:
    ends: tuple[Any, ...] = (
        ChildErased(child_id=made("child", 1), reason="request"),
        ChildRestricted(child_id=made("child", 2), basis="档案法", until=date(2040, 8, 31)),
    )
    room.tell(
        [*stated(1, (registered(1, born="2014-05-01"),)), *stated(2, (registered(2, born="2014-05-01"),), partition=1)]
    )
    assert [(row.dated, row.children) for row in room.replay.partition_as_of(START)] == [(True, 2)]

    room.tell([*stated(1, (registered(1), ends[0]))[1:], *stated(2, (registered(2), ends[1]), partition=1)[1:]])

    assert [(row.dated, row.children) for row in room.replay.partition_as_of(START)] == [(False, 2)]


def test_after_a_restriction_was_lifted_the_age_is_known_from_then_on(room: Room) -> None:
    restricted = ChildRestricted(child_id=CHILD, basis="档案法", until=date(2040, 8, 31))
    lifted = RestrictionLifted(child_id=CHILD, reason="监察委调查")
    room.tell(stated(1, (registered(1, born="2014-05-01"), restricted, lifted, corrected(1, born="2014-05-01"))))

    dated = [[row.dated for row in room.replay.partition_as_of(START + timedelta(days=day))] for day in range(4)]

    assert dated == [[False], [False], [False], [True]]


def test_what_moves_children_is_open_to_replays_alone(room: Room) -> None:
    room.tell([*stated(1, (registered(1),)), *days(case_story(1, 1, ()))])
    tables = (moves.ChildMove.TABLE, moves.ChildBirths.TABLE, moves.CaseSpan.TABLE)

    def seen(**claims: str) -> list[int]:
        with psycopg.connect(room.reader) as connection:
            for name, value in claims.items():
                connection.execute("select set_config(%s, %s, true)", [f"app.{name}", value])
            return [connection.execute(f"select count(*) from {table}".encode()).fetchall()[0][0] for table in tables]  # noqa: S608  # our own tables

    assert seen(lo="410326", hi="410327", receipts="on") == [0, 0, 0]
    assert seen(journal="on", child=str(made("child", 2))) == [0, 0, 0]
    assert seen(journal="on") == [1, 1, 1]


def test_a_read_model_of_an_earlier_version_says_that_it_must_be_made_anew(room: Room) -> None:
    moves.note_missing(room.writer)

    with pytest.raises(Refused, match="baoxue rebuild"):
        room.replay.partition_as_of(LATER)


def test_an_open_case_changes_the_partition_from_the_moment_it_was_recorded(room: Room) -> None:
    child = Story("roster", CHILD, (registered(1, born="2014-05-01"),))
    case = case_story(1, 1, ())
    room.tell([
        Message("roster/0", envelope(child, 0, position=1)),
        Message("cases/0", envelope(case, 0, position=1, recorded_at=START + timedelta(days=2))),
    ])  # fmt: skip

    def states(moment: datetime) -> list[str]:
        return [row.state for row in room.replay.partition_as_of(moment)]

    assert states(START - timedelta(days=1)) == []
    assert states(START + timedelta(days=1)) == ["unaccounted"]
    assert states(START + timedelta(days=2)) == ["open_case"]


def test_who_grows_out_of_the_window_is_not_counted_then(room: Room) -> None:
    child = Story("roster", CHILD, (registered(1, born="2014-05-01"),))
    room.tell([Message("roster/0", envelope(child, 0, position=1))])

    assert len(room.replay.partition_as_of(datetime.fromisoformat("2031-04-30T12:00:00+08:00"))) == 1
    assert room.replay.partition_as_of(datetime.fromisoformat("2031-05-01T00:00:00+08:00")) == []
    assert partition(room.writer, as_of=date(2031, 4, 30))
    assert not partition(room.writer, as_of=date(2031, 5, 1))


def test_a_past_partition_opens_nothing(room: Room) -> None:
    room.tell([Message("roster/0", envelope(Story("roster", CHILD, (registered(1),)), 0, position=1))])
    opened = room.vault.opened

    assert room.replay.partition_as_of(START)

    assert room.vault.opened == opened


def test_the_answers_to_graphql_say_the_same(room: Room) -> None:
    room.tell(days(case_story(1, 1, ("begun", "confirmed"))))
    answers = Answers(replay=room.replay, informants=Informants(dsn="", opener=room.vault))

    case = asyncio.run(answers.case_as_of(CASE, LATER))
    rows = asyncio.run(answers.partition_as_of(LATER))

    assert (case.state, case.owed_step, case.overdue, len(case.events)) == ("confirmed", "persuade", True, 3)
    assert list(rows) == []


def test_a_step_says_what_whoever_took_it_had_seen_of_the_child_by_then(room: Room) -> None:
    room.tell(days(case_story(1, 1, ("begun", "confirmed"))))
    for at, actor, decision in ((12, "clerk-7", "answered"), (30, "clerk-7", "refused"), (6, "officer-3", "answered")):
        room.writer.execute(
            """insert into receipt (receipt_id, at, actor, department, purpose, operation, decision, child_ids, fields)
               values (%s, %s, %s, 'township:410326103', 'dropout_control', 'ChildPage', %s, %s, %s)""",
            [made("look", at), START + timedelta(hours=at), actor, decision, [CHILD], [f"Child.{decision}"]],
        )

    opened, begun, confirmed = room.replay.case_as_of(CASE, LATER).steps

    assert (opened.looked_at, opened.seen) == (None, ())
    assert (begun.looked_at, begun.seen) == (START + timedelta(hours=12), ("Child.answered",))
    assert (confirmed.looked_at, confirmed.seen) == (START + timedelta(hours=30), ("Child.answered",))
    assert opened.owed.rule == begun.owed.rule != ""


def test_a_step_names_the_version_of_the_rules_in_force_when_it_was_taken(room: Room) -> None:
    room.tell(days(case_story(1, 1, ("begun", "confirmed"))))
    for hours, rules in ((12, b"a = 1"), (36, b"a = 2")):
        note_rules(room.writer, {CASE_RULES: rules}, at=START + timedelta(hours=hours))
    signer = signer_of("policy", secret=bytes(32))
    LogTree(dsn=room.dsn, signer=signer, clock=SystemClock(), entries=trees.LOGS["policy"]).keep_up()

    opened, begun, confirmed = room.replay.case_as_of(CASE, LATER).steps

    assert opened.rules is None
    assert begun.rules is not None
    assert confirmed.rules is not None
    assert begun.rules.version == sha256(b"a = 1").hexdigest()[:16]
    assert confirmed.rules.version == sha256(b"a = 2").hexdigest()[:16]
    assert (begun.rules.position, confirmed.rules.position) == (1, 2)
    known_then = room.replay.case_as_of(CASE, START + timedelta(hours=30)).steps[-1]
    assert known_then.rules == begun.rules
    answers = Answers(replay=room.replay, informants=Informants(dsn="", opener=room.vault))
    told = asyncio.run(answers.case_as_of(CASE, LATER)).events
    assert [event.rules_entry for event in told] == [None, 1, 2]


def stated(number: int, story: tuple[Any, ...], *, partition: int = 0) -> list[Message]:
    """What the roster stated of a child, an event a day."""
    told = Story("roster", made("child", number), story)
    return [
        Message(
            f"roster/{partition}",
            envelope(told, at, position=2 * at + partition + 1, recorded_at=START + timedelta(days=at)),
        )
        for at in range(len(story))
    ]


def test_what_was_recorded_late_was_true_before_it_was_known(room: Room) -> None:
    school = {"child_id": CHILD, "stage": "primary", "grade": "3", "status": "in_school", "sources": ()}
    earlier, later = DAY - timedelta(days=40), DAY - timedelta(days=10)
    room.tell(stated(1, (
        msgspec.structs.replace(registered(1), valid_on=earlier),
        SchoolingStated(**school, school="3141000301", school_name="三屯小学", valid_on=later),
    )))  # fmt: skip

    def school_then(moment: datetime, on: date | None) -> str:
        return room.replay.child_as_of(CHILD, moment, on=on).child.school

    assert school_then(START, None) == ""  # nobody knew yet
    assert school_then(LATER, DAY) == "3141000301"  # as is known now, it sat there already
    assert school_then(START, DAY) == ""
    assert school_then(LATER, later - timedelta(days=1)) == ""
    with pytest.raises(NotFound):
        room.replay.child_as_of(CHILD, LATER, on=earlier - timedelta(days=1))


def test_a_case_as_it_was_on_a_day_has_only_what_held_by_then(room: Room) -> None:
    room.tell(days(case_story(1, 1, ("begun", "unreachable"))))

    case = room.replay.case_as_of(CASE, LATER, on=DAY + timedelta(days=1))

    assert case.state == "verifying"
    assert len(case.steps) == 2


def test_a_household_is_the_children_that_lived_in_it_and_what_they_had(room: Room) -> None:
    household = made("household", 1)
    room.tell(stated(1, (msgspec.structs.replace(registered(1), household_id=household), ResidenceStated(
        child_id=CHILD, household_id=None, township="410326104", village="",
    ))))  # fmt: skip
    given: dict[str, Any] = {"award_id": made("award", 1), "child_id": CHILD}
    awards = Story("assistance", given["award_id"], (
        AwardGranted(**given, programme="living_allowance", term="2026-2027-1", amount_fen=50_000, category="poor",
                     legal_basis="", granted_on=DAY),
        AwardPaid(**given, payment_id=made("payment", 1), amount_fen=50_000, paid_on=DAY + timedelta(days=20)),
    ))  # fmt: skip
    room.tell([
        Message("assistance/0", envelope(awards, at, position=at + 1, recorded_at=START + timedelta(hours=at))) for at in (0, 1)
    ])  # fmt: skip

    then = room.replay.household_as_of(household, START + timedelta(hours=2))
    before = room.replay.household_as_of(household, START + timedelta(hours=2), on=DAY + timedelta(days=1))

    assert then.children == (CHILD,)
    assert [(row.state, row.paid_fen) for row in then.aid] == [("paid", 50_000)]
    assert [(row.state, row.paid_fen) for row in before.aid] == [("granted", 0)]  # the money came on the twentieth day
    with pytest.raises(NotFound):
        room.replay.household_as_of(household, LATER)  # it moved out, and nobody else was named in it


def test_who_was_erased_is_told_without_its_name_at_every_moment(room: Room) -> None:
    room.tell(
        [
            *stated(1, (registered(1), ChildErased(child_id=CHILD, reason="request"))),
            *days(case_story(1, 1, ("begun",))),
        ]
    )
    known = room.replay.child_as_of(CHILD, START)
    room.vault.shredded.add(CHILD)

    before, after = room.replay.child_as_of(CHILD, START), room.replay.child_as_of(CHILD, LATER)

    assert known.name not in {"", ERASED}
    assert (before.name, before.child.erased) == (ERASED, True)
    assert (after.name, after.child.erased) == (ERASED, True)
    assert before.child == msgspec.structs.replace(known.child, erased=True)
    assert before.events == known.events
    assert room.replay.case_as_of(CASE, LATER).state == "verifying"
    answers = Answers(replay=room.replay, informants=Informants(dsn="", opener=room.vault))
    assert asyncio.run(answers.child_as_of(CHILD, START)).name == "已销毁"
