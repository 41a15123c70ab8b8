"""Traces and metrics of a process, sent to an OTLP/HTTP collector; nothing personal in any of them.

    with Telemetry(endpoint="http://collector:4318", service="cases relay", share=0.1): ...

Where no `Telemetry` runs, everything here does nothing and costs next to nothing; a trace that others began is still
passed on. The provider is this module's own, not the library's global one, so that one process (a test) may have several
in turn.

What must hold in every change here:

- No word that came from outside is a name or an attribute: kinds, producers, positions, ids of events, counts. Errors are
  told by their kind; the library's own way, with message and traceback, is switched off. `deploy/otel/collector.yaml`
  lets only the attributes pass that are listed there: add a new one in both places.
- Nothing waits for the collector: spans queue up to a bound and are then dropped, metrics are summed in memory.
- Only services' own words set the sampled flag of a trace; see `span(link=…)` for what comes from partners.

Metrics are listed in `deploy/otel/README.md`; a test compares the list with the code.
"""

import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from threading import Lock, Thread
from types import TracebackType
from typing import Final, Self

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

METRICS_EVERY_S: Final = 10.0
SPANS_EVERY_S: Final = 2.0
SPANS_WAITING_MAX: Final = 4096
EXPORT_S: Final = 5.0
"""How long one export may take, all its tries together."""
SHUTDOWN_S: Final = 5.0
"""How long the end waits for what is still to be sent."""

COMMAND_DURATION: Final = "baoxue.command.duration"
REQUEST_DURATION: Final = "baoxue.request.duration"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
"""Bounds of the histograms' buckets."""

COUNTERS: Final[Mapping[str, tuple[str, str]]] = {
    "baoxue.reads": ("{read}", "Operations with a receipt, by what was decided: answered, denied, refused"),
    "baoxue.receipts.missing": ("{receipt}", "Operations left without an answer because their receipt was not written"),
    "baoxue.predicates.alarms": (
        "{alarm}",
        "Times that somebody seemed to try numbers out with questions of yes or no",
    ),
    "baoxue.public": (
        "{request}",
        "What the public sent to its pages, by what came of it: received, shown, throttled …",
    ),
    "baoxue.messages": ("{message}", "Messages that left the house, by channel and by what came of it"),
    "baoxue.reader.retries": ("{try}", "Times that a reader tried a message again"),
    "baoxue.reader.parked": ("{event}", "Events that a reader put aside, by the kind of error"),
    "baoxue.reader.unknown": ("{event}", "Events of a type unknown here that a reader passed over"),
}
"""What may be counted: unit and description by name."""

Read = Callable[[], Mapping[str, float]]
"""Figures by what they are of: a part, a pool."""

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_NOTHING: Final[AbstractContextManager[Span]] = nullcontext(trace.INVALID_SPAN)


@dataclass(slots=True)
class _Sink:
    """Where spans and figures go while a `Telemetry` runs."""

    tracer: trace.Tracer
    meter: Meter
    command_duration: Histogram
    request_duration: Histogram
    counters: dict[str, Counter] = field(default_factory=dict)
    observed: dict[str, list[Read]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_sink: _Sink | None = None


class Telemetry:
    """Traces and metrics of this process go to a collector within this context; one at a time in a process."""

    def __init__(self, *, endpoint: str, service: str, share: float, metrics_every_s: float = METRICS_EVERY_S) -> None:
        """`endpoint` is the collector's address, `http://host:4318`; empty for none, and then nothing is begun.

        `service` names the process, `share` is the part of all traces begun here that is recorded, 0 to 1.
        """
        self._endpoint = endpoint.rstrip("/")
        self._service = service
        self._share = share
        self._metrics_every_s = metrics_every_s
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def start(self) -> None:
        """Begins; does nothing without an endpoint."""
        global _sink  # noqa: PLW0603  # a process has one, as it has one log
        if not self._endpoint:
            return
        # What only a process with a collector needs is loaded here: no other starts later for it.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

        resource = Resource.create(
            {
                "service.name": self._service,
                "service.version": _version(),
                "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            }
        )
        traces = TracerProvider(
            resource=resource, sampler=ParentBased(TraceIdRatioBased(self._share)), shutdown_on_exit=False
        )
        traces.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(endpoint=f"{self._endpoint}/v1/traces", timeout=EXPORT_S),
                max_queue_size=SPANS_WAITING_MAX,
                schedule_delay_millis=min(SPANS_EVERY_S, self._metrics_every_s) * 1000,
            )
        )
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(endpoint=f"{self._endpoint}/v1/metrics", timeout=EXPORT_S),
            export_interval_millis=self._metrics_every_s * 1000,
            export_timeout_millis=EXPORT_S * 1000,
        )
        metrics = MeterProvider(resource=resource, metric_readers=[reader], shutdown_on_exit=False)
        meter = metrics.get_meter("baoxue")
        _sink = _Sink(
            tracer=traces.get_tracer("baoxue"),
            meter=meter,
            command_duration=_histogram(meter, COMMAND_DURATION, "Time from a command's arrival to its answer"),
            request_duration=_histogram(meter, REQUEST_DURATION, "Time from a GraphQL request's arrival to its answer"),
        )
        self._stack.callback(_shut_down, traces.shutdown, partial(metrics.shutdown, SHUTDOWN_S * 1000))
        self._stack.callback(_stop)

    def shutdown(self) -> None:
        """Sends what is waiting, for at most `SHUTDOWN_S`, and lets go; twice is once."""
        self._stack.close()


