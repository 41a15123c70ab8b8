"""Trusted documents: outside development only what was registered is run, by its id or by its very text."""

import asyncio
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate

from gateway.access.policy import Grants, load_policy
from gateway.access.quotas import Quota
from gateway.access.receipts import Receipts
from gateway.app import build_gateway
from gateway.readmodel.reading import Reader
from gateway.request import BadRequest, read_request
from gateway.schema.rights import asked_fields, require_rights
from gateway.schema.schema import build_schema
from gateway.schema.trusted import id_of, read_documents
from services.chassis.errors import Forbidden, Refused

REGISTERED = "query Townships { townships { code name } }"
OTHER = "query Townships { townships { code } }"
CHANGING = "mutation { __typename }"
OFFICER = "xiaodian-officer"


SCHEMA = "query Schema { __schema { queryType { name } } }"


class Partner:
    """A partner's program before a gateway that is open to real data."""

    def __init__(self, gateway: Any, documents: Path, quota: Quota) -> None:
        self._gateway = gateway
        self.runner = asyncio.Runner()
        app = build_gateway(
            policy=gateway.policy,
            tokens=gateway.tokens,
            reader=Reader(dsn=gateway.reader_dsn, connections=1),
            receipts=Receipts(dsn=gateway.writer_dsn),
            clock=gateway.clock,
            documents=documents,
            quota=quota,
        )
        self.lifespan = app.router.lifespan_context(app)
        self.runner.run(self.lifespan.__aenter__())
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")

    def sends(self, method: str = "POST", *, role: str = "officer", **given: Any) -> httpx.Response:
        """Sends a request as a township's officer, or with another role of the unit."""
        token = self._gateway.token(OFFICER, role=role)
        headers = {"authorization": f"Bearer {token}"} | given.pop("headers", {})
        return self.runner.run(self.http.request(method, "/graphql", headers=headers, **given))

    def close(self) -> None:
        """Ends the gateway."""
        self.runner.run(self.http.aclose())
        self.runner.run(self.lifespan.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with two registered documents, of which one asks for the schema."""
    folder = tmp_path / "documents" / "civil-affairs"
    folder.mkdir(parents=True)
    (folder / "townships.graphql").write_text(REGISTERED, encoding="utf-8")
    (folder / "schema.graphql").write_text(SCHEMA, encoding="utf-8")
    return tmp_path / "documents"


@pytest.fixture
def partner(gateway: Any, documents: Path) -> Iterator[Partner]:
    """A partner's program with a quota of four requests a minute."""
    partner = Partner(gateway, documents, Quota(requests=4, rows=600_000))
    yield partner
    partner.close()


def test_a_registered_document_is_run_by_its_id_and_by_its_text(partner: Partner) -> None:
    by_id = partner.sends(json={"documentId": id_of(REGISTERED)}).json()

    assert by_id["data"]["townships"]
    assert partner.sends(json={"query": REGISTERED}).json() == by_id
    assert partner.sends("GET", params={"documentId": id_of(REGISTERED)}).json() == by_id


@pytest.mark.parametrize("sent", [{"query": OTHER}, {"documentId": id_of(OTHER)}, {"documentId": "sha256:"}])
def test_any_other_is_refused_in_words(partner: Partner, sent: dict[str, str]) -> None:
    reply = partner.sends(json=sent, headers={"accept": "application/graphql-response+json"})

    assert reply.status_code == 400
    assert reply.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "regist" in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("role", ["officer", "head"])
def test_the_schema_is_shown_to_nobody_but_developers(partner: Partner, role: str) -> None:
    [error] = partner.sends(json={"query": SCHEMA}, role=role).json()["errors"]

    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert "developers' accounts" in error["message"]


def test_a_developer_is_shown_the_schema_by_a_registered_document_and_no_more_of_anybody(
    partner: Partner, gateway: Any
) -> None:
    assert partner.sends(json={"query": SCHEMA}, role="developer").json()["data"] == {
        "__schema": {"queryType": {"name": "Query"}}
    }
    own = partner.sends(json={"query": "{ __schema { types { name } } }"}, role="developer").json()
    assert "registered" in own["errors"][0]["message"]
    for query in (
        "{ children(first: 50) { nodes { id name idNumber guardianPhone } } }",
        "{ me { commands grants { type field mode } } }",
    ):
        assert gateway.ask(query, by=OFFICER, role="developer").body == gateway.ask(query, by=OFFICER).body
    approve = (
        'mutation { approvePurpose(officer: "x", until: "2026-12-01", reason: "岗位分工调整，承办本项工作") { id } }'
    )
    legal = ("procuratorate:410326", "legal_supervision")
    assert gateway.ask(approve, by=legal, role="developer").code == "FORBIDDEN"


def test_there_is_no_page_to_try_queries_in(partner: Partner) -> None:
    assert partner.sends("GET", headers={"accept": "text/html"}).status_code == 400


def test_whoever_asks_more_than_its_share_is_told_when_to_go_on(partner: Partner) -> None:
    replies = [partner.sends(json={"query": REGISTERED}) for _ in range(5)]

    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 429]
    assert replies[-1].json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 16


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": REGISTERED, "documentId": id_of(REGISTERED)},
        {"query": REGISTERED, "variables": "no json"},
        {"query": REGISTERED, "variables": "[1]"},
    ],
)
def test_an_address_that_is_no_single_request_is_refused(gateway: Any, params: Any) -> None:
    assert gateway.send(b"", token=gateway.token(OFFICER), method="GET", params=params).status == 400


def test_an_address_that_is_no_utf8_is_refused() -> None:
    async def never() -> Any:
        raise AssertionError

    with pytest.raises(BadRequest) as refused:
        asyncio.run(read_request({"method": "GET", "query_string": b"query=%FF"}, {}, never))
    assert refused.value.status == 400


def test_what_changes_something_is_never_sent_by_get(gateway: Any) -> None:
    reply = gateway.send(b"", token=gateway.token(OFFICER), method="GET", params={"query": CHANGING})

    assert (reply.status, reply.code) == (405, "BAD_REQUEST")


def test_a_folder_that_is_not_there_or_cant_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="BAOXUE_DOCUMENTS"):
        read_documents(tmp_path / "nowhere", free=False)
    (tmp_path / "broken.graphql").write_bytes(b"\xff\xfe")
    with pytest.raises(Refused, match="UTF-8"):
        read_documents(tmp_path, free=False)


def test_every_document_that_comes_with_the_gateway_can_be_asked_by_somebody() -> None:
    schema, policy = build_schema()._schema, load_policy()
    for file in resources.files("gateway.documents").iterdir():
        if not file.name.endswith(".graphql"):
            continue
        document = parse(file.read_text(encoding="utf-8"))
        assert validate(schema, document) == [], file.name
        [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        asked = asked_fields(schema, operation, {})
        assert any(_granted(asked, grants) for grants in policy.grants.values()), file.name


def _granted(asked: Any, grants: Grants) -> bool:
    try:
        require_rights(asked, grants=grants)
    except Forbidden:
        return False
    return True
