"""People's own words in the read model: opened in narrow tables of their own, forgotten with their person."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from gateway.readmodel.migrate import migrate
from gateway.readmodel.projection import apply
from services.chassis.log import Message
from services.contracts.cases import ChildSearched, PersuasionRecorded, PublicReportInquired, PublicReportReceived
from services.contracts.envelope import Published
from services.contracts.oversight import PublicReportInformantNamed, PublicReportSupplemented, VisitRecorded
from services.contracts.restriction import ChildRestricted
from services.contracts.review import DoubtWithdrawn
from services.contracts.roster import ChildErased
from tests.gateway.readmodel.story import DAY, TOWNSHIPS, Story, made, sealed
from tests.gateway.readmodel.telling import TestVault, contents, doubt, envelope, owed, registered

ERASURE = ChildErased(child_id=made("child", 1), reason="guardian's request")
RESTRICTION = ChildRestricted(child_id=made("child", 1), basis="档案法", until=date(2040, 8, 31))


@pytest.fixture
def writer(database: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database("gateway", migrate=migrate).dsn("gateway_writer"), autocommit=True) as connection:
        yield connection


def tell(connection: psycopg.Connection, *told: Story, after: int, vault: TestVault) -> None:
    """Applies stories in this order at the positions after `after`."""
    since = dict(connection.execute("select name, position from tracking").fetchall())
    events = [(story, number) for story in told for number in range(len(story.events))]
    messages = [
        Message(f"{story.producer}/0", envelope(story, number, position=after + place))
        for place, (story, number) in enumerate(events, start=1)
    ]
    apply(connection, messages, since=since, opener=vault)


def visited(number: int) -> Story:
    """A visit at which the family of a child promised something."""
    visit = VisitRecorded(
        visit_id=made("visit", number), child_id=made("child", number), case_id=None, method="home_visit",
        attitude="agreed", promise=sealed(made("child", number), "下周返校"), visitor="teacher-1", visited_on=DAY,
        next_on=None, attachments=(),
    )  # fmt: skip
    return Story("cases", visit.visit_id, (visit,))


@pytest.mark.parametrize("closing", [ERASURE, RESTRICTION], ids=["erased", "restricted"])
def test_what_a_family_promised_is_read_until_its_child_is_erased_or_restricted(
    writer: psycopg.Connection, closing: Published
) -> None:
    child, vault = made("child", 1), TestVault()
    tell(writer, Story("roster", child, (registered(1),)), visited(1), visited(2), after=0, vault=vault)
    of_child = "select promise from visit_words where child_id = %s"
    assert writer.execute(of_child, [child]).fetchall() == [("下周返校",)]

    tell(writer, Story("roster", child, (closing,)), after=10, vault=vault)
    tell(writer, visited(1), after=20, vault=vault)  # told late, while the key is still remembered for a minute

    assert writer.execute("select child_id from visit order by 1").fetchall() == sorted([(child,), (made("child", 2),)])
    assert writer.execute("select child_id from visit_words").fetchall() == [(made("child", 2),)]


def test_what_doubted_rows_say_is_read_until_the_doubt_is_withdrawn_or_their_child_erased(
    writer: psycopg.Connection,
) -> None:
    one, vault = made("child", 1), TestVault()
    children = [Story("roster", made("child", number), (registered(number),)) for number in (1, 2, 3)]
    doubts = [doubt(1, 2), doubt(2, 3)]
    tell(writer, *children, *(Story("roster", told.doubt_id, (told,)) for told in doubts), after=0, vault=vault)
    shown = "select child_id, number, id_number, place, township from doubt_row where doubt_id = %s order by id_number"
    assert writer.execute(shown, [doubts[0].doubt_id]).fetchall() == [
        (made("child", number), 1, f"41032620140512{number:04d}", "三屯镇南村", township_of(writer, number))
        for number in (1, 2)
    ]

    of = {"doubt_id": doubts[1].doubt_id, "child_id": made("child", 2), "other_id": made("child", 3)}
    tell(writer, Story("roster", one, (ERASURE,)), after=10, vault=vault)
    tell(writer, Story("roster", of["doubt_id"], (DoubtWithdrawn(**of, withdrawn_on=DAY),)), after=20, vault=vault)

    assert writer.execute("select child_id from doubt_row").fetchall() == [(made("child", 2),)]


def township_of(connection: psycopg.Connection, number: int) -> str:
    """Where a child stands."""
    [(township,)] = connection.execute(
        "select township from child where child_id = %s", [made("child", number)]
    ).fetchall()
    return str(township)


def went_there(number: int) -> Story:
    """A family that was persuaded, and whose child was then searched for, each with a note."""
    child, case = made("child", number), made("case", number, 1)
    of = {"case_id": case, "child_id": child, "made_on": DAY, "owed": owed("persuade", "school", 7)}
    return Story("cases", case, (
        PersuasionRecorded(**of, method="home_visit", outcome="refused", note=sealed(child, "父亲外出打工")),
        ChildSearched(**of, method="relatives", note=sealed(child, "姑姑说去了广东")),
        ChildSearched(**of, method="relatives", note=sealed(child, "")),
    ))  # fmt: skip


def test_what_was_written_down_of_a_family_is_read_until_its_child_is_erased(writer: psycopg.Connection) -> None:
    child, vault = made("child", 1), TestVault()
    tell(writer, Story("roster", child, (registered(1),)), went_there(1), went_there(2), after=0, vault=vault)
    of_child = "select note from step_words where child_id = %s order by note"
    assert writer.execute(of_child, [child]).fetchall() == [("姑姑说去了广东",), ("父亲外出打工",)]

    tell(writer, Story("roster", child, (ERASURE,)), after=10, vault=vault)
    tell(writer, went_there(1), after=20, vault=vault)  # told late, while the key is still remembered for a minute

    assert set(writer.execute("select child_id from step_words")) == {(made("child", 2),)}


def test_what_the_public_told_stands_in_one_table_and_who_told_it_in_none(writer: psycopg.Connection) -> None:
    report = made("report", 1)
    told = PublicReportReceived(
        report_id=report,
        receipt_number="JB1",
        township=TOWNSHIPS[0],
        received_on=DAY,
        text=sealed(report, "窑厂有童工"),
    )
    named = PublicReportInformantNamed(report_id=report, informant=sealed(made("informant", 1), "王大妈"))
    added = PublicReportSupplemented(
        report_id=report, township=TOWNSHIPS[0], text=sealed(report, "还有一个"), added_on=DAY
    )
    inquired = PublicReportInquired(
        report_id=report, township=TOWNSHIPS[0], method="village", made_on=DAY, owed=owed("look", "bureau", 20),
        note=sealed(report, "窑厂无人应门"),
    )  # fmt: skip
    vault = TestVault()
    tell(writer, Story("cases", report, (told, named, added, inquired)), after=0, vault=vault)

    tables = contents(writer)
    [words] = tables.pop("report_words")
    assert "窑厂有童工" in words
    assert "还有一个" in words
    assert "窑厂无人应门" in words
    others = "".join(row for rows in tables.values() for row in rows)
    assert not re.findall("窑厂有童工|还有一个|窑厂无人应门", others)
    assert "王大妈" not in words + others
    assert vault.opened == 3
