"""What ends with a task is shown only while what is shown is new enough to say that it hasn't ended."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gateway.access.freshness import BOUND_S, Freshness
from tests.gateway import county
from tests.gateway.conftest import Asking

CHILDREN = "{ children(first: 3) { nodes { id } } }"
ONE_CASE = "query($id: UUID!) { case(id: $id) { id } }"
LEGAL = ("procuratorate:410326", "legal_supervision")


@pytest.fixture(autouse=True)
def up_to_date(gateway: Asking) -> Iterator[None]:
    """Before and after each test the services have told nothing that isn't shown."""
    yield
    gateway.heads.positions.clear()
    gateway.seconds += BOUND_S
    gateway.ask(CHILDREN, by="police-officer")


def told(gateway: Asking, producer: str, *, until: int, but: int = 0) -> None:
    """The read model comes to hold everything up to a position, perhaps but for one before it."""
    with psycopg.connect(gateway.writer_dsn) as connection:
        connection.execute(
            "insert into journal (producer, position, event_id, type, aggregate_id, version, stored_topic, recorded_at, actor,"
            " department, purpose, command_id, correlation_id, body) select %s, n, gen_random_uuid(), 'x', gen_random_uuid(), 1,"
            " 'x', now(), 'a', 'b', 'c', gen_random_uuid(), gen_random_uuid(), '{}' from generate_series(1, %s) n where n <> %s"
            " on conflict do nothing",
            [producer, until, but],
        )


_heads = itertools.count(100, 100)


def fallen_behind(gateway: Asking, producer: str = "cases") -> int:
    """The service goes on, and the read model stands still for longer than it may; returns how far the service is."""
    gateway.ask(CHILDREN, by="police-officer")
    gateway.heads.positions[producer] = head = next(_heads)
    gateway.seconds += BOUND_S + 1
    return head


@pytest.mark.parametrize("producer", ["roster", "cases"])
@pytest.mark.parametrize("by", ["police-officer", LEGAL])
def test_a_read_model_that_stands_still_prolongs_no_grant(gateway: Asking, producer: str, by: Any) -> None:
    claims = {"role": "head"} if by == LEGAL else {}
    assert gateway.ask(CHILDREN, by=by, **claims).data
    fallen_behind(gateway, producer)

    reply = gateway.ask(CHILDREN, by=by, **claims)
    assert (reply.code, reply.headers["retry-after"]) == ("STALE", "15")
    assert "60 seconds" in reply.message
    [receipt] = gateway.receipts_of()
    assert (receipt["decision"], receipt["child_ids"], receipt["rows"]) == ("refused", [], 0)


def test_what_belongs_to_the_area_is_shown_on_with_how_old_it_is(gateway: Asking) -> None:
    fallen_behind(gateway)

    reply = gateway.ask(CHILDREN, by="xiaodian-officer")
    assert reply.data["children"]["nodes"]
    assert json.loads(reply.headers["baoxue-as-of"]) == {"cases/0": 17, "roster/0": 41}


def test_what_is_not_of_a_task_is_answered_for_a_department_that_is_asked(gateway: Asking) -> None:
    fallen_behind(gateway)

    assert gateway.ask("{ me { unit } notices(first: 1) { nodes { id } } }", by="police-officer").data


def test_a_token_about_a_case_opens_nothing_on_old_ground(gateway: Asking) -> None:
    [case] = [
        row["case_id"]
        for table, row in county.county_rows()
        if table == "case_file" and row["township"] == county.XIAODIAN and not row.get("closed_on")
    ][:1]
    assert gateway.ask(CHILDREN, by="xiaodian-officer", case=str(case)).data
    fallen_behind(gateway)

    assert gateway.ask(CHILDREN, by="xiaodian-officer", case=str(case)).code == "STALE"


def test_it_goes_on_when_everything_that_was_told_by_then_is_shown(gateway: Asking) -> None:
    head = fallen_behind(gateway)
    assert gateway.ask(CHILDREN, by="police-officer").code == "STALE"

    told(gateway, "cases", until=head, but=head - 1)  # another partition is behind
    gateway.seconds += 1
    assert gateway.ask(CHILDREN, by="police-officer").code == "STALE"

    told(gateway, "cases", until=head)
    gateway.seconds += 1
    assert gateway.ask(CHILDREN, by="police-officer").data


