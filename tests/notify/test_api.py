"""The commands of notify over HTTP: people raise and acknowledge; delivering again and escalating are the clock's."""

from services.chassis.clock import SystemClock
from services.chassis.http import Surroundings
from services.notify.api import build_api
from tests.notify.given import NoticesInMemory


def test_people_raise_and_acknowledge() -> None:
    api = build_api(NoticesInMemory(), surroundings=Surroundings(clock=SystemClock(), token="t"))
    paths = {path for path in api.openapi()["paths"] if path.startswith("/commands/")}
    assert paths == {"/commands/raise-notice", "/commands/acknowledge-notice"}
