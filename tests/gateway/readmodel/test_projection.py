"""The projection against a real PostgreSQL: every event once, in any order between producers, all or nothing."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from gateway.readmodel import projection
from gateway.readmodel.migrate import migrate
from gateway.readmodel.partition import partition, window
from gateway.readmodel.projection import Contradicted, Overtaken, apply
from gateway.readmodel.roster import search_keys
from services.chassis.log import Message
from services.contracts.envelope import Published, wire_types
from services.contracts.notify import NoticeAcknowledged, NoticeDelivered, NoticeEscalated, NoticeRaised
from services.contracts.restriction import ChildRestricted, RestrictionLifted
from services.contracts.roster import ChildAccounted, ChildErased, ChildrenMerged, ChildrenUnmerged, ResidenceStated
from tests.gateway.readmodel.telling import (
    DAY,
    START,
    Story,
    TestVault,
    case_story,
    contents,
    corrected,
    delivered,
    dice,
    empty,
    envelope,
    made,
    published,
    registered,
    stories,
)

SLOW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def emptied(module_database: Any) -> Any:
    """Empties a database wholly, journal and receipts too, which only its superuser can; returns a writer of it."""
    fresh = module_database("gateway", migrate=migrate)

    def empty_all() -> psycopg.Connection:
        with psycopg.connect(fresh.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            for table in (*projection.TABLES, "journal", "receipt", "tracking"):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        return psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True)

    return empty_all


@pytest.fixture
def writer(emptied: Any) -> Iterator[psycopg.Connection]:
    with emptied() as connection:
        yield connection


def positions(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute("select name, position from tracking").fetchall())


def tell(connection: psycopg.Connection, *told: Story, vault: TestVault | None = None, after: int = 0) -> None:
    """Applies stories in this order, each producer's positions counted on from `after`."""
    messages, position = [], after
    for story in told:
        for number in range(len(story.events)):
            position += 1
            messages.append(Message(f"{story.producer}/0", envelope(story, number, position=position)))
    apply(connection, messages, since=positions(connection), opener=vault or TestVault())


def one(connection: psycopg.Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row is not None and len(row) == 1 else row


# Every contract is decided on


def test_every_published_event_is_projected_or_ignored_by_decision() -> None:
    projected = {event for fold in projection.FOLDS for event in fold.events}

    undecided = CONTRACT - projected - projection.IGNORED

    assert not undecided, f"decide on {undecided}: give each a fold or put it into IGNORED"
    assert not projected & projection.IGNORED


def test_the_invented_county_tells_every_projected_event() -> None:
    told = {type(event) for seed in range(40) for s in stories(children=6, chance=dice(seed)) for event in s.events}

    assert told >= CONTRACT - projection.IGNORED


def test_rows_have_the_columns_of_their_tables(writer: psycopg.Connection) -> None:
    for kind in projection.KINDS:
        found = writer.execute(
            "select column_name from information_schema.columns where table_name = %s and is_generated = 'NEVER'",
            [kind.TABLE],
        )
        assert {row[0] for row in found} == set(kind.__struct_fields__), kind.TABLE


# Nothing lost, nothing twice


@SLOW
@given(seed=st.integers(0, 2**32), partitions=st.sampled_from((1, 3)))
def test_order_between_producers_redelivery_and_batches_leave_no_trace(
    emptied: Any, seed: int, partitions: int
) -> None:
    chance = dice(seed)
    told = published(stories(children=5, chance=chance), chance=chance, partitions=partitions)
    vault = TestVault(shredded={made("child", 1)})
    with emptied() as writer:
        apply(writer, told, since={}, opener=vault)
        expected = contents(writer)
    with emptied() as writer:
        for batch in delivered(told, chance=chance):
            apply(writer, batch, since=positions(writer), opener=vault)

        assert contents(writer) == expected
        apply(writer, told, since=positions(writer), opener=vault)
        assert contents(writer) == expected


@settings(SLOW, max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_only_the_order_within_an_aggregate_matters(emptied: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=5, chance=chance), chance=chance)
    apart = [
        Message(f"{one.envelope.producer}/{one.envelope.aggregate_id}", one.envelope) for one in told
    ]  # as if every aggregate had a partition of its own
    with emptied() as writer:
        apply(writer, told, since={}, opener=TestVault())
        expected = contents(writer)
    with emptied() as writer:
        for batch in delivered(apart, chance=chance):
            apply(writer, batch, since=positions(writer), opener=TestVault())

        shown = contents(writer)

    for table in expected.keys() - {"tracking"}:
        assert shown[table] == expected[table], table


def test_who_went_into_one_child_and_then_into_another_stays_there_in_whatever_order_it_is_heard(
    writer: psycopg.Connection,
) -> None:
    moved, first, second = (made("child", number) for number in (1, 2, 3))
    left = Story("roster", first, (
        ChildrenMerged(child_id=first, merged_id=moved, reason=""),
        ChildrenUnmerged(child_id=first, merged_id=moved, reason=""),
    ))  # fmt: skip
    entered = Story("roster", second, (ChildrenMerged(child_id=second, merged_id=moved, reason=""),))

    late = [Message("roster/1", envelope(left, number, position=1 + number)) for number in range(2)]
    apply(writer, [Message("roster/2", envelope(entered, 0, position=3)), *late], since={}, opener=TestVault())

    assert one(writer, "select merged_into from child where child_id = %s", moved) == second


@SLOW
@given(seed=st.integers(0, 2**32))
def test_a_batch_that_does_not_commit_leaves_nothing(emptied: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=3, chance=chance), chance=chance)
    half = len(told) // 2
    with emptied() as writer:
        apply(writer, told[:half], since={}, opener=TestVault())
        before = contents(writer)

        with writer.transaction(force_rollback=True):  # as when the process dies before the commit
            apply(writer, told[half:], since=positions(writer), opener=TestVault())
            assert contents(writer) != before

        assert contents(writer) == before
        apply(writer, told[half:], since=positions(writer), opener=TestVault())
        assert len(contents(writer)["journal"]) == len(told)


