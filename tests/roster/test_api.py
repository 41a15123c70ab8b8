"""The HTTP face: every command that is asked for from outside has its route."""

import inspect

from services.chassis.application import Answer
from services.roster.api import build_api
from services.roster.application import Roster
from tests.roster.conftest import SURROUNDINGS, Office

OF_THE_INTAKE = {"load_batch", "state_children", "miss_children", "erase_child"}
"""Asked by the intake in its own process; whole files don't come as commands."""


def test_every_command_but_the_intakes_has_a_route(module_office: Office) -> None:
    commands = {
        name
        for name, method in inspect.getmembers(Roster, inspect.isfunction)
        if method.__module__ == Roster.__module__ and inspect.signature(method).return_annotation is Answer
    }
    paths = build_api(module_office.roster, surroundings=SURROUNDINGS).openapi()["paths"]

    routes = {path.removeprefix("/commands/") for path in paths if path.startswith("/commands/")}
    assert routes == {name.replace("_", "-") for name in commands - OF_THE_INTAKE}
