"""Commands over HTTP: who may send them, how they are answered, and that no answer quotes what was sent."""

import asyncio
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import ASGITransport, AsyncClient, Response

from services.chassis.clock import SteppedClock
from services.chassis.errors import Forbidden, NotFound, Refused, ServiceError, Stale
from services.chassis.http import OUTCOMES, STATUS, Surroundings, command_api
from services.chassis.key_store import VaultUnavailable
from services.chassis.keyring import KeyRing
from services.chassis.logs import Lines
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder, StoreUnavailable
from services.chassis.telemetry import Telemetry, is_sampled
from services.chassis.vault import Vault
from tests.chassis.conftest import KEK
from tests.chassis.things import NOON, Thing, Things
from tests.fixtures.otlp import Collector
from tests.fixtures.postgres import FreshDatabase
from tests.fixtures.store import migrate_store

CANARY = "燕归来13800000000"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SURROUNDINGS = Surroundings(clock=SteppedClock(NOON), token="secret")
Send = Callable[..., Response]


class FailingThings(Things):
    """Things, and one command for each way in which a command can fail."""

    def fail_to_find(self) -> Any:
        raise NotFound("There is no such thing.")

    def fail_as_stale(self) -> Any:
        raise Stale("Somebody was quicker.")

    def fail_without_store(self, *, words: str) -> Any:
        raise StoreUnavailable(words)

    def fail_at_all(self, *, words: str) -> Any:
        raise RuntimeError(words)

    def fail_without_vault(self, *, words: str) -> Any:
        raise VaultUnavailable(words)


@pytest.fixture(scope="module")
def things(module_database: Callable[..., FreshDatabase], key_store: FreshDatabase) -> Iterator[FailingThings]:
    """The things of this module's tests; each looks at its own."""
    vault = Vault(dsn=key_store.app, ring=KeyRing.single(KEK))
    with closing(Recorder(dsn=module_database("roster", migrate=migrate_store).app)) as recorder, closing(vault):
        yield FailingThings(recorder=recorder, mapper=SealingMapper(vault=vault))


@pytest.fixture
def only_records() -> bool:
    """Whether the service says that its commands do nothing but record."""
    return False


@pytest.fixture
def send(things: FailingThings, only_records: bool) -> Send:
    """Sends a command as the gateway would, unless it is told otherwise; a header of None is left out."""
    api = command_api(
        title="things",
        application=things,
        surroundings=SURROUNDINGS,
        commands=(
            things.begin_thing,
            things.tell_thing,
            things.give_thing_away,
            things.fail_to_find,
            things.fail_as_stale,
            things.fail_without_store,
            things.fail_without_vault,
            things.fail_at_all,
        ),
        only_records=only_records,
    )

    def send(path: str, body: object = None, *, content: bytes | None = None, **headers: str | None) -> Response:
        given = {
            "authorization": "Bearer secret",
            "idempotency_key": str(uuid4()),
            "x_actor": "officer-1",
            "x_department": "education_bureau:410326",
            "x_purpose": "dropout_control",
        } | headers
        shown = {name.replace("_", "-"): value for name, value in given.items() if value is not None}

        async def over_the_wire() -> Response:
            async with AsyncClient(transport=ASGITransport(app=api), base_url="http://things") as client:
                if body is None and content is None:
                    return await client.get(path, headers=shown)
                return await client.post(path, json=body, content=content, headers=shown)

        return asyncio.run(over_the_wire())

    return send


def a_body(**given: object) -> dict[str, object]:
    return {"owner_id": str(uuid4()), "name": CANARY} | given


def told_of(response: Response) -> tuple[int, str]:
    """Status and code of a refusal, having made sure that it is one in words and quotes nothing."""
    problem = response.json()
    assert problem.keys() == {"code", "message"}
    assert problem["message"]
    assert CANARY not in response.text
    return response.status_code, problem["code"]


def test_how_far_the_events_go_is_told_to_whoever_shows_the_secret(send: Send, things: FailingThings) -> None:
    assert send("/head").json() == {"position": 0}
    send("/commands/begin-thing", a_body())
    assert send("/head", x_actor=None, idempotency_key=None).json() == {"position": things.position()}
    assert things.position() > 0
    assert told_of(send("/head", authorization="Bearer guess")) == (401, "UNAUTHENTICATED")


