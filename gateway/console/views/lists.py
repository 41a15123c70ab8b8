"""Lists: cases, findings, referrals, notices, doubts, posts, duties and looks, each narrowed by codes and days in the address, page by page.

A list is its document, what narrows it and its columns. A row's buttons are commands on what the row is about.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts
from gateway.console.views.moments import end_of
from gateway.words import WORDS


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field, its heading in the catalogue, and how a value is shown."""

    field: str
    heading: str
    kind: str = "text"
    """text, score, flag, date, due, moment, place, unit, child, case or doubt; or the list of words its codes are of."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What narrows a list: a parameter of the address and of the document, chosen from a list of words, or a township, day, end of day, flag or text."""

    name: str
    heading: str
    kind: str


@dataclass(frozen=True, slots=True)
class Button:
    """A command on a row: as which argument the row's id goes in, and on which rows it is offered."""

    command: str
    argument: str
    offered: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class List:
    """A list as a page; `name` is its document, its root in the answer and its section of the catalogue."""

    name: str
    columns: tuple[Column, ...]
    narrowings: tuple[Narrowing, ...] = ()
    buttons: tuple[Button, ...] = ()
    starts: tuple[str, ...] = ()
    """Commands that begin something new, offered above the list."""
    file: str = ""
    """The list as a file, by its name under `/files/lists/`."""


def _in(*states: str) -> Callable[[Mapping[str, Any]], bool]:
    """Rows that are in one of these states."""
    return lambda row: row.get("state") in states


_TOWNSHIP: Final = Narrowing("township", "ledger.township", "township")
_CHILD: Final = Column("child", "my_day.child", "child")
_PLACE: Final = Column("township", "my_day.place", "place")
CASES: Final = List(
    "cases",
    (
        Column("state", "child.state", "cases"),
        _CHILD,
        _PLACE,
        Column("cause", "case.cause", "openings"),
        Column("openedOn", "case.openedOn", "date"),
        Column("owedStep", "my_day.what", "steps"),
        Column("owedBy", "child.owner", "units"),
        Column("owedDueOn", "my_day.due", "due"),
        Column("id", "lists.open", "case"),
    ),
    (Narrowing("state", "child.state", "cases"), _TOWNSHIP, Narrowing("overdue", "site.late", "flag")),
    file="cases",
)
FINDINGS: Final = List(
    "findings",
    (
        Column("kind", "child.kind", "findings"),
        _CHILD,
        _PLACE,
        Column("owner", "child.owner", "unit"),
        Column("state", "child.state", "finding_states"),
        Column("raisedOn", "lists.since", "date"),
        Column("dueOn", "my_day.due", "due"),
        Column("reason", "child.why"),
    ),
    (Narrowing("kind", "child.kind", "findings"), _TOWNSHIP, Narrowing("overdue", "site.late", "flag")),
    (
        Button("acceptAnswer", "findingId", _in("answered")),
        Button("returnAnswer", "findingId", _in("answered")),
    ),
    file="findings",
)
REFERRALS: Final = List(
    "referrals",
    (
        Column("purpose", "case.for_what", "referral_purposes"),
        _CHILD,
        Column("request", "lists.request"),
        Column("askedBy", "lists.asked_by", "unit"),
        Column("toUnit", "case.asked", "departments"),
        Column("state", "child.state", "referral_states"),
        Column("replyBy", "case.reply_by", "due"),
        Column("outcome", "case.answer"),
    ),
    (
        Narrowing("state", "child.state", "referral_states"),
        Narrowing("purpose", "case.for_what", "referral_purposes"),
        Narrowing("overdue", "site.late", "flag"),
    ),
    (
        Button("acceptReferral", "referralId", _in("opened")),
        Button("answerReferral", "referralId", _in("accepted")),
        Button("returnReferral", "referralId", _in("opened", "accepted")),
        Button("revokeReferral", "referralId", _in("opened", "accepted")),
    ),
    file="referrals",
)
NOTICES: Final = List(
    "notices",
    (
        Column("raisedAt", "child.when", "moment"),
        Column("recipient", "child.unit", "unit"),
        Column("text", "lists.text"),
        Column("replyBy", "case.reply_by", "date"),
        Column("state", "child.state", "notice_states"),
        Column("channel", "lists.channel"),
        Column("caseId", "case.title", "case"),
    ),
    (Narrowing("state", "child.state", "notice_states"),),
    (Button("acknowledgeNotice", "noticeId", _in("delivered", "escalated")),),
    file="notices",
)
DOUBTS: Final = List(
    "doubts",
    (
        Column("raisedOn", "lists.since", "date"),
        Column("child", "doubts.one", "child"),
        Column("other", "doubts.other", "child"),
        Column("score", "doubts.score", "score"),
        Column("reason", "child.why"),
        Column("state", "child.state", "doubt_states"),
        Column("decision", "arguments.decision", "doubt_decisions"),
        Column("id", "lists.open", "doubt"),
    ),
    (Narrowing("state", "child.state", "doubt_states"),),
    file="doubts",
)
POSTS: Final = List(
    "posts",
    (
        Column("role", "arguments.role", "roles"),
        Column("officer", "lists.officer"),
        Column("township", "ledger.township", "place"),
        Column("village", "board.village", "place"),
        Column("school", "child.school"),
        Column("fromOn", "arguments.fromOn", "date"),
        Column("untilOn", "arguments.untilOn", "date"),
        Column("deputy", "child.deputy", "flag"),
    ),
    (Narrowing("on", "lists.on", "date"), Narrowing("role", "arguments.role", "roles"), _TOWNSHIP),
    file="posts",
)
WARRANTS: Final = List(
    "warrants",
    (
        Column("kind", "arguments.kind", "warrant_kinds"),
        Column("unit", "child.unit", "unit"),
        Column("actor", "lists.officer"),
        Column("purpose", "child.purpose", "purposes"),
        Column("fromAt", "arguments.fromOn", "moment"),
        Column("untilAt", "arguments.untilOn", "moment"),
        Column("reason", "child.why"),
        Column("paper", "case.number"),
        Column("givenBy", "lists.given_by"),
        Column("endedAt", "lists.ended", "moment"),
        Column("reviewedAt", "lists.reviewed", "moment"),
    ),
    (Narrowing("kind", "arguments.kind", "warrant_kinds"), Narrowing("unreviewed", "lists.unreviewed", "flag")),
    (
        Button("endWarrant", "warrantId", lambda row: not row.get("endedAt")),
        Button("reviewBreakGlass", "warrantId", lambda row: bool(row.get("reviewDueAt")) and not row.get("reviewedAt")),
    ),
    starts=("approvePurpose",),
    file="warrants",
)
REPORTS: Final = List(
    "publicReports",
    (
        Column("receivedOn", "lists.received", "date"),
        Column("receiptNumber", "lists.receipt"),
        _PLACE,
        Column("text", "lists.text"),
        Column("outcome", "child.result", "report_outcomes"),
        Column("caseId", "case.title", "case"),
    ),
    (_TOWNSHIP, Narrowing("handled", "lists.handled", "flag"), Narrowing("overdue", "site.late", "flag")),
    (
        Button("recordReportInquiry", "reportId", lambda row: not row.get("outcome")),
        Button("handlePublicReport", "reportId", lambda row: not row.get("outcome")),
    ),
    starts=("receivePublicReport",),
    file="publicReports",
)
LOOKS: Final = List(
    "looks",
    (
        Column("at", "child.when", "moment"),
        Column("actor", "child.who"),
        Column("department", "child.unit", "unit"),
        Column("purpose", "child.purpose", "purposes"),
        Column("operation", "lists.operation"),
        Column("decision", "child.result", "decisions"),
        Column("rows", "lists.rows"),
    ),
    (
        Narrowing("department", "lists.department", "text"),
        Narrowing("actor", "child.who", "text"),
        Narrowing("decision", "child.result", "decisions"),
    ),
    file="looks",
)
DUTIES: Final = List(
    "duties",
    (
        Column("matter", "duties.matter", "matters"),
        Column("step", "my_day.what", "steps"),
        Column("owedBy", "child.owner", "unit"),
        Column("officer", "lists.officer"),
        _PLACE,
        Column("sinceOn", "lists.since", "date"),
        Column("dueOn", "my_day.due", "date"),
        Column("standing", "duties.standing", "standings"),
        Column("lateWorkingDays", "duties.late_working_days"),
        Column("endedOn", "duties.ended", "date"),
        Column("endedBy", "duties.ended_by"),
        Column("legalBasis", "case.basis"),
        Column("caseId", "case.title", "case"),
    ),
    (
        Narrowing("from", "duties.from", "date"),
        Narrowing("until", "duties.until", "date"),
        Narrowing("asOf", "duties.asOf", "end of day"),
        Narrowing("matter", "duties.matter", "matters"),
        Narrowing("standing", "duties.standing", "standings"),
        Narrowing("owedBy", "child.owner", "text"),
        _TOWNSHIP,
    ),
    file="duties",
)


