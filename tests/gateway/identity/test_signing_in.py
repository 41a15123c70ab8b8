"""Signing in at a real provider, and everybody who should not be in: what each tries, and that it opens nothing."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from joserfc import jwt

from tests.gateway.console.browsing import text_of, ticket_of
from tests.gateway.identity.at_the_provider import Officer, given, hidden, link_of, place_of
from tests.gateway.identity.conftest import ACCOUNTS, CONSOLE, SECRET, Console, RealProvider, a_key

SESSION = "__Host-baoxue"
BEGIN_ANEW = "请重新登录"
LEDGER = "/files/ledger?kind=suspect&format=csv"


@pytest.fixture
def officer(console: Console) -> Iterator[Officer]:
    with Officer(console) as officer:
        yield officer


def test_who_holds_one_post_is_in_and_where_they_were_going(officer: Officer) -> None:
    page = officer.signs_in("u-1", next_path="/ledger")

    assert (page.status_code, page.url.path) == (200, "/ledger")
    assert "bureau-7" in text_of(page)
    assert "code=" not in str(page.url)


def test_what_they_look_at_is_recorded_under_their_account(officer: Officer, gateway: Any) -> None:
    officer.signs_in("u-1")
    officer.get("/board")

    with psycopg.connect(gateway.writer_dsn) as connection:
        found = connection.execute(
            "select distinct department, purpose from receipt where actor = 'bureau-7'"
        ).fetchall()
    assert found == [("education_bureau:410326", "dropout_control")]


def test_who_holds_several_posts_says_for_which(officer: Officer) -> None:
    page = officer.signs_in("u-2", next_path="/board")
    assert "选择本次办理的岗位" in page.text
    assert "code" not in str(page.url)
    assert SESSION not in officer.cookies()

    page = officer.follow(officer.post("/sign-in/post", {"post": "1"}))

    assert page.url.path == "/board"
    assert "both-3" in text_of(page)
    assert 'href="/sign-in/office"' in page.text  # to another post
    assert officer.post("/sign-in/post", {"post": "0"}).status_code == 403  # what was chosen from is gone


@pytest.mark.parametrize("post", ["2", "-1", "", "1.0", "x"])
def test_nobody_says_for_a_post_that_is_not_theirs(officer: Officer, post: str) -> None:
    officer.signs_in("u-2")

    assert officer.post("/sign-in/post", {"post": post}).status_code == 403
    assert not officer.is_in


def test_the_area_of_a_post_is_what_a_claim_says(officer: Officer) -> None:
    officer.signs_in("u-3")

    kept = officer.get("/ledger")
    assert kept.status_code == 200
    assert "cadre-5" in text_of(kept)


@pytest.mark.parametrize("account", ["u-4", "u-5"])
def test_whom_no_line_gives_a_post_is_not_let_in(officer: Officer, account: str) -> None:
    page = officer.signs_in(account)

    assert page.status_code == 403
    assert "没有给出您在本系统的岗位" in page.text
    assert not officer.is_in


def test_a_purpose_the_head_has_not_approved_lets_nobody_in(officer: Officer) -> None:
    page = officer.signs_in("u-6")

    assert page.status_code == 403
    assert "须由本单位负责人审批" in page.text
    assert not officer.is_in


def test_there_are_no_demonstration_accounts_beside_it(officer: Officer) -> None:
    assert "bureau-office" not in officer.get("/sign-in").text
    assert officer.post("/sign-in", {"account": "bureau-office"}).status_code == 403
    assert officer.post("/development/token/bureau-office", {}).status_code == 404
    assert not officer.is_in


def test_the_provider_is_asked_for_a_code_with_pkce_and_nothing_of_it_can_be_guessed(officer: Officer) -> None:
    first, second = (given(officer.get("/sign-in/office").headers["location"]) for _ in range(2))

    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) >= 43


def test_the_way_in_is_kept_for_this_host_and_from_scripts(officer: Officer) -> None:
    kept = officer.get("/sign-in/office").headers["set-cookie"]

    assert kept.startswith("__Host-baoxue-arrival=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(kept.split("; "))


def test_a_stolen_code_is_of_no_use_in_another_browser(officer: Officer, console: Console) -> None:
    stolen = officer.way_back("u-1")
    with Officer(console) as thief:
        began = given(thief.get("/sign-in/office").headers["location"])
        as_it_was = thief.get(stolen)
        thief.get("/sign-in/office")
        with_own_state = given(thief.get("/sign-in/office").headers["location"])["state"]
        into_own_way = thief.get(f"/sign-in/callback?{urlencode({**given(stolen), 'state': with_own_state})}")

        assert began["state"] != with_own_state
        assert (as_it_was.status_code, into_own_way.status_code) == (403, 403)
        assert not thief.is_in


def test_a_code_can_be_put_upon_nobody(officer: Officer, console: Console) -> None:
    """Login CSRF: a browser that began nothing is led to where an attacker's account would be signed in."""
    attackers = officer.way_back("u-1")
    with Officer(console) as victim:
        page = victim.get(attackers)

        assert page.status_code == 403
        assert BEGIN_ANEW in page.text
        assert SESSION not in victim.cookies()


