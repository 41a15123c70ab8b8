"""What the endpoint takes, what it refuses, what it records, and that without a record there is no answer."""

# ruff: noqa: S608

import asyncio
import time
from typing import Any

import psycopg
import pytest
from graphql import get_introspection_query

from gateway.access.receipts import NotRecorded, Receipt, Receipts
from tests.fixtures.otlp import Collector
from tests.gateway import county
from tests.gateway.conftest import Asking

CANARY = "燕归来"
CHILD = f'{{ child(id: "{county.made("child", 1)}") {{ id }} }}'


# Receipts


def test_a_look_is_recorded_with_the_children_and_fields_it_showed(gateway: Any) -> None:
    reply = gateway.ask("query Page { children(first: 2) { nodes { id idNumber } } }", by="xiaodian-officer")

    [receipt] = gateway.receipts_of()
    assert {str(child) for child in receipt["child_ids"]} == {node["id"] for node in reply.data["children"]["nodes"]}
    assert receipt["fields"] == ["Query.children", "Child.id", "Child.idNumber"]
    assert (receipt["actor"], receipt["department"], receipt["purpose"], receipt["operation"], receipt["rows"]) == (
        "xiaodian-officer",
        "township:410326103",
        "dropout_control",
        "Page",
        2,
    )
    assert receipt["decision"] == "answered"
    assert receipt["policy_version"] == gateway.policy.version
    assert receipt["positions"] == {"roster/0": 41, "cases/0": 17}
    assert len(receipt["document_hash"]) == 64


def test_a_denied_look_is_recorded_too(gateway: Any) -> None:
    gateway.ask("{ children { nodes { guardianPhone } } }", by="police-officer")

    [receipt] = gateway.receipts_of()
    assert (receipt["decision"], receipt["child_ids"], receipt["actor"]) == ("denied", [], "police-officer")


def test_every_answer_names_the_policy_it_was_given_under(gateway: Any) -> None:
    answered = gateway.ask("{ me { unit } }", by="xiaodian-officer")
    denied = gateway.ask("{ children { nodes { guardianPhone } } }", by="police-officer")
    unknown = gateway.send({"query": "{ me { unit } }"}, token="nobody's")

    assert {reply.headers["baoxue-policy"] for reply in (answered, denied, unknown)} == {gateway.policy.version}


def test_an_inspector_sees_who_looked_at_a_child_and_not_whom_else(gateway: Any) -> None:
    child = gateway.ask("{ children(first: 1) { nodes { id } } }", by="xiaodian-officer").data["children"]["nodes"][0][
        "id"
    ]

    query = f'{{ receipts(childId: "{child}", first: 1) {{ nodes {{ actor department purpose rows }} }} }}'
    [receipt] = gateway.ask(query, by="inspector").data["receipts"]["nodes"]

    assert receipt == {
        "actor": "xiaodian-officer",
        "department": "township:410326103",
        "purpose": "dropout_control",
        "rows": 1,
    }
    assert gateway.ask(query, by="xiaodian-officer").code == "FORBIDDEN"


@pytest.mark.parametrize("query", [CHILD, "{ me { unit } }", "{ __schema { queryType { name } } }"])
def test_where_no_receipt_can_be_written_there_is_no_answer(read_model: Any, query: str) -> None:
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn=read_model.dsn("gateway_writer"),
        owner_dsn=read_model.superuser,
    )
    with psycopg.connect(read_model.superuser, autocommit=True) as owner:
        owner.execute("revoke insert on receipt from gateway_writer")
        try:
            reply = asking.ask(query, by="bureau-office")
        finally:
            owner.execute("grant insert on receipt to gateway_writer")

    assert (reply.status, reply.code) == (503, "UNAVAILABLE")
    assert "data" not in reply.body
    assert asking.ask(query, by="bureau-office").data
    asking.close()


