"""Who is eligible on a day: every category with its ground, as it is known now or was known at a moment."""

from datetime import date
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking

OFFICE = ("education_bureau:410326", "assistance")
ELSEWHERE = ("education_bureau:410327", "assistance")
BATCH = uuid4()
REMOVED = "poverty register: 边缘易致贫户, 风险已消除"


@pytest.fixture(scope="module")
def child(gateway: Asking) -> UUID:
    """Poor by the register from March on until its end in September became known on the 20th; disabled by a department's word."""
    child = uuid4()
    of = {"child_id": child, "township": county.XIAODIAN}
    poor = {"ground": "poverty register: 边缘易致贫户", "source": "roster", "legal_basis": "law", "register": "poverty"}
    poor |= {"batch_id": str(BATCH), "row": 17, "from_on": "2026-03-01", "until_on": "2026-09-01"}
    poor |= {"known_at": "2026-03-05T01:00:00Z", "ended_at": "2026-09-20T01:00:00Z", "ended_ground": REMOVED}
    care = {"ground": "referral:1", "source": "department", "legal_basis": "law", "register": ""}
    care |= {"from_on": "2026-05-01", "known_at": "2026-05-01T01:00:00Z", "lapses_on": "2026-12-01"}
    rows = [
        ("child", {**of, "stage": "primary"}),
        ("eligibility", {**of, "eligibility_id": uuid4(), "category": "near_poverty", "spans": [poor]}),
        ("eligibility", {**of, "eligibility_id": uuid4(), "category": "without_care", "spans": [care]}),
    ]
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(connection, rows, counted=False)
    return child


def eligible(gateway: Asking, child: UUID, on: date, as_of: str = "", *, by: tuple[str, str] = OFFICE) -> set[str]:
    known = f', asOf: "{as_of}"' if as_of else ""
    query = f'{{ eligibility(childId: "{child}", on: "{on}"{known}) {{ category }} }}'
    return {one["category"] for one in gateway.ask(query, by=by).data["eligibility"]}


def test_a_category_holds_from_its_first_day_until_the_day_before_its_last(gateway: Asking, child: UUID) -> None:
    assert eligible(gateway, child, date(2026, 2, 28)) == set()
    assert eligible(gateway, child, date(2026, 3, 1)) == {"near_poverty"}
    assert eligible(gateway, child, date(2026, 8, 31)) == {"near_poverty", "without_care"}
    assert eligible(gateway, child, date(2026, 9, 1)) == {"without_care"}


def test_nobody_is_eligible_in_a_category_that_is_in_force_no_longer(gateway: Asking, child: UUID) -> None:
    assert eligible(gateway, child, date(2026, 11, 30)) == {"without_care"}
    assert eligible(gateway, child, date(2026, 12, 1)) == set()


def test_an_answer_of_the_past_is_given_as_it_was_known_then(gateway: Asking, child: UUID) -> None:
    day = date(2026, 9, 10)
    assert eligible(gateway, child, day, "2026-09-15T00:00:00Z") == {"near_poverty", "without_care"}
    assert eligible(gateway, child, day, "2026-09-21T00:00:00Z") == {"without_care"}
    assert eligible(gateway, child, day, "2026-03-04T00:00:00Z") == set()


def test_every_category_says_on_which_row_of_which_batch_it_rests(gateway: Asking, child: UUID) -> None:
    query = f"""{{ eligibility(childId: "{child}", on: "2026-08-01") {{
        category ground source legalBasis register batchId row fromOn untilOn }} }}"""
    poor, care = gateway.ask(query, by=OFFICE).data["eligibility"]

    assert (poor["register"], poor["batchId"], poor["row"]) == ("poverty", str(BATCH), 17)
    assert (poor["ground"], poor["source"], poor["untilOn"]) == (
        "poverty register: 边缘易致贫户",
        "roster",
        "2026-09-01",
    )
    assert (care["register"], care["batchId"], care["row"], care["source"]) == ("", None, None, "department")


def test_what_ended_an_eligibility_stands_beside_it(gateway: Asking, child: UUID) -> None:
    query = f'{{ child(id: "{child}") {{ eligibilities {{ category endedGround }} }} }}'
    found = gateway.ask(query, by=OFFICE).data["child"]["eligibilities"]
    assert {one["category"]: one["endedGround"] for one in found} == {"near_poverty": REMOVED, "without_care": ""}


def test_what_another_county_knows_of_its_children_is_not_told(gateway: Asking, child: UUID) -> None:
    assert eligible(gateway, child, date(2026, 8, 1), by=ELSEWHERE) == set()
