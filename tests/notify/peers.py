"""What stands at the other end of each channel, in this process: a mail server, a gateway for text messages, a department's system."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.chassis.clock import SteppedClock
from services.notify.channels import Outbound
from services.notify.channels.door import Door
from services.notify.channels.email import EmailChannel, MailServer
from services.notify.channels.sms import SmsChannel
from services.notify.channels.webhook import WebhookChannel
from services.notify.domain.contact import ChannelName
from tests.notify.sending import NOON

Mood = Literal[
    "well", "refuses", "knows_no_such_address", "is_busy", "takes_it_and_breaks_off", "takes_it_and_says_nothing"
]
SMS_KEY = b"the key that the two share"
HERE = (ip_network("127.0.0.0/8"),)


@dataclass(slots=True)
class Peer:
    """One end of a channel: what it got, by key, and how it behaves."""

    channel: Outbound
    mood: Mood = "well"
    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The keys of what it was given, in order."""
        return [one["key"] for one in self.got]


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        port: int = here.getsockname()[1]
        return port


class _Mailboxes:
    """What the mail server does with what it is given."""

    def __init__(self) -> None:
        self.peer: Peer

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's word
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        match self.peer.mood:
            case "knows_no_such_address":
                return "550 5.1.1 no such mailbox"
            case "is_busy":
                return "451 4.3.2 another time"
            case "refuses":
                return "554 5.7.1 we take nothing from you"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = bytes(envelope.original_content or b"").decode()
        key = content.partition("Message-ID: <")[2].partition("@")[0]
        self.peer.got.append({"key": key, "to": envelope.rcpt_tos[0], "content": content})
        if self.peer.mood == "takes_it_and_breaks_off":
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]
        return "250 2.0.0 queued as 4F2A"


@contextmanager
def mail_server() -> Iterator[Peer]:
    """A mail server, and the channel to it."""
    mailboxes = _Mailboxes()
    controller = Controller(mailboxes, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        server = MailServer(host="127.0.0.1", port=controller.port, security="plain", sender="baoxue@county.example")
        mailboxes.peer = Peer(EmailChannel(server))
        yield mailboxes.peer
    finally:
        controller.stop(no_assert=True)


class _Server(ThreadingHTTPServer):
    """A server that says nothing of lines that break off: that is what it is there for."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Http(BaseHTTPRequestHandler):
    """A server over HTTP: keeps what it is given and answers as its mood is."""

    peer: Peer

    def do_POST(self) -> None:  # the library's word
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.peer.mood in {"well", "takes_it_and_breaks_off", "takes_it_and_says_nothing"}:
            self.peer.got.append({"key": headers["webhook-id"], "headers": headers, "body": body, "path": self.path})
        self._answer_in_mood()

    def do_GET(self) -> None:
        known = dict(zip(self.peer.keys, self.peer.got, strict=True))
        key = self.path.rpartition("/")[2]
        if key in known:
            self._answer(200, {"state": known[key].get("state", "delivered")})
        else:
            self._answer(404, {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer_in_mood(self) -> None:
        match self.peer.mood:
            case "well":
                self._answer(200, {"reference": "A7"})
            case "refuses":
                self._answer(403, {"state": "failed", "failure": "refused"})
            case "knows_no_such_address":
                gone = 410 if self.peer.channel.name == "webhook" else 422
                self._answer(gone, {"state": "failed", "failure": "unknown_address"})
            case "is_busy":
                self._answer(503, {})
            case "takes_it_and_breaks_off":
                self.connection.shutdown(socket.SHUT_RDWR)
            case "takes_it_and_says_nothing":
                self.connection.recv(1)  # until the other side is gone

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def http_server(name: ChannelName) -> Iterator[tuple[Peer, str]]:
    """A gateway for text messages or a department's system, and the channel to it."""
    handler = type("Handler", (_Http,), {})
    server = _Server(("127.0.0.1", 0), handler)
    address = f"http://127.0.0.1:{server.server_port}"
    door, clock = Door(networks=HERE, plain=True, call_s=2.0), SteppedClock(NOON)
    channel: Outbound = (
        SmsChannel(address=address, key=SMS_KEY, door=door, clock=clock)
        if name == "sms"
        else WebhookChannel(door=door, clock=clock)
    )
    handler.peer = Peer(channel)  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield handler.peer, address  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
