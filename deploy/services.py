"""The four services in this process: for the embedded profile, and for an operator's acts on its databases."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.postgres.databases import Server
from services.assistance import service as assistance
from services.cases import service as cases
from services.chassis.http import Surroundings
from services.chassis.log_direct import DirectLog
from services.chassis.runtime import Service
from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY
from services.notify import service as notify
from services.notify.channels import Outbound
from services.roster import service as roster
from services.roster.intake import Intake


@dataclass(frozen=True, slots=True)
class Services:
    """All services, built and not running."""

    all: tuple[Service, ...]
    intake: Intake

    def direct_log(self) -> DirectLog:
        """What they tell, read from their stores."""
        return DirectLog([service.publication for service in self.all])


@contextmanager
def built(
    server: Server,
    *,
    vault: Vault,
    surroundings: Surroundings,
    key_secret: bytes,
    channels: Sequence[Outbound] = (),
    reports_key: bytes = b"",
) -> Iterator[Services]:
    """The services on the databases of one server; closed in the end. `key_secret` is the roster's, the last two are notify's."""
    roster_service = roster.build(
        dsn=server.dsn("roster", "roster_app"), vault=vault, surroundings=surroundings, key_secret=key_secret
    )
    services = (
        roster_service.service,
        cases.build(dsn=server.dsn("cases", "cases_app"), vault=vault, surroundings=surroundings),
        assistance.build(dsn=server.dsn("assistance", "assistance_app"), vault=vault, surroundings=surroundings),
        notify.build(
            dsn=server.dsn("notify", "notify_app"),
            vault=vault,
            surroundings=surroundings,
            county=COUNTY,
            channels=channels,
            reports_key=reports_key,
        ),
    )
    with ExitStack() as stack:
        for service in services:
            stack.callback(service.close)
        yield Services(services, roster_service.intake)
