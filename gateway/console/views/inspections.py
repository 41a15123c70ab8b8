"""督导检查: each inspection with the sample that was drawn, what it found, and what is done about it next (N8.2)."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gateway.console.caller import Caller


async def show(caller: Caller) -> Response:
    """Inspections, a page of them, of a township where one is chosen."""
    asked = {name: caller.given(name) for name in ("township", "closed")}
    closed = {"yes": True, "no": False}.get(asked["closed"])
    found = await caller.ask(
        "inspections", township=asked["township"], closed=closed, after=caller.given("after"), first=20
    )
    page = found.get("inspections", {})
    places = await caller.ask("places")
    return caller.page(
        "inspections.html",
        asked=asked,
        inspections=[_laid(caller, one) for one in page.get("nodes", ())],
        more=page.get("pageInfo", {}),
        townships=places.get("townships", ()),
        may_open=caller.granted.may("openInspection"),
    )


def _laid(caller: Caller, one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An inspection with the commands that are offered on it and on each of its findings."""
    findings = [finding | {"acts": _acts_on(caller, finding)} for finding in one.get("findings", ())]
    is_open = not one.get("closedOn")
    offered = ["recordInspectionFinding"] if is_open else []
    if is_open and all(finding["state"] == "right" for finding in findings):
        offered.append("closeInspection")
    return {**one, "findings": findings, "acts": [name for name in offered if caller.granted.may(name)]}


def _acts_on(caller: Caller, finding: Mapping[str, Any]) -> list[str]:
    match finding["state"]:
        case "owed":
            offered = ["reportRectification"] if finding["owedBy"] == caller.session.unit else []
        case "reported":
            offered = ["checkRectification"]
        case _:
            offered = []
    return [name for name in offered if caller.granted.may(name)]