class TestACommand:
    def test_is_answered_with_what_it_changed_and_where_to_see_it(self, send: Send, things: FailingThings) -> None:
        answer = send("/commands/begin-thing", a_body())

        assert answer.status_code == 200
        assert answer.json().keys() == {"id", "position"}
        assert things.get(Thing, UUID(answer.json()["id"])).name == CANARY
        assert answer.json()["position"] == things.position()

    def test_is_caused_by_whoever_the_headers_name(self, send: Send, things: FailingThings) -> None:
        command_id, correlation_id = uuid4(), uuid4()
        answer = send(
            "/commands/begin-thing",
            a_body(),
            idempotency_key=str(command_id),
            x_correlation_id=str(correlation_id),
            traceparent=TRACEPARENT,
        )

        recorder = things.recorder_of_commands
        (event,) = recorder.select_events(UUID(answer.json()["id"]))
        caused = event.caused
        assert (caused.actor, caused.department, caused.purpose) == (
            "officer-1",
            "education_bureau:410326",
            "dropout_control",
        )
        assert (caused.command_id, caused.correlation_id, caused.causation_id) == (command_id, correlation_id, None)
        assert (caused.at, caused.trace) == (NOON, TRACEPARENT)

    def test_sent_again_gets_the_first_answer(self, send: Send) -> None:
        key, body = str(uuid4()), a_body()

        answers = [send("/commands/begin-thing", body, idempotency_key=key).json() for _ in range(3)]

        assert answers == [answers[0]] * 3

    def test_sent_again_with_its_words_in_another_order_is_the_same_request(self, send: Send) -> None:
        key, body = str(uuid4()), a_body()
        first = send("/commands/begin-thing", body, idempotency_key=key)

        again = send("/commands/begin-thing", dict(reversed(body.items())), idempotency_key=key)

        assert again.json() == first.json()

    def test_under_the_key_of_another_is_refused(self, send: Send) -> None:
        key = str(uuid4())
        begun = send("/commands/begin-thing", a_body(), idempotency_key=key).json()

        assert told_of(send("/commands/begin-thing", a_body(), idempotency_key=key)) == (422, "REFUSED")
        other = {"thing_id": begun["id"], "words": "another command"}
        assert told_of(send("/commands/tell-thing", other, idempotency_key=key)) == (422, "REFUSED")


class TestARefusal:
    def test_has_a_status_for_each_of_the_four_kinds(self) -> None:
        assert STATUS.keys() == set(ServiceError.__subclasses__())

    def test_by_a_rule_is_422_in_the_rules_words(self, send: Send) -> None:
        begun = send("/commands/begin-thing", a_body()).json()

        refusal = send("/commands/tell-thing", {"thing_id": begun["id"], "words": ""})

        assert told_of(refusal) == (422, Refused.code)
        assert refusal.json()["message"] == "A thing is told of in words."

    @pytest.mark.parametrize(
        ("command", "body", "status", "code"),
        [
            ("fail-to-find", {}, 404, NotFound.code),
            ("fail-as-stale", {}, 409, Stale.code),
            ("fail-without-store", {"words": CANARY}, 503, "UNAVAILABLE"),
            ("fail-without-vault", {"words": CANARY}, 503, "UNAVAILABLE"),
        ],
    )
    def test_of_another_kind_has_its_status(
        self, send: Send, command: str, body: dict[str, str], status: int, code: str
    ) -> None:
        assert told_of(send(f"/commands/{command}", body)) == (status, code)

    def test_of_what_nobody_may_is_403(self, send: Send) -> None:
        begun = send("/commands/begin-thing", a_body()).json()

        assert told_of(send("/commands/give-thing-away", {"thing_id": begun["id"]})) == (403, Forbidden.code)

    def test_of_an_unknown_id_is_404_and_does_not_repeat_it(self, send: Send) -> None:
        nowhere = str(uuid4())

        refusal = send("/commands/tell-thing", {"thing_id": nowhere, "words": "hello"})

        assert told_of(refusal) == (404, "NOT_FOUND")
        assert nowhere not in refusal.text

    def test_for_now_says_when_to_ask_again(self, send: Send) -> None:
        refusal = send("/commands/fail-without-store", {"words": CANARY})

        assert refusal.headers["retry-after"] == "2"
        assert "same request" in refusal.json()["message"]


