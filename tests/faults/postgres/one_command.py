"""Records one command as a process of its own, to be killed anywhere in it: see `test_calls_killed.py`.

    python -m tests.faults.postgres.one_command COMMAND_ID      the store's connection string comes in by standard input

The command tells two events of one aggregate and one of another, so that a half of it would be seen. The process says
`ready`, waits for its connection string, and says the position that it answers; the same command id again gets the same.
"""

import sys
from contextlib import closing
from uuid import UUID, uuid5

from services.chassis.store import Answer, Command, CommandAlreadyRecorded, Recorder
from tests.fixtures.stored_events import an_event

EVENTS = 3


def record(recorder: Recorder, command_id: UUID) -> Answer:
    """Carries the command out unless it was carried out before, as an application does."""
    if (known := recorder.find_answer(command_id)) is not None:
        return known[1]
    first, second = aggregates(command_id)
    events = [an_event(of=first), an_event(of=first, version=2), an_event(of=second)]
    command = Command(id=command_id, name="begin_thing", request_hash=bytes(32), answer=first)
    try:
        return Answer(first, recorder.insert_events(events, command=command)[-1])
    except CommandAlreadyRecorded as before:
        return before.answer


def aggregates(command_id: UUID) -> tuple[UUID, UUID]:
    """The two that the command changes."""
    return uuid5(command_id, "first"), uuid5(command_id, "second")


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with closing(Recorder(dsn=sys.stdin.readline().strip())) as recorder:
        sys.stdout.write(f"{record(recorder, UUID(sys.argv[1])).position}\n")
        sys.stdout.flush()
