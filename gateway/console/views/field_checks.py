"""摸排: a round's lists out and back, township by township, sheets taken at the page, and what townships handed in (N1.8)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts, field_lists
from gateway.console.views.listing import all_of, rows_of
from services.chassis.school_terms import term_on

FIGURES: Final = ("lists", "back", "children", "answered", "conflicts", "met")
STARTS: Final = ("openFieldCheck", "makeSubmission")


async def show(caller: Caller) -> Response:
    """How far the round is; the villages of one township where one is chosen, or where nobody sees more."""
    return await _page(caller)


async def take(caller: Caller, key: UUID) -> Response:
    """Streams filled-in sheets on as they come and says what became of them. Raises `Said` where none is taken."""
    taken = await caller.hand_in(
        "/files/field-check",
        key=key,
        receive=caller.request.receive,
        content_type=caller.request.headers.get("content-type", ""),
    )
    return await _page(caller, taken)


async def _page(caller: Caller, taken: Mapping[str, Any] | None = None) -> Response:
    asked = {"round": caller.given("round") or round_of(caller.today), "township": caller.given("township")}
    found, is_whole = await all_of(caller, "fieldChecks", **asked)
    townships: dict[str, Counter[str]] = {}
    totals = Counter[str]()
    for row in found:
        figures = {
            "lists": 1,
            "back": int(row["answered"] >= row["children"]),
            **{name: row[name] for name in ("children", "answered", "conflicts", "met")},
        }
        townships.setdefault(row["township"], Counter()).update(figures)
        totals.update(figures)
    is_one = len(townships) == 1 or bool(asked["township"])
    return caller.page(
        "field_checks.html",
        asked=asked,
        figures=FIGURES,
        townships=dict(sorted(townships.items())),
        totals=totals,
        is_whole=is_whole,
        villages=await rows_of(caller, field_lists.FIELD_CHECKS, asked, after=caller.given("after"))
        if is_one
        else None,
        submissions=await rows_of(caller, field_lists.SUBMISSIONS, asked),
        starts=[(name, acts.title_of(caller, name)) for name in STARTS if caller.granted.may(name)],
        may_hand_in=caller.granted.may("takeFieldSheets"),
        taken=taken,
    )


def round_of(day: str) -> str:
    """The round of the term that runs 轮次: 2026-autumn, or 2027-spring."""
    term = term_on(date.fromisoformat(day))
    return f"{term.name[:4]}-autumn" if term.name.endswith("-1") else f"{term.name[5:9]}-spring"