class TestACaller:
    @pytest.mark.parametrize(
        "shown", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer secret2", "Basic secret", "secret"]
    )
    def test_without_the_secret_is_answered_401_whatever_is_asked(
        self, send: Send, things: FailingThings, shown: str | None
    ) -> None:
        before = things.position()

        assert told_of(send("/commands/begin-thing", a_body(), authorization=shown)) == (401, "UNAUTHENTICATED")
        assert things.position() == before

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("idempotency_key", None),
            ("idempotency_key", CANARY[3:]),
            ("x_actor", None),
            ("x_actor", "a b"),
            ("x_actor", "a" * 81),
            ("x_department", None),
            ("x_department", "bureau"),
            ("x_purpose", None),
            ("x_purpose", "Dropout!"),
            ("x_correlation_id", "none"),
        ],
    )
    def test_who_leaves_a_header_out_is_told_which(self, send: Send, header: str, value: str | None) -> None:
        refusal = send("/commands/begin-thing", a_body(), **{header: value})

        assert told_of(refusal) == (400, "BAD_REQUEST")
        assert header.replace("_", "-") in refusal.json()["message"]

    def test_finds_no_other_door(self, send: Send) -> None:
        assert told_of(send("/commands/begin-thing")) == (405, "BAD_REQUEST")
        assert told_of(send("/docs")) == (404, "BAD_REQUEST")
        assert told_of(send("/commands/record", {})) == (404, "BAD_REQUEST")


class TestWhatIsTold:
    """Spans and figures of commands, by their names; of what was sent, nothing."""

    @pytest.mark.usefixtures("telemetry")
    def test_a_command_is_a_span_of_its_callers_trace_and_its_events_name_that_span(
        self, send: Send, things: FailingThings, otlp: Collector
    ) -> None:
        answer = send("/commands/begin-thing", a_body(), traceparent=TRACEPARENT)

        seen = otlp.wait_for_span(name="command begin-thing")
        (event,) = things.recorder_of_commands.select_events(UUID(answer.json()["id"]))
        assert (seen.trace_id, seen.parent_id) == (TRACEPARENT[3:35], TRACEPARENT[36:52])
        assert event.caused.trace[:52] == f"00-{seen.trace_id}-{seen.span_id}"
        assert is_sampled(event.caused.trace)

    @pytest.mark.usefixtures("telemetry")
    def test_of_a_trace_that_is_not_sampled_the_events_carry_it_on(
        self, send: Send, things: FailingThings, otlp: Collector
    ) -> None:
        unsampled = TRACEPARENT[:-2] + "00"

        answer = send("/commands/begin-thing", a_body(), traceparent=unsampled)

        (event,) = things.recorder_of_commands.select_events(UUID(answer.json()["id"]))
        assert event.caused.trace == unsampled
        assert otlp.spans() == []

    @pytest.mark.parametrize("sent", [CANARY[3:], "00-1-2-3", TRACEPARENT + "0"])
    def test_what_is_no_traceparent_goes_into_no_event(self, send: Send, things: FailingThings, sent: str) -> None:
        answer = send("/commands/begin-thing", a_body(), traceparent=sent)

        (event,) = things.recorder_of_commands.select_events(UUID(answer.json()["id"]))
        assert event.caused.trace == ""

    @pytest.mark.usefixtures("telemetry")
    def test_who_does_not_show_the_secret_can_not_have_anything_recorded(self, send: Send, otlp: Collector) -> None:
        send("/commands/begin-thing", a_body(), authorization="Bearer wrong", traceparent=TRACEPARENT)

        otlp.wait_for_metric(name="baoxue.command.duration", outcome="unauthenticated")
        assert otlp.spans() == []

    @pytest.mark.parametrize("only_records", [False, True])
    @pytest.mark.usefixtures("telemetry")
    def test_commands_are_timed_by_what_came_of_them(self, send: Send, otlp: Collector) -> None:
        key, begun = str(uuid4()), a_body()
        thing_id = send("/commands/begin-thing", begun, idempotency_key=key).json()["id"]
        send("/commands/begin-thing", begun, idempotency_key=key)
        send("/commands/tell-thing", {"thing_id": thing_id, "words": ""})
        send("/commands/tell-thing", {"thing_id": CANARY, "words": ""})
        send("/commands/tell-thing", {"thing_id": thing_id, "words": "hello"}, x_actor="a b")
        send("/commands/give-thing-away", {"thing_id": thing_id})
        for failing in ("fail-to-find", "fail-as-stale"):
            send(f"/commands/{failing}", {})
        send("/commands/fail-without-vault", {"words": CANARY})

        for command, outcome, times in (
            ("begin-thing", "ok", 1),
            ("begin-thing", "repeated", 1),
            ("tell-thing", "refused", 1),
            ("tell-thing", "malformed", 2),
            ("give-thing-away", "forbidden", 1),
            ("fail-to-find", "not_found", 1),
            ("fail-as-stale", "stale", 1),
            ("fail-without-vault", "unavailable", 1),
        ):
            seen = otlp.wait_for_metric(
                name="baoxue.command.duration", at_least=times, service="things", command=command, outcome=outcome
            )
            assert seen.value == times
            assert seen.total > 0

    def test_every_error_of_ours_has_an_outcome(self) -> None:
        assert set(STATUS) < set(OUTCOMES)

    def test_nothing_that_was_sent_is_told(self, send: Send, otlp: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        handler.setFormatter(Lines(service="things"))
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        with Telemetry(endpoint=otlp.endpoint, service="things", share=1.0):
            send("/commands/begin-thing", a_body(), traceparent=TRACEPARENT)
            send("/commands/begin-thing", {"name": CANARY}, traceparent=TRACEPARENT)
            send("/commands/begin-thing", {CANARY: CANARY}, traceparent=CANARY[3:])
            send("/commands/fail-without-store", {"words": CANARY}, traceparent=TRACEPARENT)
            with pytest.raises(RuntimeError) as unexpected:  # a server would answer 500 and log it
                send("/commands/fail-at-all", {"words": CANARY}, traceparent=TRACEPARENT)
            logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=unexpected.value)

        seen = {seen.name for seen in otlp.spans()}
        assert seen == {"command begin-thing", "command fail-without-store", "command fail-at-all"}
        assert otlp.wait_for_metric(name="baoxue.command.duration", outcome="failed")
        assert '"error":"RuntimeError"' in log.getvalue()
        for canary in (CANARY, CANARY[:3], CANARY[3:]):
            assert canary.encode() not in otlp.received()
            assert canary not in log.getvalue()


