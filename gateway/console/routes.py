"""The console's pages 控制台: which there are, who may open them, and what is said where the gateway gives no answer.

A page stands in the navigation of those to whom one of the fields it `needs` is granted. How to add one: README.md.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Scope, Send

from gateway.console import signing_in
from gateway.console.asking import Said
from gateway.console.caller import (
    HEADERS,
    ICON_BYTES,
    SCRIPT_BYTES,
    STYLE_BYTES,
    Caller,
    Console,
    Entry,
    Guest,
    grants_of,
    language_of,
)
from gateway.console.document import Granted
from gateway.console.session import Session
from gateway.console.texts import Texts
from gateway.console.views import (
    acts,
    aid_lists,
    assistance,
    audit_report,
    board,
    case,
    check_ins,
    child,
    disclosures,
    doubts,
    duties,
    duty_lists,
    field_checks,
    field_lists,
    inspections,
    ledger,
    letters,
    listing,
    lists,
    my_day,
    payment_list,
    photos,
    proofs,
    recognition,
    registers,
    replay,
    responsible,
    settings,
    statistics,
)
from gateway.html_form import Unreadable, read_pairs, refuse_from_elsewhere
from gateway.identity.provider import NotVouched, Unreachable

MOST_BYTES: Final = 256 * 1024
MOST_FIELDS: Final = 400
_STATUS: Final[Mapping[str, int]] = {
    "BAD_REQUEST": 400,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "STALE": 409,
    "REFUSED": 422,
    "THROTTLED": 429,
    "UNCERTAIN": 503,
    "UNAVAILABLE": 503,
}
_log = logging.getLogger("baoxue.gateway.console")

Show = Callable[[Caller], Awaitable[Response]]
Take = Callable[[Caller, UUID], Awaitable[Response]]
Act = Callable[[Caller, acts.Form], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its address, who shows it, who takes its form, and where it stands in the navigation."""

    path: str
    show: Show | None = None
    act: Act | None = None
    take: Take | None = None
    """Who takes what is handed in: a body that is streamed, with its ticket in the address."""
    name: str = ""
    """Its key under `nav` in the catalogue; empty for a page that others link to."""
    group: str = ""
    """Its group in the navigation, a key under `groups` in the catalogue; empty for a page that stands by itself."""
    needs: tuple[tuple[str, str], ...] = field(default=())
    """Fields of which one has to be granted for the page to be offered; none for a page of everybody's."""

    def is_for(self, granted: Granted) -> bool:
        """Whether the page is offered to who has these grants."""
        return not self.needs or any(needed in granted.fields for needed in self.needs)


