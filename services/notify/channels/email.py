"""E-mail over SMTP 电子邮件: the standard library's client, a connection for each message, and never without TLS outside development.

A message has a Message-ID made of its key, so a mailbox that gets it twice shows it once, and DSN is asked for where the server
offers it (RFC 3461), with the key as envelope id. SMTP can't be asked what became of a message: where the line breaks after
the text was sent and before the server answered, the outcome stays open. What a server says no to before that was not sent.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal

from services.notify.domain.contact import Address, ChannelName
from services.notify.domain.dispatch import Outcome
from services.notify.domain.message import Message
from services.notify.domain.notice import Failure

STEP_S: Final = 10.0
"""How long each step of the conversation with the server may take."""

EMAIL_PER_MINUTE: Final = 60

Security = Literal["tls", "starttls", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MailServer:
    """How the county's mail server is reached; `plain` is for development only."""

    host: str
    port: int
    security: Security
    sender: str
    """The mailbox that messages come from, and bounces go to."""
    user: str = ""
    password: str = ""
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context


class EmailChannel:
    """A mailbox."""

    name: ChannelName = "email"
    can_ask = False
    if_unseen = Outcome(result="open")
    width = 4

    def __init__(self, server: MailServer, *, per_minute: int = EMAIL_PER_MINUTE) -> None:
        self._server = server
        self.per_minute = per_minute

    def send(self, message: Message, *, to: Address) -> Outcome:
        """Hands the message to the mail server."""
        content = self._written(message, to=to).as_bytes(policy=SMTP)
        handed_over = False
        try:
            with self._connected() as server:
                _code(server.mail(self._server.sender, self._mail_options(server, message)), 250)
                _code(server.rcpt(to.address, self._rcpt_options(server)), 250, 251)
                _code(server.docmd("DATA"), 354)
                handed_over = True
                code, text = self._data(server, content)
                handed_over = False
                _code((code, text), 250)
                return Outcome(result="accepted", reference=_queue_id(text))
        except smtplib.SMTPResponseException as error:
            return Outcome(result="failed", failure=_failure(error))
        except (OSError, smtplib.SMTPException):
            return Outcome(result="open") if handed_over else Outcome(result="failed", failure="unreachable")

    def ask(self, message: Message, *, to: Address) -> Outcome:  # noqa: ARG002  # SMTP knows no such question
        """Nobody knows."""
        return Outcome(result="open")

    def _connected(self) -> smtplib.SMTP:
        at = self._server
        server: smtplib.SMTP
        if at.security == "tls":
            server = smtplib.SMTP_SSL(at.host, at.port, timeout=STEP_S, context=at.context())
        else:
            server = smtplib.SMTP(at.host, at.port, timeout=STEP_S)
        try:
            server.ehlo_or_helo_if_needed()
            if at.security == "starttls":
                server.starttls(context=at.context())
                server.ehlo()
            if at.user:
                server.login(at.user, at.password)
        except BaseException:
            server.close()
            raise
        return server

    def _written(self, message: Message, *, to: Address) -> EmailMessage:
        written = EmailMessage(policy=SMTP)
        written["Message-ID"] = f"<{message.key}@{self._server.sender.rpartition('@')[2]}>"
        written["From"] = Mailbox(display_name="控辍保学", addr_spec=self._server.sender)
        written["To"] = to.address
        written["Subject"] = message.subject
        written["Auto-Submitted"] = "auto-generated"
        written.set_content(message.text)
        return written

    def _mail_options(self, server: smtplib.SMTP, message: Message) -> list[str]:
        return ["RET=HDRS", f"ENVID={message.key}"] if server.has_extn("dsn") else []

    def _rcpt_options(self, server: smtplib.SMTP) -> list[str]:
        return ["NOTIFY=SUCCESS,FAILURE"] if server.has_extn("dsn") else []

    def _data(self, server: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
        """The text and what the server says to it; the end of the text is the moment from which it may be on its way."""
        quoted = content.replace(b"\r\n.", b"\r\n..")
        server.send(quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return server.getreply()


def _code(answer: tuple[int, bytes], *wanted: int) -> None:
    if answer[0] not in wanted:
        raise smtplib.SMTPResponseException(answer[0], answer[1])


def _failure(error: smtplib.SMTPResponseException) -> Failure:
    """What a reply means: 4xx another time, 5.1.x and 550 no such mailbox, any other 5xx and a refused login a no."""
    said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
    if 400 <= error.smtp_code < 500 or error.smtp_code < 0:
        return "unreachable"
    enhanced = said.split(b" ", 1)[0]
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "refused"
    return (
        "unknown_address"
        if enhanced.startswith(b"5.1.") or (error.smtp_code == 550 and not enhanced.startswith(b"5.7"))
        else "refused"
    )


def _queue_id(text: bytes) -> str:
    """The server's own number of the message, where it says one at the end of its answer and it looks like one."""
    last = text.decode("ascii", "replace").split()[-1:] or [""]
    return last[0] if last[0].isalnum() and len(last[0]) <= 40 else ""
