"""Subscriptions: what a query shows, shown again when it has changed, to whom it may be shown and to nobody else."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from gateway import stream
from gateway.access.issuing import DevelopmentIssuer
from gateway.access.receipts import Receipts
from gateway.app import build_gateway
from gateway.readmodel.projection import CHANNEL
from gateway.readmodel.reading import Reader
from gateway.schema.schema import build_schema
from gateway.schema.trusted import id_of
from services.chassis.clock import SystemClock
from services.chassis.web import WebServer
from tests.gateway import county
from tests.gateway.conftest import Asking

CASE = "subscription Case($id: UUID!) { case(id: $id) { id state } }"
NOTICES = "subscription Notices { notices(first: 5) { nodes { id state } } }"
GUIDE = Path(stream.__file__).parent / "PARTNERS.md"
ROWS = county.county_rows()
OFFICER = "bureau-office"


def case_in(township: str) -> str:
    """A case of this township."""
    return next(str(row["case_id"]) for table, row in ROWS if table == "case_file" and row["township"] == township)


class Hung(Exception):
    """The other side closed: a code and a reason."""


class Socket:
    """The client's end of a WebSocket to the gateway."""

    def __init__(self, asking: Asking, *, subprotocols: tuple[str, ...] = (stream.PROTOCOL,)) -> None:
        self._in: asyncio.Queue[Any] = asyncio.Queue()
        self._out: asyncio.Queue[Any] = asyncio.Queue()
        self.takes = asyncio.Event()
        self.takes.set()
        scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": list(subprotocols)}
        self._in.put_nowait({"type": "websocket.connect"})
        self.served = asyncio.ensure_future(asking.app(scope, self._in.get, self._send))  # type: ignore[arg-type]

    async def _send(self, message: Any) -> None:
        await self.takes.wait()
        self._out.put_nowait(message)

    def say(self, message: object) -> None:
        """Sends a message, as JSON where it is none yet."""
        self._in.put_nowait(
            {"type": "websocket.receive", "text": message if isinstance(message, str) else json.dumps(message)}
        )

    def begin(self, token: str | None) -> None:
        self.say({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"} if token else {}})

    def subscribe(self, query: str, *, name: str = "1", **variables: object) -> None:
        self.say({"type": "subscribe", "id": name, "payload": {"query": query, "variables": variables}})

    async def hear(self) -> dict[str, Any]:
        """The next message; raises `Hung`."""
        while True:
            message = await asyncio.wait_for(self._out.get(), 20)
            if message["type"] == "websocket.close":
                raise Hung(message["code"], message["reason"])
            if message["type"] == "websocket.send":
                told: dict[str, Any] = json.loads(message["text"])
                return told

    async def closes(self) -> tuple[int, str]:
        """Why it is closed, after whatever came before."""
        while True:
            try:
                await self.hear()
            except Hung as hung:
                return hung.args[0], hung.args[1]

    def silent(self) -> bool:
        return self._out.empty()

    async def leave(self) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.served, 20)


Talk = Callable[[Callable[[Socket], Awaitable[Any]]], Any]


@pytest.fixture
def talk(gateway: Asking, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """Has somebody talk over a WebSocket, in the gateway's own loop; time between two looks is short."""
    monkeypatch.setattr(stream, "PAUSE_S", 0.01)
    monkeypatch.setattr(stream, "RENEW_S", 0.05)

    def run(talking: Callable[[Socket], Awaitable[Any]], **how: Any) -> Any:
        async def whole() -> Any:
            socket = Socket(gateway, **how)
            try:
                return await talking(socket)
            finally:
                await socket.leave()

        return gateway.runner.run(whole())

    yield run
    assert gateway.app.streams._open == 0
    assert not gateway.app.streams._of_partner


def moved(read_model: Any, statement: str, *parameters: object) -> None:
    """A batch of the projector: rows change, and it says so."""
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute(statement.encode(), parameters)
        connection.execute(f"notify {CHANNEL}".encode())


def test_a_case_is_shown_as_its_query_shows_it_and_again_when_it_has_changed(
    gateway: Asking, read_model: Any, talk: Talk
) -> None:
    case = case_in(county.XIAODIAN)
    by_query = gateway.ask(CASE.replace("subscription", "query"), {"id": case}, by=OFFICER).data

    async def follow(socket: Socket) -> list[Any]:
        socket.begin(gateway.token(OFFICER))
        assert await socket.hear() == {"type": "connection_ack"}
        socket.subscribe(CASE, id=case)
        shown = [await socket.hear()]
        moved(read_model, "update case_file set seat_days = seat_days + 1 where case_id = %s", case)  # not asked for
        moved(read_model, "update case_file set state = 'told anew' where case_id = %s", case)
        shown.append(await socket.hear())
        moved(read_model, "update case_file set state = %s where case_id = %s", by_query["case"]["state"], case)
        shown.append(await socket.hear())
        return shown

    first, second, third = talk(follow)

    assert first == third == {"type": "next", "id": "1", "payload": {"data": by_query}}
    assert second["payload"]["data"]["case"]["state"] == "told anew"
    receipts = [receipt for receipt in gateway.receipts_of(limit=10) if receipt["operation"] == "Case"]
    assert len(receipts) == 4  # the query's, and one for each answer that left
    assert all(receipt["child_ids"] for receipt in receipts)


def test_what_may_not_be_seen_is_not_followed_either(gateway: Asking, talk: Talk) -> None:
    elsewhere, mine = case_in(county.ELSEWHERE), case_in(county.XIAODIAN)

    async def follow(socket: Socket) -> tuple[Any, Any]:
        socket.begin(gateway.token("statistician"))
        await socket.hear()
        socket.subscribe(CASE, id=mine)
        return await socket.hear(), None

    async def another(socket: Socket) -> Any:
        socket.begin(gateway.token(OFFICER))
        await socket.hear()
        socket.subscribe(CASE, id=elsewhere)
        return await socket.hear()

    refused, _ = talk(follow)

    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert gateway.receipts_of()[0]["decision"] == "denied"
    assert talk(another)["payload"] == {"data": {"case": None}}


def test_a_stream_ends_with_the_token_and_shows_nothing_after(gateway: Asking, read_model: Any, talk: Talk) -> None:
    ends = int(gateway.clock.now().timestamp()) + 2
    token = gateway.issuer.mint_for(actor=OFFICER, unit="education_bureau:410326", purpose="dropout_control", exp=ends)  # type: ignore[arg-type]

    async def follow(socket: Socket) -> tuple[int, str]:
        socket.begin(token)
        await socket.hear()
        socket.subscribe(NOTICES)
        await socket.hear()
        gateway.clock.step(timedelta(seconds=3))
        moved(read_model, "update notice set reason = 'unseen'")
        with pytest.raises(Hung) as hung:
            await socket.hear()
        return hung.value.args[0], hung.value.args[1]

    assert talk(follow) == (4403, "The token is not valid, or has ended.")


def test_without_a_token_that_holds_nobody_is_let_in(gateway: Asking, talk: Talk) -> None:
    elsewhere = DevelopmentIssuer(enabled=True, issuer="https://test", audience="another", clock=gateway.clock)
    good = {"actor": "someone", "unit": "education_bureau:410326", "purpose": "dropout_control"}
    late = gateway.issuer.mint_for(**good, minutes=-1)
    bad = [None, "", "x", elsewhere.mint_for(**good), late, gateway.token(OFFICER) + "x", "x" * 10_000]

    async def begin(socket: Socket) -> int:
        socket.begin(bad[0] if not bad else bad.pop())
        return (await socket.closes())[0]

    assert {talk(begin) for _ in range(len(bad))} == {4403}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (['{"type": "subscribe", "id": "1", "payload": {"query": "{ me { unit } }"}}'], 4401),
        (["INIT", "INIT"], 4429),
        (["INIT", "{"], 4400),
        (["INIT", "[]"], 4400),
        (["INIT", '{"type": "start"}'], 4400),
        (["INIT", '{"type": "subscribe", "id": 1}'], 4400),
        (["INIT", '{"type": "subscribe", "payload": {}}'], 4400),
        (["INIT", json.dumps({"type": "ping", "payload": {"a": "x" * 66_000}})], 1009),
        (["INIT", "[" * 60_000], 4400),
        (["INIT", "SUBSCRIBE", "SUBSCRIBE"], 4409),
    ],
)
def test_whoever_breaks_the_protocol_is_hung_up_on(gateway: Asking, talk: Talk, messages: list[str], code: int) -> None:
    async def break_it(socket: Socket) -> int:
        for message in messages:
            if message == "INIT":
                socket.begin(gateway.token(OFFICER))
            elif message == "SUBSCRIBE":
                socket.subscribe(NOTICES)
            else:
                socket.say(message)
        return (await socket.closes())[0]

    assert talk(break_it) == code


