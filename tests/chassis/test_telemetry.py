"""What a process tells of itself: spans and figures that arrive, nothing personal in them, and nobody who waits for it."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import telemetry as module
from services.chassis.telemetry import (
    SHUTDOWN_S,
    Telemetry,
    batch_span,
    command_took,
    count,
    is_sampled,
    is_traceparent,
    observe,
    span,
    traceparent,
)
from tests.fixtures.otlp import Collector

CANARY = "燕归来510326201401011234"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"00-{TRACE}-b7ad6b7169203331-01"
UNSAMPLED = f"00-{TRACE}-b7ad6b7169203331-00"

hexadecimal = st.text("0123456789abcdef", min_size=1, max_size=1)


class TestWithoutACollector:
    def test_nothing_is_traced_and_everything_may_be_called(self) -> None:
        with Telemetry(endpoint="", service="tests", share=1.0):
            with span("command open-case") as current, batch_span("relay cases", traces=[SAMPLED]):
                assert not current.is_recording()
                assert traceparent() == ""
            count("baoxue.reads", decision="answered")
            command_took(service="cases", command="open-case", outcome="ok", seconds=0.1)
            observe("baoxue.lag.seconds", unit="s", description="", read=_never)

    def test_a_trace_that_others_began_is_passed_on(self) -> None:
        with span("command open-case", parent=SAMPLED), span("within"):
            assert traceparent() == SAMPLED

    @pytest.mark.usefixtures("telemetry")
    def test_an_unsampled_trace_is_passed_on_and_not_recorded(self, otlp: Collector) -> None:
        with span("unsampled", parent=UNSAMPLED) as current:
            assert not current.is_recording()
            assert traceparent() == UNSAMPLED
        with span("after"):
            pass

        otlp.wait_for_span(name="after")
        assert [seen.name for seen in otlp.spans()] == ["after"]


@pytest.mark.usefixtures("telemetry")
class TestASpan:
    def test_says_which_process_it_is_of(self, otlp: Collector) -> None:
        with span("command open-case", document="d1"):
            pass

        seen = otlp.wait_for_span(name="command open-case")
        assert seen.attributes == {"document": "d1"}
        assert seen.resource["service.name"] == "tests"
        assert seen.resource["service.version"]
        assert seen.resource["service.instance.id"]

    def test_goes_on_with_its_parents_trace(self, otlp: Collector) -> None:
        with span("outer", parent=SAMPLED), span("inner"):
            here = traceparent()

        inner, outer = otlp.wait_for_span(name="inner"), otlp.wait_for_span(name="outer")
        assert (outer.trace_id, outer.parent_id) == (TRACE, "b7ad6b7169203331")
        assert (inner.trace_id, inner.parent_id) == (TRACE, outer.span_id)
        assert here[:52] == f"00-{TRACE}-{inner.span_id}"
        assert is_sampled(here)

    def test_only_points_to_the_trace_of_somebody_whose_word_is_not_taken(self, otlp: Collector) -> None:
        with span("current"), span("asked", link=SAMPLED):
            pass

        asked = otlp.wait_for_span(name="asked")
        assert asked.links == (TRACE,)
        assert asked.parent_id == ""
        assert asked.trace_id not in {TRACE, otlp.wait_for_span(name="current").trace_id}

    def test_tells_a_failure_by_its_kind_and_never_by_its_words(self, otlp: Collector) -> None:
        with pytest.raises(ValueError, match=CANARY), span("fails"):
            raise ValueError(CANARY)
        with pytest.raises(KeyError), batch_span("fails too", traces=[SAMPLED]):
            raise KeyError(CANARY)

        one, other = otlp.wait_for_span(name="fails"), otlp.wait_for_span(name="fails too")
        assert (one.attributes["error.type"], other.attributes["error.type"]) == ("ValueError", "KeyError")
        assert (one.is_error, one.events, one.status_message) == (True, 0, "")
        assert (other.is_error, other.events, other.status_message) == (True, 0, "")
        assert CANARY.encode() not in otlp.received()


def test_a_trace_is_not_begun_where_the_share_leaves_it_out(otlp: Collector) -> None:
    with Telemetry(endpoint=otlp.endpoint, service="tests", share=0.0, metrics_every_s=0.1):
        with span("left out") as current:
            assert not current.is_recording()
            assert not is_sampled(traceparent())
        with span("of a caller who records", parent=SAMPLED):
            pass
        otlp.wait_for_span(name="of a caller who records")

    assert [seen.name for seen in otlp.spans()] == ["of a caller who records"]


class TestABatch:
    @pytest.mark.usefixtures("telemetry")
    def test_is_a_span_in_each_sampled_trace_once(self, otlp: Collector) -> None:
        other = SAMPLED.replace(TRACE, "1" * 32)
        with batch_span("relay cases", traces=["", UNSAMPLED, SAMPLED, other, SAMPLED, "nonsense-01"], events=6):
            assert traceparent() == ""
        with span("after"):
            pass

        otlp.wait_for_span(name="after")
        batch = [seen for seen in otlp.spans() if seen.name == "relay cases"]
        assert {(seen.trace_id, seen.parent_id) for seen in batch} == {
            (TRACE, "b7ad6b7169203331"),
            ("1" * 32, "b7ad6b7169203331"),
        }
        assert [seen.attributes for seen in batch] == [{"events": 6}] * 2

    @given(st.lists(st.sampled_from([SAMPLED, UNSAMPLED, "", "x-01"]) | st.text(max_size=60)))
    def test_without_a_sampled_trace_costs_no_span(self, traces: list[str]) -> None:
        assert any(map(is_sampled, traces)) == (SAMPLED in traces)


class TestATraceparent:
    @given(
        st.lists(hexadecimal, min_size=32, max_size=32).map("".join),
        st.lists(hexadecimal, min_size=16, max_size=16).map("".join),
        st.integers(0, 255),
    )
    def test_of_its_form_is_one_and_says_whether_it_is_sampled(self, trace: str, parent: str, flags: int) -> None:
        text = f"00-{trace}-{parent}-{flags:02x}"

        assert is_traceparent(text) == (set(trace) != {"0"} and set(parent) != {"0"})
        assert is_sampled(text) == (is_traceparent(text) and flags % 2 == 1)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            CANARY,
            f"01-{TRACE}-b7ad6b7169203331-01",
            SAMPLED.upper(),
            SAMPLED + "\n",
            SAMPLED + "-01",
            " " + SAMPLED,
        ],
    )
    def test_of_another_form_is_none(self, text: str) -> None:
        assert not is_traceparent(text)
        assert not is_sampled(text)
        with span("anything", parent=text):
            assert traceparent() == ""


@pytest.mark.usefixtures("telemetry")
class TestFigures:
    def test_of_commands_arrive_by_service_command_and_outcome(self, otlp: Collector) -> None:
        for seconds in (0.25, 0.5):
            command_took(service="cases", command="open-case", outcome="refused", seconds=seconds)

        seen = otlp.wait_for_metric(name="baoxue.command.duration", at_least=2, outcome="refused")
        assert seen.attributes == {"service": "cases", "command": "open-case", "outcome": "refused"}
        assert (seen.value, seen.total, seen.unit, seen.kind) == (2, 0.75, "s", "histogram")

    def test_counted_add_up(self, otlp: Collector) -> None:
        count("baoxue.reads", decision="denied")
        count("baoxue.reads", 2, decision="denied")
        count("baoxue.reads", decision="answered")

        assert otlp.wait_for_metric(name="baoxue.reads", at_least=3, decision="denied").value == 3
        assert otlp.wait_for_metric(name="baoxue.reads", decision="answered").value == 1

    def test_observed_are_read_whenever_they_are_sent(self, otlp: Collector) -> None:
        lag = {"cases relay": 1.5}
        observe("baoxue.lag.seconds", unit="s", description="age", read=lambda: lag)

        assert otlp.wait_for_metric(name="baoxue.lag.seconds", of="cases relay").value == 1.5
        lag["cases relay"] = 61.0
        assert otlp.wait_for_metric(name="baoxue.lag.seconds", at_least=61, of="cases relay").description == "age"

    def test_of_several_under_one_name_are_all_told_and_who_fails_harms_no_other(self, otlp: Collector) -> None:
        for read in (_never, lambda: {"vault": 1.0}, lambda: {"cases store": 2.0}):
            observe("baoxue.pool.used", unit="{connection}", description="", read=read)

        assert otlp.wait_for_metric(name="baoxue.pool.used", of="vault").value == 1
        assert otlp.wait_for_metric(name="baoxue.pool.used", of="cases store").value == 2


def _never() -> dict[str, float]:
    raise RuntimeError(CANARY)


class TestACollectorThatIsAway:
    """It costs nobody time but the process that ends, and that only so long."""

    @pytest.fixture(params=["nobody listens", "nobody answers"])
    def endpoint(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        monkeypatch.setattr(module, "SHUTDOWN_S", 1.0)
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            if request.param == "nobody answers":
                silent.listen()
            yield f"http://127.0.0.1:{silent.getsockname()[1]}"

    def test_neither_blocks_nor_raises_and_the_end_is_bounded(self, endpoint: str) -> None:
        telemetry = Telemetry(endpoint=endpoint, service="tests", share=1.0, metrics_every_s=0.05)
        telemetry.start()
        slowest = max(_seconds(_one_command) for _ in range(5_000))  # more spans than may wait

        assert slowest < 1.0
        assert _seconds(telemetry.shutdown) < 1.0 + SHUTDOWN_S
        assert _seconds(telemetry.shutdown) < 0.1
        assert traceparent() == ""


def _one_command() -> None:
    with span("command open-case"):
        count("baoxue.reads", decision="answered")
        command_took(service="cases", command="open-case", outcome="ok", seconds=0.01)


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
