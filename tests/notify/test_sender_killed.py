"""A sender that is killed between send and mark: on the real store, by the signal nobody can catch."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from services.chassis import key_store
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock, SystemClock
from services.notify import service as notify
from services.notify.application import Notices
from services.notify.domain.dispatch import Dispatch
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually
from tests.notify.peers import http_server
from tests.notify.sender_process import a_round, notify_at
from tests.notify.sending import TELEPHONE, UNIT


def test_a_killed_senders_message_is_asked_for_and_nobody_is_told_twice(
    database: Callable[..., FreshDatabase],
) -> None:
    keys = database("vault", migrate=key_store.migrate).app
    store = database("notify", migrate=notify.migrate).app
    clock = SteppedClock(SystemClock().now())
    with http_server("sms") as (peer, address), notify_at(store, keys, gateway=address, clock=clock) as service:
        app = service.application
        assert isinstance(app, Notices)
        with acting(Caused.begin(actor="clerk-1", department=UNIT, purpose="dropout_control", at=clock.now())):
            app.set_address(unit=UNIT, channel="sms", address=TELEPHONE)
            cause = uuid4()
            app.raise_notice(cause=cause, about=cause, recipient=UNIT, reason="circular", area="410326103")
        peer.mood = "takes_it_and_says_nothing"
        command = [sys.executable, "-m", "tests.notify.sender_process", store, keys, address]
        with subprocess.Popen(command) as killed:
            eventually(lambda: peer.got, within=60)
            killed.kill()
        peer.mood = "well"

        a_round(service, clock)  # its lease has not run out: it might still be at it
        clock.step(timedelta(minutes=3))
        a_round(service, clock)
        clock.step(timedelta(days=1))
        a_round(service, clock)

        [message] = peer.got
        dispatch = app.get(Dispatch, UUID(message["key"]))
        assert (dispatch.state, dispatch.tries, dispatch.asked) == ("delivered", 1, 1)
