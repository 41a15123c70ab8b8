"""Members of a reader's group come, go, fall silent and wake up: every event has its effect once and in order."""

import signal
from contextlib import closing
from random import Random
from subprocess import Popen

import pytest
from kafka import KafkaAdminClient

from services.chassis.log_kafka import KafkaLog
from tests.faults.conftest import rounds
from tests.faults.log.line import SESSION_S, Line, Load
from tests.faults.proxy import Proxy
from tests.fixtures.kafka import FORGETFUL
from tests.fixtures.store import eventually

pytestmark = [FORGETFUL, pytest.mark.usefixtures("no_sockets_left")]

SOON_S = 20.0
MEMBERS_MAX = 4


def test_a_member_that_fell_silent_and_wakes_up_undoes_and_repeats_nothing(line: Line, random: Random) -> None:
    """A zombie: it still holds records that others have had since, and doesn't know it."""
    line.start_relay()
    zombie = line.start_member()
    with Load(line, random=random) as load:
        for _ in range(rounds(1)):
            before = line.listener.trackings()
            for _ in range(5):
                line.producer.tell(*("word",) * 200)
            eventually(lambda: line.listener.trackings() != before, within=SOON_S)  # noqa: B023  # this round's
            zombie.send_signal(signal.SIGSTOP)
            assert line.listener.trackings() != line.heads(), "it had nothing left in its hands, so nothing was tried"
            other = line.start_inbox()
            stopped = line.listener.trackings()
            eventually(lambda: has_moved_on(line, stopped), within=SOON_S + SESSION_S)  # noqa: B023  # this round's
            zombie.send_signal(signal.SIGCONT)
            load.goes_on(by=100)
            other.stop()
    line.settle()
    ends(zombie)


def test_a_member_that_is_killed_leaves_its_part_to_others(line: Line, random: Random) -> None:
    line.start_relay()
    members = [line.start_member() for _ in range(2)]
    with Load(line, random=random) as load:
        for _ in range(rounds(1)):
            load.goes_on(by=100)
            killed = members.pop(0)
            killed.kill()
            killed.wait()
            members.append(line.start_member())
    line.settle()
    for member in members:
        ends(member)


def test_while_members_come_and_go_events_flow(line: Line, random: Random) -> None:
    line.start_relay()
    members = [line.start_inbox()]
    with Load(line, random=random) as load:
        for _ in range(rounds(6)):
            load.goes_on(by=random.choice((1, 20, 100)))
            if len(members) < MEMBERS_MAX and random.random() < 0.6:
                members.append(line.start_inbox())
            elif len(members) > 1:
                members.pop(random.randrange(len(members))).stop()
    line.settle()
    assert {member.health() for member in members} == {"ok"}


def test_a_member_that_was_put_out_claims_nothing_when_it_comes_back(line: Line, proxy: Proxy) -> None:
    """What it claimed and doesn't have would be left to it by the others, and read by nobody."""
    log = KafkaLog(
        cluster=line.through(proxy.url), topics=[line.place.topic], groups=line.place.groups, session_s=SESSION_S
    )
    with (
        KafkaAdminClient(**line.cluster.settings()) as admin,
        closing(log.subscribe(reader="listener", producers=(line.place.producer,))) as member,
    ):
        group = f"{line.place.groups}.listener"

        def has_joined() -> bool:
            assert member.poll(limit=1, timeout_s=0.05) == []
            return member.behind().events == 0

        def claims() -> list[int]:
            """How many partitions each member claimed when it joined."""
            members = admin.describe_groups([group])[group]["members"]
            return [
                sum(len(of["partitions"]) for of in each["member_metadata"]["owned_partitions"]) for each in members
            ]

        eventually(has_joined, within=SOON_S)
        assert claims() == [0]
        proxy.blackhole()
        eventually(lambda: claims() == [], within=SOON_S)
        proxy.pass_on()
        eventually(lambda: has_joined() and claims(), within=SOON_S)
        assert claims() == [0]


def has_moved_on(line: Line, before: dict[str, int]) -> bool:
    """Whether somebody has read every partition on."""
    now = line.listener.trackings()
    return bool(before) and all(now[name] > position for name, position in before.items())


def ends(member: "Popen[str]") -> None:
    assert member.stdin is not None
    member.stdin.close()
    assert member.wait(SOON_S) == 0
