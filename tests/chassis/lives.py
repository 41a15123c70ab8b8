"""Lives of the chassis's own aggregates, told by their decisions on fixed days: what histories are written from."""

from uuid import UUID

from services.chassis.aggregate import RecordedAggregate, acting
from services.chassis.dropping import ParkedMessage
from services.chassis.parking import Parked
from tests.chassis.things import NOON, somebody


def a_message_nobody_could_handle() -> list[RecordedAggregate]:
    """A message that was parked, tried in vain, and dropped by a person."""
    parked = Parked(
        reader="cases",
        id=UUID("3f0e9f0c-8f0b-4b52-9a8e-5f2f6f0f2a11"),
        key=UUID("7c1f2b62-15a3-4f0e-8f43-6a9f6f1b2c22"),
        producer="roster",
        tracking="roster/2",
        place=17,
        type="roster.finding-raised.v1",
        raw=b"",
        error="ValueError",
        tries=9,
        parked_at=NOON,
        next_try_at=None,
        state="parked",
        decided_at=None,
        decided_by=None,
        why=None,
    )
    with acting(somebody(at=NOON)):
        return [ParkedMessage.drop(parked, why="the finding was withdrawn by the office that raised it")]
