"""One trace through everything: the gateway's request, the command, the brokers, another service's reaction, what is shown."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.access.policy import load_policy
from gateway.access.principal import principal_of
from gateway.commands import Answer, Commands
from gateway.commands import Service as Reached
from gateway.readmodel.migrate import migrate as migrate_gateway
from gateway.readmodel.projector import Projector
from services.cases import service as cases
from services.chassis import key_store
from services.chassis.clock import SystemClock
from services.chassis.http import Surroundings
from services.chassis.keyring import KeyRing
from services.chassis.log_kafka import Cluster, KafkaLog, KafkaSender
from services.chassis.relay import Relay
from services.chassis.runtime import Runtime
from services.chassis.telemetry import Telemetry, span
from services.chassis.vault import Vault
from services.contracts.divisions import COUNTY
from services.notify import policy as notify_policy
from services.notify import service as notify
from tests.fixtures.kafka import NewTopic
from tests.fixtures.otlp import Collector, SeenSpan
from tests.fixtures.postgres import FreshDatabase

WITHIN_S = 30.0


class NeverVisible:
    """Nobody waits to read here."""

    async def reached(self, *_: object) -> bool:
        return False

    async def close(self) -> None:
        pass


@pytest.fixture
def request_traced(
    kafka: Cluster, new_topic: NewTopic, database: Callable[..., FreshDatabase], otlp: Collector
) -> Callable[[], None]:
    """Opens a case as the gateway would, and returns when what it caused is shown and told."""

    def request_traced() -> None:
        clock = SystemClock()
        topics = [new_topic("cases"), new_topic("notify")]
        others = [
            new_topic(producer) for producer in notify_policy.HEARS if producer != "cases"
        ]  # nobody tells anything there
        log = KafkaLog(cluster=kafka, topics=[*topics, *others], groups=topics[0].name)
        surroundings = Surroundings(clock=clock, token="secret")
        with Telemetry(endpoint=otlp.endpoint, service="tests", share=1.0), ExitStack() as stack:
            vault = Vault(dsn=database("vault", migrate=key_store.migrate).app, ring=KeyRing.single(bytes(32)))
            stack.callback(vault.close)
            of_cases = cases.build(
                dsn=database("cases", migrate=cases.migrate).app, vault=vault, surroundings=surroundings
            )
            stack.callback(of_cases.close)
            of_notify = notify.build(
                dsn=database("notify", migrate=notify.migrate).app,
                vault=vault,
                surroundings=surroundings,
                county=COUNTY,
            )
            stack.callback(of_notify.close)
            projector = Projector(
                dsn=database("gateway", migrate=migrate_gateway).dsn("gateway_writer"),
                log=log,
                opener=vault,
                producers=("cases", "notify"),
            )
            relays = [
                Relay(
                    publication=service.publication,
                    sender=KafkaSender(cluster=kafka, topic=topic),
                    dsn=service.dsn,
                    place=topic.name,
                )
                for service, topic in zip((of_cases, of_notify), topics, strict=True)
            ]
            stack.enter_context(Runtime([of_notify.inbox(log=log, clock=clock), projector, *relays]))

            opened = asyncio.run(open_case(of_cases.api, now=clock.now()))

            assert projector.wait_until(producer="cases", position=opened.position, timeout_s=WITHIN_S)
            assert projector.wait_until(producer="notify", position=1, timeout_s=WITHIN_S)

    return request_traced


async def open_case(api: Any, *, now: datetime) -> Answer:
    """A clerk's mutation, from where the gateway has checked it."""
    commands = Commands(
        services={"cases": Reached("http://cases", httpx.ASGITransport(app=api))},
        token="secret",
        visibility=NeverVisible(),
    )
    try:
        with span("graphql OpenCase", link="00-" + "1" * 32 + "-" + "2" * 16 + "-01"):
            return await commands.send(
                "cases",
                "open_case",
                {"child_id": str(uuid4()), "cause": "absent", "township": "410326103"},
                principal=principal_of(
                    actor="clerk-1",
                    unit="township:410326103",
                    purpose="dropout_control",
                    client="tests",
                    policy=load_policy(),
                    now=now,
                ),
                idempotency_key=uuid4(),
            )
    finally:
        await commands.close()


def test_what_a_request_causes_is_one_trace_wherever_it_is_heard(
    request_traced: Callable[[], None], otlp: Collector
) -> None:
    request_traced()

    spans = otlp.spans()
    [root] = [seen for seen in spans if not seen.parent_id]
    assert root.name == "graphql OpenCase"
    assert {seen.trace_id for seen in spans} == {root.trace_id} != {"1" * 32}
    by_id = {seen.span_id: seen for seen in spans}

    def way(seen: SeenSpan) -> tuple[str, ...]:
        return (*(way(by_id[seen.parent_id]) if seen.parent_id else ()), seen.name)

    asked = ("graphql OpenCase", "send cases open-case", "command open-case")
    heard = (*asked, "hear cases.case-opened.v1")
    assert {way(seen) for seen in spans} == {
        asked[:1],
        asked[:2],
        asked,
        (*asked, "relay cases"),
        (*asked, "project"),
        heard,
        (*heard, "relay notify"),
        (*heard, "project"),
    }
