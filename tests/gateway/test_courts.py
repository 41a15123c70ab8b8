"""Proceedings and papers set aside over GraphQL: done by cases itself, refused in its words, forbidden to who has no right, and shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from services.cases.api import build_api
from services.cases.courts import Courts
from services.cases.domain.case import Case
from services.cases.domain.document import Document
from services.cases.domain.proceedings import Proceedings
from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from tests.cases.given import acting_on
from tests.cases.in_memory import MemoryCases
from tests.gateway import county
from tests.gateway.conftest import Asking, Reply, asking_over
from tests.gateway.console.browsing import Browser

OFFICER, BUREAU, PRINCIPAL = "xiaodian-officer", "bureau-office", "school-principal"
TODAY = county.TODAY
TOWNSHIP = f"township:{county.XIAODIAN}"


@dataclass(frozen=True)
class Pursued:
    """A child whose guardian let a served order run out."""

    child: UUID
    case: UUID
    order: UUID


class Service(httpx.AsyncBaseTransport):
    """Cases in memory behind its own HTTP face; of its parts only those that courts need."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        unused = cast("Any", _Unused())
        face = build_api(
            cases=self.cases,
            oversight=unused,
            public_reports=unused,
            responsibility=unused,
            disclosures=unused,
            courts=Courts(cases=self.cases),
            statistics=unused,
            data_requests=unused,
            surroundings=Surroundings(clock=SteppedClock(county.NOW), token="secret"),
        )
        self._face = httpx.ASGITransport(face)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._face.handle_async_request(request)

    def told(self, case: UUID) -> list[str]:
        """What was recorded of a case and of what belongs to it, by name."""
        return [
            type(event).__qualname__
            for event in self.cases.memory.log
            if case in {event.originator_id, getattr(event, "case_id", None)}
        ]


class _Unused:
    """Stands for a part that is not asked here: its commands are there and do nothing."""

    def __getattr__(self, name: str) -> Any:
        def command() -> None:
            raise AssertionError(name)

        command.__name__ = name
        return command


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


@pytest.fixture(scope="module")
def gateway(read_model: Any, service: Service) -> Iterator[Asking]:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("update tracking set position = 1000000 where name = 'cases/0'")
    with asking_over(read_model, service) as asking:
        yield asking


@pytest.fixture
def pursued(gateway: Asking, service: Service) -> Pursued:
    """Another child of Xiaodian, whose guardian was served an order of ten days twenty days ago."""
    child, cases, day = uuid4(), service.cases, TODAY - timedelta(days=20)
    with acting_on(day):
        case = cases.open_case(child_id=child, cause="not_in_seat", township=county.XIAODIAN, stage="junior").id
        cases.begin_verification(case_id=case)
        cases.confirm_case(case_id=case, causes=("work",))
        cases.record_persuasion(case_id=case, method="phone", outcome="refused", note="", made_on=day)
        cases.report_case(case_id=case, issuer=TOWNSHIP)
        order = cases.issue_order(case_id=case, issuer=TOWNSHIP, term_days=10).id
        cases.serve_document(document_id=order, method="direct", receipt="hz-1", served_on=day)
    of_child = {"child_id": child, "township": county.XIAODIAN}
    put(
        gateway,
        ("child", {**of_child, "open_case_id": case}),
        ("case_file", {**of_child, "case_id": case, "state": "ordered"}),
        ("document", {**of_child, "case_id": case, "document_id": order, "kind": "order_to_correct", "served_on": day}),
    )
    return Pursued(child, case, order)


def put(gateway: Asking, *rows: tuple[str, dict[str, object]]) -> None:
    """Rows of the read model."""
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(connection, list(rows), counted=False)


def sent(gateway: Asking, command: str, arguments: str, *, by: str = OFFICER) -> Reply:
    """Sends a command."""
    return gateway.ask(f"mutation {{ {command}({arguments}) {{ id visible }} }}", by=by)


def sue(gateway: Asking, pursued: Pursued, *, by: str = OFFICER) -> Reply:
    """Goes to court today."""
    return sent(
        gateway,
        "fileProceedings",
        f'caseId: "{pursued.case}", kind: "suit", broughtBy: "{TOWNSHIP}", authority: "court:410326", filedOn: "{TODAY}",'
        ' supportedBy: "procuratorate:410326"',
        by=by,
    )


def on_file(gateway: Asking, pursued: Pursued, **facts: object) -> str:
    """Goes to court, and the read model knows it; answers the file's id."""
    file = str(sue(gateway, pursued).data["fileProceedings"]["id"])
    row: dict[str, object] = {"child_id": pursued.child, "case_id": pursued.case, "township": county.XIAODIAN}
    put(gateway, ("proceedings", {**row, "proceedings_id": file, "state": "filed", "ground": pursued.order, **facts}))
    return file


