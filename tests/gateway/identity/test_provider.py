"""A provider that does not answer as one should: whatever comes, nobody is let in and nothing hangs."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from gateway.identity import provider as asked
from gateway.identity.posts import SignIn
from gateway.identity.provider import Provider, Unreachable, Way
from services.chassis.clock import SteppedClock

SIGN_IN = SignIn(issuer="https://id.test", client_id="baoxue", address="https://console.test", posts=())
DISCOVERED = {
    "issuer": "https://id.test",
    "authorization_endpoint": "https://id.test/auth?tenant=1",
    "token_endpoint": "https://id.test/token",
    "jwks_uri": "https://id.test/keys",
}
Answer = Callable[[httpx.Request], httpx.Response]


def ask(answer: Answer) -> str:
    """Where a browser would be sent."""

    async def way_in() -> str:
        clock = SteppedClock(datetime(2026, 9, 14, tzinfo=UTC))
        provider = Provider(sign_in=SIGN_IN, secret="s", clock=clock, transport=httpx.MockTransport(answer))
        try:
            return await provider.way_in(Way.begin())
        finally:
            await provider.close()

    return asyncio.run(way_in())


def refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("away")


def told(**change: str) -> Answer:
    return lambda _request: httpx.Response(200, json={**DISCOVERED, **change})


def test_a_place_with_parameters_of_its_own_keeps_them() -> None:
    assert ask(told()).startswith("https://id.test/auth?tenant=1&response_type=code&")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuse, id="away"),
        pytest.param(lambda _request: httpx.Response(500), id="broken"),
        pytest.param(lambda _request: httpx.Response(302, headers={"location": "https://else.test"}), id="elsewhere"),
        pytest.param(lambda _request: httpx.Response(200, text="<html>"), id="a page"),
        pytest.param(lambda _request: httpx.Response(200, json=[]), id="no object"),
        pytest.param(lambda _request: httpx.Response(200, json={"issuer": "https://id.test"}), id="too little"),
        pytest.param(lambda _request: httpx.Response(200, content=b" " * 300_000), id="too much"),
        pytest.param(told(issuer="https://else.test"), id="another's word"),
        pytest.param(told(issuer="https://id.test/"), id="nearly its name"),
        pytest.param(told(token_endpoint="http://id.test/token"), id="a place without TLS"),
        pytest.param(told(end_session_endpoint="javascript:alert(1)"), id="a place that is none"),
    ],
)
def test_a_provider_that_does_not_say_who_it_is_is_not_gone_to(answer: Answer) -> None:
    with pytest.raises(Unreachable):
        ask(answer)


def test_a_provider_that_never_ends_its_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "TIMEOUT_S", 0.05)

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            while True:
                yield b" "
                await asyncio.sleep(0.01)

    with pytest.raises(Unreachable):
        ask(lambda _request: httpx.Response(200, stream=Endless()))
