"""A guardian's request from the counter to its answer, over GraphQL and files: received, seen who asks, told all that is held, answered."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from gateway.readmodel.data_requests import FOLDS
from gateway.schema.map import TABLES
from gateway.sheets.child_data import OF_TWO
from tests.gateway import county
from tests.gateway.cases_behind import Cases
from tests.gateway.conftest import Asking, Reply, asking_over

BUREAU, ELSEWHERE = "bureau-office", ("township:410326104", "dropout_control")
CHILD = str(county.made("child", 0))
RECEIVE = """mutation($child: UUID!, $kind: String! = "copy") {
    receiveDataRequest(childId: $child, kind: $kind, askedBy: "mother", request: "请提供全部登记内容") { id } }"""
CHECK = 'mutation($id: UUID!) { checkRequester(requestId: $id, shown: "household_register") { id } }'
ANSWER = """mutation($id: UUID!, $content: String!) {
    answerDataRequest(requestId: $id, outcome: "provided", answer: "已当面提供", content: $content) { id } }"""
ASSIGN = "mutation($id: UUID!, $unit: String!) { assignDataRequest(requestId: $id, unit: $unit) { id } }"
LISTED = """query($child: UUID!) { dataRequests(childId: $child, first: 200) {
    nodes { id receiptNumber kind askedBy owedBy dueOn checkedOn outcome content endedOn child { id } } } }"""


class Counter:
    """The counters of a county."""

    def __init__(self, asking: Asking, service: Cases) -> None:
        self.gateway, self._service = asking, service

    def send(self, mutation: str, *, by: Any = BUREAU, **given: object) -> Reply:
        reply = self.gateway.ask(mutation, dict(given), by=by)
        self._service.project(FOLDS, writer_dsn=self.gateway.writer_dsn)
        return reply

    def received(self, kind: str = "copy") -> str:
        return str(self.send(RECEIVE, child=CHILD, kind=kind).data["receiveDataRequest"]["id"])

    def get(self, path: str, *, by: Any = BUREAU) -> httpx.Response:
        self.gateway.clock.step(timedelta(milliseconds=1))  # receipts tell their order
        headers = {"authorization": f"Bearer {self.gateway.token(by)}"}
        return self.gateway.runner.run(self.gateway._http.get(path, headers=headers))


@pytest.fixture(scope="module")
def counter(read_model: Any) -> Iterator[Counter]:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("delete from data_request")
        connection.execute("update tracking set position = 1000 where name = 'cases/0'")
    service = Cases()
    with asking_over(read_model, service) as asking:
        yield Counter(asking, service)


def test_a_guardian_is_given_all_that_is_held_and_the_answer_names_the_very_file(counter: Counter) -> None:
    request = counter.received()
    assert counter.get(f"/files/child-data/{request}").status_code == 422  # nobody has seen who asks
    assert counter.send(CHECK, id=request).data

    page = counter.get(f"/files/child-data/{request}")

    [receipt] = counter.gateway.receipts_of()
    assert (receipt["operation"], [str(child) for child in receipt["child_ids"]]) == ("export_child_data", [CHILD])
    name = counter.gateway.ask(f'{{ child(id: "{CHILD}") {{ name idNumber }} }}', by=BUREAU).data["child"]
    assert name["name"] in page.text
    assert name["idNumber"] in page.text
    assert receipt["document_hash"] in page.text
    assert counter.send(ANSWER, id=request, content="ab" * 32).code == "REFUSED"
    assert counter.send(ANSWER, id=request, content=receipt["document_hash"]).data
    listed = counter.gateway.ask(LISTED, {"child": CHILD}, by=BUREAU).data["dataRequests"]["nodes"]
    [told] = [one for one in listed if one["id"] == request]
    assert (told["outcome"], told["content"], told["endedOn"]) == (
        "provided",
        receipt["document_hash"],
        str(county.TODAY),
    )
    assert counter.get(f"/files/child-data/{request}").status_code == 422  # answered: nobody asks any longer
    assert counter.get(f"/files/exports/{receipt['document_hash']}").json()["exports"]


def test_the_file_holds_every_kind_of_record_that_the_county_has_of_the_child(
    counter: Counter, read_model: Any
) -> None:
    request = counter.received("access")
    counter.send(CHECK, id=request)

    text = counter.get(f"/files/child-data/{request}").text

    with psycopg.connect(read_model.superuser) as connection:
        held = {
            table.type
            for table in TABLES.values()
            if table.of_child
            and not table.pair
            and " " not in table.source
            and connection.execute(f"select 1 from {table.source} where child_id = %s", [CHILD]).fetchone()  # noqa: S608
        }
    assert {"Child", "Case", "Visit"} <= held
    fields = {name.partition(".")[0] for name in counter.gateway.receipts_of()[0]["fields"]}
    assert held - fields <= OF_TWO
    assert "查阅记录" in text
    book = counter.get(f"/files/child-data/{request}?format=xlsx")
    assert book.headers["x-content-sha256"] == counter.gateway.receipts_of()[0]["document_hash"]


def test_a_request_is_within_reach_of_its_area_and_handed_on_to_a_unit_of_the_county(counter: Counter) -> None:
    request = counter.received("explanation")
    assert counter.send(ASSIGN, id=request, unit="township:440306001").code == "REFUSED"
    assert counter.send(ASSIGN, id=request, unit="finance:410326").code == "REFUSED"
    assert counter.send(CHECK, id=request, by=("township:410327101", "dropout_control")).code == "NOT_FOUND"
    assert counter.send(ASSIGN, id=request, unit="school:3141000300").data
    school = counter.gateway.ask(LISTED, {"child": CHILD}, by=("school:3141000300", "dropout_control")).data
    assert request in {one["id"] for one in school["dataRequests"]["nodes"]}
    assert counter.get(f"/files/child-data/{request}", by="santun-officer").status_code == 403
    assert counter.get(f"/files/child-data/{request}").status_code == 422  # an explanation is no file