def test_what_led_back_once_leads_back_no_more(officer: Officer) -> None:
    back = officer.way_back("u-1")
    kept = officer.cookies()["__Host-baoxue-arrival"]
    assert officer.get(back).status_code == 303

    for cookies in ({}, {"__Host-baoxue-arrival": kept}):
        officer.http.cookies.clear()
        officer.http.cookies.update(cookies)
        assert officer.get(back).status_code == 403
        assert not officer.is_in


def test_a_way_in_is_good_for_ten_minutes(officer: Officer, console: Console) -> None:
    back = officer.way_back("u-1")
    console.clock.step(timedelta(minutes=10, seconds=1))

    assert BEGIN_ANEW in officer.get(back).text
    assert not officer.is_in


@pytest.mark.parametrize("change", ["", "x", "AAAA"])
def test_a_way_in_of_anybodys_making_is_none(officer: Officer, change: str) -> None:
    back = officer.way_back("u-1")
    kept = officer.cookies()["__Host-baoxue-arrival"]
    officer.http.cookies.clear()
    officer.http.cookies.update({"__Host-baoxue-arrival": kept[:-8] + change})

    assert officer.get(back).status_code == 403


def test_what_was_sealed_on_the_way_in_is_no_session(officer: Officer) -> None:
    officer.way_back("u-1")
    kept = officer.cookies()["__Host-baoxue-arrival"]
    officer.http.cookies.clear()
    officer.http.cookies.update({SESSION: kept})

    assert not officer.is_in


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:1", "%0d%0aX: y"]
)
def test_signing_in_leads_to_no_other_site(officer: Officer, elsewhere: str) -> None:
    back = officer.way_back("u-1", next_path=elsewhere)

    assert officer.get(back).headers["location"] == "/"


@pytest.mark.parametrize("change", [{"iss": "https://another.test"}, {"state": ""}, {"code": "guessed"}, {"code": ""}])
def test_an_answer_that_is_not_the_providers_to_this_question_is_none(officer: Officer, change: dict[str, str]) -> None:
    back = {**given(officer.way_back("u-1")), **change}

    assert officer.get(f"/sign-in/callback?{urlencode(back)}").status_code == 403
    assert not officer.is_in


def test_an_answer_without_its_issuer_is_none_where_the_provider_gives_it(officer: Officer) -> None:
    back = given(officer.way_back("u-1"))
    del back["iss"]

    assert officer.get(f"/sign-in/callback?{urlencode(back)}").status_code == 403


def test_whoever_says_no_at_the_provider_is_not_in_and_told_to_begin_anew(
    officer: Officer, provider: RealProvider
) -> None:
    state = given(officer.get("/sign-in/office").headers["location"])["state"]
    page = officer.get(f"/sign-in/callback?error=access_denied&state={state}&iss={provider.url}")

    assert page.status_code == 403
    assert BEGIN_ANEW in page.text
    assert "access_denied" not in page.text


Forge = Callable[[RealProvider, dict[str, Any]], str]


