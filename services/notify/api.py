"""The commands of notify over HTTP; see `services.chassis.http` for headers and errors."""

from fastapi import FastAPI

from services.chassis.http import Surroundings, command_api
from services.notify.application import Notices


def build_api(notices: Notices, *, surroundings: Surroundings) -> FastAPI:
    """One route per command; delivering again and escalating are the clock's."""
    return command_api(
        title="notify 通知",
        application=notices,
        surroundings=surroundings,
        commands=(notices.raise_notice, notices.acknowledge_notice),
    )
