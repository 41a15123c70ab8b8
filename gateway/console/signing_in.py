"""Signing in and out 登录: at the office's own provider 统一身份认证, and in development as a demonstration account of the list.

    /sign-in            the page; from it by a link, as a form may not lead to another site
    /sign-in/office     sends the browser to the provider
    /sign-in/callback   takes what it brings back, once; who holds one post is in
    /sign-in/post       who holds several says for which
    /sign-out           ends the session, and sends the browser to the provider to sign out there too

Why somebody was not let in is told in general words, and logged in one.
"""

import logging
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.responses import RedirectResponse, Response

from gateway.access.issuing import DEMO_ACCOUNTS
from gateway.console.arrivals import Arrived, Begun
from gateway.console.asking import Said
from gateway.console.caller import HEADERS, Caller, Guest
from gateway.console.document import ME, Granted
from gateway.console.session import Session, Vouch
from gateway.html_form import Unreadable, read_pairs
from gateway.identity.office import MINUTES, Office
from gateway.identity.provider import NotVouched, Unreachable, Way

_MOST_BYTES: Final = 4096
_log = logging.getLogger("baoxue.gateway.console")
Entered = tuple[Response, Session | None]


async def show(guest: Guest) -> Entered:
    """How to sign in here."""
    return _page(guest), None


async def enter(guest: Guest) -> Entered:
    """Begins the session of a demonstration account; raises `Unreadable`."""
    console = guest.console
    form = dict(await read_pairs(guest.request, most_bytes=_MOST_BYTES, most_fields=4))
    account = form.get("account", "")
    if console.issuer is None or account not in DEMO_ACCOUNTS:
        raise Unreadable(guest.texts("sign_in.refused"), status=403)
    session = await _begin(guest, console.issuer.mint(account, minutes=MINUTES), vouch=None)
    if session is None:
        return _page(guest, message=guest.texts("sign_in.not_approved"), status=403), None
    return guest.go(_local(form.get("next", ""))), session


async def set_out(guest: Guest) -> Entered:
    """Sends the browser to the provider."""
    office, way = _office(guest), Way.begin()
    try:
        place = await office.way_in(way)
    except Unreachable:
        return _unreachable(guest)
    response = RedirectResponse(place, 303, headers=HEADERS)
    begun = Begun(way=way, next=_next(guest), at=guest.console.clock.now())
    guest.console.arrivals.keep(guest.request, response, begun)
    return response, None


async def come_back(guest: Guest) -> Entered:
    """Takes what the browser brings back from the provider; once, whatever it is."""
    office, arrivals = _office(guest), guest.console.arrivals
    begun = arrivals.find(guest.request)
    if not isinstance(begun, Begun):
        return _not_in(guest, "sign_in.begin_anew", why="nothing begun")
    arrivals.spend(begun)
    try:
        arrival = await office.arrived(dict(guest.request.query_params), begun.way)
    except NotVouched as error:
        return _not_in(guest, "sign_in.begin_anew", why=str(error))
    except Unreachable:
        return _unreachable(guest)
    if not arrival.posts:
        return _not_in(guest, "sign_in.no_post", why="no post")
    arrived = Arrived(
        way=begun.way,
        account=arrival.account,
        subject=arrival.subject,
        posts=arrival.posts,
        refresh=arrival.refresh,
        next=begun.next,
        at=guest.console.clock.now(),
    )
    if len(arrival.posts) == 1:
        return await _take_up(guest, office, arrived, 0)
    response = guest.go("/sign-in/post")
    arrivals.keep(guest.request, response, arrived)
    return response, None


async def offer(guest: Guest) -> Entered:
    """The posts of who holds several; by itself, so that the provider's code stays in no address."""
    arrived = guest.console.arrivals.find(guest.request)
    if not isinstance(arrived, Arrived):
        return _not_in(guest, "sign_in.begin_anew", why="nothing to choose from")
    return _choice(guest, arrived), None


async def choose(guest: Guest) -> Entered:
    """Begins the session of who said for which of several posts; raises `Unreadable`."""
    office = _office(guest)
    form = dict(await read_pairs(guest.request, most_bytes=_MOST_BYTES, most_fields=4))
    arrived = guest.console.arrivals.find(guest.request)
    chosen = form.get("post", "")
    if not isinstance(arrived, Arrived) or chosen not in map(str, range(len(arrived.posts))):
        return _not_in(guest, "sign_in.begin_anew", why="nothing to choose from")
    return await _take_up(guest, office, arrived, int(chosen))


async def leave(caller: Caller, _form: object) -> Response:
    """Ends the session, and leads on to where the provider ends its own."""
    response = caller.go("/sign-in")
    office = caller.console.office
    if office is not None and caller.session.vouch is not None:
        try:
            place = await office.way_out()
        except Unreachable:
            place = ""
        if place:
            response = Guest(caller.console, caller.request, caller.texts).render("signed_out.html", place=place)
    caller.console.sessions.end(caller.request, response, caller.session)
    return response


async def _take_up(guest: Guest, office: Office, arrived: Arrived, chosen: int) -> Entered:
    """In a post, if its purpose is approved; else the others are offered, where there are any."""
    post, several = arrived.posts[chosen], len(arrived.posts) > 1
    vouch = Vouch(subject=arrived.subject, refresh=arrived.refresh, role=post.role, several=several)
    session = await _begin(guest, office.token(arrived.account, post), vouch=vouch)
    if session is None and several:
        return _choice(guest, arrived, message=guest.texts("sign_in.not_approved")), None
    if session is None:
        return _not_in(guest, "sign_in.not_approved", why="not approved")
    response = guest.go(arrived.next)
    guest.console.arrivals.forget(guest.request, response)
    return response, session


async def _begin(guest: Guest, token: str, *, vouch: Vouch | None) -> Session | None:
    """The session of whoever a token is for; None where its purpose is not approved. Raises `Said`."""
    console = guest.console
    try:
        me = (await console.asking.ask(ME, token=token)).data["me"]
    except Said as error:
        if error.code != "FORBIDDEN":
            raise
        return None
    granted = Granted.of(me)
    console.granted[granted.kind, granted.purpose] = granted
    return console.sessions.begin(token=token, me=me, vouch=vouch)


def _office(guest: Guest) -> Office:
    if guest.console.office is None:
        raise Said("NOT_FOUND", "")
    return guest.console.office


def _choice(guest: Guest, arrived: Arrived, *, message: str = "") -> Response:
    return guest.render("which_post.html", status=403 if message else 200, posts=arrived.posts, message=message)


def _not_in(guest: Guest, text: str, *, why: str) -> Entered:
    _log.warning("not signed in: %s", why)
    response = _page(guest, message=guest.texts(text), status=403)
    guest.console.arrivals.forget(guest.request, response)
    return response, None


def _unreachable(guest: Guest) -> Entered:
    return _page(guest, message=guest.texts("sign_in.unreachable"), status=503), None


def _page(guest: Guest, *, message: str = "", status: int = 200) -> Response:
    accounts = DEMO_ACCOUNTS if guest.console.issuer is not None else {}
    return guest.render(
        "sign_in.html",
        status=status,
        accounts=accounts,
        office=guest.console.office is not None,
        next=_next(guest),
        message=message,
    )


def _next(guest: Guest) -> str:
    return _local(parse_qs(guest.request.url.query).get("next", [""])[-1])


def _local(path: str) -> str:
    """An address of our own to go on to; the first page for any other."""
    parts = urlsplit(path)
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_local else "/"
