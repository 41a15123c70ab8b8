"""One request of somebody: what pages are written with. A view asks by document name, sends commands, and fills a page in.

    async def show(caller: Caller) -> Response:
        found = await caller.ask("child_page", id=caller.id("id"))
        return caller.page("child.html", child=found["child"])

What the gateway refuses comes up as `Said` and is shown in words by `routes.py`; a form shows it itself and keeps what was typed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

import jinja2
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive

from gateway.console.arrivals import Arrivals
from gateway.console.asking import Asking, Files, Said
from gateway.console.document import ME, Documents, Granted, variables_of
from gateway.console.renewals import Issuer, Renewals
from gateway.console.session import Session, Sessions
from gateway.console.texts import LANGUAGES, Language, Texts
from gateway.identity.office import Office
from services.chassis.clock import Clock, china_date

HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, noarchive",
}
LANGUAGE_COOKIE: Final = "baoxue-language"
FEW_PAGES: Final = 7
"""As many pages stand in the navigation one beside the other; more are grouped."""
_YEAR_S: Final = 365 * 24 * 3600
_PAGES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.console", "pages"),
    autoescape=True,
    undefined=jinja2.ChainableUndefined,  # what is not granted was not asked for, and is shown as nothing
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the pages work with; see `app.build_gateway`."""

    asking: Asking
    files: Files
    documents: Documents
    sessions: Sessions
    arrivals: Arrivals
    renewals: Renewals
    clock: Clock
    issuer: Issuer | None = None
    """Who gives tokens to demonstration accounts; None outside development."""
    office: Office | None = None
    """Where people sign in; None where no provider is set."""
    makes_pdf: bool = False
    """Whether letters are handed out as PDF, too."""
    granted: dict[tuple[str, str], Granted] = field(default_factory=dict)
    """What each kind of unit is granted for each purpose, as the gateway said when it was first asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the navigation: its address, the key of its name in the catalogue, and the group it stands in."""

    path: str
    name: str
    group: str = ""


@dataclass(slots=True)
class Guest:
    """A request of anybody, signed in or not."""

    console: Console
    request: Request
    texts: Texts

    def render(self, template: str, *, status: int = 200, **shown: object) -> Response:
        """A page in the guest's language."""
        content = _PAGES.get_template(template).render(
            t=self.texts,
            lang=self.texts.lang,
            style=STYLE,
            script=SCRIPT,
            icon=ICON,
            path=self.request.url.path,
            **shown,
        )
        response = Response(content, status, media_type="text/html", headers=HEADERS)
        chosen = self.request.query_params.get("language", "")
        if chosen in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, samesite="lax", httponly=True)
        return response

    def go(self, path: str) -> Response:
        """Sends the browser on to a page, after a form: sent again by mistake, nothing is done twice."""
        return RedirectResponse(path, 303, headers=HEADERS)


def language_of(request: Request) -> Language:
    """The language asked for in the address, or chosen before; Chinese where nobody chose."""
    chosen = request.query_params.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "zh"


@dataclass(slots=True)
class Caller(Guest):
    """A request of somebody who is signed in."""

    session: Session
    granted: Granted
    entries: Sequence[Entry]
    as_of: Mapping[str, int] = field(default_factory=dict)
    policy: str = ""
    ticket: str = ""
    """The ticket of the page's forms where they go on with one that was sent; else each has its own."""

    async def ask(self, name: str, /, **variables: object) -> Mapping[str, Any]:
        """The granted part of what a page's document asks for; empty where nothing of it is. Raises `Said`."""
        document = self.console.documents.of(name, self.granted)
        if document is None:
            return {}
        taken = variables_of(document)
        given = {key: value for key, value in variables.items() if key in taken and value not in {None, ""}}
        answer = await self.console.asking.ask(document, token=self.session.token, variables=given)
        self.as_of, self.policy = answer.as_of or self.as_of, answer.policy
        return answer.data

    async def get(self, name: str, of: str, /, **variables: object) -> Mapping[str, Any]:
        """The one record that a document asks for; raises `Said` NOT_FOUND where there is none within reach."""
        found: Mapping[str, Any] | None = (await self.ask(name, **variables)).get(of)
        if found is None:
            raise Said("NOT_FOUND", "")
        return found

    async def send(self, command: str, arguments: Mapping[str, object], *, key: UUID) -> Mapping[str, Any]:
        """Sends a command; answers its id, position and whether its effect can be read. Raises `Said`."""
        answer = await self.console.asking.ask(
            self.console.documents.command(command), token=self.session.token, variables=arguments, key=key
        )
        done: Mapping[str, Any] = answer.data[command]
        return done

    async def hand_in(
        self,
        path: str,
        *,
        key: UUID,
        receive: Receive,
        content_type: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Hands a file in at one of the file routes; answers what it answers. Raises `Said`."""
        sent = {"content-type": content_type, "idempotency-key": str(key), **(headers or {})}
        return await self.console.files.call(
            path, token=self.session.token, method="POST", query=query, headers=sent, receive=receive
        )

    def id(self, name: str) -> str:
        """An id in the path; raises `Said` NOT_FOUND where it is none."""
        try:
            return str(UUID(self.request.path_params[name]))
        except ValueError:
            raise Said("NOT_FOUND", "") from None

    def given(self, name: str) -> str:
        """A parameter of the address; empty where it was not given."""
        return self.request.query_params.get(name, "").strip()

    @property
    def today(self) -> str:
        """The date in China."""
        return china_date(self.console.clock.now()).isoformat()

    def page(self, template: str, *, status: int = 200, **shown: object) -> Response:
        """A page with head, navigation and foot."""
        return self.render(
            template,
            status=status,
            caller=self,
            session=self.session,
            entries=self.entries,
            menu=_menu(self.entries),
            as_of=self.as_of,
            policy=self.policy,
            today=self.today,
            ticket=lambda: self.ticket or self.console.sessions.hand_out(self.session),
            **shown,
        )


def _menu(entries: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """The navigation: pages of a group under one heading, where it is long and the group has several; all others by themselves."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group if len(entries) > FEW_PAGES and entry.group else entry.path, []).append(entry)
    return [("" if len(found) == 1 else found[0].group, found) for found in groups.values()]


async def grants_of(console: Console, session: Session) -> Granted:
    """What a session may see and do; asked once for a kind of unit and a purpose. Raises `Said`."""
    key = (session.kind, session.purpose)
    if key not in console.granted:
        answer = await console.asking.ask(ME, token=session.token)
        console.granted[key] = Granted.of(answer.data["me"])
    return console.granted[key]


def _versioned(name: str) -> tuple[str, bytes]:
    """A file of ours under an address that changes with it, and its bytes."""
    content = files("gateway.console").joinpath(name).read_bytes()
    return f"/{name}?v={hashlib.sha256(content).hexdigest()[:12]}", content


ICON, ICON_BYTES = _versioned("console.svg")
STYLE, STYLE_BYTES = _versioned("console.css")
SCRIPT, SCRIPT_BYTES = _versioned("console.js")