def test_who_speaks_another_protocol_is_not_let_in(talk: Talk) -> None:
    async def listen(socket: Socket) -> int:
        return (await socket.closes())[0]

    assert talk(listen, subprotocols=("graphql-ws",)) == 4406


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ me { unit } }", "BAD_REQUEST"),
        ("mutation { closeCase }", "BAD_REQUEST"),
        ("subscription {", "BAD_REQUEST"),
        ("subscription { children { nodes { id } } }", "BAD_REQUEST"),
        ("subscription { notices { nodes { id } } referrals { nodes { id } } }", "BAD_REQUEST"),
        ("subscription { notices(first: 1000) { nodes { id } } }", "BAD_REQUEST"),
        ("subscription($yes: Boolean!) { notices { nodes { id @include(if: $yes) } } }", "BAD_REQUEST"),
        ("subscription { __typename }", "BAD_REQUEST"),
        ("{ __schema { types { name } } }", "BAD_REQUEST"),
    ],
)
def test_what_is_no_subscription_is_refused_in_words(gateway: Asking, talk: Talk, query: str, code: str) -> None:
    async def ask(socket: Socket) -> Any:
        socket.begin(gateway.token(OFFICER))
        await socket.hear()
        socket.subscribe(query, yes=True)
        return await socket.hear()

    told = talk(ask)

    assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", code)