def test_a_read_model_that_is_always_a_little_behind_is_new_enough(gateway: Asking) -> None:
    """Under load there is always more to come; what counts is that what there was a moment ago has come."""
    head = fallen_behind(gateway)
    told(gateway, "cases", until=head)
    gateway.ask(CHILDREN, by="police-officer")
    for step in range(1, 12):
        gateway.seconds += BOUND_S / 4
        gateway.heads.positions["cases"] = head + step
        assert gateway.ask(CHILDREN, by="police-officer").data
        told(gateway, "cases", until=head + step)


def test_a_service_that_does_not_answer_leaves_it_unknown(gateway: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gateway.ask(CHILDREN, by="police-officer").data

    async def away(_service: str) -> int:
        raise OSError

    monkeypatch.setattr(gateway.heads, "head", away)
    gateway.seconds += BOUND_S / 2
    assert gateway.ask(CHILDREN, by="police-officer").data
    gateway.seconds += BOUND_S
    assert gateway.ask(CHILDREN, by="police-officer").code == "STALE"


def test_who_asks_while_somebody_looks_waits_for_what_is_found(gateway: Asking) -> None:
    class Slow:
        def __init__(self) -> None:
            self.answers = asyncio.Event()

        async def head(self, _service: str) -> int:
            await self.answers.wait()
            return 0

    async def at_once() -> None:
        services = Slow()
        fresh = Freshness(heads=services, reader=gateway.reader)

        async def answer() -> None:
            services.answers.set()

        await asyncio.gather(*(fresh.require() for _ in range(5)), answer())  # begun in this order

    gateway.runner.run(at_once())


def test_however_many_ask_the_services_are_asked_now_and_then(gateway: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def head(service: str) -> int:
        asked.append(service)
        return 0

    monkeypatch.setattr(gateway.heads, "head", head)
    gateway.seconds += BOUND_S / 4
    for _ in range(5):
        assert gateway.ask(CHILDREN, by="police-officer").data
    assert sorted(asked) == ["cases", "roster"]


# What is parked


@pytest.fixture
def parked(gateway: Asking) -> Iterator[str]:
    """An open case of which an event could not be taken in: it may have ended, and nobody knows yet."""
    reached = gateway.ask("{ children(first: 200) { nodes { openCase { id } } } }", by=LEGAL, role="head")
    case = reached.data["children"]["nodes"][0]["openCase"]["id"]
    with psycopg.connect(gateway.owner_dsn) as connection:
        connection.execute(
            "insert into parked (reader, id, key, producer, tracking, place, type, raw, error, parked_at, state)"
            " values ('gateway', %s, %s, 'cases', 'cases/0', 1, 'cases.case-closed.v1', '', 'ValueError', now(), 'parked')",
            [case, case],
        )
    yield str(case)
    with psycopg.connect(gateway.owner_dsn) as connection:
        connection.execute("delete from parked where key = %s", [case])


def test_a_case_of_which_an_event_is_parked_opens_its_child_to_nobody_by_the_case(gateway: Asking, parked: str) -> None:
    children = "{ children(first: 200) { nodes { openCase { id } } } }"
    seen = gateway.ask(children, by=LEGAL, role="head").data["children"]["nodes"]

    assert seen
    assert parked not in {child["openCase"]["id"] for child in seen}
    assert gateway.ask(ONE_CASE, {"id": parked}, by=LEGAL, role="head").data["case"] is None
    assert gateway.ask(ONE_CASE, {"id": parked}, by="bureau-office").data["case"]


def test_a_token_about_a_case_of_which_an_event_is_parked_opens_nothing(gateway: Asking, parked: str) -> None:
    reply = gateway.ask(CHILDREN, by="bureau-office", case=parked)

    assert reply.code == "FORBIDDEN"
    assert "has ended" in reply.message