PAGES: Final = (
    Page("/", my_day.show, name="my_day"),
    Page("/board", board.show, name="board", needs=(("Query", "partition"),)),
    Page("/board/children", board.show_children),
    Page("/board/{township}", board.show_township),
    Page("/statistics", statistics.show, name="statistics", needs=(("Query", "statistics"),)),
    Page("/statistics/children", statistics.show_children),
    Page("/statistics/{township}", statistics.show_township),
    Page("/ledger", ledger.show, ledger.find, name="ledger", group="children", needs=(("Query", "children"),)),
    Page("/cases", listing.shown(lists.CASES), name="cases", group="children", needs=(("Query", "cases"),)),
    Page(
        "/registers",
        registers.show,
        take=registers.take,
        name="registers",
        group="registers",
        needs=(("Query", "deliveries"),),
    ),
    Page("/registers/{id}", registers.show_one),
    Page("/doubts", listing.shown(lists.DOUBTS), name="doubts", group="children", needs=(("Query", "doubts"),)),
    Page("/doubts/{id}", doubts.show),
    Page("/cases/{id}/photos", take=photos.take),
    Page("/findings", listing.shown(lists.FINDINGS), name="findings", group="children", needs=(("Query", "findings"),)),
    Page(
        "/referrals",
        listing.shown(lists.REFERRALS),
        name="referrals",
        group="children",
        needs=(("Query", "referrals"),),
    ),
    Page("/posts", listing.shown(lists.POSTS), name="posts", group="duty", needs=(("Query", "posts"),)),
    Page("/notices", listing.shown(lists.NOTICES), name="notices", group="told", needs=(("Query", "notices"),)),
    Page("/settings", settings.show, name="settings", group="told", needs=(("Query", "contacts"),)),
    Page("/messages", listing.shown(lists.MESSAGES)),
    Page(
        "/reports",
        listing.shown(lists.REPORTS),
        name="publicReports",
        group="children",
        needs=(("Query", "publicReports"),),
    ),
    Page("/warrants", listing.shown(lists.WARRANTS), name="warrants", group="told", needs=(("Query", "warrants"),)),
    Page("/consents", listing.shown(lists.CONSENTS), name="consents", group="told", needs=(("Query", "consents"),)),
    Page(
        "/requests",
        listing.shown(lists.DATA_REQUESTS),
        name="dataRequests",
        group="duty",
        needs=(("Query", "dataRequests"),),
    ),
    Page("/looks", listing.shown(lists.LOOKS), name="looks", group="told", needs=(("Query", "looks"),)),
    Page("/responsible", responsible.show, name="responsible", group="duty", needs=(("Query", "posts"),)),
    Page("/inspections", inspections.show, name="inspections", group="duty", needs=(("Query", "inspections"),)),
    Page("/rectifications", listing.shown(duty_lists.RECTIFICATIONS)),
    Page(
        "/admonitions",
        listing.shown(duty_lists.ADMONITIONS),
        name="admonitions",
        group="duty",
        needs=(("Query", "admonitions"),),
    ),
    Page(
        "/accountability",
        listing.shown(duty_lists.ACCOUNTABILITY),
        name="accountabilityDecisions",
        group="duty",
        needs=(("Query", "accountabilityDecisions"),),
    ),
    Page(
        "/late-replies",
        listing.shown(duty_lists.LATE_REPLIES),
        name="lateReplies",
        group="duty",
        needs=(("Query", "lateReplies"),),
    ),
    Page("/duties", duties.show, name="duties", group="duty", needs=(("Query", "dutySums"),)),
    Page("/duties/list", listing.shown(lists.DUTIES)),
    Page(
        "/assistance",
        assistance.show,
        name="assistance",
        needs=(("Query", "aidSums"), ("Query", "paymentLists"), ("Query", "paymentRefusals")),
    ),
    Page("/assistance/awards", listing.shown(aid_lists.AWARDS)),
    Page("/assistance/recognitions", listing.shown(aid_lists.RECOGNITIONS)),
    Page("/assistance/lists", listing.shown(aid_lists.PAYMENT_LISTS)),
    Page("/assistance/lists/{id}", payment_list.show, take=payment_list.take),
    Page("/assistance/recognition", recognition.show),
    Page("/assistance/recognition/{school}", recognition.show_school, recognition.recognise),
    Page("/assistance/refusals", listing.shown(aid_lists.REFUSALS)),
    Page("/assistance/watch", listing.shown(aid_lists.AID_WATCH)),
    Page("/assistance/payable", assistance.show_payable),
    Page(
        "/field-checks",
        field_checks.show,
        take=field_checks.take,
        name="fieldChecks",
        group="registers",
        needs=(("Query", "fieldChecks"),),
    ),
    Page("/field-checks/{fieldCheckId}", listing.shown(field_lists.FIELD_ANSWERS)),
    Page("/submissions", listing.shown(field_lists.SUBMISSIONS)),
    Page(
        "/check-ins",
        check_ins.show,
        name="checkIns",
        group="registers",
        needs=(("Query", "checkIns"),),
    ),
    Page("/check-ins/open", check_ins.show_opening, check_ins.begin),
    Page("/check-ins/{id}", check_ins.show_one, check_ins.count),
    Page(
        "/absences",
        listing.shown(field_lists.ABSENCES),
        name="absences",
        group="registers",
        needs=(("Query", "absences"),),
    ),
    Page("/letters", letters.show, name="letters", group="registers", needs=(("Query", "letterRuns"),)),
    Page("/letters/list", listing.shown(field_lists.GUARDIAN_LETTERS)),
    Page("/l/{code}", letters.show_one, take=letters.take),
    Page("/replay", replay.show_county, name="replay", group="duty", needs=(("Query", "replayPartition"),)),
    Page("/proof", proofs.show, proofs.check, name="proof", group="told", needs=(("Query", "proof"),)),
    Page("/proof/file", take=proofs.take),
    Page("/cases/{id}/replay", replay.show_case),
    Page("/children/{id}/replay", replay.show_child),
    Page("/households/{id}/replay", replay.show_household),
    Page(
        "/disclosures",
        disclosures.show,
        disclosures.prepare,
        name="disclosures",
        group="duty",
        needs=(("Query", "disclosures"),),
    ),
    Page("/disclosures/{id}", disclosures.show_one),
    Page(
        "/audit-reports",
        listing.shown(duty_lists.AUDIT_REPORTS),
        name="auditReports",
        group="duty",
        needs=(("Query", "auditReports"),),
    ),
    Page("/audit-reports/{id}", audit_report.show),
    Page(
        "/policy-log",
        listing.shown(duty_lists.POLICY_LOG),
        name="policyLog",
        group="duty",
        needs=(("Query", "policyLog"),),
    ),
    Page("/children/{id}", child.show),
    Page("/cases/{id}", case.show),
    Page("/acts/{command}", acts.show, acts.send),
)