def test_who_believes_the_read_model_elsewhere_is_overtaken(writer: psycopg.Connection) -> None:
    story = Story("roster", made("child", 1), (registered(1), ChildAccounted(child_id=made("child", 1), state="in_seat", valid_on=DAY, reason="")))  # fmt: skip
    tell(writer, story)
    before = contents(writer)
    late = Message("roster/0", envelope(story, 1, position=9))

    for belief in ({}, {"roster/0": 1}, {"roster/0": 8}):
        with pytest.raises(Overtaken):
            apply(writer, [late], since=belief, opener=TestVault())

    assert contents(writer) == before


def test_a_log_that_contradicts_the_journal_is_refused(writer: psycopg.Connection) -> None:
    tell(writer, Story("roster", made("child", 1), (registered(1),)))
    with writer.transaction():
        empty(writer)

    with pytest.raises(Contradicted):
        tell(writer, Story("roster", made("child", 2), (registered(2),)))

    assert contents(writer)["child"] == []


def test_what_is_private_or_unknown_is_journaled_and_passed(writer: psycopg.Connection) -> None:
    known = envelope(Story("roster", made("child", 1), (registered(1),)), 0, position=1)  # fmt: skip
    private = msgspec.structs.replace(known, type="roster.private.v1", body=msgspec.Raw(b"{}"))
    new = msgspec.structs.replace(
        known,
        position=2,
        type="roster.child-praised.v9",
        body=msgspec.Raw(msgspec.json.encode({"child_id": made("child", 1)})),
    )

    apply(writer, [Message("roster/0", private), Message("roster/0", new)], since={}, opener=TestVault())

    assert positions(writer) == {"roster/0": 2}
    assert one(writer, "select array_agg(child_id order by position) from journal") == [None, made("child", 1)]
    assert contents(writer)["child"] == []


def test_an_event_that_is_not_what_its_type_says_is_refused(writer: psycopg.Connection) -> None:
    story = Story("roster", made("child", 1), (registered(1),))
    broken = msgspec.structs.replace(envelope(story, 0, position=1), body=msgspec.Raw(b'{"child_id": 7}'))

    with pytest.raises(msgspec.DecodeError):
        apply(writer, [Message("roster/0", broken)], since={}, opener=TestVault())

    assert positions(writer) == {}


# Who a child is


def test_names_and_numbers_stand_in_one_table_only(
    writer: psycopg.Connection,
) -> None:
    chance = dice(7)
    apply(writer, published(stories(children=12, chance=chance), chance=chance), since={}, opener=TestVault())

    tables = contents(writer)

    identities = "".join(tables.pop("child_identity"))
    tables.pop("step_words")  # what somebody wrote down of a family may well name it
    others = "".join(row for rows in tables.values() for row in rows)
    for personal in ("曾小一", "单雨", "曾某", "13800000000", "家长某某"):
        assert personal not in others
    assert "曾小" in identities or "单雨" in identities  # as registered, as corrected