def test_receipts_can_neither_be_changed_nor_taken_away(read_model: Any) -> None:
    for role in ("gateway_writer", "gateway_reader", "gateway_owner"):
        for statement in ("update receipt set actor = 'nobody'", "delete from receipt", "truncate receipt"):
            with (
                psycopg.connect(read_model.dsn(role)) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(statement.encode())


def test_many_looks_at_once_are_all_recorded(gateway: Any) -> None:
    def receipt(number: int) -> Receipt:
        return Receipt(
            at=county.NOW,
            actor=f"many-{number}",
            department="supervision:410326",
            purpose="supervision",
            operation="",
            document_hash="",
            decision="answered",
            policy_version="",
        )

    async def record() -> None:
        async with Receipts(dsn=gateway.writer_dsn).running() as receipts:
            await asyncio.gather(*(receipts.record(receipt(number)) for number in range(300)))

    asyncio.run(record())
    with psycopg.connect(gateway.writer_dsn) as connection:
        [(count,)] = connection.execute("select count(*) from receipt where actor like 'many-%'").fetchall()
    assert count == 300


def test_a_receipt_is_refused_where_nothing_can_be_reached() -> None:
    async def record() -> None:
        async with Receipts(dsn="host=127.0.0.1 port=1 user=nobody", timeout_s=1).running() as receipts:
            await receipts.record(
                Receipt(
                    at=county.NOW,
                    actor="a",
                    department="d",
                    purpose="p",
                    operation="",
                    document_hash="",
                    decision="answered",
                    policy_version="",
                )
            )

    with pytest.raises(NotRecorded):
        asyncio.run(record())


# What is told


@pytest.mark.usefixtures("telemetry")
def test_an_operation_is_told_by_its_name_and_its_documents_hash_and_never_by_what_was_asked(
    gateway: Any, otlp: Collector
) -> None:
    for name in ("Page", "q510326201401011234"):
        query = f'query {name}($v: String) {{ a: children(township: $v) {{ nodes {{ id }} }} b: children(state: "{CANARY}") {{ nodes {{ id }} }} }}'
        assert gateway.ask(query, {"v": CANARY}, by="xiaodian-officer").data["a"] == {"nodes": []}
        gateway.ask(f'query {name} {{ nothing(of: "{CANARY}") {{ id }} }}', by="xiaodian-officer")
    known = gateway.ask("query Known { children(first: 20) { nodes { id idNumber name } } }", by="xiaodian-officer")

    seen = otlp.wait_for_span(name="graphql Known")
    assert seen.attributes.keys() == {"operation", "document"}
    assert (seen.attributes["operation"], len(seen.attributes["document"])) == ("query", 64)
    child = next(node for node in known.data["children"]["nodes"] if node["idNumber"] and node["name"])
    otlp.wait_for_metric(name="baoxue.reads", at_least=1)
    for canary in (CANARY, "510326201401011234", child["idNumber"], child["name"], child["id"]):
        assert canary.encode() not in otlp.received()


@pytest.mark.usefixtures("telemetry")
def test_reads_are_counted_by_what_was_decided(gateway: Any, otlp: Collector) -> None:
    gateway.ask("{ children(first: 1) { nodes { id } } }", by="xiaodian-officer")
    gateway.ask("{ children { nodes { guardianPhone } } }", by="police-officer")
    gateway.ask("{ children(first: -1) { nodes { id } } }", by="xiaodian-officer")

    for decision, department in (("answered", "township"), ("denied", "public_security")):
        otlp.wait_for_metric(name="baoxue.reads", at_least=1, decision=decision, department=department)
        otlp.wait_for_metric(name="baoxue.request.duration", at_least=1, kind="query", outcome=decision)
    otlp.wait_for_metric(name="baoxue.request.duration", at_least=1, kind="query", outcome="malformed")


@pytest.mark.usefixtures("telemetry")
def test_a_receipt_that_could_not_be_written_is_counted(read_model: Any, otlp: Collector) -> None:
    asking = Asking(
        reader_dsn=read_model.dsn("gateway_reader"),
        writer_dsn="host=127.0.0.1 port=1 user=nobody",
        owner_dsn=read_model.superuser,
    )
    reply = asking.ask("{ children(first: 1) { nodes { id } } }", by="xiaodian-officer")
    asking.close()

    assert reply.status == 503
    assert otlp.wait_for_metric(name="baoxue.receipts.missing").value == 1
    otlp.wait_for_metric(name="baoxue.request.duration", outcome="unavailable")


# What is read


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'[{"query": "{ me { unit } }"}]', 400),
        (b'{"query": 1}', 400),
        (b'{"variables": {}}', 400),
        (b'{"query": "{ me { unit } }", "variables": []}', 400),
        (b'{"query": "' + b" " * 70_000 + b'"}', 413),
        (b"[" * 60_000, 400),
        (b'{"query": "\xff"}', 400),
    ],
)
def test_a_body_that_is_no_single_request_is_refused(gateway: Any, body: bytes, status: int) -> None:
    reply = gateway.send(body, token=gateway.token("bureau-office"), headers={"content-type": "application/json"})

    assert (reply.status, reply.code) == (status, "BAD_REQUEST")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_read(gateway: Any, media: str) -> None:
    reply = gateway.send(
        b'{"query": "{ me { unit } }"}', token=gateway.token("bureau-office"), headers={"content-type": media}
    )

    assert (reply.status, reply.code) == (415, "BAD_REQUEST")


@pytest.mark.parametrize("token", [None, "", "nonsense"])
def test_nobody_is_answered_without_a_token(gateway: Any, token: str | None) -> None:
    reply = gateway.send({"query": CHILD}, token=token)

    assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")


def test_clients_that_know_the_media_type_get_the_status_of_what_happened(gateway: Any) -> None:
    accept = {"accept": "application/graphql-response+json"}

    denied = gateway.send({"query": CHILD}, token=gateway.token("statistician"), headers=accept)
    unknown = gateway.send({"query": "{ nothing }"}, token=gateway.token("statistician"), headers=accept)

    assert (denied.status, denied.code) == (403, "FORBIDDEN")
    assert (unknown.status, unknown.code) == (400, "BAD_REQUEST")
    assert "Did you mean" not in unknown.message


