"""Who is signed in, and that nobody else is: sessions, their cookies, and the tickets of forms."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway.access.principal import Tokens
from gateway.app import build_gateway
from gateway.console.session import IDLE, LONGEST, Session, Sessions
from gateway.html_form import Unreadable
from services.chassis.clock import SteppedClock
from tests.gateway.console.browsing import Browser, ticket_of

NOW = datetime(2026, 9, 14, 1, tzinfo=UTC)
ME = {"actor": "bureau-office", "unit": "education_bureau:410326", "purpose": "dropout_control"}


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser


def request(cookies: str = "", scheme: str = "https") -> Request:
    """A request that brings cookies along."""
    headers = [(b"cookie", cookies.encode()), (b"host", b"gateway")]
    return Request(
        {"type": "http", "method": "GET", "scheme": scheme, "path": "/", "query_string": b"", "headers": headers}
    )


class Cookies:
    """Sessions by a clock of their own, and what a browser keeps of them."""

    def __init__(self, *, development: bool = False, shared: str = "secret") -> None:
        self.clock = SteppedClock(NOW)
        self.sessions = Sessions(secret=shared, clock=self.clock, development=development)

    def sealed(self, session: Session, *, scheme: str = "https") -> tuple[str, str]:
        """The cookie as it goes to the browser: whole, and what comes back."""
        response = Response()
        self.sessions.keep(request(scheme=scheme), response, session, before=None)
        whole = response.headers["set-cookie"]
        return whole, whole.partition(";")[0]


def test_whoever_is_not_signed_in_is_sent_to_do_so_and_comes_back(browser: Browser) -> None:
    sent = browser.get("/cases/62329e10-3cb8-57d8-bcdc-478115e57ed0", follow_redirects=False)

    assert (sent.status_code, sent.headers["location"]) == (
        303,
        "/sign-in?next=/cases/62329e10-3cb8-57d8-bcdc-478115e57ed0",
    )
    page = browser.get(sent.headers["location"])
    assert 'name="next" value="/cases/62329e10-3cb8-57d8-bcdc-478115e57ed0"' in page.text


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:1"]
)
def test_signing_in_leads_to_no_other_site(browser: Browser, elsewhere: str) -> None:
    sent = browser.post("/sign-in", {"account": "bureau-office", "next": elsewhere}, follow_redirects=False)

    assert sent.headers["location"] == "/"


def test_the_token_is_in_no_address_and_in_no_page(browser: Browser) -> None:
    page = browser.signs_in("bureau-office").get("/")

    assert page.url.path == "/"
    assert not page.url.query
    assert "eyJ" not in page.text


def test_nobody_signs_in_as_somebody_who_is_not_listed(browser: Browser) -> None:
    page = browser.post("/sign-in", {"account": "nobody"})

    assert page.status_code == 403
    assert browser.get("/", follow_redirects=False).headers["location"] == "/sign-in"


def over(gateway: Any, **with_these: Any) -> Any:
    """Another gateway over the same county."""
    given = {"policy": gateway.policy, "tokens": gateway.tokens, "reader": gateway.reader}
    return build_gateway(**{**given, "receipts": gateway.receipts, "clock": gateway.clock, **with_these})


def test_outside_development_there_are_no_accounts_to_choose_from(gateway: Any) -> None:
    with Browser(gateway, over(gateway)) as browser:
        page = browser.get("/sign-in")
        refused = browser.post("/sign-in", {"account": "bureau-office"})

    assert "尚未接入统一身份认证" in page.text
    assert "bureau-office" not in page.text
    assert refused.status_code == 403


def test_a_purpose_nobody_approved_is_said_and_begins_no_session(gateway: Any) -> None:
    nobody_approves = Tokens(
        issuers={"https://test": gateway.issuer.keys}, audience="baoxue", policy=gateway.policy, clock=gateway.clock
    )
    with Browser(gateway, over(gateway, tokens=nobody_approves, issuer=gateway.issuer)) as browser:
        page = browser.post("/sign-in", {"account": "rural-affairs-officer"})

    assert page.status_code == 403
    assert "须由本单位负责人审批" in page.text
    assert "set-cookie" not in page.headers


def test_the_cookie_is_for_this_host_over_tls_and_for_no_script() -> None:
    cookies = Cookies()
    whole, _ = cookies.sealed(cookies.sessions.begin(token="t", me=ME))

    assert whole.startswith("__Host-baoxue=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(whole.split("; "))
    assert "Domain" not in whole


def test_only_in_development_does_it_go_over_plain_http() -> None:
    cookies = Cookies(development=True)
    whole, _ = cookies.sealed(cookies.sessions.begin(token="t", me=ME), scheme="http")

    assert whole.startswith("baoxue=")
    assert "HttpOnly" in whole


def test_a_session_is_read_by_every_gateway_of_the_installation_and_by_no_other() -> None:
    cookies = Cookies()
    _, kept = cookies.sealed(cookies.sessions.begin(token="t", me=ME))

    assert (found := Cookies().sessions.find(request(kept))) is not None
    assert (found.account, found.unit, found.token) == (ME["actor"], ME["unit"], "t")
    assert Cookies(shared="other").sessions.find(request(kept)) is None


def test_a_session_ends_when_it_was_idle_and_at_the_end_of_the_day() -> None:
    cookies = Cookies()
    session = cookies.sessions.begin(token="t", me=ME)
    _, kept = cookies.sealed(session)

    cookies.clock.step(IDLE)
    assert cookies.sessions.find(request(kept)) is not None
    cookies.clock.step(timedelta(seconds=1))
    assert cookies.sessions.find(request(kept)) is None

    cookies = Cookies()
    session = cookies.sessions.begin(token="t", me=ME)
    while cookies.clock.now() - NOW <= LONGEST:
        _, kept = cookies.sealed(session)
        assert cookies.sessions.find(request(kept)) is not None
        cookies.clock.step(IDLE)
    assert cookies.sessions.find(request(kept)) is None


@pytest.mark.parametrize("change", ["", "x", "AAAA", "é", "." * 9000])
def test_a_cookie_of_anybodys_making_is_none(change: str) -> None:
    cookies = Cookies()
    _, kept = cookies.sealed(cookies.sessions.begin(token="t", me=ME))
    name, _, value = kept.partition("=")

    assert cookies.sessions.find(request(f"{name}={change}")) is None
    assert cookies.sessions.find(request(f"{name}={value[:-8]}{change}")) is None


def test_signed_out_the_session_is_over_for_who_kept_its_cookie_too(browser: Browser) -> None:
    page = browser.signs_in("bureau-office").get("/")
    kept = dict(browser.http.cookies)

    browser.post("/sign-out", {"ticket": ticket_of(page)})
    browser.http.cookies.update(kept)

    assert browser.get("/", follow_redirects=False).headers["location"] == "/sign-in"


def test_a_token_is_had_anew_before_it_ends(browser: Browser, gateway: Any) -> None:
    browser.signs_in("bureau-office").get("/")

    for _ in range(4):
        gateway.clock.step(timedelta(minutes=9))
        assert browser.get("/", follow_redirects=False).status_code == 200


@pytest.mark.parametrize("sent", ["none", "mine", "of another session", "from elsewhere"])
def test_a_form_is_taken_only_from_a_page_of_this_session(browser: Browser, gateway: Any, sent: str) -> None:
    page = browser.signs_in("bureau-office").get("/")
    with Browser(gateway) as other:
        strange = ticket_of(other.signs_in("bureau-office").get("/"))
    ticket = {"none": "", "mine": ticket_of(page), "of another session": strange, "from elsewhere": ticket_of(page)}[
        sent
    ]
    headers = {"sec-fetch-site": "cross-site"} if sent == "from elsewhere" else {}

    answer = browser.post("/sign-out", {"ticket": ticket}, headers=headers, follow_redirects=False)

    assert answer.status_code == (303 if sent == "mine" else 403)


def test_a_ticket_of_anybodys_making_is_none() -> None:
    cookies = Cookies()
    session = cookies.sessions.begin(token="t", me=ME)
    ticket = cookies.sessions.hand_out(session)

    assert cookies.sessions.take(session, ticket).id != uuid4()
    for made in ("", "AAAA", ticket[:-1], "é", ticket[::-1]):
        with pytest.raises(Unreadable):
            cookies.sessions.take(session, made)


def test_a_link_to_a_file_is_opened_with_the_session_and_from_no_other_site(browser: Browser) -> None:
    browser.signs_in("bureau-office")

    assert browser.get("/files/ledger?kind=suspect&format=csv").status_code == 200
    strange = browser.get("/files/ledger?kind=suspect&format=csv", headers={"sec-fetch-site": "cross-site"})
    assert strange.status_code == 401