def test_a_restricted_child_has_no_identity_until_the_restriction_is_lifted(writer: psycopg.Connection) -> None:
    lifted = RestrictionLifted(child_id=made("child", 1), reason="调查")
    kept = msgspec.structs.replace(RESTRICTION, child_id=made("child", 2))
    tell(
        writer,
        Story("roster", made("child", 1), (registered(1), RESTRICTION, lifted, corrected(1))),
        Story("roster", made("child", 2), (registered(2), kept)),
    )

    shown = "select i.name, c.restricted, c.erased from child c left join child_identity i using (child_id) order by 1"
    assert writer.execute(shown).fetchall() == [("单雨", False, False), (None, True, False)]


def test_an_erased_child_keeps_its_rows_and_has_no_identity(writer: psycopg.Connection) -> None:
    tell(writer, Story("roster", made("child", 1), (registered(1),)), vault=TestVault(shredded={made("child", 1)}))

    assert one(writer, "select erased from child") is True
    assert contents(writer)["child_identity"] == []


CONTRACT = {published for published in wire_types().values() if published.__module__.startswith("services.contracts.")}
"""Every published type of the services; other tests of the same run may have types of their own."""

ERASURE = ChildErased(child_id=made("child", 1), reason="guardian's request")


RESTRICTION = ChildRestricted(child_id=made("child", 1), basis="档案法", until=date(2040, 8, 31))


@pytest.mark.parametrize("closing", [ERASURE, RESTRICTION], ids=["erased", "restricted"])
def test_an_erasure_or_restriction_comes_to_what_a_rebuild_without_the_key_comes_to(
    writer: psycopg.Connection, closing: Published
) -> None:
    told = [
        Story("roster", made("child", 1), (registered(1), closing)),
        Story("roster", made("child", 2), (registered(2),)),
    ]
    tell(writer, *told)
    forgotten = contents(writer)

    with writer.transaction():
        empty(writer)
    tell(writer, *told, vault=TestVault(shredded={made("child", 1)}))

    assert contents(writer) == forgotten


def test_a_child_is_found_by_pinyin_initials_and_last_four() -> None:
    assert search_keys("单小明") == ("shanxiaoming", "sxm")
    assert search_keys("吕布") == ("lvbu", "lb")
    assert search_keys("阿依古丽·买买提") == ("ayigulimaimaiti", "ayglmmt")
    assert search_keys("重单") == ("zhongdan", "zd")
    assert search_keys("") == ("", "")


# Cases and where a child is accounted for


def test_a_case_before_its_child_waits_for_it(writer: psycopg.Connection) -> None:
    tell(writer, case_story(1, 1, ("begun",)))
    assert contents(writer)["child"] == []

    tell(writer, Story("roster", made("child", 1), (registered(1),)))

    assert one(writer, "select open_case_id from child") == made("case", 1, 1)


@pytest.mark.parametrize("first", [1, 2])
def test_of_two_open_cases_the_later_one_accounts_for_the_child(writer: psycopg.Connection, first: int) -> None:
    tell(writer, Story("roster", made("child", 1), (registered(1),)))

    tell(writer, case_story(1, first, ()))
    tell(writer, case_story(1, 3 - first, ()), after=1)

    assert one(writer, "select open_case_id from child") == made("case", 1, 2)


def test_closing_returns_a_child_to_its_base_state(writer: psycopg.Connection) -> None:
    child = made("child", 5)
    suspect = ChildAccounted(child_id=child, state="suspect", valid_on=DAY, reason="")
    tell(writer, Story("roster", child, (registered(5, born="2014-05-01"), suspect)))
    tell(writer, case_story(5, 1, ("begun", "confirmed")))
    assert [row.state for row in partition(writer, as_of=DAY)] == ["open_case"]

    in_seat = Story(
        "roster", child, (*[suspect] * 2, ChildAccounted(child_id=child, state="in_seat", valid_on=DAY, reason=""))
    )
    tell(writer, in_seat, after=2)
    assert [row.state for row in partition(writer, as_of=DAY)] == ["open_case"]
    whole = case_story(5, 1, ("begun", "confirmed", "closed"))
    last = envelope(whole, 3, position=4)
    apply(writer, [Message("cases/0", last)], since=positions(writer), opener=TestVault())

    assert [row.state for row in partition(writer, as_of=DAY)] == ["in_seat"]


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (("begun",), "verifying"),
        (("begun", "confirmed"), "confirmed"),
        (("begun", "confirmed", "persuaded"), "persuading"),
        (("begun", "confirmed", "persuaded", "reported", "persuaded"), "reported"),
        (("begun", "unreachable"), "unreachable"),
        (("begun", "unreachable", "sought"), "sought"),
        (("begun", "confirmed", "persuaded", "expired"), "persuading"),
        (("reported", "ordered"), "ordered"),
        (("ordered", "justice"), "judicial"),
        (("returned", "watched"), "watched"),
        (("watched", "closed"), "closed"),
        (("cleared",), "cleared"),
    ],
)
def test_a_case_is_in_the_state_its_last_step_left_it(
    writer: psycopg.Connection, steps: tuple[str, ...], state: str
) -> None:
    tell(writer, case_story(1, 1, steps))

    assert one(writer, "select state from case_file") == state
    assert one(writer, "select (closed_on is null) = (owed_step <> '') from case_file")
    assert one(writer, "select count(*) from case_step") == len(steps) + 1


