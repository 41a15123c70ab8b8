"""The composition root of the roster 花名册: read it top to bottom."""

from dataclasses import dataclass
from functools import partial

import psycopg

from services.chassis import relay, store, tree
from services.chassis.aggregate import today
from services.chassis.http import Surroundings
from services.chassis.mapper import SealingMapper
from services.chassis.own_events import OwnEvents
from services.chassis.publication import Publication
from services.chassis.runtime import Service
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.roster import field_words as field_tables
from services.roster import lookup as lookup_tables
from services.roster import policy
from services.roster.api import build_api
from services.roster.application import Roster
from services.roster.comparisons import Comparisons
from services.roster.deliveries import Deliveries
from services.roster.due import Due
from services.roster.field_checks import FieldChecks
from services.roster.field_words import FieldWords
from services.roster.guardian_letters import GuardianLetters
from services.roster.intake import Intake
from services.roster.intake import tables as delivery_tables
from services.roster.intake.doors import add_deliveries
from services.roster.intake.field_doors import add_field_checks, delivered_by
from services.roster.intake.suspects_door import add_suspects
from services.roster.intake.tables import Tables
from services.roster.intake.worker import Worker
from services.roster.letters_due import LettersDue
from services.roster.lookup import Lookup
from services.roster.publisher import publish


@dataclass(frozen=True, slots=True)
class RosterService:
    """The roster as a service, and the intake through which register files come in."""

    service: Service
    intake: Intake
    worker: Worker


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the service's tables, as their owner; once before its workers start."""
    store.migrate(connection, app_role="roster_app")
    tree.migrate(connection, app_role="roster_app")
    relay.migrate(connection, app_role="roster_app")
    lookup_tables.migrate(connection, app_role="roster_app")
    delivery_tables.migrate(connection, app_role="roster_app")
    field_tables.migrate(connection, app_role="roster_app")


def build(*, dsn: str, vault: Vault, surroundings: Surroundings, key_secret: bytes) -> RosterService:
    """The roster on its own database. Of others it hears the hours taught at home; the rest comes by the registers."""
    roster = Roster(recorder=Recorder(dsn=dsn), mapper=SealingMapper(vault=vault))
    lookup = Lookup(dsn=dsn, vault=vault, key_secret=key_secret)
    words = FieldWords(dsn=dsn, vault=vault)
    intake = Intake(roster=roster, lookup=lookup, vault=vault)
    deliveries, tables = Deliveries(roster=roster), Tables(dsn=dsn, vault=vault, clock=surroundings.clock)
    worker = Worker(deliveries=deliveries, intake=intake, tables=tables, clock=surroundings.clock)

    due = Due()
    own_events = OwnEvents(application=roster, apply=due.apply)

    def letters_due() -> LettersDue:
        own_events.catch_up()
        return due.letters

    letters = GuardianLetters(roster=roster, due=letters_due)

    def pass_time() -> None:
        own_events.catch_up()
        worker.look()
        policy.tick(roster, letters, today(), due=due, look_again=own_events.catch_up)

    field_checks = FieldChecks(roster=roster, words=words, hand_in=delivered_by(tables))
    comparisons = Comparisons(roster=roster, wait=tables.ask_again)
    api = build_api(
        roster,
        surroundings=surroundings,
        beside=(*field_checks.commands, *letters.commands, comparisons.compare_registers),
    )
    add_field_checks(api, field_checks, surroundings=surroundings)
    add_deliveries(api, deliveries, tables=tables, lookup=lookup, surroundings=surroundings)
    add_suspects(api, lookup=lookup, surroundings=surroundings)

    def close() -> None:
        worker.close()
        tables.close()
        words.close()
        lookup.close()
        roster.recorder_of_commands.close()

    service = Service(
        name="roster",
        dsn=dsn,
        application=roster,
        api=api,
        publication=Publication(producer="roster", application=roster, publish=publish),
        hears=policy.HEARS,
        react=partial(policy.react, roster),
        heeds=policy.HEEDS,
        pass_time=pass_time,
        close=close,
    )
    return RosterService(service, intake, worker)