def signed(**change: Any) -> Forge:
    """What the provider's own key signs, with other claims; one that is None is left out."""

    def forge(provider: RealProvider, claims: dict[str, Any]) -> str:
        told = {name: value for name, value in {**claims, **change}.items() if value is not None}
        told = {name: value(claims[name]) if callable(value) else value for name, value in told.items()}
        return jwt.encode({"alg": "RS256", "kid": provider.keys[0].kid}, told, provider.keys[0])

    return forge


def by_hand(header: dict[str, Any], claims: dict[str, Any], *, secret: bytes = b"") -> str:
    """A token that no library would make."""
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    mac = hmac.digest(secret, head + b"." + body, "sha256") if secret else b""
    return b".".join((head, body, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


def unsigned(provider: RealProvider, claims: dict[str, Any]) -> str:
    return by_hand({"alg": "none", "kid": provider.keys[0].kid}, claims)


def signed_with_what_is_public(provider: RealProvider, claims: dict[str, Any]) -> str:
    """The old confusion of algorithms: the public key taken for a shared secret."""
    key = provider.keys[0]
    return by_hand({"alg": "HS256", "kid": key.kid}, claims, secret=key.as_pem(private=False))


def signed_with_the_clients_secret(provider: RealProvider, claims: dict[str, Any]) -> str:
    return by_hand({"alg": "HS256", "kid": provider.keys[0].kid}, claims, secret=SECRET.encode())


def signed_by_another(provider: RealProvider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": provider.keys[0].kid}, claims, a_key("first"))


def signed_by_a_key_nobody_knows(provider: RealProvider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, a_key("unknown"))


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(signed(nonce="another"), id="another nonce"),
        pytest.param(signed(nonce=None), id="no nonce"),
        pytest.param(signed(aud="another"), id="for another program"),
        pytest.param(signed(aud=["baoxue", "another"]), id="for another program too"),
        pytest.param(signed(aud=None), id="for nobody"),
        pytest.param(signed(azp="another"), id="given to another program"),
        pytest.param(signed(iss="https://another.test"), id="another issuer"),
        pytest.param(signed(iss=None), id="no issuer"),
        pytest.param(signed(sub=None), id="of nobody"),
        pytest.param(signed(exp=None), id="without end"),
        pytest.param(signed(exp=lambda exp: exp - 3600 - 90), id="ended"),
        pytest.param(signed(iat=lambda iat: iat + 90), id="not issued yet"),
        pytest.param(signed(nbf=4_000_000_000), id="not good yet"),
        pytest.param(signed(exp="soon"), id="an end that is no moment"),
        pytest.param(unsigned, id="unsigned"),
        pytest.param(signed_with_what_is_public, id="signed with the public key"),
        pytest.param(signed_with_the_clients_secret, id="signed with the client's secret"),
        pytest.param(signed_by_another, id="signed by another key of this name"),
        pytest.param(signed_by_a_key_nobody_knows, id="signed by a key nobody knows"),
        pytest.param(lambda _provider, _claims: "a.b.c", id="no token"),
        pytest.param(lambda _provider, _claims: "", id="nothing"),
    ],
)
def test_a_token_that_is_not_good_lets_nobody_in(
    officer: Officer, console: Console, provider: RealProvider, forge: Forge
) -> None:
    back = officer.way_back("u-1")
    console.line.change = forged(provider, forge)

    page = officer.get(back)

    assert page.status_code == 403
    assert BEGIN_ANEW in page.text
    assert not officer.is_in


def forged(provider: RealProvider, forge: Forge) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Has tokens come changed from the provider."""

    def change(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if path != "/token":
            return answer
        claims = jwt.decode(answer["id_token"], provider.keys[0], algorithms=["RS256"]).claims
        return {**answer, "id_token": forge(provider, dict(claims))}

    return change


def test_clocks_may_differ_by_a_minute(officer: Officer, console: Console, provider: RealProvider) -> None:
    back = officer.way_back("u-1")
    console.line.change = forged(provider, signed(exp=lambda exp: exp - 3600 - 30, iat=lambda iat: iat + 30))

    assert officer.get(back).status_code == 303
    assert officer.is_in


def test_a_token_is_had_anew_only_with_the_providers_word(officer: Officer, console: Console) -> None:
    officer.signs_in("u-1")
    before = officer.cookies()[SESSION]
    console.line.asked.clear()

    assert officer.is_in
    assert console.line.asked == []
    for _ in range(3):
        console.clock.step(timedelta(minutes=9))
        assert officer.is_in
    assert console.line.asked == ["/token"] * 3
    assert officer.cookies()[SESSION] != before


def test_requests_at_once_ask_the_provider_once(officer: Officer, console: Console) -> None:
    """Its refresh tokens are good once: asked with one twice, it would end the session."""
    officer.signs_in("u-1")
    console.clock.step(timedelta(minutes=9))
    console.line.asked.clear()

    async def at_once() -> list[int]:
        return [page.status_code for page in await asyncio.gather(*(officer.http.get("/") for _ in range(4)))]

    assert console.runner.run(at_once()) == [200] * 4
    assert console.line.asked == ["/token"]


def test_a_download_has_the_token_anew_too_and_the_browser_learns_of_it(officer: Officer, console: Console) -> None:
    officer.signs_in("u-1")
    console.clock.step(timedelta(minutes=11))

    answer = officer.get(LEDGER)

    assert answer.status_code == 200
    assert SESSION in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "accounts",
    [{}, {"u-1": {**ACCOUNTS["u-1"], "groups": []}}, {"u-1": {**ACCOUNTS["u-1"], "preferred_username": "other"}}],
    ids=["gone", "without the post", "called otherwise"],
)
def test_whoever_left_the_office_or_the_post_is_out_within_ten_minutes(
    officer: Officer, console: Console, provider: RealProvider, accounts: dict[str, Any]
) -> None:
    officer.signs_in("u-1")
    provider.know(accounts)
    console.clock.step(timedelta(minutes=9))

    sent = officer.get("/board")

    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/board")
    assert SESSION not in officer.cookies()


def test_where_the_provider_can_not_be_asked_again_a_session_ends_with_its_token(
    officer: Officer, console: Console
) -> None:
    console.line.change = lambda path, answer: {**answer, "refresh_token": ""} if path == "/token" else answer
    officer.signs_in("u-1")
    console.clock.step(timedelta(minutes=9))
    assert officer.is_in
    console.clock.step(timedelta(minutes=2))

    assert not officer.is_in


def test_signing_out_leads_on_to_the_provider_and_ends_there_too(officer: Officer, console: Console) -> None:
    home = officer.follow(officer.signs_in("u-1"))
    kept = officer.cookies()

    page = officer.post("/sign-out", {"ticket": ticket_of(home)})
    assert not officer.is_in
    there = officer.get(link_of(page))
    back = officer.follow(officer.post(place_of(there), {"xsrf": hidden(there, "xsrf"), "logout": "yes"}))

    assert "eyJ" not in link_of(page)  # who it was stands in no address
    assert (back.url.path, back.url.host) == ("/sign-in", "console.test")
    asked = officer.follow(officer.get("/sign-in/office"), until=CONSOLE)
    assert 'name="login"' in asked.text  # the provider knows this browser no more
    officer.http.cookies.update(kept)
    assert not officer.is_in


def test_a_key_that_is_changed_and_a_provider_that_is_away(
    officer: Officer, console: Console, provider: RealProvider
) -> None:
    officer.signs_in("u-1")
    back = officer.way_back("u-1")
    provider.stop()
    try:
        assert officer.is_in
        away = officer.get(back)
        assert (away.status_code, "暂时没有应答" in away.text) == (503, True)
        console.clock.step(timedelta(minutes=9))
        assert officer.is_in  # the token is good for another minute
        console.clock.step(timedelta(minutes=2))
        late = officer.get("/board")
        assert (late.status_code, "暂时没有应答" in late.text) == (503, True)
    finally:
        provider.keys.insert(0, a_key("second"))
        provider.start()

    officer.http.cookies.clear()
    assert officer.signs_in("u-1").status_code == 200
