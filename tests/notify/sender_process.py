"""A sender in a process of its own, so that a test can kill it: `python -m tests.notify.sender_process STORE KEYS GATEWAY`."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from services.chassis.clock import Clock, SystemClock
from services.chassis.http import Surroundings
from services.chassis.runtime import Repeating, Service
from services.chassis.vault import KeyRing, Vault
from services.notify.channels.door import Door
from services.notify.channels.sms import SmsChannel
from services.notify.service import build
from tests.notify.peers import HERE, SMS_KEY


@contextmanager
def notify_at(store: str, keys: str, *, gateway: str, clock: Clock) -> Iterator[Service]:
    """Notify on these databases, with the gateway for text messages at this address."""
    sms = SmsChannel(address=gateway, key=SMS_KEY, door=Door(networks=HERE, plain=True, call_s=60), clock=clock)
    with closing(Vault(dsn=keys, ring=KeyRing.single(bytes(32)))) as vault:
        service = build(
            dsn=store,
            vault=vault,
            surroundings=Surroundings(clock=clock, token="t"),
            county="410326",
            channels=[sms],
        )
        try:
            yield service
        finally:
            service.close()


def a_round(service: Service, clock: Clock) -> None:
    """What the sender does once a second."""
    sender = service.also["sender"](clock)[0]
    assert isinstance(sender, Repeating)
    sender.once()


if __name__ == "__main__":
    with notify_at(sys.argv[1], sys.argv[2], gateway=sys.argv[3], clock=SystemClock()) as running:
        a_round(running, SystemClock())
