"""Commands to the services over HTTP, in the caller's name; nothing else here speaks to them.

A command carries an idempotency key: the same key again gets the first answer, so a retry after a lost answer is safe
and is made once here by itself. After the answer the gateway waits, bounded, until its own read model has come as far as
the command's position, so that people read what they wrote; where it does not get there in time the answer says so.
"""

import asyncio
from collections.abc import AsyncIterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, Protocol
from uuid import UUID, uuid4, uuid5

import httpx
import msgspec
from opentelemetry.trace import SpanKind

from gateway.access.principal import Principal
from gateway.readmodel.changes import Changes
from gateway.readmodel.reading import Reader, ReadModelUnavailable, claims
from services.chassis.errors import Forbidden, NotFound, Refused, ServiceError, Stale
from services.chassis.proving import Proven
from services.chassis.telemetry import span, traceparent
from services.contracts.divisions import COUNTY

LOOK_AGAIN_S = 0.25
"""How long nothing is heard of the read model until it is looked at all the same."""
PASSED_IN_S = 60.0
"""How long a file may stand still on its way to or from a service."""
MOST_PASSED = 64 * 1024 * 1024
_KINDS: Mapping[str, type[ServiceError]] = {kind.code: kind for kind in (NotFound, Refused, Forbidden, Stale)}


class CommandUncertain(Exception):
    """The service didn't answer: the command may or may not have been carried out; the same key asks again safely."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a service answers: the id it created or changed, and the position readers must reach to see it."""

    id: UUID
    position: int


class Passed(msgspec.Struct, frozen=True):
    """What a service answered to something passed on, as it stands."""

    body: bytes
    status: int
    media_type: str


class _Head(msgspec.Struct, frozen=True):
    position: int


