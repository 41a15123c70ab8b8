"""Waiting until a running system has heard and shown everything that was recorded: by positions, never by time alone."""

import time
from typing import Final

from deploy.embedded import Running

QUIET_S_MAX: Final = 120.0
LOOK_EVERY_S: Final = 0.05


class NotQuiet(Exception):
    """Something stands still or goes on for too long; the message says which part and how it is."""


def wait_until_quiet(running: Running) -> None:
    """Returns when every service has heard, and the read model shows, all that every service has recorded."""
    deadline = time.monotonic() + QUIET_S_MAX
    while not _is_quiet(running):
        unwell = {name: health for name, health in running.runtime.health().items() if health != "ok"}
        if unwell or time.monotonic() > deadline:
            raise NotQuiet(f"the system did not come to rest: {unwell or running.projector.positions()}")
        time.sleep(LOOK_EVERY_S)


def _is_quiet(running: Running) -> bool:
    """Looks twice: what an inbox did in between would have moved a head."""
    heads = _heads(running)
    heard = all(
        inbox.positions().get(f"{producer}/0", 0) >= heads[producer]
        for inbox in running.inboxes
        for producer in inbox.hears
    )
    shown = all(running.projector.positions().get(f"{producer}/0", 0) >= head for producer, head in heads.items())
    return heard and shown and heads == _heads(running)


def _heads(running: Running) -> dict[str, int]:
    return {name: service.application.position() for name, service in running.services.items()}
