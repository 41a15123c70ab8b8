"""The composition root of notify 通知: read it top to bottom."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import get_args

import psycopg

from services.chassis import relay, store, tree
from services.chassis.aggregate import today
from services.chassis.clock import Clock
from services.chassis.config import WaysOut
from services.chassis.http import Surroundings
from services.chassis.mapper import SealingMapper
from services.chassis.own_events import OwnEvents
from services.chassis.publication import Publication
from services.chassis.runtime import Part, Repeating, Service, SwitchedOff
from services.chassis.store import Recorder
from services.chassis.vault import Vault
from services.notify import policy
from services.notify.api import build_api
from services.notify.application import Notices
from services.notify.channels import Outbound
from services.notify.channels.door import Door
from services.notify.channels.email import EMAIL_PER_MINUTE, EmailChannel, MailServer
from services.notify.channels.inbox import InboxChannel
from services.notify.channels.sms import SMS_PER_MINUTE, SmsChannel
from services.notify.channels.webhook import WEBHOOK_PER_MINUTE, WebhookChannel
from services.notify.dispatching import Dispatching
from services.notify.domain.contact import ChannelName
from services.notify.lookup import OpenNotices
from services.notify.publisher import publish
from services.notify.reports import add_reports
from services.notify.sender import ROUND_EVERY_S, Sender
from services.notify.waiting import Waiting


def migrate(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the service's tables, as their owner; once before its workers start."""
    store.migrate(connection, app_role="notify_app")
    tree.migrate(connection, app_role="notify_app")
    relay.migrate(connection, app_role="notify_app")


def build(
    *,
    dsn: str,
    vault: Vault,
    surroundings: Surroundings,
    county: str,
    channels: Sequence[Outbound] = (),
    reports_key: bytes = b"",
) -> Service:
    """Notify on its own database, telling the units of one county through their inboxes and the channels that are on.

    Providers' reports are heard where there is a `reports_key`.
    """
    notices = Notices(
        recorder=Recorder(dsn=dsn), mapper=SealingMapper(vault=vault), county=county, channel=InboxChannel()
    )
    open_notices = OpenNotices()
    own_events = OwnEvents(application=notices, apply=open_notices.apply)
    dispatching = Dispatching(notices=notices)

    def sender(clock: Clock) -> list[Part]:
        waiting = Waiting()
        sends = Sender(
            dispatching=dispatching,
            waiting=waiting,
            catch_up=OwnEvents(application=notices, apply=waiting.apply).catch_up,
            channels=channels,
            clock=clock,
            dsn=dsn,
        )
        on = {channel.name for channel in channels}
        off = [SwitchedOff(f"notify {name}") for name in get_args(ChannelName) if name not in on]
        return [Repeating(name="notify sender", every_s=ROUND_EVERY_S, do=sends.round), *off]

    def pass_time() -> None:
        own_events.catch_up()
        policy.tick(notices, today(), open_notices=open_notices)

    api = build_api(notices, dispatching, surroundings=surroundings)
    if reports_key:
        add_reports(api, dispatching, key=reports_key, surroundings=surroundings)
    return Service(
        name="notify",
        dsn=dsn,
        application=notices,
        api=api,
        publication=Publication(producer="notify", application=notices, publish=publish),
        hears=policy.HEARS,
        react=partial(policy.react, notices),
        heeds=policy.HEEDS,
        looks_for=policy.looks_for,
        pass_time=pass_time,
        close=notices.recorder_of_commands.close,
        also={"sender": sender},
    )


def channels_of(ways_out: WaysOut, *, secret: Callable[[str], str], clock: Clock) -> list[Outbound]:
    """The channels that this installation has switched on; `secret` reads a secret by its name."""
    channels: list[Outbound] = []
    if mail := ways_out.email:
        server = MailServer(
            host=mail.host,
            port=mail.port,
            security=mail.security,
            sender=mail.sender,
            user=mail.user,
            password=secret("email.password") if mail.user else "",
        )
        channels.append(EmailChannel(server, per_minute=ways_out.per_minute.get("email", EMAIL_PER_MINUTE)))
    door = Door(networks=ways_out.networks, plain=ways_out.development)
    if ways_out.sms:
        channels.append(
            SmsChannel(
                address=ways_out.sms,
                key=secret("sms.key").encode(),
                door=door,
                clock=clock,
                per_minute=ways_out.per_minute.get("sms", SMS_PER_MINUTE),
            )
        )
    if ways_out.webhooks:
        per_minute = ways_out.per_minute.get("webhook", WEBHOOK_PER_MINUTE)
        channels.append(WebhookChannel(door=door, clock=clock, per_minute=per_minute))
    return channels
