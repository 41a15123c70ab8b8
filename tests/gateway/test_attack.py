"""The gateway under attack: what is held here, and where the rest of the OWASP GraphQL list is held.

| OWASP GraphQL cheat sheet | held by |
|---|---|
| input validation, injection | here: every text argument with a corpus; `test_endpoint.py` words in arguments |
| depth, amount, cost, aliases, directives, tokens | `test_endpoint.py` what asks too much; here: in time linear in the document |
| paging | `test_endpoint.py` page sizes; `test_compile.py` pages follow each other |
| batching attacks | here: a batch and an array are refused; aliases of a root are counted |
| timeouts, rate limits | `test_quotas.py`; here: a body that does not end; `tests/chassis/test_web.py` a head that does not end |
| access control, object by object and field by field | `test_matrix.py`, `test_compile.py`; here: ids tried one after another |
| tokens | `tests/access/test_principal.py`; here: the algorithm confused, a purpose the unit has not |
| introspection, suggestions, query page | here; `test_trusted.py` |
| errors that tell too much | here: a document made at random meets no error of ours |
| cross-site requests | here: no form of a browser is taken; `test_trusted.py` GET changes nothing |

`make attack` runs this for long.
"""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLScalarType, get_named_type, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from joserfc import jws
from joserfc.jwk import OctKey

from gateway.schema.limits import refuse_excess
from gateway.schema.paging import BadArgument
from gateway.schema.schema import build_schema
from tests.gateway import county

ROUNDS = int(os.environ.get("BAOXUE_ATTACK_ROUNDS", "25"))
SCHEMA = build_schema()
SDL = SCHEMA.as_str()
TEXTS = (
    "'",
    "' or '1'='1",
    "'; drop table child; --",
    "\\'; select pg_sleep(9); --",
    "%(lo)s",
    "%s%%",
    "$1",
    "{a}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "\t=1",
    "\x00",
    "\ud800",
    "\u202e410326103",
    "../../etc/passwd",
    "<script>",
    "410326%",
    "4103261__",
    "某" * 2000,
)
"""What was ever read as code by somebody: SQL, placeholders, formulas, patterns, paths, and what is no text."""


# Documents made to be dear


def fan(levels: int) -> str:
    """Fragments that each spread the next one twice: two to the power of `levels` ways through."""
    spread = " ".join(f"fragment f{n} on Child {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels))
    return f"{{ children {{ nodes {{ ...f0 }} }} }} {spread} fragment f{levels} on Child {{ id }}"


def crossed(levels: int) -> str:
    """The same by inline fragments and fields that lead back."""
    spread = " ".join(
        f"fragment f{n} on Child {{ openCase {{ child {{ ...f{n + 1} ... on Child {{ ...f{n + 1} }} }} }} }}"
        for n in range(levels)
    )
    return f"{{ children {{ nodes {{ ...f0 }} }} }} {spread} fragment f{levels} on Child {{ id }}"


HOSTILE = {
    "fragments that fan out": fan,
    "fragments that lead back": crossed,
    "aliases": lambda n: "{ children { nodes { " + " ".join(f"a{i}: id" for i in range(n)) + " } } }",
    "roots": lambda n: "{ " + " ".join(f"r{i}: townships {{ code }}" for i in range(n)) + " }",
    "directives": lambda n: "{ children { nodes { id " + "@include(if: true) " * n + " } } }",
    "depth": lambda n: "{ children { nodes { " + "openCase { child { " * n + "id" + " } }" * n + " } } }",
    "fragments nobody uses": lambda n: (
        "{ me { unit } } " + " ".join(f"fragment f{i} on Child {{ id }}" for i in range(n))
    ),
    "operations": lambda n: " ".join(f"query q{i} {{ me {{ unit }} }}" for i in range(n)),
    "a circle": lambda n: (
        "{ children { nodes { ...f0 } } } "
        + " ".join(f"fragment f{i} on Child {{ ...f{(i + 1) % n} id }}" for i in range(n))
    ),
}


def steps(document: str) -> int:
    """How many functions are entered to measure a document: its cost without a clock."""
    tree, count = parse(document, no_location=True), 0

    def enter(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(enter)
    try:
        refuse_excess(tree)
    except BadArgument:
        pass
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_document_is_measured_in_steps_linear_in_its_length(kind: str) -> None:
    short, long = HOSTILE[kind](20), HOSTILE[kind](80)

    assert steps(long) <= steps(short) * (len(long) / len(short)) * 1.5 + 50


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind not in {"fragments nobody uses", "operations"}])
def test_a_document_made_to_be_dear_is_refused(gateway: Any, kind: str) -> None:
    assert gateway.ask(HOSTILE[kind](40), by="bureau-office").code == "BAD_REQUEST"


@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_document_made_at_random_meets_no_error_of_ours(gateway: Any, data: st.DataObject) -> None:
    document = data.draw(queries(SDL, custom_scalars=SCALARS))

    reply = gateway.ask(document, by=data.draw(st.sampled_from(["bureau-office", "police-officer", "statistician"])))

    codes = {error["extensions"]["code"] for error in reply.body.get("errors", ())}
    assert codes <= {"BAD_REQUEST", "FORBIDDEN", "NOT_FOUND"}, document


def _node(text: str) -> Any:
    from hypothesis_graphql import nodes  # noqa: PLC0415  # its strategies of scalars are made of these

    return nodes.String(text)