def test_what_belongs_to_a_child_moves_with_it(writer: psycopg.Connection) -> None:
    chance = dice(3)
    apply(writer, published(stories(children=8, chance=chance), chance=chance), since={}, opener=TestVault())
    child = one(writer, "select child_id from award limit 1")
    moved = ResidenceStated(child_id=child, household_id=made("household", 0), township="410326209", village="")

    tell(writer, Story("roster", child, (moved,)), after=positions(writer)["roster/0"])

    for kind in projection.KINDS:
        if issubclass(kind, projection.OfChild):
            places = sql.SQL("select township from {} where child_id = %s").format(sql.Identifier(kind.TABLE))
            assert {row[0] for row in writer.execute(places, [child])} <= {"410326209"}, kind.TABLE
    assert one(writer, "select count(*) from award where township = '410326209'") > 0
    astray = "select count(*) from case_step s join case_file f using (case_id) where s.township <> f.township"
    assert one(writer, astray) == 0


def test_a_notice_signed_for_stays_signed_for(writer: psycopg.Connection) -> None:
    notice = made("notice", 1)
    told = (
        NoticeRaised(
            notice_id=notice, about=made("case", 1, 1), case_id=None, recipient="township:410326103", area="410326103005",
            reason="step_owed", text="", reply_by=None,
        ),
        NoticeAcknowledged(notice_id=notice, by="clerk-2"),
        NoticeEscalated(notice_id=notice, to="education_bureau:410326", escalated_on=DAY),
        NoticeDelivered(notice_id=notice, channel="inbox", delivered_at=START),
    )  # fmt: skip

    tell(writer, Story("notify", notice, told))

    assert one(writer, "select state, township, escalated_to, delivered_at is not null from notice") == (
        "acknowledged", "410326103", "education_bureau:410326", True,
    )  # fmt: skip


# The window


def test_the_window_counts_whoever_has_completed_six_and_not_seventeen() -> None:
    after, last = window(date(2026, 9, 14))

    assert last == date(2020, 9, 14)
    assert after == date(2009, 9, 14)


@given(born=st.dates(date(2000, 1, 1), date(2030, 1, 1)), as_of=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_the_window_is_the_one_of_completed_years(born: date, as_of: date) -> None:
    years = as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
    after, last = window(as_of)

    assert (after < born <= last) == (6 <= years <= 16)


def test_nobody_is_dropped_from_the_partition(writer: psycopg.Connection) -> None:
    births = {1: "2014-05-01", 2: "", 3: "1990-01-01", 4: "unbekannt", 5: "2024-01-01", 6: "2015-01-01"}
    tell(
        writer,
        *(Story("roster", made("child", number), (registered(number, born=born),)) for number, born in births.items()),
        vault=TestVault(shredded={made("child", 6)}),
    )

    rows = partition(writer, as_of=DAY)

    assert [(row.dated, row.state, row.children) for row in rows] == [
        (True, "unaccounted", 1),
        (False, "unaccounted", 3),
    ]


def test_a_merged_entry_is_not_counted_twice(writer: psycopg.Connection) -> None:
    chance = dice(11)
    apply(writer, published(stories(children=40, chance=chance), chance=chance), since={}, opener=TestVault())

    counted = sum(row.children for row in partition(writer, as_of=DAY))

    assert one(writer, "select count(*) from child where merged_into is not null") > 0
    after, last = window(DAY)
    expected = one(
        writer,
        "select count(*) from child left join child_identity using (child_id)"
        " where merged_into is null and (birth_date is null or birth_date > %s and birth_date <= %s)",
        after,
        last,
    )
    assert counted == expected


def test_whoever_waits_for_the_read_model_is_told_of_each_batch(writer: psycopg.Connection) -> None:
    chance = dice(5)
    with psycopg.connect(writer.info.dsn, password=writer.info.password, autocommit=True) as waiting:
        waiting.execute(f"listen {projection.CHANNEL}".encode())

        apply(writer, published(stories(children=1, chance=chance), chance=chance), since={}, opener=TestVault())

        assert len(list(waiting.notifies(timeout=10, stop_after=1))) == 1
