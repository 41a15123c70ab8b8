"""The composition root of notify 通知: read it top to bottom."""

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
from services.notify import policy
from services.notify.api import build_api
from services.notify.application import Notices
from services.notify.channels import InboxChannel
from services.notify.lookup import OpenNotices
from services.notify.publisher import publish


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the service's tables, as their owner; once before its workers start."""
    store.migrate(connection, app_role="notify_app")
    tree.migrate(connection, app_role="notify_app")
    relay.migrate(connection, app_role="notify_app")


def build(*, dsn: str, vault: Vault, surroundings: Surroundings, county: str) -> Service:
    """Notify on its own database, telling the units of one county through their inboxes."""
    notices = Notices(
        recorder=Recorder(dsn=dsn), mapper=SealingMapper(vault=vault), county=county, channel=InboxChannel()
    )
    open_notices = OpenNotices()
    own_events = OwnEvents(application=notices, apply=open_notices.apply)

    def pass_time() -> None:
        own_events.catch_up()
        policy.tick(notices, today(), open_notices=open_notices)

    return Service(
        name="notify",
        dsn=dsn,
        application=notices,
        api=build_api(notices, surroundings=surroundings),
        publication=Publication(producer="notify", application=notices, publish=publish),
        hears=policy.HEARS,
        react=partial(policy.react, notices),
        heeds=policy.HEEDS,
        pass_time=pass_time,
        close=notices.recorder_of_commands.close,
    )
