"""Every child of the window in exactly one state, on any date; and sums that are held against each other before printing."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec
import openpyxl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.readmodel import projection
from gateway.readmodel.migrate import migrate
from gateway.readmodel.partition import PartitionRow, partition, window
from gateway.readmodel.projection import apply
from gateway.sheets.partition import DoesNotAddUp, Line, Printed, add_up, check, content_hash, page, workbook
from gateway.sheets.stamp import Stamp
from gateway.supervision.replay import Replay
from services.chassis.clock import china_date
from services.chassis.log import Message
from services.contracts.restriction import ChildRestricted, RestrictionLifted
from services.contracts.roster import ChildErased, ChildRegistered, ChildrenMerged, ChildrenUnmerged, IdentityCorrected
from tests.gateway.readmodel.telling import TestVault, dice, made, published, stories, without_birth_dates

PRINTED = Printed(
    on=date(2026, 9, 14),
    stamp=Stamp(
        receipt_id=made("receipt"),
        actor="bureau-office",
        unit="education_bureau:410326",
        purpose="dropout_control",
        at=datetime(2026, 9, 14, 2, 30, tzinfo=UTC),
    ),
    names={"410326103": "小店镇<b>", "410326103005": "圣王台村"},
)

partition_rows = st.lists(
    st.builds(
        PartitionRow,
        township=st.sampled_from(["410326103", "410326104", "410326000"]),
        village=st.sampled_from(["410326103005", "410326103006", ""]),
        state=st.sampled_from(["in_seat", "suspect", "open_case", "unaccounted", "a_new_word"]),
        dated=st.booleans(),
        children=st.integers(1, 10_000),
    ),
    max_size=40,
)


@given(rows=partition_rows)
def test_rows_columns_townships_and_the_county_add_up(rows: list[PartitionRow]) -> None:
    whole = sum(row.children for row in rows)

    added = add_up(rows)

    assert added.whole.total == whole == sum(line.total for line in added.villages.values())
    assert whole == sum(line.counts.get(state, 0) for line in added.townships.values() for state in added.states)
    assert sum(line.undated for line in added.villages.values()) == sum(row.children for row in rows if not row.dated)


@given(rows=partition_rows.filter(bool), by=st.integers(1, 9))
def test_sums_that_do_not_agree_are_never_printed(rows: list[PartitionRow], by: int) -> None:
    added = add_up(rows)
    place, line = next(iter(added.villages.items()))
    code, township = next(iter(added.townships.items()))
    wrong = replace(line, total=line.total + by)
    more: Callable[[Line], Line] = lambda a: replace(  # noqa: E731
        a, total=a.total + by, counts={**a.counts, "in_seat": a.counts.get("in_seat", 0) + by}
    )

    for tampered in (
        replace(added, villages={**added.villages, place: wrong}),
        replace(added, villages={**added.villages, place: more(line)}),
        replace(added, townships={**added.townships, code: more(township)}),
        replace(added, whole=more(added.whole)),
    ):
        with pytest.raises(DoesNotAddUp):
            check(tampered)


@pytest.fixture(scope="module")
def rooms(module_database: Any) -> Callable[[], tuple[psycopg.Connection, Replay, TestVault]]:
    """Empties the read model and gives a writer to it and a replay over it."""
    fresh = module_database("gateway", migrate=migrate)
    vault = TestVault()
    replay = Replay(dsn=fresh.dsn("gateway_reader"), opener=vault)

    def make() -> tuple[psycopg.Connection, Replay, TestVault]:
        with psycopg.connect(fresh.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            for table in projection.TABLES:
                connection.execute(f"delete from {table}".encode())  # noqa: S608  # our own tables
            connection.execute("delete from journal; delete from tracking")
        return psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True), replay, vault

    return make


SAID = (
    *(ChildRegistered, IdentityCorrected, ChildErased, ChildRestricted, RestrictionLifted),
    *(ChildrenMerged, ChildrenUnmerged),
)
"""What decides who is counted."""


def in_the_window(told: Sequence[Message], *, on: date) -> set[UUID]:
    """Who is to be counted on a day by these events: everybody registered, not merged away, of an age or of none known."""
    born: dict[UUID, date | None] = {}
    restricted: set[UUID] = set()
    merged: dict[UUID, UUID] = {}
    for event in _events(told):
        match event:
            case ChildRegistered() | IdentityCorrected():
                born[event.child_id] = _day(event.birth_date)
            case ChildErased():
                born[event.child_id] = None
            case ChildRestricted():
                restricted.add(event.child_id)
            case RestrictionLifted():
                restricted.discard(event.child_id)
            case ChildrenMerged():
                merged[event.merged_id] = event.child_id
            case ChildrenUnmerged():
                merged.pop(event.merged_id, None)
    after, until = window(on)
    born |= dict.fromkeys(restricted & born.keys())
    return {child for child, day in born.items() if child not in merged and (day is None or after < day <= until)}


def _events(told: Sequence[Message]) -> Iterator[Any]:
    kinds = {kind.TYPE: kind for kind in SAID}
    for message in sorted(told, key=lambda message: message.envelope.position):
        kind = kinds.get(message.envelope.type)
        if kind is not None:
            yield msgspec.json.decode(message.envelope.body, type=kind)


def _day(sealed: str) -> date | None:
    vault = TestVault()
    if not sealed:
        return None
    _, subject, _ = sealed.split(":")
    text = vault.open(sealed, aggregate_id=UUID(hex=subject), version=1, stored_topic="roster.ChildRegistered")
    try:
        return date.fromisoformat(text or "")
    except ValueError:  # not known, or written in a way nobody can read
        return None


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_on_any_date_of_any_history_every_child_of_the_window_is_in_exactly_one_state(rooms: Any, seed: int) -> None:
    chance = dice(seed)
    told = published(stories(children=9, chance=chance), chance=chance)
    writer, replay, vault = rooms()
    with writer:
        apply(writer, told, since={}, opener=vault)
        recorded = [message.envelope.recorded_at for message in told]
        unseen = without_birth_dates(told)
        for moment in [*chance.sample(recorded, 3), max(recorded)]:
            known = [message for message in unseen if message.envelope.recorded_at <= moment]
            on = china_date(moment)

            added = add_up(replay.partition_as_of(moment))

            assert added.whole.total == len(in_the_window(known, on=on))
        today = add_up(partition(writer, as_of=on))
        assert today.whole.total == len(in_the_window(told, on=on))


def test_the_workbook_has_each_township_with_its_villages_and_their_sum() -> None:
    rows = [
        PartitionRow(township="410326103", village="410326103005", state="in_seat", dated=True, children=7),
        PartitionRow(township="410326103", village="410326103005", state="suspect", dated=False, children=2),
        PartitionRow(township="410326103", village="", state="open_case", dated=True, children=1),
        PartitionRow(township="410326104", village="410326104001", state="in_seat", dated=True, children=4),
    ]
    book = openpyxl.load_workbook(BytesIO(workbook(add_up(rows), PRINTED)))
    sheet = book["各村归类表"]
    [headings, *lines] = list(sheet.iter_rows(min_row=5, values_only=True))
    told = [dict(zip(headings, line, strict=True)) for line in lines]

    shown = [(row["村(社区)"], row["适龄儿童合计"], row["在校"], row["疑似"], row["其中出生日期不明"]) for row in told]
    assert shown == [
        ("不详", 1, 0, 0, 0),
        ("圣王台村", 9, 7, 2, 2),
        ("小计", 10, 7, 2, 2),
        ("410326104001", 4, 4, 0, 0),
        ("小计", 4, 4, 0, 0),
    ]
    assert {row["核对"] for row in told} == {"相符"}
    *_, total = book["各乡镇归类表"].iter_rows(min_row=6, values_only=True)
    assert total[:4] == ("总计", 3, 14, 11)
    assert sheet.page_setup.orientation == "landscape"


def test_a_state_nobody_has_a_word_for_yet_has_a_column_of_its_own() -> None:
    row = PartitionRow(township="410326103", village="", state="a_new_word", dated=True, children=3)
    sheet = openpyxl.load_workbook(BytesIO(workbook(add_up([row]), PRINTED)))["各乡镇归类表"]
    headings = [cell.value for cell in sheet[5]]
    assert sheet[6][headings.index("a_new_word")].value == 3


def test_the_page_has_a_leaf_for_the_county_and_one_for_each_township_and_escapes_names() -> None:
    rows = [
        PartitionRow(township=code, village="", state="in_seat", dated=True, children=1)
        for code in ("410326103", "410326104")
    ]
    text = page(add_up(rows), PRINTED)
    assert len(re.findall("<section>", text)) == 3
    assert "小店镇&lt;b&gt;" in text
    assert "<b>" not in text
    assert f"编号：{PRINTED.stamp.number}" in text


def test_an_empty_partition_is_a_sheet_of_zeros() -> None:
    assert add_up([]).whole.total == 0
    assert "总计" in page(add_up([]), PRINTED)


def test_the_hash_changes_with_any_number_and_any_day() -> None:
    row = PartitionRow(township="410326103", village="", state="in_seat", dated=True, children=3)
    hashes = {
        content_hash(add_up([replace(row, children=children)]), on=on)
        for children in (3, 4)
        for on in (date(2026, 9, 1), date(2026, 9, 2))
    }
    assert len(hashes) == 4
