"""The HTTP face of the roster: command in, id and position out; register files are taken in whole."""

from fastapi import FastAPI

from services.chassis.http import Surroundings, command_api
from services.roster.application import Roster


def build_api(roster: Roster, *, surroundings: Surroundings) -> FastAPI:
    """One route per command; `open_transfer` is `POST /commands/open-transfer`."""
    return command_api(
        title="roster 花名册",
        application=roster,
        surroundings=surroundings,
        commands=(
            roster.resolve_finding,
            roster.merge_children,
            roster.unmerge_children,
            roster.open_transfer,
            roster.complete_transfer,
            roster.decide_placement,
            roster.end_placement,
            roster.open_check_in,
            roster.check_in,
            roster.close_check_in,
        ),
    )
