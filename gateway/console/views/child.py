"""儿童页: one child on one page, what happened to it as one line of time in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.texts import Texts


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: the day, what, and who did it."""

    on: str
    what: str
    by: str = ""
    path: str = ""


async def show(caller: Caller) -> Response:
    """The page."""
    child = await caller.get("child_page", "child", id=caller.id("id"))
    on = caller.given("on")
    answering = await caller.ask("answering", childId=child["id"], on=on)
    events = sorted(_events(caller, child), key=lambda event: event.on, reverse=True)
    return caller.page(
        "child.html",
        child=child,
        on=on or caller.today,
        answering=answering.get("responsibleOn", ()),
        events=events,
        open_case=_open(child),
        ground=partial(_ground, caller.texts),
    )


def _ground(t: Texts, words: str) -> str:
    """On what an eligibility rests, in words: the register and what it says, or a department's answer."""
    register, stands, said = words.partition(" register: ")
    return f"{t.word('registers', register)} {said}" if stands else t("child.by_department")


def _open(child: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((case for case in child.get("cases", ()) if not case.get("closedOn")), None)


def _events(caller: Caller, child: Mapping[str, Any]) -> Iterator[Event]:
    """Everything dated on the page, in words."""
    t, word = caller.texts, caller.texts.word
    for case in child.get("cases", ()):
        for step in case.get("steps", ()):
            by = t.by(step.get("actor"), step.get("department"))
            yield Event(t.moment(step["at"]), step.get("detail", ""), by, f"/cases/{case['id']}")
    for finding in child.get("findings", ()):
        kind = word("findings", finding.get("kind"))
        yield Event(finding.get("raisedOn") or "", t("child.found", what=kind), t.unit(finding.get("owner")))
        if finding.get("resolvedOn"):
            yield Event(finding["resolvedOn"], t("child.settled", what=kind), finding.get("resolution", ""))
    for referral in child.get("referrals", ()):
        asked = word("units", referral.get("toUnit"))
        purpose = word("referral_purposes", referral.get("purpose"))
        if not child.get("cases"):  # a case's steps tell the same
            yield Event(referral.get("openedOn") or "", t("child.referred", what=purpose, unit=asked))
    for absence in child.get("absences", ()):
        yield Event(
            absence.get("missedOn") or "", t("child.absent", term=absence.get("term", "")), absence.get("reason", "")
        )
    for answer in child.get("fieldChecks", ()):
        if answer.get("answeredOn"):
            yield Event(answer["answeredOn"], t("child.checked", what=word("found", answer.get("found"))))
    for placement in child.get("placements", ()):
        yield Event(placement.get("decidedOn") or "", t("child.placed", what=word("placements", placement.get("form"))))
    for deferral in child.get("deferrals", ()):
        yield Event(deferral.get("approvedOn") or "", t("child.deferred", until=deferral.get("untilOn") or ""))
    for award in child.get("awards", ()):
        yield Event(award.get("grantedOn") or "", t("child.granted", what=word("programmes", award.get("programme"))))
    for proof in child.get("schoolingElsewhere", ()):
        yield Event(proof.get("provedOn") or "", t("child.elsewhere", school=proof.get("schoolName", "")))
    for visit in child.get("visits", ()):
        if not visit.get("caseId") and not child.get("cases"):
            yield Event(visit.get("visitedOn") or "", t("child.visited"), visit.get("visitor", ""))
