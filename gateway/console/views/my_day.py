"""我的一天: what the caller's unit owes today, by its clock, what is late first; and what waits for this caller as the second person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import offers

OWED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "school": ("teacher", "school"),
    "township": ("township",),
    "education_bureau": ("bureau", "county"),
    "justice": ("justice", "court"),
}
"""Under which names a kind of unit owes steps of cases."""
_LAST: Final = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing owed: what, about whom, until when, and where it is done."""

    what: str
    child: Mapping[str, Any] | None
    place: str
    due_on: str
    is_late: bool
    basis: str
    path: str


async def show(caller: Caller) -> Response:
    """The page."""
    duties: list[Duty] = []
    is_whole = True
    for owed_by in OWED_BY.get(caller.session.kind, ()):
        found = await caller.ask("owed_cases", owedBy=owed_by)
        for name in ("late", "due"):
            duties += _steps(caller, found.get(name, {}), is_late=name == "late")
            is_whole &= not _has_more(found.get(name))
    also = await caller.ask("my_day")
    duties += _others(caller, also)
    is_whole &= not any(_has_more(also.get(name)) for name in ("findings", "referrals"))
    to_answer, is_all = await _to_answer(caller)
    is_whole &= is_all
    duties.sort(key=lambda duty: (duty.due_on or _LAST, duty.what))
    owed = (await caller.ask("owed_sums", unit=caller.session.unit)).get("dutySums", ())
    return caller.page(
        "my_day.html",
        late=[duty for duty in duties if duty.is_late],
        today_duties=[duty for duty in duties if not duty.is_late and duty.due_on == caller.today],
        later=[duty for duty in duties if not duty.is_late and duty.due_on != caller.today],
        to_answer=to_answer,
        notices=[one for one in _nodes(also.get("notices")) if one.get("recipient") == caller.session.unit],
        is_whole=is_whole,
        sums=[row for row in owed if row["open"] or row["overdue"]],
    )


def _steps(caller: Caller, page: Mapping[str, Any], *, is_late: bool) -> Iterator[Duty]:
    for case in _nodes(page):
        yield Duty(
            what=caller.texts.word("steps", case.get("owedStep")),
            child=case.get("child"),
            place=case.get("village") or case.get("township", ""),
            due_on=case.get("owedDueOn") or "",
            is_late=is_late,
            basis=case.get("owedLegalBasis", ""),
            path=f"/cases/{case['id']}",
        )


async def _to_answer(caller: Caller) -> tuple[list[Duty], bool]:
    """What others asked for and this caller may approve, by the day the case's own step is due; whether that is all."""
    if not caller.granted.may("approveClearance") and not caller.granted.may("grantExtension"):
        return [], True
    found, t = await caller.ask("to_answer"), caller.texts
    waiting = []
    for what, said in (("clearance", "resolutions"), ("extension", "steps")):
        for case in _nodes(found.get(f"{what}s")):
            code = case.get("clearanceAsked") or case.get("owedStep")
            if offers.may_answer(case, what, account=caller.session.account, today=caller.today):
                named = f"{t(f'my_day.{what}')}：{t.word(said, code)}"
                waiting.append(_duty(case, what=named, due="owedDueOn", path=f"/cases/{case['id']}"))
    waiting.sort(key=lambda duty: (duty.due_on or _LAST, duty.what))
    return waiting, not (_has_more(found.get("clearances")) or _has_more(found.get("extensions")))


def _others(caller: Caller, found: Mapping[str, Any]) -> Iterator[Duty]:
    word = caller.texts.word
    for node in _nodes(found.get("findings")):
        what = f"{caller.texts('my_day.finding')}：{word('findings', node.get('kind'))}"
        yield _duty(node, what=what, due="dueOn", path=_child(node))
    for node in _nodes(found.get("referrals")):
        if node.get("toUnit") == caller.session.kind:
            what = f"{caller.texts('my_day.referral')}：{word('referral_purposes', node.get('purpose'))}"
            yield _duty(node, what=what, due="replyBy", path="/referrals")
    for node in _nodes(found.get("rectifications")):
        yield _duty(
            node,
            what=f"{caller.texts('my_day.rectification')}：{node.get('finding', '')}",
            due="dueOn",
            path="/rectifications?mine=yes",
        )
    for node in _nodes(found.get("admonitions")):
        what = f"{caller.texts('my_day.admonition')} {node.get('number', '')}"
        yield _duty(node, what=what, due="replyBy", path="/admonitions")
    for node in _nodes(found.get("visitPlans")):
        yield _duty(node, what=caller.texts("my_day.visit"), due="nextOn", path=_child(node))


def _duty(node: Mapping[str, Any], *, what: str, due: str, path: str) -> Duty:
    return Duty(
        what=what,
        child=node.get("child"),
        place=node.get("village") or node.get("township", ""),
        due_on=node.get(due) or "",
        is_late=bool(node.get("overdue")),
        basis=node.get("legalBasis", ""),
        path=path,
    )


def _child(node: Mapping[str, Any]) -> str:
    child = node.get("child")
    return f"/children/{child['id']}" if child else ""


def _nodes(page: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list(page.get("nodes", ())) if page else []


def _has_more(page: Mapping[str, Any] | None) -> bool:
    return bool(page and page.get("pageInfo", {}).get("hasNextPage"))
