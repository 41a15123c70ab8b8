"""What it takes to clear a child's case 销号: a resolution code R1–R13, the evidence it needs, and a second person.

The codes stand in `catalogue.toml`. R11 (unreachable) never clears; R12 and R13 are other acts; R9 holds until a date.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from services.cases.domain import catalogue
from services.chassis.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """A clearance as asked for 销号申请: `evidence` is a paper's reference in the clear, `expires_on` the last day it holds."""

    resolution: str
    evidence_kind: str
    evidence: str
    asked_by: str
    expires_on: date | None

    @classmethod
    def ask(
        cls, *, resolution: str, evidence_kind: str, evidence: str, asked_by: str, expires_on: date | None, today: date
    ) -> Self:
        """A clearance that may be asked for today; refuses in the words of the code."""
        code = catalogue.known(resolution, words=catalogue.RESOLUTIONS, what="resolution code")
        named = f"request_clearance: {resolution} {code.name}"
        if code.instead:
            raise Refused(f"{named}: {code.refused}. The way is {code.instead}.")
        if evidence_kind not in code.evidence:
            raise Refused(f"{named} is shown by {catalogue.listed(code.evidence)}.")
        if code.expires != (expires_on is not None):
            when = "holds until a date: give expires_on" if code.expires else "doesn't expire: leave expires_on out"
            raise Refused(f"{named} {when}.")
        if expires_on is not None and expires_on <= today:
            raise Refused(f"{named} has to hold beyond today.")
        return cls(
            resolution=resolution,
            evidence_kind=evidence_kind,
            evidence=catalogue.in_the_clear(evidence, what="the reference of the evidence"),
            asked_by=asked_by,
            expires_on=expires_on,
        )

    def must_be_approvable(self, *, approver: str, today: date) -> None:
        """Refuses the person who asked, and a deferral that has run out while it waited."""
        if approver == self.asked_by:
            raise Refused(
                "approve_clearance: who asked for a clearance can't approve it, a second person has to (销号). "
                "Whoever asked may decline_clearance."
            )
        if self.expires_on is not None and self.expires_on <= today:
            raise Refused("approve_clearance: the deferral asked for has run out meanwhile; decline_clearance.")
