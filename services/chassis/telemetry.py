"""Traces: set up once per process, spans by operation name, nothing personal in any attribute.

Spans stand in the chassis only (commands, inboxes, projections), so no domain code names OpenTelemetry.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_tracer = trace.get_tracer("baoxue")
_propagator = TraceContextTextMapPropagator()


def trace_to(*, endpoint: str, service: str, share: float) -> TracerProvider:
    """Sends `share` of all traces to an OTLP/HTTP collector; the caller shuts the provider down at its end."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBased(TraceIdRatioBased(share))
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def span(name: str, *, parent: str = "") -> Iterator[trace.Span]:
    """A span by operation name; `parent` is a W3C traceparent, or empty."""
    context = _propagator.extract({"traceparent": parent}) if parent else None
    with _tracer.start_as_current_span(name, context=context) as current:
        yield current


def traceparent() -> str:
    """The W3C traceparent of the current span, or empty where nothing is traced."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")