SCALARS = {
    "UUID": st.one_of(st.uuids().map(str), st.text(max_size=8)).map(_node),
    "Date": st.one_of(st.dates().map(str), st.text(max_size=8)).map(_node),
    "DateTime": st.one_of(st.datetimes().map(lambda moment: f"{moment.isoformat()}+08:00"), st.text(max_size=8)).map(
        _node
    ),
}


# Words that are read as code somewhere


def text_arguments() -> Iterator[tuple[str, str, str]]:
    """Root, argument and a selection, for every argument of Query that takes a text."""
    query = SCHEMA._schema.query_type
    for name, definition in query.fields.items():
        inner = get_named_type(definition.type)
        plain = "" if isinstance(inner, GraphQLScalarType) else "{ __typename }"
        for argument, wanted in definition.args.items():
            if get_named_type(wanted.type).name in {"String", "ID"}:
                yield name, argument, plain


@pytest.mark.parametrize(("root", "argument", "selection"), list(text_arguments()), ids=str)
def test_a_text_is_never_read_as_anything_else(gateway: Any, root: str, argument: str, selection: str) -> None:
    kind = str(SCHEMA._schema.query_type.fields[root].args[argument].type)
    others = "".join(
        f', {name}: "{uuid4()}"'
        for name, wanted in SCHEMA._schema.query_type.fields[root].args.items()
        if name != argument and str(wanted.type) == "UUID!"
    )
    document = f"query($text: {kind}) {{ {root}({argument}: $text{others}) {selection} }}"
    for text in TEXTS if ROUNDS > 100 else TEXTS[::3]:
        body = json.dumps({"query": document, "variables": {"text": text}}).encode()

        reply = gateway.send(body, token=gateway.token("bureau-office"), headers={"content-type": "application/json"})

        if "errors" in reply.body:
            assert reply.code in {"BAD_REQUEST", "FORBIDDEN"}, (text, reply.body)
        else:
            shown = reply.data[root]
            assert not (shown or {}).get("nodes", []) if isinstance(shown, dict) else not shown, text


# Requests that are none


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_site_can_send_is_not_taken(gateway: Any, media: str) -> None:
    reply = gateway.send(
        b'{"query":"{ me { unit } }"}', token=gateway.token("bureau-office"), headers={"content-type": media}
    )

    assert (reply.status, reply.code) == (415, "BAD_REQUEST")


@pytest.mark.parametrize("body", [[{"query": "{ me { unit } }"}] * 2, [], "text", 1, None])
def test_a_batch_or_whatever_else_is_no_object_is_refused(gateway: Any, body: Any) -> None:
    assert gateway.send(json.dumps(body).encode(), token=gateway.token("bureau-office"), headers=JSON).status == 400


JSON = {"content-type": "application/json"}


def test_variables_nested_without_end_are_refused(gateway: Any) -> None:
    body = b'{"query":"{ me { unit } }","variables":{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}}"

    assert gateway.send(body, token=gateway.token("bureau-office"), headers=JSON).code == "BAD_REQUEST"


def test_a_body_that_does_not_end_is_given_up(gateway: Any) -> None:
    """The bound is the endpoint's own, so a slow body can't outlast it; here the body ends by the caller hanging up."""
    told: list[Any] = []
    parts = iter([{"type": "http.request", "body": b'{"query":', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer x")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    gateway.runner.run(asyncio.wait_for(gateway.app(scope, receive, send), 5))

    assert told[0]["status"] == 400


# Tokens and ids


def test_a_token_signed_with_the_public_key_as_a_secret_is_nobodys(gateway: Any) -> None:
    header, claims, _ = gateway.token("bureau-office").split(".")
    public = gateway.runner.run(gateway.issuer.keys())["keys"][0]
    raw = base64.urlsafe_b64decode(public["x"] + "==")
    told = json.loads(base64.urlsafe_b64decode(header + "=="))
    payload = base64.urlsafe_b64decode(claims + "==")
    for algorithm in ("HS256", "HS512"):
        forged = jws.serialize_compact(
            {**told, "alg": algorithm}, payload, OctKey.import_key(raw), algorithms=[algorithm]
        )

        assert gateway.send({"query": "{ me { unit } }"}, token=forged).code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("unit", "purpose"),
    [
        ("public_security:410326", "assistance"),
        ("civil_affairs:410326", "identity_check"),
        ("statistics:410326", "dropout_control"),
        ("school:3141000300", "supervision"),
        ("nobody:410326", "dropout_control"),
        ("education_bureau:410326", "nothing"),
    ],
)
def test_a_token_for_a_purpose_its_unit_does_not_have_opens_nothing(gateway: Any, unit: str, purpose: str) -> None:
    for query in ("{ children { nodes { id } } }", "{ partition { count } }", "{ notices { nodes { id } } }"):
        assert gateway.ask(query, by=(unit, purpose)).code == "FORBIDDEN"


def test_ids_tried_one_after_another_tell_nothing(gateway: Any) -> None:
    """There and elsewhere, there and not mine, nowhere: the same bytes."""
    query = "query($id: UUID!) { child(id: $id) { id township } case: case(id: $id) { id } }"
    elsewhere = [
        row["child_id"]
        for table, row in county.county_rows()
        if table == "child" and row["township"] == county.ELSEWHERE
    ]

    answers = {
        str(gateway.ask(query, {"id": str(tried)}, by="xiaodian-officer").body)
        for tried in [*elsewhere, *(uuid4() for _ in range(20))]
    }

    assert answers == {"{'data': {'child': None, 'case': None}}"}
