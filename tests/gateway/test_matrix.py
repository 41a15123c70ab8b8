"""Every department, for every purpose, about a child in every relation to it: exactly the fields a person says, or nothing.

Each cell is asked three ways: as it runs; with row security switched off, so that only the compiler holds; and by the
ordinary resolvers, which hold back nothing themselves, so that only row security does. What the relations mean is said
here in plain words and shares nothing with the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from graphql import get_named_type, is_object_type

from gateway.access.rules import RULES
from gateway.schema.schema import build_schema
from tests.access.matrix import WHO, Who, expected
from tests.gateway import county
from tests.gateway.conftest import Asking

EXPECTED = expected()
AREAS = {"township": county.XIAODIAN, "school": county.SCHOOL, "village": county.VILLAGE}
DAY = timedelta(days=1)
LINKS = {
    name
    for name, field in build_schema()._schema.type_map["Child"].fields.items()
    if is_object_type(get_named_type(field.type))
}


@dataclass(frozen=True)
class State:
    """A child in some relation to whoever asks; `to` says to which reaches it is open."""

    name: str
    to: frozenset[str]
    township: str = county.SANTUN
    village: str = "410326104001"
    school: str = "3141000399"
    case: str = ""
    referral: tuple[str, int | None] | None = None
    """State, and days ago that it was answered."""
    foreign_referral: bool = False
    finding: str = ""
    warrant: dict[str, Any] | None = None


def _to(*reaches: str) -> frozenset[str]:
    return frozenset(reaches)


COUNTY = _to("area")
GRACE = RULES.referral.grace_days
STATES = (
    State("of the county, and nothing else", COUNTY),
    State("of another county", _to(), township=county.ELSEWHERE),
    State("of the township", _to("area", "township"), township=county.XIAODIAN),
    State("of the village", _to("area", "township", "village"), township=county.XIAODIAN, village=county.VILLAGE),
    State("of the school", _to("area", "school"), school=county.SCHOOL),
    State("with an open case", _to("area", "case"), case="open"),
    State("with a case that was closed", COUNTY, case="closed"),
    State("with an open case elsewhere", _to(), case="open", township=county.ELSEWHERE),
    State("referred and not accepted yet", _to("area", "referral"), referral=("opened", None)),
    State("referred and accepted", _to("area", "referral"), referral=("accepted", None)),
    State("answered today", _to("area", "referral"), referral=("answered", 0)),
    State("answered on the last day of grace", _to("area", "referral"), referral=("answered", GRACE)),
    State("answered a day before grace", COUNTY, referral=("answered", GRACE + 1)),
    State("answered nobody knows when", COUNTY, referral=("answered", None)),
    State("referred and revoked", COUNTY, referral=("revoked", 0)),
    State("referred to another department", COUNTY, referral=("opened", None), foreign_referral=True),
    State("referred in another county", _to(), referral=("opened", None), township=county.ELSEWHERE),
    State("with a finding the unit owes an answer to", _to("area", "referral"), finding="open"),
    State("with a finding that was settled", COUNTY, finding="resolved"),
    State("with a warrant in force", _to("area", "warrant"), warrant={}),
    State("with a warrant for this officer", _to("area", "warrant"), warrant={"actor": "someone"}),
    State("with a warrant for another officer", COUNTY, warrant={"actor": "somebody-else"}),
    State("with a warrant that ran out", COUNTY, warrant={"lasts": DAY}),
    State("with a warrant not begun", COUNTY, warrant={"from_at": county.NOW + DAY}),
    State("with a warrant that was ended", COUNTY, warrant={"ended": True}),
    State("with a warrant for another unit", COUNTY, warrant={"unit": "finance:410326"}),
    State("with a warrant for another purpose", COUNTY, warrant={"purpose": "statistics"}),
    State("with a consent of no register", _to("area", "order", "emergency"), warrant={"unregistered": True}),
    State("with a warrant of another kind", COUNTY, warrant={"kind": "approval"}),
)


def is_open_to(state: State, who: Who) -> bool:
    if who.reach in {"consent", "order", "emergency"}:
        return "warrant" in state.to or who.reach in state.to
    return ("township" if who.kind == "township" else who.reach) in state.to


def unit_of(who: Who) -> str:
    return f"{who.kind}:{AREAS.get(who.kind, '410326')}"


def child_of(who: str, state: State) -> str:
    return str(county.made("matrix", who, state.name))


def rows_of(name: str, who: Who, state: State) -> list[tuple[str, dict[str, object]]]:
    """One child in this state towards this department."""
    child, case = child_of(name, state), county.made("matrix case", name, state.name)
    of_child = {"child_id": child, "township": state.township}
    rows: list[tuple[str, dict[str, object]]] = [
        (
            "child",
            {
                **of_child,
                "village": state.village,
                "school": state.school,
                "poverty": "脱贫户",
                "open_case_id": case if state.case == "open" else None,
            },
        ),
        (
            "child_identity",
            {**of_child, "name": "钱小二", "id_number": "410326201501010021", "birth_date": "2015-01-01"},
        ),
    ]
    if state.case:
        of_case = {**of_child, "case_id": case, "state": "ordered", "opened_on": county.TODAY}
        rows.append(("case_file", {**of_case, "closed_on": county.TODAY if state.case == "closed" else None}))
    if state.referral:
        asked, ago = state.referral
        rows.append(
            (
                "referral",
                {
                    **of_child,
                    "referral_id": county.made("matrix referral", name, state.name),
                    "case_id": case,
                    "to_unit": "culture_market" if state.foreign_referral else who.kind,
                    "state": asked,
                    "answered_on": None if ago is None else county.TODAY - ago * DAY,
                },
            )
        )
    if state.finding:
        rows.append(
            (
                "finding",
                {
                    **of_child,
                    "finding_id": county.made("matrix finding", name, state.name),
                    "owner": unit_of(who),
                    "resolved_on": county.TODAY if state.finding == "resolved" else None,
                },
            )
        )
    if state.warrant is not None and who.reach in {"consent", "order", "emergency"}:
        given = {"kind": who.reach, "unit": unit_of(who), "purpose": who.purpose, **state.warrant}
        ended, unregistered = given.pop("ended", False), given.pop("unregistered", False)
        row = {**county.warrant(**given, **of_child), "warrant_id": county.made("matrix warrant", name, state.name)}
        rows.append(("warrant", row))
        if row["kind"] == "consent" and not unregistered:
            rows.append(("consent", county.consent_line(row)))
        if ended:
            end = {
                "warrant_id": row["warrant_id"],
                "ended_at": county.NOW,
                "ended_by": "head",
                "ended_for": unit_of(who),
            }
            rows.append(("warrant_end", end))
    return rows


@pytest.fixture(scope="module")
def children(read_model: Any) -> None:
    """A child in every state towards every department."""
    rows = [row for name, who in WHO.items() for state in STATES for row in rows_of(name, who, state)]
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        county.insert(connection, rows)


@pytest.fixture(scope="module", params=["as it runs", "compiler alone", "row security alone"])
def asked(request: Any, children: None, gateway: Asking, unfenced: Asking) -> Iterator[Any]:
    """Asks with both fences, or with one of them."""
    ways = {"as it runs": gateway.ask, "compiler alone": unfenced.ask, "row security alone": gateway.resolve}
    return ways[request.param]


@pytest.mark.parametrize("name", WHO)
def test_each_department_sees_exactly_its_fields_of_exactly_its_children(asked: Any, name: str) -> None:
    who = WHO[name]
    cells = EXPECTED[who.kind, who.purpose]
    if ("Query", "child") not in cells:
        return
    fields = sorted(field for type_name, field in cells if type_name == "Child")
    selection = " ".join(f"{field} {{ __typename }}" if field in LINKS else field for field in fields)
    query = f"query($id: UUID!) {{ child(id: $id) {{ {selection} }} }}"
    for state in STATES:
        child = asked(query, {"id": child_of(name, state)}, by=(unit_of(who), who.purpose)).data["child"]
        if not is_open_to(state, who):
            assert child is None, (state.name, who)
            continue
        assert child is not None, (state.name, who)
        assert sorted(child) == fields
        shown = {
            "name": {"full": "钱小二", "mask": "钱＊"},
            "idNumber": {"full": "410326201501010021", "mask": "＊0021"},
            "birthDate": {"full": "2015-01-01"},
            "ageBand": {"bucket": "6-11"},
            "underFourteen": {"predicate": True},
            "inHardship": {"predicate": True},
            "hasDisability": {"predicate": False},
        }
        for field, by_mode in shown.items():
            if field in fields:
                assert child[field] == by_mode[cells["Child", field]]