def console_routes(console: Console) -> list[Route]:
    """All of them."""
    return [
        _file("/console.css", STYLE_BYTES, "text/css"),
        _file("/console.svg", ICON_BYTES, "image/svg+xml"),
        _file("/console.js", SCRIPT_BYTES, "text/javascript"),
        _open(console, "/sign-in", "GET", signing_in.show),
        _open(console, "/sign-in", "POST", signing_in.enter),
        _open(console, "/sign-in/office", "GET", signing_in.set_out),
        _open(console, "/sign-in/callback", "GET", signing_in.come_back),
        _open(console, "/sign-in/post", "GET", signing_in.offer),
        _open(console, "/sign-in/post", "POST", signing_in.choose),
        *(_shown(console, page) for page in PAGES if page.show),
        *(_acted(console, page) for page in PAGES if page.act),
        *(_taken(console, page) for page in PAGES if page.take),
        _acted(console, Page("/sign-out", act=signing_in.leave)),
    ]


def _file(path: str, content: bytes, media_type: str) -> Route:
    async def serve(_request: Request) -> Response:
        headers = {**HEADERS, "cache-control": "public, max-age=31536000, immutable"}
        return Response(content, media_type=media_type, headers=headers)

    return Route(path, serve)


def _open(
    console: Console, path: str, method: str, handler: Callable[[Guest], Awaitable[tuple[Response, Session | None]]]
) -> Route:
    """A page for anybody, from which somebody may come signed in."""

    async def enter(request: Request) -> Response:
        guest = Guest(console, request, Texts(language_of(request)))
        try:
            response, session = await handler(guest)
        except Unreadable as error:
            return _said(guest, Said("BAD_REQUEST", str(error)), status=error.status)
        except Said as error:
            return _said(guest, error)
        if session is not None:
            console.sessions.keep(request, response, session, before=None)
        return response

    return Route(path, enter, methods=[method])


def _shown(console: Console, page: Page) -> Route:
    show = page.show
    if show is None:
        raise ValueError(page.path)

    async def handle(caller: Caller) -> Response:
        return await show(caller)

    return Route(page.path, _door(console, page, handle), methods=["GET"])


