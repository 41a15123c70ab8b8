"""疑似同一人: two entries side by side, why they may be one child, and the decision."""

from starlette.responses import Response

from gateway.console.caller import Caller
from gateway.console.views import acts

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
        form=acts.blank(caller, "decideDoubt", about={"doubtId": doubt["id"]}) if is_open else None,
    )