def span(
    name: str, *, parent: str = "", link: str = "", kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int
) -> AbstractContextManager[Span]:
    """A span by operation name, the current one within.

    `parent` is the W3C traceparent of one of ours: its trace goes on, sampled as it was. `link` is that of somebody whose
    word we do not take: a trace of our own begins, which only points to theirs. Both may be empty.
    """
    sink = _sink
    context = _context(parent)
    if context is not None and (sink is None or not context.trace_flags.sampled):
        return trace.use_span(NonRecordingSpan(context), record_exception=False, set_status_on_exception=False)
    if sink is None:
        return _NOTHING
    return _recording(sink, name, parent=context, link=_context(link), kind=kind, attributes=attributes)


def batch_span(name: str, *, traces: Iterable[str], **attributes: str | int) -> AbstractContextManager[object]:
    """One span for each sampled traceparent among `traces`, its child, all as long as the block; none is the current one."""
    sink = _sink
    if sink is None:
        return _NOTHING
    sampled = {traceparent for traceparent in traces if is_sampled(traceparent)}
    return _batch(sink, name, sampled, attributes) if sampled else _NOTHING


def is_traceparent(text: str) -> bool:
    """Whether a text is a W3C traceparent of version 00."""
    return _TRACEPARENT.fullmatch(text) is not None


def is_sampled(traceparent: str) -> bool:
    """Whether whoever began this trace has it recorded."""
    return traceparent[-1:] in _ODD and is_traceparent(traceparent)


_ODD: Final = frozenset("13579bdf")  # the last flag is the sampled one


