"""An HTTP request read as one GraphQL operation, after the GraphQL over HTTP specification: POST with JSON, or GET for queries.

A document comes as text or, trusted and kept here before, by its `documentId` (`sha256:` and 64 hexadecimal digits). What is
not of its form is refused before anybody asks who sent it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope

from gateway.schema.limits import BYTES

JSON = b"application/json"
POLICY_HEADER = "baoxue-policy"
"""Names, on every answer, the version of the policy it was given under."""
_PARAMETERS = frozenset({"query", "variables", "operationName", "extensions", "documentId"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A GraphQL request; one operation, never a batch. `safe`: sent by GET, which may change nothing."""

    query: str | None
    document_id: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    safe: bool


class _Body(msgspec.Struct, rename={"operation_name": "operationName", "document_id": "documentId"}):
    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


class BadRequest(Exception):
    """The HTTP request can't be read; the message says what is asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_request(scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> Request:
    """The request; raises `BadRequest`."""
    if scope["method"] == "GET":
        return _from_address(scope["query_string"])
    if scope["method"] != "POST":
        raise BadRequest(405, "Send a POST, or a GET for a query.")
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != JSON:
        raise BadRequest(415, "Send application/json.")
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(400, "The request broke off.")
        body += message.get("body", b"")
        if len(body) > BYTES:
            raise BadRequest(413, f"A request is at most {BYTES // 1024} kB.")
        more = message.get("more_body", False)
    try:
        return _whole(_decoder.decode(body), safe=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest(400, 'Send one JSON object: {"query", "variables", "operationName"}.') from None


def _from_address(query_string: bytes) -> Request:
    if len(query_string) > BYTES:
        raise BadRequest(414, f"An address is at most {BYTES // 1024} kB; send a POST.")
    try:
        given = dict(parse_qsl(query_string.decode("ascii"), keep_blank_values=True, max_num_fields=8, errors="strict"))
        objects = {name: msgspec.json.decode(given[name]) for name in ("variables", "extensions") if given.get(name)}
        told = {name: text for name, text in given.items() if name in _PARAMETERS and text} | objects
        read = msgspec.convert(told, _Body)
    except (ValueError, RecursionError):
        raise BadRequest(400, "Send query, variables (JSON) and operationName, each once, in UTF-8.") from None
    return _whole(read, safe=True)


def _whole(body: _Body, *, safe: bool) -> Request:
    if (body.query is None) == (body.document_id is None):
        raise BadRequest(400, "Send either a document as query, or the documentId of a trusted one.")
    return Request(
        query=body.query,
        document_id=body.document_id,
        variables=body.variables,
        operation_name=body.operation_name,
        safe=safe,
    )


_decoder = msgspec.json.Decoder(_Body)
