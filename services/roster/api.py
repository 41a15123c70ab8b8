"""The HTTP face of the roster: command in, id and position out; the doors for files are `intake/doors.py` and `field_doors.py`."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from services.chassis.application import Answer
from services.chassis.http import Surroundings, command_api
from services.roster.application import Roster
from services.roster.deliveries import Deliveries


def build_api(roster: Roster, *, surroundings: Surroundings, beside: Sequence[Callable[..., Answer]] = ()) -> FastAPI:
    """One route per command; `open_transfer` is `POST /commands/open-transfer`. `beside` are those that need more than events."""
    deliveries = Deliveries(roster=roster)
    return command_api(
        title="roster 花名册",
        application=roster,
        surroundings=surroundings,
        commands=(
            *beside,
            deliveries.commit_delivery,
            deliveries.cancel_delivery,
            deliveries.save_mapping,
            deliveries.delete_mapping,
            roster.answer_finding,
            roster.accept_answer,
            roster.return_answer,
            roster.resolve_finding,
            roster.decide_doubt,
            roster.merge_children,
            roster.unmerge_children,
            roster.open_transfer,
            roster.complete_transfer,
            roster.decide_placement,
            roster.end_placement,
            roster.approve_deferral,
            roster.end_deferral,
            roster.prove_schooling_elsewhere,
            roster.verify_absence,
            roster.open_check_in,
            roster.check_in,
            roster.close_check_in,
        ),
    )