def _acted(console: Console, page: Page) -> Route:
    act = page.act
    if act is None:
        raise ValueError(page.path)

    async def handle(caller: Caller) -> Response:
        pairs = await read_pairs(caller.request, most_bytes=MOST_BYTES, most_fields=MOST_FIELDS)
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        ticket = "".join(values.pop("ticket", []))
        return await act(caller, acts.Form(values, console.sessions.take(caller.session, ticket).id, ticket))

    return Route(page.path, _door(console, page, handle), methods=["POST"])


def _taken(console: Console, page: Page) -> Route:
    take = page.take
    if take is None:
        raise ValueError(page.path)

    async def handle(caller: Caller) -> Response:
        refuse_from_elsewhere(caller.request)
        return await take(caller, console.sessions.take(caller.session, caller.given("ticket")).id)

    return Route(page.path, _door(console, page, handle), methods=["POST"])


def _door(console: Console, page: Page, handle: Show) -> Callable[[Request], Awaitable[Response]]:
    """Lets in who is signed in, and says in words what the gateway refused."""

    async def enter(request: Request) -> Response:
        texts = Texts(language_of(request))
        guest = Guest(console, request, texts)
        before = console.sessions.find(request)
        if before is None:
            return _to_sign_in(guest)
        try:
            session = await console.renewals.of(before)
        except Unreachable:
            return _said(guest, Said("UNAVAILABLE", texts("sign_in.unreachable")))
        except NotVouched:
            response = _to_sign_in(guest)
            console.sessions.end(request, response, before)
            return response
        try:
            granted = await grants_of(console, session)
            entries = [Entry(one.path, one.name, one.group) for one in PAGES if one.name and one.is_for(granted)]
            guest = caller = Caller(console, request, texts, session, granted, entries)
            response = await handle(caller)
        except Said as error:
            if error.code == "UNAUTHENTICATED":
                return _to_sign_in(guest)
            response = _said(guest, error)
        except Unreadable as error:
            response = _said(guest, Said("BAD_REQUEST", str(error)), status=error.status)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  # the rim: what nobody expected is told without its text
            _log.error("failed: %s in %s", type(error).__name__, page.path)  # no traceback, which could quote a person
            response = _said(guest, Said("INTERNAL", ""))
        console.sessions.keep(request, response, session, before=before)
        return response

    return enter


def _to_sign_in(guest: Guest) -> Response:
    """To the first page, and back from there; what was being sent is not sent again by itself."""
    path = guest.request.url.path if guest.request.method == "GET" else "/"
    return guest.go("/sign-in" if path == "/" else f"/sign-in?next={quote(path)}")


def _said(guest: Guest, error: Said, *, status: int | None = None) -> Response:
    """What the gateway would not answer, in words, with what to do."""
    shown = {"code": error.code, "message": str(error), "after_s": error.after_s}
    status = status or _STATUS.get(error.code, 500)
    if isinstance(guest, Caller):
        response = guest.page("said.html", status=status, **shown)
    else:
        response = guest.render("said.html", status=status, **shown)
    if error.after_s is not None:
        response.headers["retry-after"] = str(error.after_s)
    return response


class Lending:
    """`/files/…` opened from a page: a link carries no token, so the session's is lent to it, for reading only."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def lend(self, scope: Scope, send: Send) -> tuple[Scope, Send]:
        """The request with the session's token, where it is a link of ours and shows none of its own; a token that was had
        anew goes to the browser with the answer."""
        request = Request(scope)
        if request.method != "GET" or "authorization" in request.headers:
            return scope, send
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return scope, send
        before = self._console.sessions.find(request)
        if before is None:
            return scope, send
        try:
            session = await self._console.renewals.of(before)
        except (NotVouched, Unreachable):
            return scope, send
        kept = Response()
        self._console.sessions.keep(request, kept, session, before=before)
        cookies = [header for header in kept.raw_headers if header[0] == b"set-cookie"]

        async def with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *cookies]}
            await send(message)

        authorization = (b"authorization", f"Bearer {session.token}".encode())
        return {**scope, "headers": [*request.headers.raw, authorization]}, with_cookies
