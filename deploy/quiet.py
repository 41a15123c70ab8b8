"""Waiting until a running system has heard and shown everything that was recorded: by positions, never by time alone."""

import time
from typing import Final

from deploy.embedded import Running

STILL_S_MAX: Final = 60.0
"""How long nothing may move while something is still to be heard."""
LOOK_EVERY_S: Final = 0.05
LOOK_EVERY_S_MAX: Final = 0.5
"""Looks come further apart the longer it takes: each asks every database, which has better things to do."""


class NotQuiet(Exception):
    """Something stands still for too long; the message says which part is unwell, or where everybody stands."""


def wait_until_quiet(running: Running) -> None:
    """Returns when every service has heard, and the read model shows, all that every service has recorded.

    A slow machine may take as long as it goes on, and a part may be unwell for a moment: parts recover by themselves. Raises
    `NotQuiet` where nothing moves any more.
    """
    moved, seen, pause_s = time.monotonic(), _places(running), LOOK_EVERY_S
    while not _is_quiet(running):
        if time.monotonic() - moved > STILL_S_MAX:
            unwell = {name: health for name, health in running.runtime.report().parts.items() if health != "ok"}
            raise NotQuiet(f"the system did not come to rest: {unwell or seen}")
        time.sleep(pause_s)
        pause_s = min(1.1 * pause_s, LOOK_EVERY_S_MAX)
        if (places := _places(running)) != seen:
            moved, seen = time.monotonic(), places


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


def _places(running: Running) -> tuple[dict[str, int], ...]:
    return _heads(running), running.projector.positions(), *(inbox.positions() for inbox in running.inboxes)


def _heads(running: Running) -> dict[str, int]:
    return {name: service.application.position() for name, service in running.services.items()}
