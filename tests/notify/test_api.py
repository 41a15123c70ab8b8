"""The commands of notify over HTTP: people raise and acknowledge; delivering again and escalating are the clock's."""

from services.chassis.clock import SystemClock
from services.chassis.http import Surroundings
from services.notify.api import build_api
from services.notify.dispatching import Dispatching
from tests.notify.given import NoticesInMemory


def test_people_raise_and_acknowledge() -> None:
    api = build_api(
        app := NoticesInMemory(), Dispatching(notices=app), surroundings=Surroundings(clock=SystemClock(), token="t")
    )
    paths = {path for path in api.openapi()["paths"] if path.startswith("/commands/")}
    assert paths == {
        f"/commands/{name}"
        for name in (
            "raise-notice",
            "acknowledge-notice",
            "set-address",
            "clear-address",
            "set-hours",
            "set-absence",
            "resend-dispatch",
        )
    }
