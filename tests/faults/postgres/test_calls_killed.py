"""A process killed at any of its calls to the database leaves a whole command or none, and the same command id settles it.

strace kills the process as it enters its n-th `sendto` (before a message leaves) or `recvfrom` (after it was answered, or
while the server is still at it); it counts each thread for itself, and the store's writer comes farthest.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
import pytest

from services.chassis.store import Answer, Recorder
from tests.faults.postgres.one_command import EVENTS, aggregates, record
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import eventually

ROUNDS: Final = int(os.environ.get("BAOXUE_FAULT_ROUNDS", "0"))
SYSCALLS: Final = ("sendto", "recvfrom", *(("connect", "poll", "close", "futex") if ROUNDS else ()))
CALLS_MAX: Final = 40
"""Farther than this no thread of the process comes in any of the calls that matter."""
ENDS_WITHIN_S: Final = 20.0


@pytest.fixture(scope="module")
def strace() -> Path:
    """strace, where it is there and the kernel lets it work."""
    program = shutil.which("strace")
    why = "strace is not installed"
    if program is not None:
        tried = subprocess.run([program, "-f", "-e", "trace=none", "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return Path(program)
        why = f"strace may not trace here: {tried.stderr.strip()[:120]}"
    told = f"NOT RUN: a process killed at each of its calls to the database. {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


@pytest.mark.parametrize("syscall", SYSCALLS)
def test_a_process_killed_at_any_call_leaves_a_whole_command_or_none(
    strace: Path, recorder: Recorder, store_database: FreshDatabase, syscall: str
) -> None:
    became: Counter[str] = Counter()
    commands = _command_ids()
    for number in range(1, CALLS_MAX):
        command_id = next(commands)
        ended = _run_killed(strace, store_database, command_id, syscall=syscall, number=number)
        _wait_until_its_sessions_have_ended(store_database)
        kept = _versions(recorder, command_id)
        assert kept in ([], [1, 2, 1]), f"a half was stored by a process killed at {syscall} {number}"

        answer = record(recorder, command_id)

        assert _versions(recorder, command_id) == [1, 2, 1]
        assert answer == Answer(aggregates(command_id)[0], recorder.max_notification_id() or 0)
        assert record(recorder, command_id) == answer
        if ended.returncode == 0:  # it makes no more than `number - 1` of these calls
            assert ended.stdout == f"{answer.position}\n"
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr[-300:]
        became["stored" if kept else "not stored"] += 1

    positions = [row.position for row in recorder.follow(0, 1000)]
    assert positions == list(range(1, EVENTS * number + 1)), "positions have a hole, or a command was stored twice"
    if syscall in {"sendto", "recvfrom"}:
        assert became["not stored"] >= 4
    if syscall == "recvfrom":
        assert became["stored"] >= 1, "no process was killed between what it stored and what it would have answered"


def _command_ids() -> Iterator[UUID]:
    """Other ones in each round, the same ones in every run."""
    return (UUID(int=ROUNDS << 64 | number) for number in itertools.count(1))


def _run_killed(
    strace: Path, database: FreshDatabase, command_id: UUID, *, syscall: str, number: int
) -> subprocess.CompletedProcess[str]:
    """Has the command carried out by a process that is killed as one of its threads enters this call for this time.

    strace is attached when all has been imported: what it traces is slow, and imports are most of what a process does.
    """
    module = "tests.faults.postgres.one_command"
    killing = ("-e", f"trace={syscall}", "-e", f"inject={syscall}:signal=KILL:when={number}")
    with subprocess.Popen(
        [sys.executable, "-m", module, str(command_id)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with subprocess.Popen(
            [strace, "--follow-forks", *killing, "-o", os.devnull, "-p", str(process.pid)],
            stderr=subprocess.PIPE,
            text=True,
        ) as tracer:
            assert tracer.stderr is not None
            assert "attached" in tracer.stderr.readline()
            said, errors = process.communicate(f"{database.app}\n", timeout=ENDS_WITHIN_S)
        return subprocess.CompletedProcess(module, process.returncode, said, errors)


def _wait_until_its_sessions_have_ended(database: FreshDatabase) -> None:
    """The server may still be at what a killed process asked of it; ours are idle."""
    busy = "select from pg_stat_activity where datname = %s and usename = 'roster_app' and state <> 'idle'"
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        eventually(lambda: connection.execute(busy, (database.name,)).fetchone() is None)


def _versions(recorder: Recorder, command_id: UUID) -> list[int]:
    """The versions stored of what the command changes, aggregate by aggregate."""
    return [event.originator_version for id in aggregates(command_id) for event in recorder.select_events(id)]  # noqa: A001
