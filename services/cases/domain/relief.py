"""What a department decided of the help it was asked for 救助决定 (N3.2, N3.3, N6.3): granted, refused, or papers missing.

It stands beside the words of an answer, so that whoever keeps plans and recognises children hears it by itself and nobody types it
a second time. Which purposes are decided so, what each may grant, and for what it may be refused are lists of the catalogue.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.cases.domain import catalogue
from services.chassis.errors import Refused

DECISIONS: Final = ("granted", "refused", "papers_missing")
"""准予, 不予, 补正材料."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One of `DECISIONS`. Of what is granted: the kind, from when, and where it is money how many fen (a month, or once for what
    is given once)."""

    decision: str
    granted: str = ""
    granted_from: date | None = None
    amount_fen: int | None = None
    refused_for: str = ""
    papers: tuple[str, ...] = ()


def check(decision: Decision | None, *, purpose: str) -> None:
    """Refuses an answer about help that says no decision, one that is not whole, and a decision about anything else."""
    relief = catalogue.RELIEFS.get(purpose)
    if relief is None:
        if decision is not None:
            raise Refused(f"answer_referral: nothing is decided about {purpose}; say what was found in words (N3).")
        return
    if decision is None:
        raise Refused(
            f"answer_referral: an answer about {purpose} {relief.name} says what was decided: {catalogue.listed(DECISIONS)}"
            " (N3.2); it reaches the child's plan by itself."
        )
    _require_whole(decision, relief=relief)


def _require_whole(decision: Decision, *, relief: catalogue.Relief) -> None:
    match decision.decision:
        case "granted":
            if decision.granted not in relief.grants:
                raise Refused(f"answer_referral: {relief.name} grants {catalogue.listed(relief.grants)}.")
            if decision.granted_from is None:
                raise Refused("answer_referral: say from which day it is granted.")
            if decision.amount_fen is not None and decision.amount_fen <= 0:
                raise Refused(
                    "answer_referral: an amount is a number of fen above 0; leave it out where it is no money."
                )
            said = {"granted", "granted_from", "amount_fen"}
        case "refused":
            catalogue.known(decision.refused_for, words=catalogue.RELIEF_REFUSALS, what="reason to refuse")
            said = {"refused_for"}
        case "papers_missing":
            if not decision.papers:
                raise Refused(
                    f"answer_referral: say which papers are missing: {catalogue.listed(catalogue.RELIEF_PAPERS)}."
                )
            for paper in decision.papers:
                catalogue.known(paper, words=catalogue.RELIEF_PAPERS, what="paper")
            said = {"papers"}
        case _:
            raise Refused(
                f"answer_referral: what is decided is {catalogue.listed(DECISIONS)}, not {decision.decision!r}."
            )
    nothing = Decision(decision=decision.decision)
    others = ("granted", "granted_from", "amount_fen", "refused_for", "papers")
    beside = [name for name in others if name not in said and getattr(decision, name) != getattr(nothing, name)]
    if beside:
        raise Refused(f"answer_referral: a decision {decision.decision} says no {catalogue.listed(beside)}.")
