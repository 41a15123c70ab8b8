"""One round trip for claims and statement, and no wire used again of which anything is uncertain."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from gateway.readmodel.reading import Reader, ReadModelUnavailable, claims
from gateway.readmodel.wire import MOST_PREPARED, Asked, Wire

WHOSE = Asked(b"select current_setting('app.unit', true), pg_backend_pid()::text", [])


def on_a_wire(dsn: str, do: Callable[[Wire], Awaitable[Any]]) -> Any:
    """What is done with a wire that is new."""

    async def opened() -> Any:
        wire = await Wire.open(dsn, options="-c statement_timeout=2000")
        try:
            return await do(wire)
        finally:
            wire.close()

    return asyncio.run(opened())


@pytest.fixture
def dsn(read_model: Any) -> str:
    return read_model.dsn("gateway_reader")


def test_what_is_asked_first_holds_for_what_is_asked_with_it(dsn: str) -> None:
    said = on_a_wire(dsn, lambda wire: wire.ask(Asked(b"select set_config('app.unit', $1, false)", ["a"]), WHOSE))

    assert said[0] == b"a"


def test_values_arrive_as_they_are(dsn: str) -> None:
    texts = ["", "'; drop table child; --", '某\\n"', "\N{ZERO WIDTH SPACE}"]

    for text in texts:
        assert on_a_wire(dsn, lambda wire, text=text: wire.ask(Asked(b"select $1::text", [text]))) == (text.encode(),)


def test_a_long_answer_arrives_whole(dsn: str) -> None:
    [text] = on_a_wire(dsn, lambda wire: wire.ask(Asked(b"select repeat('x', 3000000)", [])))

    assert text == b"x" * 3_000_000


def test_a_long_question_is_sent_whole(dsn: str) -> None:
    [length] = on_a_wire(dsn, lambda wire: wire.ask(Asked(b"select length($1)", ["x" * 5_000_000])))

    assert length == b"5000000"


def test_an_error_is_told_in_its_kind_and_ends_the_wire(dsn: str) -> None:
    async def fail(wire: Wire) -> bool:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await wire.ask(
                Asked(b"select set_config('app.unit', 'b', false)", []), Asked(b"select 1 / $1::integer", [0])
            )
        return wire.closed

    assert on_a_wire(dsn, fail)


def test_whoever_stops_waiting_leaves_no_answer_for_the_next(dsn: str) -> None:
    async def leave(wire: Wire) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(wire.ask(Asked(b"select pg_sleep(1)", [])), 0.05)
        return wire.closed

    assert on_a_wire(dsn, leave)


def test_a_wire_that_is_cut_tells_whoever_waits(dsn: str, read_model: Any) -> None:
    async def cut(wire: Wire) -> bool:
        [_, pid] = await wire.ask(WHOSE)
        with psycopg.connect(read_model.superuser) as superuser:
            superuser.execute("select pg_terminate_backend(%s, 5000)", [int(pid)])
        with pytest.raises(psycopg.OperationalError):
            await wire.ask(WHOSE)
        return wire.closed

    assert on_a_wire(dsn, cut)


def test_the_number_of_prepared_statements_is_bounded(dsn: str) -> None:
    async def many(wire: Wire) -> bytes:
        for number in range(MOST_PREPARED + 20):
            await wire.ask(Asked(f"select {number}".encode(), []))
        return (await wire.ask(Asked(b"select count(*) from pg_prepared_statements", [])))[0]

    assert int(on_a_wire(dsn, many)) <= MOST_PREPARED


def test_every_caller_is_answered_under_its_own_claims_however_few_the_wires(dsn: str) -> None:
    async def ask() -> set[tuple[bytes, ...]]:
        reader = Reader(dsn=dsn, wires=2)

        async def as_unit(number: int) -> bytes:
            unit = f"unit-{number % 7}"
            said = await reader.answer(WHOSE, claims=claims(unit=unit))
            assert said[0].decode() == unit
            return said[1]

        pids = await asyncio.gather(*map(as_unit, range(60)))
        await reader.close()
        return set(pids)

    assert len(asyncio.run(ask())) <= 2


def test_a_caller_comes_back_to_the_wire_it_had(dsn: str) -> None:
    async def ask() -> list[bytes]:
        reader = Reader(dsn=dsn, wires=2)
        said = [await reader.answer(WHOSE, claims=claims(unit=unit)) for unit in ("a", "b", "a", "b")]
        await reader.close()
        return [pid for _, pid in said]

    [first, second, third, fourth] = asyncio.run(ask())
    assert (first, second) == (third, fourth)
    assert first != second


def test_a_wire_that_was_cut_while_idle_is_replaced(dsn: str, read_model: Any) -> None:
    async def ask() -> bytes:
        reader = Reader(dsn=dsn, wires=1)
        [_, pid] = await reader.answer(WHOSE, claims=claims(unit="a"))
        with psycopg.connect(read_model.superuser) as superuser:
            superuser.execute("select pg_terminate_backend(%s, 5000)", [int(pid)])
        for _ in range(3):  # the first may be the one that learns of it
            with suppress(ReadModelUnavailable):
                said = await reader.answer(WHOSE, claims=claims(unit="a"))
                break
        await reader.close()
        return said[0]

    assert asyncio.run(ask()) == b"a"
