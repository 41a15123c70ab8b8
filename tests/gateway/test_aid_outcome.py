"""Whether aid came before a return: what is counted is what the method says, and the method goes with the counts."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.gateway import county
from tests.gateway.conftest import Asking

OFFICE = ("education_bureau:410326", "assistance")
BACK = date(2019, 5, 20)
"""In a year of which the county has nothing else."""


def a_case(rows: list[tuple[str, dict[str, object]]], *, returned_on: date | None = BACK, **more: object) -> UUID:
    child = uuid4()
    of_child = {"child_id": child, "township": county.XIAODIAN}
    told = {
        "confirmed_on": BACK - timedelta(days=100),
        "returned_on": returned_on,
        "state": "returned",
        "closed_on": None,
    }
    rows.append(("child", of_child))
    rows.append(("case_file", {**of_child, **told, **more, "case_id": uuid4()}))
    return child


def aid(child: UUID, table: str, **told: object) -> tuple[str, dict[str, object]]:
    key = {"payment": "payment_id", "measure": "measure_id", "learning_support": "support_id"}[table]
    more = {"plan_id": uuid4()} if table == "measure" else {}
    return table, {"child_id": child, "township": county.XIAODIAN, key: uuid4(), **more, **told}


@pytest.fixture(scope="module")
def counted(gateway: Asking) -> Asking:
    """Six returns: paid the day before, on the day itself, beyond the window, sent back; helped at its edge; supported."""
    rows: list[tuple[str, dict[str, object]]] = []
    day = timedelta(days=1)
    for paid_on, sent_back in ((BACK - day, None), (BACK, None), (BACK - 181 * day, None), (BACK - day, BACK)):
        rows.append(aid(a_case(rows), "payment", paid_on=paid_on, returned_on=sent_back))
    rows.append(aid(a_case(rows), "measure", done_on=BACK - 180 * day))
    rows.append(aid(a_case(rows), "learning_support", begun_on=BACK - day))
    rows.append(aid(a_case(rows, returned_on=None, state="open"), "payment", paid_on=BACK, returned_on=None))
    rows.append(aid(a_case(rows, state="merged"), "payment", paid_on=BACK - day, returned_on=None))
    a_case(rows, returned_on=None, state="open")
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(connection, rows, counted=False)
    return gateway


def told(gateway: Asking, *, by: Any = OFFICE, more: str = "") -> dict[str, Any]:
    period = f'fromOn: "{BACK - timedelta(days=9)}", untilOn: "{BACK + timedelta(days=9)}"'
    query = f"""{{ aidBeforeReturn({period}{more}) {{
        township returned preceded byPayment byMeasure bySupport stillOut stillOutAided method }} }}"""
    [row] = gateway.ask(query, by=by).data["aidBeforeReturn"]
    return row  # type: ignore[no-any-return]


def test_aid_counts_within_the_window_before_the_day_of_return_and_not_on_it(counted: Asking) -> None:
    row = told(counted)
    assert (row["returned"], row["preceded"]) == (6, 3)
    assert (row["byPayment"], row["byMeasure"], row["bySupport"]) == (1, 1, 1)


def test_another_window_is_another_count(counted: Asking) -> None:
    assert told(counted, more=", windowDays: 1")["preceded"] == 2
    assert told(counted, more=", windowDays: 181")["preceded"] == 4


def test_beside_those_who_came_back_stand_those_who_did_not(counted: Asking) -> None:
    row = told(counted)
    assert (row["stillOut"], row["stillOutAided"]) == (2, 1)


def test_the_counts_of_townships_are_those_of_the_county_and_name_their_method(counted: Asking) -> None:
    period = f'fromOn: "{BACK}", untilOn: "{BACK}", by: "township"'
    query = f"{{ aidBeforeReturn({period}) {{ township returned }} }}"
    [of_township] = counted.ask(query, by="inspector").data["aidBeforeReturn"]
    of_county = told(counted, by="inspector")
    assert of_township == {"township": county.XIAODIAN, "returned": of_county["returned"]}
    assert of_county["township"] == ""
    assert "不表示因果" in of_county["method"]


def test_a_period_that_ends_before_it_begins_is_refused(counted: Asking) -> None:
    query = '{ aidBeforeReturn(fromOn: "2019-05-02", untilOn: "2019-05-01") { returned } }'
    assert counted.ask(query, by=OFFICE).code == "BAD_REQUEST"
