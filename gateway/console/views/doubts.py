"""疑似同一人: two entries side by side, why they may be one child, and the decision."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts
from gateway.schema.rights import command_of

FACTS = (
    ("name", "ledger.child", ""),
    ("sex", "child.sex", "sexes"),
    ("birthDate", "child.birth_date", ""),
    ("idNumber", "child.id_number", ""),
    ("studentNumber", "child.student_number", ""),
    ("township", "ledger.township", "place"),
    ("village", "board.village", "place"),
    ("schoolName", "child.school", ""),
    ("grade", "child.grade", ""),
    ("guardianName", "child.guardian", ""),
    ("guardianPhone", "child.phone", ""),
    ("accountedState", "child.accounted", "states"),
)
"""What is laid side by side: the field, its heading, and the list of its words."""
CELLS = (
    ("name", "ledger.child"),
    ("idNumber", "child.id_number"),
    ("studentNumber", "child.student_number"),
    ("birthDate", "child.birth_date"),
    ("sex", "child.sex"),
    ("guardianName", "child.guardian"),
    ("guardianPhone", "child.phone"),
    ("place", "child.place"),
    ("householdNumber", "doubts.household"),
    ("schoolName", "child.school"),
    ("grade", "child.grade"),
    ("schoolClass", "doubts.school_class"),
)
"""The cells of a register's row, as they are written there."""


async def show(caller: Caller) -> Response:
    """The page."""
    doubt = await caller.get("doubt", "doubt", id=caller.id("id"))
    one, other = doubt.get("child") or {}, doubt.get("other") or {}
    rows = [
        (heading, one.get(field), other.get(field), kind)
        for field, heading, kind in FACTS
        if field in one or field in other
    ]
    is_open = doubt["state"] == "open" and caller.granted.may("decideDoubt")
    return caller.page(
        "doubt.html",
        doubt=doubt,
        one=one,
        other=other,
        rows=rows,
        pairs=[_laid(pair) for pair in doubt.get("pairs", ())],
        form=acts.blank(caller, "decideDoubt", about={"doubtId": doubt["id"]}) if is_open else None,
    )


def _laid(pair: Mapping[str, Any]) -> Mapping[str, Any]:
    """Two rows cell by cell, without cells that neither fills in; which agree and which differ is the roster's to say."""
    left, right = pair.get("left") or {}, pair.get("right") or {}
    differ = set(pair.get("differ", ()))
    cells = [
        (heading, left.get(cell), right.get(cell), command_of(cell) in differ)
        for cell, heading in CELLS
        if left.get(cell) or right.get(cell)
    ]
    return {**pair, "cells": cells}
