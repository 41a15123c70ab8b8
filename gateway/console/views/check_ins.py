"""开学报到: how far the schools are with a term's check-in; for a school, opening it and counting who came, grade by grade (N2.1)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from starlette.responses import Response

from gateway.console.asking import Said
from gateway.console.caller import Caller
from gateway.console.views import acts, field_lists
from gateway.console.views.listing import all_of, rows_of
from gateway.console.views.moments import terms_until
from services.chassis.school_terms import next_term, term_on

FIGURES: Final = ("schools", "counted", "late", "expected", "present", "absent")
GONE: Final = frozenset({"gone", "graduated", "left_explained"})
"""States in which a child is expected at no school."""
_GRADES: Final = "一二三四五六七八九"
_OPEN, _COUNT = "openCheckIn", "checkIn"


async def show(caller: Caller) -> Response:
    """The check-ins of a term, school by school, and what they come to."""
    term = caller.given("term") or terms_until(caller.today)[0]
    found, is_whole = await all_of(caller, "checkIns", term=term)
    sums = Counter[str]()
    for one in found:
        is_counted = bool(one.get("closedOn"))
        sums.update(
            schools=1, counted=is_counted, late=not is_counted and (one.get("dueOn") or caller.today) < caller.today
        )
        sums.update({name: one[name] for name in ("expected", "present", "absent")})
    return caller.page(
        "check_ins.html",
        term=term,
        terms=terms_until(caller.today),
        figures=FIGURES,
        sums=sums,
        is_whole=is_whole,
        rows=await rows_of(caller, field_lists.CHECK_INS, {"term": term}, after=caller.given("after")),
        may_open=caller.granted.may(_OPEN),
    )


async def show_opening(caller: Caller) -> Response:
    """The form by which a school opens a term's check-in: which grades are expected, and when the term starts."""
    if not caller.granted.may(_OPEN):
        raise Said("NOT_FOUND", "")
    return await _opening(caller, {"startsOn": caller.today})


async def begin(caller: Caller, form: acts.Form) -> Response:
    """Opens it for all pupils of the grades that were ticked; what is refused is said with what was typed."""
    typed = {name: form.value(name) for name in ("term", "startsOn")}
    grades = form.values.get("grade", [])
    try:
        done = await caller.send(_OPEN, {**typed, "grades": grades}, key=form.key)
    except Said as error:
        return await _opening(caller, typed, grades=grades, refused=acts.said_on_form(caller, error, form))
    return caller.go(f"/check-ins/{done['id']}?done={_OPEN}")


async def show_one(caller: Caller) -> Response:
    """One school's check-in; while it is open, who of a grade came is ticked."""
    return await _one(caller, grade=caller.given("grade"))


async def count(caller: Caller, form: acts.Form) -> Response:
    """Counts those who were ticked as present 实到; who was counted before is not counted twice."""
    check_in, grade = caller.id("id"), form.value("grade")
    try:
        await caller.send(_COUNT, {"checkInId": check_in, "children": form.values.get("children", [])}, key=form.key)
    except Said as error:
        return await _one(caller, grade=grade, refused=acts.said_on_form(caller, error, form))
    return caller.go(f"/check-ins/{check_in}?done={_COUNT}")


async def _opening(
    caller: Caller, typed: Mapping[str, str], *, grades: Sequence[str] | None = None, refused: Said | None = None
) -> Response:
    pupils, is_whole = await _pupils(caller)
    now = term_on(date.fromisoformat(caller.today))
    return caller.page(
        "check_in_opening.html",
        status=422 if refused else 200,
        typed=typed,
        terms=[now.name, next_term(now).name],
        grades=[(grade, len(of_grade), grades is None or grade in grades) for grade, of_grade in pupils.items()],
        is_whole=is_whole,
        refused=refused,
    )


async def _one(caller: Caller, *, grade: str, refused: Said | None = None) -> Response:
    wanted = caller.id("id")
    found, _ = await all_of(caller, "checkIns")
    check_in = next((one for one in found if one["id"] == wanted), None)
    if check_in is None:
        raise Said("NOT_FOUND", "")
    may_count = not check_in.get("closedOn") and caller.granted.may(_COUNT)
    pupils, _ = await _pupils(caller) if may_count else ({}, True)
    chosen = grade if grade in pupils else next(iter(pupils), "")
    return caller.page(
        "check_in.html",
        status=422 if refused else 200,
        check_in=check_in,
        columns=field_lists.CHECK_INS.columns,
        grades=list(pupils),
        grade=chosen,
        pupils=pupils.get(chosen, ()),
        may_close=may_count and caller.granted.may("closeCheckIn"),
        refused=refused,
    )


async def _pupils(caller: Caller) -> tuple[dict[str, list[Mapping[str, Any]]], bool]:
    """The school's pupils by grade, in the order of grades and names, and whether they are all."""
    found, is_whole = await all_of(caller, "pupils", root="children")
    pupils: dict[str, list[Mapping[str, Any]]] = {}
    for one in sorted(found, key=lambda one: (_rank(one["grade"]), one["grade"], one.get("name") or "")):
        if one.get("accountedState") not in GONE:
            pupils.setdefault(one["grade"], []).append(one)
    return pupils, is_whole


def _rank(grade: str) -> int:
    return _GRADES.find(grade[:1]) if grade[:1] in _GRADES and grade else len(_GRADES)