def shown(one: List) -> Callable[[Caller], Awaitable[Response]]:
    """The page of a list."""

    async def show(caller: Caller) -> Response:
        asked = {each.name: caller.given(each.name) for each in one.narrowings}
        found = await caller.ask(one.name, after=caller.given("after"), **_typed(one, asked))
        page: Mapping[str, Any] = found.get(one.name) or {}
        places = await caller.ask("places") if _TOWNSHIP in one.narrowings else {}
        nodes = page.get("nodes", ())
        return caller.page(
            "list.html",
            list=one,
            columns=[column for column in one.columns if any(column.field in node for node in nodes)],
            nodes=nodes,
            more=page.get("pageInfo", {}),
            asked=asked,
            narrowings=[(each, _options(caller, each, places)) for each in one.narrowings],
            buttons=[
                (button, caller.texts(f"acts.{button.command}"))
                for button in one.buttons
                if caller.granted.may(button.command)
            ],
            starts=[(name, acts.title_of(caller, name)) for name in one.starts if caller.granted.may(name)],
            file=one.file,
        )

    return show


def _typed(one: List, asked: Mapping[str, str]) -> dict[str, object]:
    """What narrows, as the document takes it; a flag that is not set does not narrow."""
    kinds = {each.name: each.kind for each in one.narrowings}
    typed: dict[str, object] = {}
    for name, value in asked.items():
        match kinds[name]:
            case "flag":
                typed[name] = value == "yes" or None
            case "end of day":
                typed[name] = end_of(value)
            case _:
                typed[name] = value
    return typed


def _options(caller: Caller, each: Narrowing, places: Mapping[str, Any]) -> list[tuple[str, str]]:
    if each.kind == "township":
        return [(place["code"], place["name"]) for place in places.get("townships", ())]
    return [(code, caller.texts.word(each.kind, code)) for code in WORDS.get(each.kind, ())]
