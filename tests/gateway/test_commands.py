"""Commands: who may send which, about whom, how they reach their service, and that people read what they wrote."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from gateway.commands import CommandUncertain, ReadModelVisibility
from gateway.readmodel.reading import Reader
from tests.fixtures.otlp import Collector
from tests.gateway import county
from tests.gateway.conftest import Asking, asking_over


class Cases(httpx.AsyncBaseTransport):
    """A service that answers every command the way it is told to, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.answers: list[tuple[int, dict[str, Any]] | Exception] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else (200, {"id": str(county.made("case", 2)), "position": 17})
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer[0], json=answer[1])


@pytest.fixture
def cases() -> Cases:
    return Cases()


@pytest.fixture
def gateway(read_model: Any, cases: Cases) -> Iterator[Asking]:
    with asking_over(read_model, cases) as asking:
        yield asking


def case_in(township: str) -> UUID:
    return next(r["case_id"] for table, r in county.county_rows() if table == "case_file" and r["township"] == township)


BEGIN = (
    "mutation($case: UUID!) { beginVerification(caseId: $case) { position visible case { id state } child { id } } }"
)


def test_a_command_goes_to_its_service_in_the_callers_name_and_the_case_is_read_back(
    gateway: Any, cases: Cases
) -> None:
    case, key = case_in(county.XIAODIAN), uuid4()

    reply = gateway.send(
        {"query": BEGIN, "variables": {"case": str(case)}},
        token=gateway.token("xiaodian-officer"),
        headers={"idempotency-key": str(key), "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
    )

    [sent] = cases.sent
    assert sent.url.path == "/commands/begin-verification"
    assert json.loads(sent.content) == {"case_id": str(case)}
    assert sent.headers["authorization"] == "Bearer secret"
    assert (sent.headers["x-actor"], sent.headers["x-department"], sent.headers["x-purpose"]) == (
        "xiaodian-officer",
        "township:410326103",
        "dropout_control",
    )
    assert UUID(sent.headers["idempotency-key"])
    assert "traceparent" not in sent.headers  # a partner's is not passed on
    answer = reply.data["beginVerification"]
    assert (answer["visible"], answer["position"], answer["case"]["id"]) == (True, 17, str(case))
    [receipt] = gateway.receipts_of()
    assert [str(child) for child in receipt["child_ids"]] == [answer["child"]["id"]]
    assert "Mutation.beginVerification" in receipt["fields"]


@pytest.mark.usefixtures("telemetry")
def test_a_service_goes_on_with_the_gateways_trace_and_not_with_the_partners(
    gateway: Any, cases: Cases, otlp: Collector
) -> None:
    gateway.send(
        {
            "query": "mutation Begin" + BEGIN.removeprefix("mutation"),
            "variables": {"case": str(case_in(county.XIAODIAN))},
        },
        token=gateway.token("xiaodian-officer"),
        headers={"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
    )

    operation, sending = (
        otlp.wait_for_span(name="graphql Begin"),
        otlp.wait_for_span(name="send cases begin-verification"),
    )
    assert (sending.trace_id, sending.parent_id) == (operation.trace_id, operation.span_id)
    assert cases.sent[0].headers["traceparent"][:52] == f"00-{sending.trace_id}-{sending.span_id}"
    assert (operation.parent_id, operation.links) == ("", ("1" * 32,))
    assert operation.trace_id != "1" * 32


def test_the_same_request_again_carries_the_same_key_and_another_request_another(gateway: Any, cases: Cases) -> None:
    body = {"query": BEGIN, "variables": {"case": str(case_in(county.XIAODIAN))}}
    for key in ("6f0f0d9e-6c0a-4a52-9d0c-3b1f1c2d4e5f",) * 2 + ("7f0f0d9e-6c0a-4a52-9d0c-3b1f1c2d4e5f",):
        gateway.send(body, token=gateway.token("xiaodian-officer"), headers={"idempotency-key": key})

    first, again, other = (request.headers["idempotency-key"] for request in cases.sent)
    assert first == again != other


@pytest.mark.parametrize("by", ["police-officer", "inspector", "statistician", "civil-affairs-officer"])
def test_who_was_not_granted_a_command_sends_none(gateway: Any, cases: Cases, by: str) -> None:
    reply = gateway.ask(BEGIN, {"case": str(case_in(county.XIAODIAN))}, by=by)

    assert reply.code == "FORBIDDEN"
    assert "begin_verification is not granted" in reply.message
    assert cases.sent == []
    assert gateway.receipts_of()[0]["decision"] == "denied"


@pytest.mark.parametrize("case", [case_in(county.SANTUN), uuid4()], ids=["not mine", "not there"])
def test_nobody_acts_on_a_case_they_can_not_see(gateway: Any, cases: Cases, case: UUID) -> None:
    reply = gateway.ask(BEGIN, {"case": str(case)}, by="xiaodian-officer")

    assert (reply.code, reply.message) == ("NOT_FOUND", "There is no such record.")
    assert cases.sent == []


@pytest.mark.parametrize("by", ["xiaodian-officer", "school-principal"])
def test_where_a_child_belongs_is_taken_from_the_roster_and_not_from_the_caller(
    gateway: Any, cases: Cases, by: str
) -> None:
    child = next(
        row
        for table, row in county.county_rows()
        if table == "child" and row["township"] == county.XIAODIAN and row["school"] == county.SCHOOL
    )

    query = 'mutation($c: UUID!) { openCase(childId: $c, cause: "absent") { visible } }'
    assert gateway.ask(query, {"c": str(child["child_id"])}, by=by).data

    sent = json.loads(cases.sent[0].content)
    assert (sent["township"], sent["school"], sent["village"]) == (child["township"], child["school"], child["village"])


def test_a_school_reports_none_but_its_own_pupils(gateway: Any, cases: Cases) -> None:
    other = next(r for table, r in county.county_rows() if table == "child" and r["school"] not in {"", county.SCHOOL})

    query = 'mutation($c: UUID!) { openCase(childId: $c, cause: "absent") { visible } }'
    assert gateway.ask(query, {"c": str(other["child_id"])}, by="school-principal").code == "NOT_FOUND"
    assert cases.sent == []


@pytest.mark.parametrize(
    ("status", "code", "shown"),
    [
        (404, "NOT_FOUND", "NOT_FOUND"),
        (422, "REFUSED", "REFUSED"),
        (403, "FORBIDDEN", "FORBIDDEN"),
        (409, "STALE", "STALE"),
        (400, "BAD_REQUEST", "REFUSED"),
        (503, "UNAVAILABLE", "UNCERTAIN"),
        (401, "UNAUTHENTICATED", "UNCERTAIN"),
    ],
)
def test_what_a_service_refuses_is_shown_in_its_words(
    gateway: Any, cases: Cases, status: int, code: str, shown: str
) -> None:
    cases.answers = [(status, {"code": code, "message": "N2.2 says no."})]

    reply = gateway.ask(BEGIN, {"case": str(case_in(county.XIAODIAN))}, by="xiaodian-officer")

    assert reply.code == shown
    assert shown == "UNCERTAIN" or reply.message == "N2.2 says no."


def test_a_lost_answer_is_asked_for_once_more_with_the_same_key(gateway: Any, cases: Cases) -> None:
    cases.answers = [httpx.ReadTimeout("lost")]

    assert gateway.ask(BEGIN, {"case": str(case_in(county.XIAODIAN))}, by="xiaodian-officer").data

    first, second = cases.sent
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_a_service_that_never_answers_leaves_the_caller_told_so(gateway: Any, cases: Cases) -> None:
    cases.answers = [httpx.ConnectError("gone"), httpx.ConnectError("gone")]

    reply = gateway.ask(BEGIN, {"case": str(case_in(county.XIAODIAN))}, by="xiaodian-officer")

    assert reply.code == "UNCERTAIN"
    assert gateway.receipts_of()[0]["decision"] == "refused"
    assert CommandUncertain.__doc__


def test_an_effect_that_can_not_be_read_yet_is_said_to_be_so(gateway: Any, cases: Cases) -> None:
    cases.answers = [(200, {"id": str(uuid4()), "position": 99})]

    answer = gateway.ask(BEGIN, {"case": str(case_in(county.XIAODIAN))}, by="xiaodian-officer").data[
        "beginVerification"
    ]

    assert (answer["visible"], answer["position"]) == (False, 99)


def test_a_gateway_without_services_only_answers_queries(read_model: Any) -> None:
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
    )
    assert asking.ask(BEGIN, {"case": str(case_in(county.XIAODIAN))}, by="xiaodian-officer").code == "REFUSED"
    asking.close()


# Visibility


def waiting(
    read_model: Any, *places: tuple[str, int], then: str = "select 1", timeout_s: float = 2.0, look_again_s: float = 0.1
) -> list[bool]:
    """Waits for these positions; once it listens, `then` happens."""

    async def wait() -> list[bool]:
        reader = Reader(dsn=read_model.dsn("gateway_reader"), connections=1)
        visibility = ReadModelVisibility(reader=reader, look_again_s=look_again_s)
        await visibility._changes.after(0, within_s=2.0)
        all_of_them = asyncio.gather(*(visibility.reached(*place, timeout_s) for place in places))
        await asyncio.sleep(0)
        with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
            connection.execute(then.encode())
        reached = await all_of_them
        await visibility.close()
        await reader.close()
        return reached

    return asyncio.run(wait())


def test_a_position_is_reached_when_every_partition_has_passed_it(read_model: Any) -> None:
    behind = "insert into tracking values ('split/0', 5), ('split/1', 3)"
    assert waiting(read_model, ("split", 3), ("split", 5), then=behind, timeout_s=0.5) == [True, False]
    assert waiting(read_model, ("split", 5), then="update tracking set position = 6 where name = 'split/1'") == [True]


def test_a_position_is_reached_when_its_event_is_in_the_journal(read_model: Any) -> None:
    projected = (
        "insert into journal values ('other', 7, gen_random_uuid(), 't', gen_random_uuid(), 1, '', now(), '', '', '',"
        " gen_random_uuid(), gen_random_uuid(), null, '', null, null, '{}')"
    )
    assert waiting(read_model, ("other", 7), ("other", 8), then=projected, timeout_s=0.5) == [True, False]


def test_who_waits_looks_when_the_read_model_says_that_it_has_moved(read_model: Any) -> None:
    moved = "insert into tracking values ('moving/0', 3); notify baoxue_read_model"
    assert waiting(read_model, ("moving", 3), ("moving", 4), then=moved, look_again_s=60, timeout_s=1) == [True, False]


def test_who_comes_to_wait_for_what_was_shown_before_is_told_at_once(read_model: Any) -> None:
    async def wait() -> tuple[bool, bool]:
        reader = Reader(dsn=read_model.dsn("gateway_reader"), connections=2)
        visibility = ReadModelVisibility(reader=reader, look_again_s=60)
        changes = visibility._changes
        before = asyncio.create_task(visibility.reached("long ago", 9, 1.0))
        await changes.after(0, within_s=1.0)
        await changes.after(changes.count, within_s=0.2)  # nothing moves: who looks for the first one waits by now
        answers = await visibility.reached("long ago", 8, 0.9), await before
        await visibility.close()
        await reader.close()
        return answers

    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("insert into tracking values ('long ago/0', 8)")
    assert asyncio.run(wait()) == (True, False)


def test_a_producer_nobody_has_heard_of_is_never_reached(read_model: Any) -> None:
    assert waiting(read_model, ("nobody", 1), timeout_s=0.1) == [False]
