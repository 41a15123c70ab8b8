"""资助看板: what a term's aid comes to, school by school, what waits for somebody, and putting owed awards on a list for the bank (N6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from starlette.responses import Response

from gateway.console import charts
from gateway.console.caller import Caller
from gateway.console.views import aid_lists
from gateway.console.views.listing import rows_of
from gateway.console.views.moments import terms_until
from gateway.words import WORDS

FIGURES: Final = ("granted", "grantedFen", "paidFen", "owedFen", "refusedFen", "dueBackFen", "listedFen")
"""What is summed, in the order of the columns; all but the first in fen."""
FEW: Final = 5
"""How many of what waits are shown; a link leads to the rest."""
WORST: Final = 12
"""How many places the chart shows, those to which most is owed first."""


async def show(caller: Caller) -> Response:
    """The sums of a term; each figure leads to the rows behind it where there is a list of them."""
    asked = {"term": caller.given("term") or terms_until(caller.today)[0], "programme": caller.given("programme")}
    sums = (await caller.ask("assistance", **asked)).get("aidSums", ())
    schools = {(row["township"], row["school"]): Counter[str]() for row in sums}
    townships = {row["township"]: Counter[str]() for row in sums}
    totals = Counter[str]()
    for row in sums:
        figures = {name: row[name] for name in FIGURES}
        for counted in (schools[row["township"], row["school"]], townships[row["township"]], totals):
            counted.update(figures)
    offered = [(path, root) for path, root in _LISTS if caller.granted.shows("Query", root)]
    return caller.page(
        "assistance.html",
        asked=asked,
        terms=terms_until(caller.today),
        programmes=caller.texts.words("programmes"),
        figures=FIGURES,
        schools=schools,
        townships=townships,
        totals=totals,
        differences=[row for row in sums if row["difference"]],
        chart=_chart(caller, townships, asked),
        link=partial(_link, asked),
        waiting=await _waiting(caller),
        kinds=WORDS["aid_watch"] if caller.granted.shows("Query", "aidWatch") else (),
        offered=offered,
        paths={path for path, _ in offered},
        may_list=caller.granted.may("makePaymentList"),
        may_recognise=caller.granted.may("openRecognition"),
    )


_LISTS: Final = (
    ("/assistance/awards", "awards"),
    ("/assistance/recognitions", "recognitionRuns"),
    ("/assistance/lists", "paymentLists"),
    ("/assistance/refusals", "paymentRefusals"),
    ("/assistance/watch", "aidWatch"),
)


async def _waiting(caller: Caller) -> list[tuple[str, str, object]]:
    """What waits for somebody: lists to be approved, refusals to be set right; where all of them stand."""
    found = [
        (
            "to_approve",
            "/assistance/lists?state=made",
            await rows_of(caller, aid_lists.PAYMENT_LISTS, {"state": "made"}, first=FEW),
        ),
        (
            "refused_open",
            "/assistance/refusals?open=yes",
            await rows_of(caller, aid_lists.REFUSALS, {"open": "yes"}, first=FEW),
        ),
    ]
    return [each for each in found if each[2].nodes]


async def show_payable(caller: Caller) -> Response:
    """A school's awards that are owed and on no list, to be put on one."""
    asked = {name: caller.given(name) for name in ("programme", "term", "school")}
    awards = (await caller.ask("payable", **asked)).get("payableAwards", ()) if all(asked.values()) else ()
    return caller.page(
        "payable.html",
        asked=asked,
        awards=awards,
        total=sum(award["amountFen"] - award["paidFen"] for award in awards),
        list_id=uuid4(),
        may_list=caller.granted.may("makePaymentList"),
    )


def _link(asked: Mapping[str, str], path: str, **more: str) -> str:
    """Where the rows behind a figure are listed, of the same term and programme."""
    return f"{path}?" + urlencode({name: value for name, value in {**asked, **more}.items() if value})


def _chart(caller: Caller, townships: Mapping[str, Counter[str]], asked: Mapping[str, str]) -> object:
    """What is owed still, by township."""
    owed: Sequence[tuple[str, int]] = Counter({code: row["owedFen"] for code, row in townships.items()}).most_common(
        WORST
    )
    marks = [
        charts.Mark(
            caller.texts.place(code),
            fen,
            _link(asked, "/assistance/awards", township=code, state="granted"),
            caller.texts.money(fen),
        )
        for code, fen in owed
        if fen
    ]
    return charts.bars(caller.texts("assistance.owed_by_township"), marks) if marks else None
