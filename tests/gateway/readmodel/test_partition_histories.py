"""Promise 1 from the roster's commands to the read model: whatever happens, every child of school age is in one state of one village.

Random histories are told by the roster's own commands and clock, published, and projected; the partition is then compared, on
several dates, with what the aggregates say of each entry that goes on by itself.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import sql

from gateway.readmodel import projection
from gateway.readmodel.migrate import migrate
from gateway.readmodel.partition import cut, miscounted, partition, recount, window
from gateway.readmodel.projection import apply
from services.chassis.errors import Refused
from services.chassis.log import Message
from services.contracts.roster import ChildRegistered, IdentityCorrected
from services.roster.domain.child import Child
from services.roster.domain.facts import Identity, Residence
from services.roster.publisher import publish
from services.roster.reconcile.model import AccountedState
from tests.gateway.readmodel.telling import Story, TestVault, envelope, sealed
from tests.roster.given import MONDAY, SCHOOL, acting_on, days
from tests.roster.in_memory import MemoryRoster, statement

VILLAGES = ("410326103005", "410326103006", "410326104001")
STATES = [state.value for state in AccountedState]
DATES = (MONDAY, MONDAY + timedelta(days=400), MONDAY - timedelta(days=800))
PERSONAL = ("name", "id_number", "birth_date", "guardian_name", "guardian_phone")
EVERY_NUMBER = "select p::text from partition_count p order by 1"
COUNTY = UUID("1d0b5b46-0d6c-5b9e-8a44-9a5d7f0c3e21")


@pytest.fixture(scope="module")
def emptied(module_database: Any) -> Any:
    """Empties the read model and gives a writer of it."""
    fresh = module_database("gateway", migrate=migrate)

    def empty() -> psycopg.Connection:
        with psycopg.connect(fresh.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            for table in (*projection.TABLES, "journal", "tracking"):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        return psycopg.connect(fresh.dsn("gateway_writer"), autocommit=True)

    return empty


class History:
    """A county of a few children to whom anything may happen; the same seed tells the same."""

    def __init__(self, chance: random.Random) -> None:
        self.roster = MemoryRoster()
        self._chance = chance
        self._day = MONDAY
        self._entries: list[UUID] = []

    def tell(self, happenings: int) -> None:
        for _ in range(happenings):
            act = self._chance.choice(
                (
                    self._register,
                    self._state,
                    self._state,
                    self._merge,
                    self._part,
                    self._defer,
                    self._place,
                    self._wait,
                )
            )
            with suppress(Refused):
                act()

    def entries(self) -> Iterator[Child]:
        """The entries that go on by themselves."""
        for entry in self._entries:
            child = self.roster.get(Child, entry)
            if child.absorbed_by is None:
                yield child

    def messages(self) -> Iterator[Message]:
        """All that was recorded, as the gateway hears it."""
        told: dict[UUID, list[Any]] = {}
        position = 0
        for event in self.roster.memory.log:
            published = publish(event)
            if published is None:
                continue
            if isinstance(published, ChildRegistered | IdentityCorrected):
                texts = {name: sealed(published.child_id, getattr(published, name)) for name in PERSONAL}
                published = msgspec.structs.replace(published, **texts)
            of_aggregate = told.setdefault(event.originator_id, [])
            of_aggregate.append(published)
            position += 1
            story = Story("roster", event.originator_id, tuple(of_aggregate))
            yield Message("roster/0", envelope(story, len(of_aggregate) - 1, position=position))

    def _some(self) -> UUID:
        return self._chance.choice(self._entries) if self._entries else self._register()

    def _register(self) -> UUID:
        entry = uuid5(COUNTY, str(len(self._entries)))
        self._entries.append(entry)
        self._say(entry, new=True)
        return entry

    def _state(self) -> None:
        child = self.roster.get(Child, self._some())
        if child.absorbed_by is None:
            self._say(child.id, new=False)

    def _say(self, entry: UUID, *, new: bool) -> None:
        """A comparison states an entry: born and living anywhere, now and then nobody knows when."""
        born = date(self._chance.randrange(2006, 2024), self._chance.randrange(1, 13), self._chance.randrange(1, 29))
        village = self._chance.choice(VILLAGES)
        birth = born.isoformat() if self._chance.random() < 0.9 else ""
        said = replace(
            statement(entry, self._chance.choice(STATES), on=self._day, new=new),
            identity=Identity("燕归来", "", birth, "female", "燕青", ""),
            residence=Residence(None, village[:9], village),
        )
        with acting_on(self._day):
            self.roster.state_children(statements=[said])

    def _merge(self) -> None:
        with acting_on(self._day):
            self.roster.merge_children(child_id=self._some(), merged_id=self._some(), reason="走访核实")

    def _part(self) -> None:
        child = self.roster.get(Child, self._some())
        for merged in sorted(child.merged)[:1]:
            with acting_on(self._day):
                self.roster.unmerge_children(child_id=child.id, merged_id=merged, reason="系双胞胎")

    def _defer(self) -> None:
        with acting_on(self._day):
            self.roster.approve_deferral(
                child_id=self._some(),
                kind="suspension",
                proof="诊31",
                from_on=self._day + days(self._chance.randrange(-5, 20)),
                until_on=self._day + days(self._chance.randrange(20, 200)),
            )

    def _place(self) -> None:
        form = self._chance.choice(("regular_class", "home_teaching"))
        with acting_on(self._day):
            self.roster.decide_placement(child_id=self._some(), form=form, school=SCHOOL)

    def _wait(self) -> None:
        self._day += days(self._chance.randrange(1, 90))
        self.roster.pass_day(self._day)


def expected(history: History, as_of: date) -> Counter[tuple[str, str, bool, str]]:
    """The partition on a date by what the aggregates say; who has no birth date that can be read is in it on every date."""
    after, until = window(as_of)
    counts: Counter[tuple[str, str, bool, str]] = Counter()
    for child in history.entries():
        birth = child.identity.birth_date
        if not birth or after < date.fromisoformat(birth) <= until:
            counts[child.residence.township, child.residence.village, bool(birth), child.accounted] += 1
    return counts


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_every_child_of_school_age_is_in_exactly_one_state_of_one_village_on_any_date(emptied: Any, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # which history is of no matter
    history = History(chance)
    history.tell(60)
    messages = list(history.messages())
    with emptied() as writer:
        reached: dict[str, int] = {}
        for batch in (messages[: len(messages) // 2], messages[len(messages) // 2 :]):
            reached |= apply(writer, batch, since=reached, opener=TestVault())
        assert miscounted(writer) == 0
        for as_of in (*DATES, MONDAY + timedelta(days=chance.randrange(-4000, 4000))):
            rows = partition(writer, as_of=as_of)

            assert len({(row.township, row.village, row.dated, row.state) for row in rows}) == len(rows)
            shown = Counter({(row.township, row.village, row.dated, row.state): row.children for row in rows})
            assert shown == expected(history, as_of)
            assert not any(row.state in {"", "unaccounted"} for row in rows)


def test_numbers_that_are_not_those_of_the_children_are_counted_and_mended_by_counting_anew(emptied: Any) -> None:
    history = History(random.Random(7))  # noqa: S311  # which history is of no matter
    history.tell(40)
    with emptied() as writer:
        apply(writer, list(history.messages()), since={}, opener=TestVault())
        kept = writer.execute(EVERY_NUMBER).fetchall()
        writer.execute("update partition_count set children = children + 1 where level = 'township' and span = 'year'")
        writer.execute("delete from partition_count where level = 'village' and span = 'ever'")

        assert miscounted(writer) == len(
            [text for (text,) in kept if text.startswith(("(township,year", "(village,ever"))]
        )
        recount(writer)
        assert miscounted(writer) == 0
        assert writer.execute(EVERY_NUMBER).fetchall() == kept


@given(as_of=st.dates(date(2000, 1, 1), date(2060, 1, 1)))
@example(as_of=date(2026, 1, 1))
@example(as_of=date(2025, 12, 31))
@example(as_of=date(2024, 2, 29))
@example(as_of=date(2026, 3, 31))
def test_a_window_is_cut_into_whole_years_months_and_days(as_of: date) -> None:
    after, until = window(as_of)

    first, month, year, last_year, last_month, end = cut(as_of)

    assert (first - timedelta(days=1), end - timedelta(days=1)) == (after, until)
    assert first <= month <= year < last_year <= last_month <= end
    assert {month.day, year.day, last_year.day, last_month.day, year.month, last_year.month} == {1}
    assert (month - first).days < 31
    assert (end - last_month).days < 31
