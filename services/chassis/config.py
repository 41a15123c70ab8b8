"""Typed settings; the only place that reads the environment, and secrets only from files.

Every setting is `BAOXUE_…` in the environment, or handed in by a composition root. A secret's setting names a file.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

from services.chassis.errors import Refused

T = TypeVar("T")

SERVICES = ("roster", "cases", "assistance", "notify")
"""The four services, in the order in which they are started."""
LOOPBACK: Final = "127.0.0.1"


MAIL_SECURITY: Final[Mapping[str, Literal["tls", "starttls", "plain"]]] = {
    "smtps": "tls",
    "smtp": "starttls",
    "smtp+plain": "plain",
}
"""How the way to the mail server is kept, by the scheme of its address."""
MAIL_PORTS: Final = {"smtps": 465, "smtp": 587, "smtp+plain": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How the mail server is reached; its password is the secret `email.password`, where there is a user."""

    host: str
    port: int
    security: Literal["tls", "starttls", "plain"]
    user: str
    sender: str
    """The mailbox that messages come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysOut:
    """The channels by which notices leave the house; what is not set is off."""

    email: MailSettings | None = None
    sms: str = ""
    """The https address of the gateway for text messages; its key is the secret `sms.key`."""
    webhooks: bool = False
    """Whether departments' systems are told."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Private networks that webhooks and the gateway for text messages may stand in, all the same."""
    per_minute: Mapping[str, int] = field(default_factory=dict)
    """How many messages each channel may send in a minute, where that isn't the channel's own number."""
    development: bool = False
    """Whether a way may go without TLS."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the embedded profile needs to know of its surroundings."""

    data_folder: Path
    """Where its database, keys and blobs are kept."""
    development: bool
    """Whether demo accounts and the built-in token issuer are allowed."""
    host: str
    port: int
    otlp_endpoint: str
    """OTLP/HTTP collector; empty for none."""
    trace_share: float
    """Share of operations that are traced, 0 to 1."""
    papers: Path | None = None
    """The folder of the office's own Word templates, `<kind of paper>.docx`; None for those that come with this."""
    documents: Path | None = None
    """The folder of partners' trusted documents, `*.graphql`; None for those that come with this."""
    policy_keys: Path | None = None
    """The list of public keys that release the policy; see `gateway/access/policy_keys.py`."""
    stale_after_s: float = 60.0
    """How old what is shown may be where a grant ends with a task; see `gateway/access/freshness.py`."""
    witnessed_within: timedelta = timedelta(hours=4)
    """How long what is recorded may be unseen by every witness; zero asks for none. See `witnesses.py`."""
    witnesses: Path | None = None
    """The list of witnesses of the trees, `<address> <key>` a line; see `witnesses.py`."""
    signer: Path | None = None
    """What signs checkpoints beside the installation's own keys, an SM2 key in a cipher machine; see `signing.py`."""
    sign_in: Path | None = None
    """Where people sign in to the console outside development; see `gateway/identity/posts.py`."""
    ways_out: WaysOut = field(default_factory=WaysOut)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What one process of the distributed profile needs to know of its surroundings.

    A process that does without a setting is not asked for it: `kafka` may be empty where nothing is read or sent.
    """

    postgres: str
    """How the servers are reached, as libpq says it; `{database}` stands for the database's name."""
    secrets: Path
    """The folder with this process's secrets, one file each: a database role's password is in the file of its name."""
    kafka: tuple[str, ...]
    """The brokers' addresses, `host:port`."""
    kafka_security: str
    """`plain`, or `tls` with `kafka-ca.crt`, `kafka-user.crt` and `kafka-user.key` among the secrets."""
    topics: Path
    """The list of topics."""
    services: Mapping[str, str]
    """Where the gateway reaches each service, by its name."""
    host: str
    port: int
    otlp_endpoint: str
    trace_share: float
    development: bool
    issuer: str
    """Who issues the tokens the gateway takes, and for whom they must be."""
    audience: str
    jwks: Path | None
    """The issuer's public keys, a JWKS document."""
    shred_list: Path | None
    """Where it is kept, outside of the databases, who was erased; for the operator's command that erases."""
    papers: Path | None = None
    """The folder of the office's own Word templates, `<kind of paper>.docx`; None for those that come with this."""
    documents: Path | None = None
    """The folder of partners' trusted documents, `*.graphql`; None for those that come with this."""
    policy_keys: Path | None = None
    """The list of public keys that release the policy; see `gateway/access/policy_keys.py`."""
    stale_after_s: float = 60.0
    """How old what is shown may be where a grant ends with a task; see `gateway/access/freshness.py`."""
    witnessed_within: timedelta = timedelta(hours=4)
    """How long what is recorded may be unseen by every witness; zero asks for none. See `witnesses.py`."""
    signer: Path | None = None
    """What signs checkpoints beside the installation's own keys, an SM2 key in a cipher machine; see `signing.py`."""
    sign_in: Path | None = None
    """Where people sign in to the console outside development; see `gateway/identity/posts.py`."""
    ways_out: WaysOut = field(default_factory=WaysOut)

    def dsn(self, database: str, role: str) -> str:
        """How `role` reaches `database`; raises `Refused` where its secret is missing or the servers are not named."""
        if not self.postgres:
            raise Refused("BAOXUE_POSTGRES is not set; say how the database servers are reached.")
        try:
            server = self.postgres.replace("{database}", database)
            return make_conninfo(server, dbname=database, user=role, password=self.secret(role))
        except ProgrammingError:  # its text may quote a password
            raise Refused("BAOXUE_POSTGRES can't be read; it is a libpq connection string, `host=… port=…`.") from None

    def secret(self, name: str) -> str:
        """One of this process's secrets; raises `Refused` where it is missing."""
        return read_secret(self.secrets / name)

    def kafka_client(self) -> dict[str, Any]:
        """The client library's settings for the way to the brokers."""
        if self.kafka_security == "plain":
            return {}
        return {
            "security_protocol": "SSL",
            "ssl_cafile": str(self.secrets / "kafka-ca.crt"),
            "ssl_certfile": str(self.secrets / "kafka-user.crt"),
            "ssl_keyfile": str(self.secrets / "kafka-user.key"),
        }


