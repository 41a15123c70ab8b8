"""The composition root of assistance 资助帮扶: read it top to bottom."""

from functools import partial

import psycopg

from services.assistance import policy
from services.assistance.api import build_api
from services.assistance.application import Assistance
from services.assistance.lookup import DuePlans
from services.assistance.payments import Payments
from services.assistance.publisher import publish
from services.chassis import relay, store, tree
from services.chassis.aggregate import today
from services.chassis.http import Surroundings
from services.chassis.mapper import SealingMapper
from services.chassis.own_events import OwnEvents
from services.chassis.publication import Publication
from services.chassis.runtime import Service
from services.chassis.store import Recorder
from services.chassis.vault import Vault


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the service's tables, as their owner; once before its workers start."""
    store.migrate(connection, app_role="assistance_app")
    tree.migrate(connection, app_role="assistance_app")
    relay.migrate(connection, app_role="assistance_app")


def build(*, dsn: str, vault: Vault, surroundings: Surroundings) -> Service:
    """Assistance on its own database."""
    assistance = Assistance(recorder=Recorder(dsn=dsn), mapper=SealingMapper(vault=vault))
    payments = Payments(assistance=assistance)
    due_plans = DuePlans()
    own_events = OwnEvents(application=assistance, apply=due_plans.apply)

    def pass_time() -> None:
        own_events.catch_up()
        policy.tick(assistance, payments, today(), due_plans=due_plans)

    return Service(
        name="assistance",
        dsn=dsn,
        application=assistance,
        api=build_api(assistance, payments, surroundings=surroundings),
        publication=Publication(producer="assistance", application=assistance, publish=publish),
        hears=policy.HEARS,
        react=partial(policy.react, assistance),
        heeds=policy.HEEDS,
        looks_for=policy.looks_for,
        pass_time=pass_time,
        close=assistance.recorder_of_commands.close,
    )
