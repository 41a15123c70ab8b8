"""Processes that live and don't answer, or answer where another has taken their place; and two where one was."""

import signal
import time
from random import Random
from uuid import UUID, uuid4

import httpx

from deploy.distributed import Distributed
from tests.faults.conftest import STALE_AFTER_S, Log, rounds
from tests.faults.load import Load
from tests.faults.promises import wait_until_heard
from tests.faults.workers import cut_connections, second, state_of
from tests.fixtures.store import eventually

MUTATION_S = 20.0
"""Within this the gateway says what became of a command: two tries of 5 s each, on a machine that does other things beside."""
READ_S = 5.0


def test_whoever_stands_still_or_dies_is_replaced_and_does_no_harm_when_it_goes_on(
    system: Distributed, children: list[UUID], random: Random, log: Log
) -> None:
    log.fault = "two of each part; inbox and relay stand still beyond their sessions, another inbox dies"
    for _ in range(rounds(1, dear=10)):
        with (
            second(system, "cases inbox", "cases relay", "assistance inbox", "gateway projector") as others,
            Load(system, children=children, seed=random.getrandbits(32), pause_s=0.15) as load,
        ):
            other_inbox, other_relay, dying, _ = others
            load.wait_for(random.randrange(5, 20))
            inbox = random.choice([system.workers["cases inbox"], other_inbox])
            relay, standing_by = sorted((system.workers["cases relay"], other_relay), key=state_of)
            assert (state_of(relay), state_of(standing_by)) == ("ok", "standing by")
            inbox.send(signal.SIGSTOP)
            relay.send(signal.SIGSTOP)
            dying.kill()
            log.kills += 1
            try:
                assert cut_connections(system, "cases", holding_a_lock=True)
                for reader in ("gateway", "cases", "assistance"):  # by way of the other relay and the other inboxes
                    wait_until_heard(system, reader)
            finally:
                inbox.send(signal.SIGCONT)
                relay.send(signal.SIGCONT)
            load.wait_for(20)
            log.rounds += 1
        log.conclude(load.ledger)


def test_a_service_that_cannot_be_reached_costs_only_its_own_commands(
    system: Distributed, children: list[UUID], random: Random, log: Log
) -> None:
    log.fault = "partition between gateway and cases"
    cases = system.workers["cases api"]
    with (
        Load(system, children=children, seed=random.getrandbits(32)) as load,
        httpx.Client(base_url=system.url, timeout=MUTATION_S + 5) as http,
    ):
        load.wait_for(10)
        for _ in range(rounds(1, dear=20)):
            cases.send(signal.SIGSTOP)  # it takes connections and never answers, as behind a wall
            try:
                key, began = uuid4(), time.monotonic()
                told = _ask(http, OPEN_CASE, key=key, child=random.choice(children))
                took = time.monotonic() - began
                assert told["errors"][0]["extensions"]["code"] == "UNCERTAIN"
                assert "again" in told["errors"][0]["message"].lower() or "key" in told["errors"][0]["message"]
                assert took < MUTATION_S
                began = time.monotonic()
                assert "errors" not in _ask(http, "{ children(first: 5) { edges { node { id } } } }")
                assert time.monotonic() - began < READ_S
                moved = _ask(http, OPEN_TRANSFER, child=random.choice(children))
                assert moved["data"]["openTransfer"]["id"]
            finally:
                cases.send(signal.SIGCONT)
            log.rounds += 1
        load.wait_for(20)
    log.conclude(load.ledger)


def test_a_projector_that_stands_still_prolongs_no_referral_and_holds_up_nobody_else(
    system: Distributed, children: list[UUID], random: Random, log: Log
) -> None:
    log.fault = "the projector stands still: what rests on a referral is refused, what belongs to an area goes on"
    projector, asked = system.workers["gateway projector"], "{ children(first: 5) { edges { node { id } } } }"
    with httpx.Client(base_url=system.url, timeout=MUTATION_S + 5) as http:

        def is_stale() -> bool:
            errors = _ask(http, asked, account="police-officer").get("errors", [{"extensions": {"code": ""}}])
            return errors[0]["extensions"]["code"] == "STALE"

        eventually(lambda: not is_stale(), within=READ_S)
        projector.send(signal.SIGSTOP)
        try:
            moved = _ask(http, OPEN_TRANSFER, child=random.choice(children))
            assert moved["data"]["openTransfer"]["visible"] is False
            eventually(is_stale, within=STALE_AFTER_S + READ_S)
            assert _ask(http, asked)["data"]["children"]["edges"]
        finally:
            projector.send(signal.SIGCONT)
        eventually(lambda: not is_stale(), within=MUTATION_S)
        log.rounds += 1


OPEN_CASE = 'mutation($child: UUID!) { openCase(childId: $child, cause: "field_check") { id position visible } }'
OPEN_TRANSFER = """mutation($child: UUID!) {
  openTransfer(childId: $child, fromSchool: "3141000300", toPlace: "410305") { id position visible } }"""


def _ask(
    http: httpx.Client, query: str, *, key: UUID | None = None, account: str = "bureau-office", **variables: UUID
) -> dict:
    token = http.post(f"/development/token/{account}").json()["token"]
    answer = http.post(
        "/graphql",
        json={"query": query, "variables": {name: str(value) for name, value in variables.items()}},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(key or uuid4())},
    )
    return answer.json()