def test_thousands_of_subscriptions_are_ten_and_the_rest_refused(gateway: Asking, talk: Talk) -> None:
    async def flood(socket: Socket) -> list[Any]:
        socket.begin(gateway.token(OFFICER))
        await socket.hear()
        for number in range(2000):
            socket.subscribe(NOTICES, name=str(number))
        return [await socket.hear() for _ in range(2000)]

    told = talk(flood)

    assert sum(message["type"] == "next" for message in told) == stream.MOST_OPERATIONS
    assert {m["payload"][0]["extensions"]["code"] for m in told if m["type"] == "error"} == {"THROTTLED"}


def test_a_partner_has_a_bounded_number_of_streams(
    gateway: Asking, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_OF_PARTNER", 1)

    async def twice(first: Socket) -> tuple[int, Any]:
        first.begin(gateway.token(OFFICER))
        await first.hear()
        second, other = Socket(gateway), Socket(gateway)
        second.begin(gateway.token(OFFICER))
        other.begin(gateway.token("xiaodian-officer"))
        code, _ = await second.closes()
        told = await other.hear()
        await second.leave()
        await other.leave()
        return code, told

    assert talk(twice) == (4429, {"type": "connection_ack"})


def test_who_takes_no_answer_or_asks_nothing_is_hung_up_on(
    gateway: Asking, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SEND_S", 0.05)

    async def slow(socket: Socket) -> str:
        socket.begin(gateway.token(OFFICER))
        await socket.hear()
        socket.takes.clear()
        socket.subscribe(NOTICES)
        await asyncio.wait_for(socket.served, 20)
        return "let go"

    assert talk(slow) == "let go"
    monkeypatch.setattr(stream, "IDLE_S", 0.05)

    async def idle(socket: Socket) -> int:
        socket.begin(gateway.token(OFFICER))
        return (await socket.closes())[0]

    assert talk(idle) == 4408


def test_a_subscription_that_is_completed_says_no_more(gateway: Asking, read_model: Any, talk: Talk) -> None:
    async def follow(socket: Socket) -> Any:
        socket.begin(gateway.token(OFFICER))
        await socket.hear()
        socket.subscribe(NOTICES)
        await socket.hear()
        socket.say({"type": "complete", "id": "1"})
        socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}
        moved(read_model, "update notice set reason = 'seen by nobody'")
        socket.subscribe(NOTICES, name="2")
        return await socket.hear()

    assert talk(follow)["id"] == "2"


def test_a_subscription_is_not_served_by_post(gateway: Asking) -> None:
    reply = gateway.ask(NOTICES, by=OFFICER)

    assert reply.status == 405
    assert "WebSocket" in reply.message


def test_a_partner_follows_as_the_guide_says(gateway: Asking, read_model: Any, tmp_path: Path) -> None:
    code = next(
        text for text in re.findall("```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL) if "connect" in text
    )
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  # what partners are told to run
    (tmp_path / "case.graphql").write_text(CASE, "utf-8")
    app = build_gateway(
        policy=gateway.policy,
        tokens=gateway.tokens,
        reader=Reader(dsn=gateway.reader_dsn, connections=2),
        receipts=Receipts(dsn=gateway.writer_dsn),
        clock=SystemClock(),
        documents=tmp_path,
    )
    server = WebServer(app, name="gateway", host="127.0.0.1", port=0)
    server.start()
    try:
        url, case = server.url.replace("http", "ws") + "/graphql", case_in(county.XIAODIAN)
        answers = names["follow"](url, gateway.token(OFFICER), id_of(CASE), {"id": case})
        first = next(answers)["case"]
        moved(read_model, "update case_file set state = 'told anew' where case_id = %s", case)
        second = next(answers)["case"]
        moved(read_model, "update case_file set state = %s where case_id = %s", first["state"], case)
        assert (first["id"], second["state"]) == (case, "told anew")
        answers.close()
        with pytest.raises(ConnectionClosed, match="4403"):
            next(names["follow"](url, "no token", id_of(CASE), {"id": case}))
        with pytest.raises(RuntimeError, match="BAD_REQUEST"):
            next(names["follow"](url, gateway.token(OFFICER), id_of(NOTICES), {}))
    finally:
        server.stop()


def test_what_can_be_followed_is_what_can_be_asked_for() -> None:
    published = build_schema()._schema
    assert published.subscription_type is not None
    assert published.query_type is not None
    for name, followed in published.subscription_type.fields.items():
        asked = published.query_type.fields[name]
        types = [(str(each.type), {key: str(a.type) for key, a in each.args.items()}) for each in (asked, followed)]

        assert types[0] == types[1], name