class _Given:
    """The environment, or what stands for it, read by name."""

    def __init__(self, environment: Mapping[str, str] | None) -> None:
        self._environment = os.environ if environment is None else environment

    def text(self, name: str, default: str = "") -> str:
        return self._environment.get(f"BAOXUE_{name}", default)

    def read(self, name: str, default: str, *, by: Callable[[str], T]) -> T:
        """The setting as `by` reads it; raises `Refused` naming it where that can't be."""
        try:
            return by(self.text(name, default))
        except ValueError:
            raise Refused(f"The setting BAOXUE_{name} can't be read; without it, it would be {default!r}.") from None

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return Path(text) if text else None

    def yes(self, name: str) -> bool:
        return self.text(name) == "yes"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The embedded profile's settings; raises `Refused` naming the setting that can't be read."""
    given = _Given(environment)
    return Settings(
        data_folder=Path(given.text("DATA", ".baoxue")).absolute(),
        development=given.yes("DEVELOPMENT"),
        host=given.text("HOST", LOOPBACK),
        port=given.read("PORT", "8760", by=int),
        otlp_endpoint=given.text("OTLP_ENDPOINT"),
        trace_share=given.read("TRACE_SHARE", "0.1", by=_share),
        papers=given.path("PAPERS"),
        documents=given.path("DOCUMENTS"),
        policy_keys=given.path("POLICY_KEYS"),
        stale_after_s=given.read("STALE_AFTER_S", "60", by=_seconds),
        witnessed_within=given.read("WITNESSED_WITHIN_H", "4", by=_few_hours),
        witnesses=given.path("WITNESSES"),
        signer=given.path("SIGNER"),
        sign_in=given.path("SIGN_IN"),
        ways_out=_ways_out(given),
    )


def read_process_settings(environment: Mapping[str, str] | None = None) -> ProcessSettings:
    """The settings of one process; raises `Refused` naming the setting that can't be read."""
    given = _Given(environment)
    return ProcessSettings(
        postgres=given.text("POSTGRES"),
        secrets=Path(given.text("SECRETS", "/run/secrets")),
        kafka=tuple(address for address in given.text("KAFKA").split(",") if address),
        kafka_security=given.read("KAFKA_SECURITY", "plain", by=_security),
        topics=Path(given.text("TOPICS", "topics.yaml")),
        services=given.read("SERVICES", "http://{service}:8760", by=_addresses),
        host=given.text("HOST", LOOPBACK),
        port=given.read("PORT", "8760", by=int),
        otlp_endpoint=given.text("OTLP_ENDPOINT"),
        trace_share=given.read("TRACE_SHARE", "0.1", by=_share),
        development=given.yes("DEVELOPMENT"),
        issuer=given.text("ISSUER"),
        audience=given.text("AUDIENCE", "baoxue"),
        jwks=given.path("JWKS"),
        shred_list=given.path("SHRED_LIST"),
        papers=given.path("PAPERS"),
        documents=given.path("DOCUMENTS"),
        policy_keys=given.path("POLICY_KEYS"),
        stale_after_s=given.read("STALE_AFTER_S", "60", by=_seconds),
        witnessed_within=given.read("WITNESSED_WITHIN_H", "4", by=_few_hours),
        signer=given.path("SIGNER"),
        sign_in=given.path("SIGN_IN"),
        ways_out=_ways_out(given),
    )