# What is too much


def refused(gateway: Any, query: str) -> str:
    reply = gateway.ask(query, by="bureau-office")
    assert reply.code == "BAD_REQUEST"
    return reply.message


def test_a_bomb_of_fragments_is_refused_in_milliseconds(gateway: Any) -> None:
    levels = 60
    bomb = " ".join(f"fragment f{n} on Child {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels))
    query = f"{{ children {{ nodes {{ ...f0 }} }} }} {bomb} fragment f{levels} on Child {{ id }}"
    refused(gateway, "{ me { unit unit } nothing }")

    began = time.perf_counter()
    message = refused(gateway, query)

    assert "limited" in message
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ children { nodes { " + "openCase { child { " * 6 + "id" + " } }" * 6 + " } } }", "depth"),
        ("{ children { nodes { " + " ".join(f"a{n}: id" for n in range(16)) + " } } }", "aliases"),
        ("{ children { nodes { " + "id " * 301 + " } } }", "fields"),
        ("{ children { nodes { id " + "@include(if: true) " * 9 + " } } }", "directives"),
        ("{ children(first: 200) { nodes { cases { steps { id } child { cases { steps { id } } } } } } }", "cost"),
        ("{ " + " ".join(f"a{n}: townships {{ code }}" for n in range(7)) + " }", "at its root"),
        ("{ children { nodes { " + "a" * 61 + ": id } } }", "Aliases"),
        ("{ children { nodes { " + "id " * 1000 + " } } }", "token"),
        ("{ " * 400, "Syntax Error"),
        ("fragment f on Child { ...f } { children { nodes { ...f } } }", "depth"),
        ("query A { me { unit } } query B { me { unit } }", "operationName"),
        ("fragment f on Child { id }", ""),
    ],
)
def test_what_asks_too_much_or_is_no_document_is_refused_in_words(gateway: Any, query: str, says: str) -> None:
    assert says in refused(gateway, query)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($id: UUID!) { child(id: $id) { id } }", {"id": "not an id"}),
        ("query($id: UUID!) { child(id: $id) { id } }", {}),
        ("query($n: Int!) { children(first: $n) { nodes { id } } }", {"n": "five"}),
        ("query($d: Date) { partition(asOf: $d) { count } }", {"d": "yesterday"}),
        ('{ child(id: "x") { id } }', {}),
        ("query($id: Nothing) { child(id: $id) { id } }", {}),
    ],
)
def test_arguments_that_are_not_of_their_type_are_the_callers_mistake(gateway: Any, query: str, variables: Any) -> None:
    assert gateway.ask(query, variables, by="bureau-office").code == "BAD_REQUEST"


def test_words_in_arguments_are_never_read_as_sql(gateway: Any) -> None:
    for word in ("'; drop table child; --", "%s", "%(lo)s", "{a}", '"', "\\", "\x00"):
        reply = gateway.ask(
            "query($t: String) { children(township: $t) { nodes { id } } }", {"t": word}, by="bureau-office"
        )
        assert reply.body.get("data", {"children": {"nodes": []}}) == {"children": {"nodes": []}}
        assert "errors" not in reply.body or reply.code == "BAD_REQUEST"


# Row security by itself


def test_a_session_without_claims_sees_no_row(read_model: Any) -> None:
    tables = (
        "child child_identity finding case_file case_step document referral responsibility notice award receipt journal"
    )
    with psycopg.connect(read_model.dsn("gateway_reader"), autocommit=True) as connection:
        for emptied in (False, True):
            if emptied:
                connection.execute("select set_config('app.lo', '', false), set_config('app.hi', '', false)")
                for name in ("village", "school", "unit", "kind", "area", "receipts", "journal"):
                    connection.execute("select set_config(%s, '', false)", [f"app.{name}"])
            for table in tables.split():
                assert connection.execute(f"select count(*) from {table}".encode()).fetchone() == (0,), table


def test_the_reader_can_write_nothing(read_model: Any) -> None:
    with psycopg.connect(read_model.dsn("gateway_reader"), autocommit=True) as connection:
        for table in ("child", "receipt", "journal", "tracking"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"delete from {table}".encode())


# Around it


def test_the_page_to_try_queries_is_there_in_development_and_loads_nothing_from_elsewhere(gateway: Any) -> None:
    page = gateway.runner.run(gateway._http.get("/graphql", headers={"accept": "text/html"}))

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_what_tools_ask_of_the_schema_is_answered_where_introspection_is_open(gateway: Any) -> None:
    answer = gateway.ask(get_introspection_query(input_value_deprecation=True), by="bureau-office")

    assert {"Query", "Mutation", "Child"} <= {found["name"] for found in answer.data["__schema"]["types"]}


def test_a_question_to_the_schema_can_be_too_deep_too(gateway: Any) -> None:
    deep = "{ __schema { types { fields { type " + "{ ofType " * 20 + "{ name }" + "}" * 20 + " } } } }"

    assert "depth" in refused(gateway, deep)
