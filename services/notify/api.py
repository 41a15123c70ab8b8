"""The commands of notify over HTTP; see `services.chassis.http` for headers and errors."""

from fastapi import FastAPI

from services.chassis.http import Surroundings, command_api
from services.notify.application import Notices
from services.notify.dispatching import Dispatching


def build_api(notices: Notices, dispatching: Dispatching, *, surroundings: Surroundings) -> FastAPI:
    """One route per command; delivering again and escalating are the clock's, and sending is the sender's."""
    return command_api(
        title="notify 通知",
        application=notices,
        surroundings=surroundings,
        commands=(
            notices.raise_notice,
            notices.acknowledge_notice,
            notices.set_address,
            notices.clear_address,
            notices.set_hours,
            notices.set_absence,
            dispatching.resend_dispatch,
        ),
    )
