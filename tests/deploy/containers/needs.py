"""What each process needs of its surroundings, stated once; image, Compose file and Kubernetes manifests are held to it.

The processes themselves are those that `baoxue up --distributed` starts.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from deploy.distributed import PARTS
from deploy.postgres.cluster import SUPERUSER
from deploy.postgres.databases import DATABASES
from deploy.secrets import KEYS, PROVIDER, WAYS_OUT
from services.assistance import policy as assistance
from services.cases import policy as cases
from services.chassis.config import SERVICES, read_process_settings
from services.notify import policy as notify
from services.roster import policy as roster

HEARS: Final[Mapping[str, tuple[str, ...]]] = {
    "roster": tuple(roster.HEARS),
    "cases": tuple(cases.HEARS),
    "assistance": tuple(assistance.HEARS),
    "notify": tuple(notify.HEARS),
    "gateway": SERVICES,
}
"""Whose events each reader listens to."""
FOLLOWERS: Final = ("relay", "inbox", "projector")
"""The parts that speak with the brokers."""
KAFKA_FILES: Final = frozenset({"kafka-ca.crt", "kafka-user.crt", "kafka-user.key"})
ROLES: Final = tuple(role for database in DATABASES for role in (database.owner, *database.workers))
FORWARDED: Final = "FORWARDED_ALLOW_IPS"
"""Whose word the gateway takes for who asks: a setting of its web server's own."""
OWNERS: Final = tuple(database.owner for database in DATABASES)
ALL_SECRETS: Final = frozenset({SUPERUSER, *ROLES, *KEYS, *WAYS_OUT, PROVIDER})


@dataclass(frozen=True, slots=True)
class Process:
    """One of the processes, and what it may have."""

    owner: str
    part: str

    @property
    def name(self) -> str:
        """`cases-api`, as containers are called."""
        return f"{self.owner}-{self.part}"

    @property
    def command(self) -> list[str]:
        """What follows `python -m`."""
        return ["gateway" if self.owner == "gateway" else f"services.{self.owner}", self.part]

    @property
    def is_face(self) -> bool:
        """Whether it answers others than those who watch it."""
        return self.part == "api"

    @property
    def follows(self) -> bool:
        """Whether it speaks with the brokers."""
        return self.part in FOLLOWERS

    @property
    def sends(self) -> bool:
        """Whether it speaks with mail servers, gateways and departments' systems outside."""
        return self.part == "sender"

    @property
    def secrets(self) -> frozenset[str]:
        """The secret files it needs, and no more; those of Kafka come with TLS."""
        opening = {"vault_app", "vault.kek"}
        if self.owner == "gateway":
            reading = {"gateway_reader", "services.token", "console.key", PROVIDER} if self.is_face else set()
            signing = set() if self.is_face else {"trees.key"}  # the trees over looks and the policy
            return frozenset({"gateway_writer", *reading, *opening, *signing})
        keys = {"roster.key"} if self.owner == "roster" else set()
        if self.part == "relay":  # it signs the tree over the events that it sends
            keys.add("trees.key")
        if self.sends:
            keys |= {"email.password", "sms.key"}
        if self.name == "notify-api":
            keys.add("reports.key")
        return frozenset({f"{self.owner}_app", "services.token", *opening, *keys})

    @property
    def databases(self) -> frozenset[str]:
        """The databases it reaches."""
        return frozenset({self.owner, "vault"})


PROCESSES: Final = tuple(Process(owner, part) for owner, part in PARTS)
LOAD: Final = Process("roster", "load")
"""The operator's act of taking register files in; it does what a roster process may."""


class _Asked(dict[str, str]):
    """An environment that remembers which names were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.names.add(name)
        return default


OPERATORS: Final = frozenset({"BAOXUE_SHRED_LIST"})
"""What only the operator's command that erases reads: the file stands outside of all that is deployed."""


def settings_read() -> frozenset[str]:
    """The names of the environment that a process reads."""
    asked = _Asked()
    read_process_settings(asked)
    return frozenset(asked.names) - OPERATORS


def client_behind(believed: str, forwarded: str, *, by: str) -> str:
    """Who asks, as the web server makes it out when `by` connects and says `forwarded`."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    scope = {"type": "http", "client": (by, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    asyncio.run(ProxyHeadersMiddleware(app, believed)(scope, None, None))  # type: ignore[arg-type]  # the app asks for neither
    return seen[0]