def traceparent() -> str:
    """The W3C traceparent of the current span, or empty where nothing is traced."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def command_took(*, service: str, command: str, outcome: str, seconds: float) -> None:
    """Notes how long a command took and what came of it, by the service's and command's own names."""
    if (sink := _sink) is not None:
        sink.command_duration.record(seconds, {"service": service, "command": command, "outcome": outcome})


def request_took(*, kind: str, outcome: str, seconds: float) -> None:
    """Notes how long a GraphQL request took: `kind` is query or mutation, `outcome` a decision or a code."""
    if (sink := _sink) is not None:
        sink.request_duration.record(seconds, {"kind": kind, "outcome": outcome})


def count(name: str, amount: int = 1, **attributes: str | int) -> None:
    """Counts something of `COUNTERS`."""
    if (sink := _sink) is None:
        return
    counter = sink.counters.get(name)
    if counter is None:
        unit, description = COUNTERS.get(
            name, ("", "")
        )  # what is not listed is a test's to find, not a process's to die of
        with sink.lock:
            counter = sink.counters.get(name) or sink.meter.create_counter(name, unit=unit, description=description)
            sink.counters[name] = counter
    counter.add(amount, attributes)


def observe(name: str, *, unit: str, description: str, read: Read) -> None:
    """A gauge that `read` tells whenever figures are sent: one series for each key, under the attribute `of`.

    `read` runs on the exporter's thread and answers from memory. Given again under the same name, it adds its series.
    Lasts as long as the `Telemetry` that runs; without one it does nothing.
    """
    if (sink := _sink) is None:
        return
    with sink.lock:
        reads = sink.observed.get(name)
        if reads is not None:
            reads.append(read)
            return
        reads = sink.observed[name] = [read]
        sink.meter.create_observable_gauge(
            name, callbacks=[partial(_observations, reads)], unit=unit, description=description
        )


def observe_parts(*, well: Read, lag_seconds: Read, lag_events: Read, parked_keys: Read) -> None:
    """How the parts of this process are, by their names: `well` is 1 or 0."""
    observe("baoxue.part.well", unit="{part}", description="1 where a part does what it is there for", read=well)
    observe(
        "baoxue.lag.seconds",
        unit="s",
        description="Age of the oldest event that a part knows of and has not handled",
        read=lag_seconds,
    )
    observe("baoxue.lag.events", unit="{event}", description="Events that a part has yet to handle", read=lag_events)
    observe("baoxue.parked.keys", unit="{key}", description="Keys that a reader has put aside", read=parked_keys)


def observe_pool(of: str, *, stats: Callable[[], Mapping[str, int]]) -> None:
    """How a pool of connections is used; `stats` is what `psycopg_pool` calls `get_stats`."""

    def used() -> Mapping[str, float]:
        now = stats()
        return {of: now["pool_size"] - now["pool_available"]}

    observe("baoxue.pool.used", unit="{connection}", description="Connections of a pool that are lent out", read=used)
    observe(
        "baoxue.pool.size",
        unit="{connection}",
        description="Connections that a pool may have",
        read=lambda: {of: stats()["pool_max"]},
    )


def _observations(reads: list[Read], _options: CallbackOptions) -> Iterator[Observation]:
    for read in list(reads):
        try:
            values = read()
        except Exception:  # noqa: BLE001, S112  # a part that is ending has no figures; the others have
            continue
        for of, value in values.items():
            yield Observation(value, {"of": of})


@contextmanager
def _recording(
    sink: _Sink,
    name: str,
    *,
    parent: SpanContext | None,
    link: SpanContext | None,
    kind: SpanKind,
    attributes: Mapping[str, str | int],
) -> Iterator[Span]:
    current = sink.tracer.start_span(
        name,
        context=_within(parent, alone=link is not None),
        links=() if link is None else (trace.Link(link),),
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    )
    with trace.use_span(current, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield current
        except BaseException as error:
            _failed(current, error)
            raise


def _within(parent: SpanContext | None, *, alone: bool) -> Context | None:
    """Where a span begins: under a parent from elsewhere, alone, or (None) under whatever is the current one."""
    if parent is not None:
        return trace.set_span_in_context(NonRecordingSpan(parent), Context())
    return Context() if alone else None


@contextmanager
def _batch(sink: _Sink, name: str, parents: set[str], attributes: Mapping[str, str | int]) -> Iterator[None]:
    spans = [
        sink.tracer.start_span(name, context=_within(context, alone=True), attributes=attributes)
        for parent in parents
        if (context := _context(parent)) is not None
    ]
    try:
        yield
    except BaseException as error:
        for each in spans:
            _failed(each, error)
        raise
    finally:
        for each in spans:
            each.end()


def _failed(current: Span, error: BaseException) -> None:
    """By kind only: a text may quote a person."""
    current.set_attribute("error.type", type(error).__name__)
    current.set_status(StatusCode.ERROR)


def _context(traceparent: str) -> SpanContext | None:
    """The span that a traceparent names; None for anything that is no traceparent of version 00."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))


def _histogram(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(name, unit="s", description=description, explicit_bucket_boundaries_advisory=SECONDS)


def _version() -> str:
    try:
        return version_of("baoxue")
    except PackageNotFoundError:  # run from a copy that was never installed
        return "unknown"


def _stop() -> None:
    global _sink  # noqa: PLW0603
    _sink = None


def _shut_down(*ends: Callable[[], None]) -> None:
    """Ends all at once, each on a thread that is left behind when it takes too long: the process ends without it."""
    threads = [Thread(target=end, name="telemetry ends", daemon=True) for end in ends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=SHUTDOWN_S)
