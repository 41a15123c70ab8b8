"""Text messages 短信 by a gateway over HTTP, whoever runs it: three calls that every provider's own interface can be put into.

    POST <address>/messages         {"key", "to", "text"}       200 {"reference"}: taken; the same key again is the same message
    GET  <address>/messages/<key>                               200 {"state", "failure"}: what became of it; 404: never seen
    and its report to us            {"key", "state", "failure"} when it has arrived or has not

Requests are signed (`signing.py`) with the secret `sms.key`, reports with `reports.key` (`services/notify/reports.py`). `state` is accepted, delivered or failed; `failure`
unknown_address or refused. A county whose provider speaks otherwise puts a small translator between; the number is in the
body alone, never in an address.
"""

from typing import Final, Literal
from uuid import UUID

import msgspec

from services.chassis.clock import Clock
from services.notify.channels.door import Away, Door, NoEntry, Reply, Unanswered
from services.notify.channels.signing import signed
from services.notify.domain.contact import Address, ChannelName
from services.notify.domain.dispatch import Outcome
from services.notify.domain.message import Message

SMS_PER_MINUTE: Final = 300

_OPEN: Final = Outcome(result="open")
_AWAY: Final = Outcome(result="failed", failure="unreachable")


class _Taken(msgspec.Struct):
    reference: str = ""


class State(msgspec.Struct):
    """What became of a message."""

    state: Literal["accepted", "delivered", "failed"]
    failure: Literal["unknown_address", "refused", ""] = ""
    key: UUID | None = None

    def outcome(self) -> Outcome:
        """In our words."""
        if self.state == "failed":
            return Outcome(result="failed", failure=self.failure or "refused")
        return Outcome(result=self.state)


class SmsChannel:
    """A telephone."""

    name: ChannelName = "sms"
    can_ask = True
    if_unseen = _OPEN
    width = 8

    def __init__(self, *, address: str, key: bytes, door: Door, clock: Clock, per_minute: int = SMS_PER_MINUTE) -> None:
        self._address = address.rstrip("/")
        self._key = key
        self._door = door
        self._clock = clock
        self.per_minute = per_minute

    def send(self, message: Message, *, to: Address) -> Outcome:
        """Hands the message to the gateway; what it may have taken in spite of an error is open."""
        body = msgspec.json.encode({"key": str(message.key), "to": to.address, "text": message.short})
        try:
            reply = self._call("POST", "/messages", message.key, body)
        except (Away, NoEntry):
            return _AWAY
        except Unanswered:
            return _OPEN
        match reply.status:
            case 200 | 201 | 202:
                return Outcome(result="accepted", reference=_reference(reply))
            case 429 | 503:
                return _AWAY
            case status if status >= 500:
                return _OPEN
            case _:
                return _refusal(reply)

    def ask(self, message: Message, *, to: Address) -> Outcome:  # noqa: ARG002  # asked by the key alone
        """What the gateway says became of it."""
        try:
            reply = self._call("GET", f"/messages/{message.key}", message.key, b"")
        except (Away, NoEntry, Unanswered):
            return _OPEN
        if reply.status == 404:
            return Outcome(result="never_seen")
        if reply.status != 200:
            return _OPEN
        try:
            return msgspec.json.decode(reply.body, type=State).outcome()
        except msgspec.DecodeError:
            return _OPEN

    def _call(self, method: str, path: str, key: UUID, body: bytes) -> Reply:
        headers = signed(body, key=self._key, id=str(key), at=self._clock.now())
        headers |= {"content-type": "application/json", "idempotency-key": str(key)}
        return self._door.call(method, f"{self._address}{path}", body=body, headers=headers)


def _reference(reply: Reply) -> str:
    try:
        reference = msgspec.json.decode(reply.body, type=_Taken).reference
    except msgspec.DecodeError:
        return ""
    return reference if reference.isalnum() and reference.isascii() and len(reference) <= 40 else ""


def _refusal(reply: Reply) -> Outcome:
    try:
        failure = msgspec.json.decode(reply.body, type=State).failure
    except msgspec.DecodeError:
        failure = ""
    return Outcome(result="failed", failure=failure or "refused")