class _Problem(msgspec.Struct, frozen=True):
    code: str = "ERROR"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is named to a service: the account, the unit it acts for, and on what ground."""

    actor: str
    unit: str
    purpose: str


PUBLIC = Caller("public", f"public:{COUNTY}", "public_report")
"""Anybody, on the public's pages."""
_OF_THE_PUBLIC = frozenset({"receive_public_report", "supplement_public_report"})


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service is reached; `transport` is for one that runs in the same process."""

    base_url: str
    transport: httpx.AsyncBaseTransport | None = None


class Visibility(Protocol):
    """Knows how far the read model has come."""

    async def reached(self, producer: str, position: int, timeout_s: float) -> bool:
        """Waits until what `producer` told up to `position` can be read; False where that takes longer than allowed."""
        ...

    async def close(self) -> None:
        """Lets go of what it hears by."""
        ...


class Commands:
    """Sends commands to the services."""

    def __init__(
        self, *, services: Mapping[str, Service], token: str, visibility: Visibility, timeout_s: float = 5.0
    ) -> None:
        """`token` is the secret the services share with the gateway; `timeout_s` bounds each of answer and visibility."""
        self._visibility = visibility
        self._timeout_s = timeout_s
        self._clients = {
            name: httpx.AsyncClient(
                base_url=service.base_url,
                transport=service.transport,
                timeout=timeout_s,
                headers={"authorization": f"Bearer {token}"},
                limits=httpx.Limits(max_connections=32),
            )
            for name, service in services.items()
        }

    async def send(
        self,
        service: str,
        command: str,
        body: Mapping[str, object],
        *,
        principal: Principal,
        idempotency_key: UUID,
        trace: str = "",
    ) -> Answer:
        """Carries a command to its service; raises what the service refused with, or `CommandUncertain`.

        That the caller may send it at all is asked here once more, so that no caller of this can forget. `trace` is the
        traceparent of the gateway's own span, never a partner's: services record what it says.
        """
        principal.grants.require_command(command)
        return await self._send(
            service, command, body, caller=_caller(principal), idempotency_key=idempotency_key, trace=trace
        )

    async def hear_public(
        self, command: str, body: Mapping[str, object], *, idempotency_key: UUID, trace: str = ""
    ) -> Answer:
        """Carries to cases what somebody of the public says; raises what was refused, or `CommandUncertain`.

        Nobody's right is asked, since everybody may report (N3.5); so these commands and no others go this way.
        """
        if command not in _OF_THE_PUBLIC:
            raise Forbidden("The public reports, and adds to a report; nothing else.")
        return await self._send("cases", command, body, caller=PUBLIC, idempotency_key=idempotency_key, trace=trace)

    async def tell(
        self,
        recipient: str,
        *,
        reason: str,
        area: str,
        principal: Principal,
        about: UUID | None = None,
        trace: str = "",
    ) -> None:
        """Raises a notice to a unit of what its caller did here; raises what was refused, or `CommandUncertain`.

        Nobody asks for it, so nobody needs the right to; `about` makes it one notice, however often it is told.
        """
        cause = about or uuid4()
        body = {"cause": cause, "about": cause, "recipient": recipient, "reason": reason, "area": area}
        key = uuid5(cause, f"{recipient}/{reason}")
        await self._send("notify", "raise_notice", body, caller=_caller(principal), idempotency_key=key, trace=trace)

    async def _send(
        self,
        service: str,
        command: str,
        body: Mapping[str, object],
        *,
        caller: Caller,
        idempotency_key: UUID,
        trace: str,
    ) -> Answer:
        headers = _headers(caller, idempotency_key) | {"content-type": "application/json"}
        name = command.replace("_", "-")
        content = msgspec.json.encode(body)
        with span(f"send {service} {name}", parent=trace, kind=SpanKind.CLIENT):
            if current := traceparent():
                headers["traceparent"] = current
            return _answer(await self._post(service, f"/commands/{name}", content=content, headers=headers))

    async def _post(self, service: str, path: str, *, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Posts, and once more where no answer came; raises `CommandUncertain`."""
        for _attempt in (1, 2):
            with suppress(httpx.HTTPError):
                return await self._clients[service].post(path, content=content, headers=headers)
        raise CommandUncertain

    async def pass_on(
        self,
        service: str,
        path: str,
        *,
        command: str,
        principal: Principal,
        idempotency_key: UUID,
        upload: AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Passed:
        """Fetches a file from a service, or streams one on to it; raises what it refused with, or `CommandUncertain`.

        `command` is what the caller needs the right to. An upload is sent once: what was streamed can't be sent again. An
        answer is read up to `MOST_PASSED` bytes.
        """
        principal.grants.require_command(command)
        method = "GET" if upload is None else "POST"
        sent = {**(headers or {}), **_headers(_caller(principal), idempotency_key)}
        with span(f"pass {service} {command.replace('_', '-')}", kind=SpanKind.CLIENT):
            if current := traceparent():
                sent["traceparent"] = current
            try:
                async with self._clients[service].stream(
                    method, path, content=upload, headers=sent, timeout=PASSED_IN_S
                ) as response:
                    return await _passed(response)
            except httpx.HTTPError:
                raise CommandUncertain from None

    async def pass_report(self, channel: str, content: bytes, *, headers: Mapping[str, str]) -> int:
        """Passes on to notify what a provider reports, and answers with its status; raises `CommandUncertain`."""
        return (await self._post("notify", f"/reports/{channel}", content=content, headers=headers)).status_code

    async def head(self, service: str) -> int:
        """The position of a service's newest event; raises `CommandUncertain` where it doesn't answer."""
        try:
            response = await self._clients[service].get("/head")
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=_Head).position
        except (httpx.HTTPError, msgspec.DecodeError):
            raise CommandUncertain from None

    async def proof(self, service: str, *, position: int | None = None, earlier: int | None = None) -> Proven:
        """What a service's log says of one of its entries, or of the way from an earlier checkpoint, to be checked by whoever asks.

        Raises what the service refused with, and `CommandUncertain` where it doesn't answer, or says more than `MOST_PASSED` bytes.
        """
        asked = {name: value for name, value in (("position", position), ("earlier", earlier)) if value is not None}
        try:
            async with self._clients[service].stream("GET", "/proof", params=asked) as response:
                passed = await _passed(response)
            return msgspec.json.decode(passed.body, type=Proven)
        except (httpx.HTTPError, msgspec.DecodeError):
            raise CommandUncertain from None

    async def visible(self, service: str, answer: Answer) -> bool:
        """Whether the command's effect can be read by now, having waited for it a bounded while."""
        return await self._visibility.reached(service, answer.position, self._timeout_s)

    async def close(self) -> None:
        """Lets go of all connections."""
        for client in self._clients.values():
            await client.aclose()
        await self._visibility.close()