def _ways_out(given: _Given) -> WaysOut:
    """The channels that are set; raises `Refused` for a mail server without a sender, or without TLS outside development."""
    email = given.read("EMAIL", "", by=partial(_mail, sender=given.text("EMAIL_FROM")))
    development = given.yes("DEVELOPMENT")
    if email is not None and email.security == "plain" and not development:
        raise Refused(
            "BAOXUE_EMAIL: mail goes over TLS, smtps://… or smtp://… with STARTTLS; without it in development only."
        )
    return WaysOut(
        email=email,
        sms=given.text("SMS"),
        webhooks=given.yes("WEBHOOKS"),
        networks=given.read("PRIVATE_NETWORKS", "", by=_networks),
        per_minute=given.read("PER_MINUTE", "", by=_per_minute),
        development=development,
    )


def _mail(text: str, *, sender: str) -> MailSettings | None:
    if not text:
        return None
    parts = urlsplit(text)
    if not parts.hostname or "@" not in sender or parts.password or parts.scheme not in MAIL_SECURITY:
        raise ValueError
    return MailSettings(
        host=parts.hostname,
        port=parts.port or MAIL_PORTS[parts.scheme],
        security=MAIL_SECURITY[parts.scheme],
        user=unquote(parts.username or ""),
        sender=sender,
    )


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one) for one in text.split(",") if one)


def _per_minute(text: str) -> Mapping[str, int]:
    numbers = {name: int(number) for name, number in (one.split("=", 1) for one in text.split(",") if one)}
    if any(number < 1 for number in numbers.values()):
        raise ValueError(text)
    return numbers


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 3600:
        raise ValueError(text)
    return seconds


def _few_hours(text: str) -> timedelta:
    hours = float(text)
    if not 0 <= hours <= 72:
        raise ValueError(text)
    return timedelta(hours=hours)


def _addresses(text: str) -> Mapping[str, str]:
    """From one pattern for all, `http://{service}:8760`, or from one address each, `roster=http://…,cases=http://…`."""
    if "{service}" in text:
        return {service: text.replace("{service}", service) for service in SERVICES}
    addresses = dict(pair.split("=", 1) for pair in text.split(","))
    if set(addresses) != set(SERVICES):
        raise ValueError(text)
    return addresses


def _security(text: str) -> str:
    if text not in {"plain", "tls"}:
        raise ValueError(text)
    return text


def own_secret(path: Path) -> str:
    """A secret of this installation, 32 random bytes in hex, made at its first use and readable by its owner only."""
    if not path.exists():
        written = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # another process was quicker: its secret is the one
            path.hardlink_to(written)
        written.unlink()
    return read_secret(path)


def read_secret(path: Path) -> str:
    """A secret from its file; raises `Refused` where the file is not there or others may read it.

    A file that root has handed to our group is no other's: that is how secrets come into a container.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise Refused(f"The secret file {path.name} is missing.") from None
    handed_over = found.st_uid == 0 and os.geteuid() != 0
    if found.st_mode & (0o037 if handed_over else 0o077):
        raise Refused(f"The secret file {path.name} may be read by others; make it mode 0600.")
    return path.read_text().strip()
