"""学期认定: how far a term's recognition has come in the county, school by school, and recognising a school's pupils by ticking them (N6.2)."""

from collections import Counter
from typing import Final

from starlette.responses import Response

from gateway.console.asking import Said
from gateway.console.caller import Caller
from gateway.console.views import acts
from gateway.console.views.moments import terms_until

FIGURES: Final = ("expected", "granted", "waiting", "listed", "paid")
_RECOGNISE: Final = "recogniseTerm"


async def show(caller: Caller) -> Response:
    """The progress, by township and school; each school that has pupils waiting leads to them."""
    programmes = caller.texts.words("programmes")
    asked = {
        "term": caller.given("term") or terms_until(caller.today)[0],
        "programme": caller.given("programme") or programmes[0][0],
    }
    rows = (await caller.ask("recognition", **asked)).get("recognitionProgress", ())
    townships = {row["township"]: Counter[str]() for row in rows}
    totals = Counter[str]()
    for row in rows:
        figures = {name: row[name] for name in FIGURES}
        for counted in (townships[row["township"]], totals):
            counted.update(figures)
    return caller.page(
        "recognition.html",
        asked=asked,
        terms=terms_until(caller.today),
        programmes=programmes,
        figures=FIGURES,
        rows=rows,
        townships=townships,
        totals=totals,
        may_recognise=caller.granted.may(_RECOGNISE) and caller.granted.shows("Query", "termCandidates"),
    )


async def show_school(caller: Caller) -> Response:
    """A school's pupils who wait to be recognised."""
    return await _school(caller, {name: caller.given(name) for name in ("programme", "term")}, boarding=[])


async def recognise(caller: Caller, form: acts.Form) -> Response:
    """Recognises those who were ticked; who is not eligible in the term is left out by the service, and what it refuses is said."""
    asked = {name: form.value(name) for name in ("programme", "term")}
    school, boarding = str(caller.request.path_params["school"]), form.values.get("boarding", [])
    pupils = [{"childId": child, "boarding": child in boarding} for child in form.values.get("pupils", [])]
    try:
        await caller.send(_RECOGNISE, {**asked, "school": school, "pupils": pupils}, key=form.key)
    except Said as error:
        return await _school(caller, asked, boarding=boarding, refused=acts.said_on_form(caller, error, form))
    return caller.go(f"/assistance/recognition?programme={asked['programme']}&term={asked['term']}&done={_RECOGNISE}")


async def _school(
    caller: Caller, asked: dict[str, str], *, boarding: list[str], refused: Said | None = None
) -> Response:
    if not all(asked.values()):
        raise Said("NOT_FOUND", "")
    school = str(caller.request.path_params["school"])
    candidates = (await caller.ask("candidates", school=school, **asked)).get("termCandidates", ())
    return caller.page(
        "recognition_school.html",
        status=422 if refused else 200,
        asked=asked,
        school=school,
        candidates=candidates,
        boarding=boarding,
        refused=refused,
        may_recognise=caller.granted.may(_RECOGNISE),
    )
