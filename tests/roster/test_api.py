"""The HTTP face: every command that is asked for from outside has its route."""

import inspect

from services.chassis.application import Answer
from services.roster.api import build_api
from services.roster.application import Roster
from tests.roster.conftest import SURROUNDINGS, Office

OF_THE_INTAKE = {
    "count_checks",
    "load_batch",
    "erase_child",
    "restrict_children",
    "lift_restriction",
    "absorb_child",
    "release_child",
    "raise_doubts",
    "withdraw_doubts",
}
"""Asked by the intake in its own process; whole files don't come as commands."""
OF_DELIVERIES = {"commit_delivery", "cancel_delivery", "save_mapping", "delete_mapping"}
OF_THE_POLICY = {
    "raise_finding",
    "drop_finding",
    "expire_finding",
    "expire_field_check",
    "come_of_age",
    "lapse_deferral",
    "heed_excuse",
    "count_home_hours",
    "begin_home_teaching",
}
"""What time brings, and what other services tell."""


def test_every_command_but_the_intakes_has_a_route(module_office: Office) -> None:
    commands = {
        name
        for name, method in inspect.getmembers(Roster, inspect.isfunction)
        if method.__module__ == Roster.__module__ and inspect.signature(method).return_annotation is Answer
    }
    paths = build_api(module_office.roster, surroundings=SURROUNDINGS).openapi()["paths"]

    routes = {path.removeprefix("/commands/") for path in paths if path.startswith("/commands/")}
    assert routes == {name.replace("_", "-") for name in commands - OF_THE_INTAKE - OF_THE_POLICY | OF_DELIVERIES}