def test_a_suit_goes_its_way_from_filing_to_enforcement(gateway: Asking, service: Service, pursued: Pursued) -> None:
    of_file = f'proceedingsId: "{on_file(gateway, pursued)}"'
    on = f'On: "{TODAY}"'
    for command, arguments in (
        ("acceptFiling", f'docket: "(2026)豫0326民初77号", accepted{on}'),
        ("recordHearing", f"heard{on}"),
        ("recordDecision", f'decision: "granted", paper: "2026-78", decided{on}, complyBy: "{TODAY}"'),
        ("serveDecision", f'method: "direct", receipt: "hz-78", served{on}'),
        ("appealDecision", f'appellant: "guardian", appealed{on}'),
        ("recordDecision", f'decision: "upheld", paper: "2026-79", decided{on}'),
        ("serveDecision", f'method: "direct", receipt: "hz-79", served{on}'),
        ("recordEnforcement", f'paper: "2026-80", enforced{on}'),
    ):
        assert sent(gateway, command, f"{of_file}, {arguments}").data[command]["visible"] is True, command

    told = [name for name in service.told(pursued.case) if name.startswith("Proceedings.")]
    assert told == [
        "Proceedings.Filed",
        "Proceedings.Accepted",
        "Proceedings.Heard",
        "Proceedings.Decided",
        "Proceedings.DecisionServed",
        "Proceedings.Appealed",
        "Proceedings.Decided",
        "Proceedings.DecisionServed",
        "Proceedings.Enforced",
    ]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("declineFiling", f'paper: "2026-1", declinedOn: "{TODAY}"'),
        ("withdrawProceedings", f'paper: "2026-2", withdrawnOn: "{TODAY}"'),
    ],
)
def test_a_suit_that_comes_to_nothing_puts_the_case_back(
    gateway: Asking, service: Service, pursued: Pursued, command: str, arguments: str
) -> None:
    file = on_file(gateway, pursued)

    assert sent(gateway, command, f'proceedingsId: "{file}", {arguments}').data[command]["visible"] is True

    assert service.told(pursued.case)[-1] == "Case.SetBack"
    again = sent(gateway, command, f'proceedingsId: "{file}", {arguments}')
    assert again.code == "REFUSED"


def test_who_is_not_given_it_takes_nobody_to_court_and_sees_no_file(gateway: Asking, pursued: Pursued) -> None:
    assert sue(gateway, pursued, by=PRINCIPAL).code == "FORBIDDEN"
    assert gateway.ask("{ proceedings { nodes { id } } }", by=PRINCIPAL).code == "FORBIDDEN"


def test_a_file_stands_with_its_case_and_comes_into_force_by_the_day(gateway: Asking, pursued: Pursued) -> None:
    file = on_file(gateway, pursued, state="served", decision="granted", in_force_on=TODAY)
    query = f'{{ case(id: "{pursued.case}") {{ proceedings {{ id state decision ground }} }} }}'

    [shown] = gateway.ask(query, by=OFFICER).data["case"]["proceedings"]
    assert shown == {"id": file, "state": "in_force", "decision": "granted", "ground": str(pursued.order)}
    listed = '{ proceedings(first: 200, state: "in_force") { nodes { id } } }'
    assert file in {node["id"] for node in gateway.ask(listed, by=BUREAU).data["proceedings"]["nodes"]}
    elsewhere = ("education_bureau:410327", "dropout_control")
    assert file not in {node["id"] for node in gateway.ask(listed, by=elsewhere).data["proceedings"]["nodes"]}


# Papers set aside


def set_aside(gateway: Asking, order: UUID, *, by: str = OFFICER, decided_by: str = "court") -> Reply:
    """Says that a paper was set aside today."""
    arguments = f'documentId: "{order}", decidedBy: "{decided_by}", decision: "(2026)豫03行终9号", decidedOn: "{TODAY}"'
    return sent(gateway, "setAsideDocument", arguments, by=by)


def test_an_order_set_aside_puts_its_case_back_and_takes_the_suit_along(
    gateway: Asking, service: Service, pursued: Pursued
) -> None:
    on_file(gateway, pursued)

    assert set_aside(gateway, pursued.order).data["setAsideDocument"]["visible"] is True

    assert set(service.told(pursued.case)[-3:]) == {"Document.ResultFound", "Case.SetBack", "Proceedings.Fallen"}
    [result] = [event for event in service.cases.told(Document.ResultFound) if event.originator_id == pursued.order]
    assert (result.result, result.decided_by, result.decision) == ("set_aside", "court", "(2026)豫03行终9号")
    [back] = [event for event in service.cases.told(Case.SetBack) if event.originator_id == pursued.case]
    assert (back.state, back.stands_on, back.ground) == ("reported", None, "set_aside")
    assert service.cases.get(Proceedings, Proceedings.id_of(pursued.case, 1)).stage == "fallen"


def test_what_is_set_aside_by_nobody_known_or_twice_or_by_who_may_not_stays(gateway: Asking, pursued: Pursued) -> None:
    assert "No authority that sets a paper aside" in set_aside(gateway, pursued.order, decided_by="neighbours").message
    assert set_aside(gateway, pursued.order, by=PRINCIPAL).code == "FORBIDDEN"
    assert set_aside(gateway, uuid4()).code == "NOT_FOUND"
    set_aside(gateway, pursued.order)

    again = set_aside(gateway, pursued.order)

    assert again.code == "REFUSED"
    assert "was set aside on" in again.message


def test_the_page_of_a_case_shows_its_files_and_what_may_be_done_in_each(gateway: Asking, pursued: Pursued) -> None:
    file = on_file(gateway, pursued, kind="suit", docket="(2026)豫0326民初77号", state="accepted", filed_on=TODAY)

    with Browser(gateway) as browser:
        page = browser.signed_in(OFFICER).get(f"/cases/{pursued.case}").text

    assert "(2026)豫0326民初77号" in page
    offered = set(re.findall(rf"/acts/(\w+)\?proceedingsId={file}", page))
    assert offered == {"recordHearing", "recordDecision", "withdrawProceedings"}
    assert f"/acts/setAsideDocument?documentId={pursued.order}" in page
