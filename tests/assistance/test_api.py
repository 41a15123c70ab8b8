"""The commands of assistance over HTTP: every one has a route whose body can be derived, and the policy's own have none."""

from services.assistance.api import build_api
from services.assistance.payments import Payments
from services.chassis.clock import SystemClock
from services.chassis.http import Surroundings
from tests.assistance.given import AssistanceInMemory


def test_every_command_of_an_office_has_a_route() -> None:
    app = AssistanceInMemory()
    api = build_api(app, Payments(assistance=app), surroundings=Surroundings(clock=SystemClock(), token="t"))
    paths = {path for path in api.openapi()["paths"] if path.startswith("/commands/")}
    assert {"/commands/grant-award", "/commands/pay-award", "/commands/give-home-teaching"} < paths
    assert len(paths) == 27
    assert not paths & {"/commands/state-groups", "/commands/learn-residence"}
