"""Signing in and out 登录. In development as a demonstration account of the list; otherwise nobody can yet.

Outside development somebody will sign in at the department's own identity provider (OpenID Connect, authorization code with
PKCE). Until that is built the page says so, and gives nobody a session.
"""

from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from joserfc import jws
from starlette.responses import Response

from gateway.access.principal import DEMO_ACCOUNTS
from gateway.console.asking import Said
from gateway.console.caller import Caller, Console, Guest
from gateway.console.document import ME, Granted
from gateway.console.session import Session
from gateway.html_form import Unreadable, read_pairs

MINUTES: Final = 10
_RENEWED_BEFORE_S: Final = 120
_MOST_BYTES: Final = 4096


async def show(guest: Guest) -> tuple[Response, None]:
    """The list of demonstration accounts, or what there is not yet."""
    return _page(guest), None


async def enter(guest: Guest) -> tuple[Response, Session | None]:
    """Begins the session of a demonstration account; raises `Unreadable`."""
    console = guest.console
    form = dict(await read_pairs(guest.request, most_bytes=_MOST_BYTES, most_fields=4))
    account = form.get("account", "")
    if console.issuer is None or account not in DEMO_ACCOUNTS:
        raise Unreadable(guest.texts("sign_in.refused"), status=403)
    token = console.issuer.mint(account, minutes=MINUTES)
    try:
        me = (await console.asking.ask(ME, token=token)).data["me"]
    except Said as error:
        if error.code != "FORBIDDEN":
            raise
        return _page(guest, message=guest.texts("sign_in.not_approved"), status=403), None
    granted = Granted.of(me)
    console.granted[granted.kind, granted.purpose] = granted
    return guest.go(_local(form.get("next", ""))), console.sessions.begin(token=token, me=me)


async def leave(caller: Caller, _form: object) -> Response:
    """Ends the session."""
    response = caller.go("/sign-in")
    caller.console.sessions.end(caller.request, response, caller.session)
    return response


def renewed(console: Console, session: Session) -> Session:
    """The session with a token that is good for a while; as it is where nobody gives another."""
    if console.issuer is None:
        return session
    claims = msgspec.json.decode(jws.extract_compact(session.token.encode()).payload)
    if claims["exp"] - console.clock.now().timestamp() > _RENEWED_BEFORE_S:
        return session
    return msgspec.structs.replace(session, token=console.issuer.mint(session.account, minutes=MINUTES))


def _page(guest: Guest, *, message: str = "", status: int = 200) -> Response:
    accounts = DEMO_ACCOUNTS if guest.console.issuer is not None else {}
    next_path = _local(parse_qs(guest.request.url.query).get("next", [""])[-1])
    return guest.render("sign_in.html", status=status, accounts=accounts, next=next_path, message=message)


def _local(path: str) -> str:
    """An address of our own to go on to; the first page for any other."""
    parts = urlsplit(path)
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_local else "/"
