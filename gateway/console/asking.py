"""How pages ask and act: the gateway's own /graphql, called in this process as any partner calls it over HTTP.

The same token, limits, rights and receipts hold, since it is the same endpoint; a page knows nothing that a partner with this
token could not know. An error in an answer is raised as `Said`, with the gateway's code and words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from starlette.types import ASGIApp, Message, Receive

_PATH = "/graphql"


class Said(Exception):
    """The gateway gave no answer, and says why: one of its codes, words for people, when to ask again, and what else it told."""

    def __init__(
        self, code: str, message: str, *, after_s: int | None = None, told: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.after_s = after_s
        self.told = told or {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for, how far what was read had come, and under which version of the policy."""

    data: Mapping[str, Any]
    as_of: Mapping[str, int]
    policy: str


class Asking:
    """Asks the endpoint."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint

    async def ask(
        self, document: str, *, token: str, variables: Mapping[str, object] | None = None, key: UUID | None = None
    ) -> Answer:
        """The answer to a document under a token; `key` makes a command one that can be sent again. Raises `Said`."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = str(key)
        body = msgspec.json.encode({"query": document, "variables": dict(variables or {})})
        told, raw = await self._call(headers, body)
        answer = msgspec.json.decode(raw)
        if answer.get("errors"):
            error = answer["errors"][0]
            after = told.get("retry-after", "")
            code = str(error.get("extensions", {}).get("code", "INTERNAL"))
            raise Said(code, str(error["message"]), after_s=int(after) if after.isdigit() else None)
        as_of = told.get("baoxue-as-of", "")
        return Answer(answer["data"], msgspec.json.decode(as_of) if as_of else {}, told.get("baoxue-policy", ""))

    async def _call(self, headers: Mapping[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        told: dict[str, str] = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.update({name.decode(): value.decode() for name, value in message["headers"]})
            else:
                parts.append(message.get("body", b""))

        scope = {
            "type": "http",
            "method": "POST",
            "path": _PATH,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await self._endpoint(scope, receive, send)
        return told, b"".join(parts)


class Files:
    """The file routes, called in this process like /graphql, for what a browser hands in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def call(
        self,
        path: str,
        *,
        token: str,
        receive: Receive,
        query: str = "",
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """What a file route answers as JSON; `receive` gives the body as it comes. Raises `Said`."""
        status = 500
        parts: list[bytes] = []

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        given = {"authorization": f"Bearer {token}", **(headers or {})}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        }
        await self._app(scope, receive, send)
        try:
            answer: Mapping[str, Any] = msgspec.json.decode(b"".join(parts))
        except msgspec.DecodeError:
            raise Said("INTERNAL", "") from None
        if status >= 400:
            raise Said(str(answer.get("code", "INTERNAL")), str(answer.get("message", "")), told=answer)
        return answer


async def nothing() -> Message:
    """The body of a request without one."""
    return {"type": "http.request", "body": b"", "more_body": False}


def given_at_once(body: bytes) -> Receive:
    """A body that is there already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
