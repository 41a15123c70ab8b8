"""The composition root of the roster 花名册: read it top to bottom."""

from dataclasses import dataclass

import psycopg

from services.chassis import relay, store
from services.chassis.http import Surroundings
from services.chassis.mapper import SealingMapper
from services.chassis.publication import Publication
from services.chassis.runtime import Service
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.roster import lookup as lookup_tables
from services.roster.api import build_api
from services.roster.application import Roster
from services.roster.intake import Intake
from services.roster.lookup import Lookup
from services.roster.publisher import publish


@dataclass(frozen=True, slots=True)
class RosterService:
    """The roster as a service, and the intake through which register files come in."""

    service: Service
    intake: Intake


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the service's tables, as their owner; once before its workers start."""
    store.migrate(connection, app_role="roster_app")
    relay.migrate(connection, app_role="roster_app")
    lookup_tables.migrate(connection, app_role="roster_app")


def build(*, dsn: str, vault: Vault, surroundings: Surroundings, key_secret: bytes) -> RosterService:
    """The roster on its own database. It hears nobody: what others find out comes to it through the registers."""
    roster = Roster(recorder=Recorder(dsn=dsn), mapper=SealingMapper(vault=vault))
    lookup = Lookup(dsn=dsn, vault=vault, key_secret=key_secret)

    def close() -> None:
        lookup.close()
        roster.recorder_of_commands.close()

    service = Service(
        name="roster",
        dsn=dsn,
        application=roster,
        api=build_api(roster, surroundings=surroundings),
        publication=Publication(producer="roster", application=roster, publish=publish),
        hears=(),
        react=lambda _envelope, _event: None,
        pass_time=lambda: None,
        close=close,
    )
    return RosterService(service, Intake(roster=roster, lookup=lookup, vault=vault))
