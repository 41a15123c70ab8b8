"""Tokens: what is verified, what is refused, and how long it is remembered."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from gateway.access.issuing import DEMO_ACCOUNTS, DevelopmentIssuer, console_issuer
from gateway.access.policy import load_policy
from gateway.access.principal import Principal, Tokens, Unauthenticated, area_range
from services.chassis.clock import SteppedClock

POLICY = load_policy()
START = datetime(2026, 9, 14, 8, tzinfo=UTC)
KEY = OKPKey.generate_key("Ed25519", {"kid": "one"})
GOOD: Mapping[str, Any] = {
    "iss": "https://issuer",
    "aud": "baoxue",
    "sub": "somebody",
    "client_id": "system",
    "jti": "1",
    "exp": int(START.timestamp()) + 600,
    "unit": "township:410326103",
    "purpose": "dropout_control",
}


class Issuer:
    """An issuer that counts how often its keys were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    async def keys(self) -> Mapping[str, Any]:
        self.asked += 1
        return {"keys": [KEY.as_dict(private=False)]}


def tokens(issuer: Issuer, clock: SteppedClock) -> Tokens:
    return Tokens(issuers={"https://issuer": issuer.keys}, audience="baoxue", policy=POLICY, clock=clock)


def signed(*, typ: str = "at+jwt", key: OKPKey = KEY, kid: str = "one", **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode({"alg": "Ed25519", "typ": typ, "kid": kid}, claims, key, algorithms=["Ed25519"])


def verify(token: str, *, clock: SteppedClock | None = None) -> Principal:
    return asyncio.run(tokens(Issuer(), clock or SteppedClock(START)).verify(token))


def test_a_good_token_names_who_asks_and_opens_its_area() -> None:
    principal = verify(signed())

    assert (principal.actor, principal.unit, principal.kind) == ("somebody", "township:410326103", "township")
    assert principal.parameters["lo"] == "410326103"
    assert principal.parameters["hi"] == "410326104"
    assert {name for name, text in principal.claims if not text} >= {"app.school", "app.village", "app.kind"}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(typ="JWT"), id="another type"),
        pytest.param(signed(iss="https://other"), id="another issuer"),
        pytest.param(signed(aud="other"), id="another audience"),
        pytest.param(signed(exp=int(START.timestamp())), id="run out"),
        pytest.param(signed(exp=None), id="without end"),
        pytest.param(signed(nbf=int(START.timestamp()) + 5), id="not begun"),
        pytest.param(signed(jti=None), id="without id"),
        pytest.param(signed(client_id=None), id="without client"),
        pytest.param(signed(sub="clock"), id="the system's clock"),
        pytest.param(signed(sub="policy:cases"), id="a service's policy"),
        pytest.param(signed(unit=None), id="without unit"),
        pytest.param(signed(unit="township"), id="unit without area"),
        pytest.param(signed(unit="township:41"), id="area too short"),
        pytest.param(signed(unit="township:4103261"), id="area of no length"),
        pytest.param(signed(unit="village:410326"), id="village with a county's code"),
        pytest.param(signed(unit="civil_affairs:4", purpose="social_relief"), id="partner with no county"),
        pytest.param(signed(purpose=None), id="without purpose"),
        pytest.param(signed(key=OKPKey.generate_key("Ed25519", {"kid": "one"})), id="another key"),
        pytest.param(signed(kid="two"), id="unknown key"),
        pytest.param(signed()[:-4] + "AAAA", id="changed"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no token"),
        pytest.param("x" * 9000, id="endless"),
    ],
)
def test_a_token_that_is_not_good_names_nobody(token: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(token)


def test_an_unsigned_token_names_nobody() -> None:
    header_and_claims = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + signed().split(".")[1] + "."
    with pytest.raises(Unauthenticated):
        verify(header_and_claims)


def test_a_verified_token_is_remembered_but_not_past_its_end() -> None:
    clock, issuer = SteppedClock(START), Issuer()
    known = tokens(issuer, clock)
    token = signed(exp=int(START.timestamp()) + 30)

    first = asyncio.run(known.verify(token))
    assert asyncio.run(known.verify(token)) is first
    clock.step(timedelta(seconds=31))
    with pytest.raises(Unauthenticated):
        asyncio.run(known.verify(token))


def test_no_issuers_key_is_good_for_anothers_token() -> None:
    console = console_issuer(secret="ours", audience="baoxue", clock=SteppedClock(START))
    issuers = {"https://issuer": Issuer().keys, console.issuer: console.keys}
    known = Tokens(issuers=issuers, audience="baoxue", policy=POLICY, clock=SteppedClock(START))
    own = console.mint_for(actor="somebody", unit="township:410326103", purpose="dropout_control")

    assert asyncio.run(known.verify(own)).client == "console"
    for forged in (signed(iss=console.issuer), signed(iss=console.issuer, kid="two"), signed(iss=["https://issuer"])):
        with pytest.raises(Unauthenticated):
            asyncio.run(known.verify(forged))


def test_the_consoles_key_is_that_of_every_gateway_with_its_secret_and_of_no_other() -> None:
    clock = SteppedClock(START)
    ours, again, theirs = (console_issuer(secret=name, audience="baoxue", clock=clock) for name in ("a", "a", "b"))
    known = Tokens(issuers={ours.issuer: ours.keys}, audience="baoxue", policy=POLICY, clock=clock)
    of = {"actor": "somebody", "unit": "township:410326103", "purpose": "dropout_control"}

    assert asyncio.run(known.verify(again.mint_for(**of))).actor == "somebody"
    with pytest.raises(Unauthenticated):
        asyncio.run(known.verify(theirs.mint_for(**of)))


def test_unknown_keys_do_not_make_us_ask_the_issuer_again_and_again() -> None:
    clock, issuer = SteppedClock(START), Issuer()
    known = tokens(issuer, clock)
    for number in range(20):
        with pytest.raises(Unauthenticated):
            asyncio.run(known.verify(signed(kid=f"unknown-{number}")))

    assert issuer.asked == 1


def test_the_development_issuer_has_to_be_enabled_expressly() -> None:
    with pytest.raises(RuntimeError, match="enable it expressly"):
        DevelopmentIssuer(enabled=False, issuer="i", audience="a", clock=SteppedClock(START))


class Approving:
    """Heads who have approved everybody."""

    async def of(self, principal: Principal, *, now: datetime) -> Principal:  # noqa: ARG002  # the protocol's
        return principal


@pytest.mark.parametrize("name", DEMO_ACCOUNTS)
def test_every_demonstration_account_may_do_something(name: str) -> None:
    clock = SteppedClock(START)
    issuer = DevelopmentIssuer(enabled=True, issuer="i", audience="a", clock=clock)
    known = Tokens(issuers={"i": issuer.keys}, audience="a", policy=POLICY, clock=clock, standing=Approving())

    principal = asyncio.run(known.verify(issuer.mint(name)))

    assert principal.grants.fields


@pytest.mark.parametrize(
    "code", ["4", "41", "4103", "41032", "410326", "4103261031", "41032610x", "４１０３２６１０３"]
)
def test_an_area_shorter_or_longer_than_its_kind_opens_nothing(code: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(signed(unit=f"township:{code}"))


def test_an_area_is_the_range_of_codes_that_begin_with_it() -> None:
    assert area_range("410326") == ("410326", "410327")
    assert area_range("410326109") == ("410326109", "410326110")