def _caller(principal: Principal) -> Caller:
    return Caller(principal.actor, principal.unit, principal.purpose)


def _headers(caller: Caller, idempotency_key: UUID) -> dict[str, str]:
    return {
        "idempotency-key": str(idempotency_key),
        "x-actor": caller.actor,
        "x-department": caller.unit,
        "x-purpose": caller.purpose,
        "x-correlation-id": str(uuid4()),
    }


async def _passed(response: httpx.Response) -> Passed:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MOST_PASSED:
            raise CommandUncertain
    if response.status_code >= 300:
        _refuse(response.status_code, bytes(body))
    return Passed(bytes(body), response.status_code, response.headers.get("content-type", "application/octet-stream"))


def _answer(response: httpx.Response) -> Answer:
    if response.status_code != 200:
        _refuse(response.status_code, response.content)
    return msgspec.json.decode(response.content, type=Answer)


def _refuse(status: int, content: bytes) -> NoReturn:
    """Raises what a service refused with."""
    try:
        problem = msgspec.json.decode(content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    if problem.code in _KINDS:
        raise _KINDS[problem.code](problem.message)
    if status in {400, 413, 415}:
        raise Refused(problem.message)
    raise CommandUncertain


class ReadModelVisibility:
    """Looks at the read model's journal and tracking when it has moved while anybody waits, one look for all who do."""

    def __init__(self, *, reader: Reader, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._reader = reader
        self._changes = Changes(dsn=reader.dsn)
        self._look_again_s = look_again_s
        self._waiting: dict[tuple[str, int], list[asyncio.Future[bool]]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def reached(self, producer: str, position: int, timeout_s: float) -> bool:
        """Waits until an event of this position was projected, or every partition has passed it; False where it is parked."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((producer, position), []).append(done)
        try:
            async with asyncio.timeout(timeout_s):
                if self._looking is None or self._looking.done():
                    self._looking = asyncio.create_task(self._look_on(), name="visibility")
                else:  # it may wait for a change, and what it waits for here has perhaps come before
                    await self._look([(producer, position)])
                return await done
        except TimeoutError:
            self._forget((producer, position), done)
            return False

    async def close(self) -> None:
        """Listens no more."""
        await self._changes.close()

    async def _look_on(self) -> None:
        """Looks at all that is waited for, again and again when the read model has moved."""
        while self._waiting:
            moved = self._changes.count
            await self._look(list(self._waiting))
            if self._waiting:
                await self._changes.after(moved, within_s=self._look_again_s)

    async def _look(self, places: list[tuple[str, int]]) -> None:
        for place, is_shown in (await self._seen(places)).items():
            for done in self._waiting.pop(place, []):
                if not done.done():
                    done.set_result(is_shown)

    async def _seen(self, places: list[tuple[str, int]]) -> dict[tuple[str, int], bool]:
        """Of these places those that the read model has passed, and whether what happened there is shown."""
        try:
            return {
                (producer, position): not is_parked
                for producer, position, is_parked in await self._reader.fetch(
                    _SEEN,
                    {"producers": [place[0] for place in places], "positions": [place[1] for place in places]},
                    claims=claims(journal="on"),
                )
            }
        except ReadModelUnavailable:
            return {}

    def _forget(self, place: tuple[str, int], done: asyncio.Future[bool]) -> None:
        waiting = self._waiting.get(place, [])
        if done in waiting:
            waiting.remove(done)
        if not waiting:
            self._waiting.pop(place, None)


# An event is journalled in the transaction that projects it. Where a transport has one partition, tracking says the same
# of events that are not journalled; with several, all of a producer's partitions have to be past the position. A parked
# event is journalled and passed, and not shown.
_SEEN = b"""
    select w.producer, w.position, exists (select from parked p where p.reader = 'gateway' and p.producer = w.producer
      and p.place = w.position and p.type <> '' and p.state <> 'handled')
    from unnest(%(producers)s::text[], %(positions)s::bigint[]) as w (producer, position)
    where exists (select from journal j where j.producer = w.producer and j.position = w.position)
       or (select bool_and(t.position >= w.position) from tracking t where starts_with(t.name, w.producer || '/'))"""