class TestABody:
    """What can't be read is 400, with the place and the kind of the fault, and never a word of what was sent."""

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({"owner_id": CANARY, "name": "a"}, "body.owner_id: uuid_parsing"),
            ({"owner_id": str(uuid4())}, "body.name: missing"),
            ({"owner_id": str(uuid4()), "name": 13800000000}, "body.name: string_type"),
            ({"owner_id": str(uuid4()), "name": "a", "nick": CANARY}, "extra_forbidden"),
            ({"owner_id": str(uuid4()), "name": "a", CANARY: "nick"}, "extra_forbidden"),
            ([CANARY], "body"),
            (CANARY, "body"),
        ],
    )
    def test_that_cant_be_read_is_refused_by_place(self, send: Send, body: object, place: str) -> None:
        refusal = send("/commands/begin-thing", body)

        assert told_of(refusal) == (400, "BAD_REQUEST")
        assert place in refusal.json()["message"]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            CANARY.encode(),
            b'{"owner_id": "7d0f2a52-3c1b-4a8e-9a55-0d9b6f5c1e01", "name": "\\ud800"}',
            b"\xff\xfe",
            b"[" * 5_000,
        ],
        ids=["empty", "broken", "text", "half a character", "no utf-8", "deep"],
    )
    def test_that_is_no_json_of_ours_is_refused(self, send: Send, content: bytes) -> None:
        refusal = send("/commands/begin-thing", content=content, content_type="application/json")

        assert told_of(refusal) == (400, "BAD_REQUEST")

    def test_is_read_only_after_the_caller_was_recognised(self, send: Send) -> None:
        assert told_of(send("/commands/begin-thing", {}, authorization=None)) == (401, "UNAUTHENTICATED")


def test_a_service_without_a_secret_is_not_built() -> None:
    with pytest.raises(Refused, match="secret"):
        Surroundings(clock=SteppedClock(NOON), token="")
