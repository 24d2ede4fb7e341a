"""Traces of requests and of their calls to upstreams, by OpenTelemetry's names for generative AI, all of which are here.

Off unless `start` was told an address: then `on`, and `passed_on` where upstreams are sent the trace. A request is told once,
when it is settled or refused, with the times that were noted on its way. No prompt and no answer is in it.
"""

import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from billing.settlement import FailedAttempt, Settlement
from catalog.snapshot import Hop

from . import traffic
from .arrival import Arrival
from .errors import Failure

if TYPE_CHECKING:
    from opentelemetry.trace import SpanKind, Tracer

    from .visit import Visit

__all__ = ["call_next", "headers", "refused", "settled", "start", "stop"]

on = False
passed_on = False

QUEUE, AT_ONCE, EVERY_MS = 4096, 512, 2000
SEND_SECONDS = 5.0
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_OPERATIONS: Mapping[str, str] = {
    "chat": "chat",
    "messages": "chat",
    "responses": "chat",
    "hub": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
    "images": "generate_content",
    "rerank": "rerank",
}
_NANO = 10**9


class _Place(NamedTuple):
    """Where in which trace a request stands. Its calls have the numbers after `span`."""

    trace: int
    span: int
    parent: int
    sampled: bool


@dataclass(slots=True)
class _Span:
    name: str
    number: int
    begun: int
    ended: int
    attributes: dict[str, Any]
    error: str


class _Numbers:
    """Gives the numbers that were settled on before, where OpenTelemetry would make some."""

    def __init__(self) -> None:
        self.trace = self.span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return False


class _Teller:
    """Hands spans to OpenTelemetry, which sends them in a thread of its own and drops what is too much."""

    def __init__(self, url: str, percent: int) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self.percent = percent
        self._numbers = _Numbers()
        resource = Resource.create({"service.name": "tollway"})
        self._provider = TracerProvider(
            resource=resource,
            id_generator=self._numbers,  # type: ignore[arg-type]  # its class would have to be imported
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=url, timeout=SEND_SECONDS)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=QUEUE,
                max_export_batch_size=AT_ONCE,
                schedule_delay_millis=EVERY_MS,
            )
        )
        self._tracer: Tracer = self._provider.get_tracer("tollway")

    def tell(self, place: _Place, own: _Span, calls: list[_Span]) -> None:
        """Hand over a request's span, and under it those of its calls."""
        from opentelemetry.trace import SpanKind

        self._span(place, own, parent=place.parent, kind=SpanKind.SERVER)
        for call in calls:
            self._span(place, call, parent=own.number, kind=SpanKind.CLIENT)

    def close(self) -> None:
        """Send what is left, for a bounded time."""
        self._provider.force_flush(int(SEND_SECONDS * 1000))
        self._provider.shutdown()

    def _span(self, place: _Place, span: _Span, *, parent: int, kind: "SpanKind") -> None:
        from opentelemetry import trace
        from opentelemetry.context import Context
        from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

        self._numbers.trace, self._numbers.span = place.trace, span.number
        context = Context()
        if parent:
            above = SpanContext(place.trace, parent, is_remote=True, trace_flags=TraceFlags(1))
            context = trace.set_span_in_context(NonRecordingSpan(above), context)
        told = self._tracer.start_span(
            span.name, context, kind=kind, attributes=span.attributes, start_time=span.begun
        )
        if span.error:
            told.set_attribute("error.type", span.error)
            told.set_status(Status(StatusCode.ERROR))
        told.end(span.ended)


_teller: _Teller | None = None
_outgoing: ContextVar[str] = ContextVar("traceparent", default="")


def start(url: str, *, percent: int, upstream: bool) -> None:
    """Begin to send so many percent of the traces to an OTLP/HTTP address. Providers are sent the trace if `upstream`.

    Raises ImportError without OpenTelemetry's packages.
    """
    global on, passed_on, _teller
    _teller = _Teller(url, percent)
    on, passed_on = True, upstream


def stop() -> None:
    """Send what is left and end; waits for it, so it is for a thread."""
    global on, passed_on, _teller
    teller, _teller, on, passed_on = _teller, None, False, False
    if teller is not None:
        teller.close()


def call_next(visit: "Visit") -> None:
    """Have the call that this task makes next carry the trace of its request."""
    place = _place(visit.request)
    number = _numbered(place, len(visit.trail.failed) + 1)
    _outgoing.set(f"00-{place.trace:032x}-{number:016x}-{int(place.sampled):02x}")


def headers() -> dict[str, str]:
    """Return what a call to an upstream carries besides."""
    return {"traceparent": _outgoing.get()} if _outgoing.get() else {}


def settled(visit: "Visit", settlement: Settlement) -> None:
    """Tell of an admitted request and of each of its calls."""
    request = visit.request
    request.traced = True  # what is refused after it was admitted is told here
    place = _place(request)
    if _teller is None or not place.sampled:
        return
    operation = _operation(request)
    hops = {(leg.hop.endpoint_id, leg.hop.upstream_model): leg for leg in visit.deal.legs}
    calls = [_failed(each, hops, operation, place) for each in settlement.failed_attempts]
    asked, answered = visit.deal.first.ask.model, ""
    leg = hops.get((settlement.endpoint_id, settlement.upstream_model))
    if leg is not None:
        answered = leg.offer.public_id
        calls.append(_served(visit, settlement, leg.hop, operation, place))
    own = _own(request, place, operation, asked, settlement.http_status, _error(settlement))
    own.attributes |= {
        "gen_ai.request.stream": visit.deal.first.ask.stream,
        "tollway.workspace_id": settlement.workspace_id,
        "tollway.status": settlement.status,
        "tollway.cost_nano_usd": settlement.cost,
        **({"gen_ai.response.model": answered, **_usage(settlement)} if answered else {}),
    }
    _teller.tell(place, own, calls)


def refused(request: Arrival, failure: Failure) -> None:
    """Tell of a request that was not admitted, on the routes that would have called a model."""
    operation, place = _operation(request), _place(request)
    if _teller is None or not operation or not place.sampled or request.traced:
        return
    _teller.tell(place, _own(request, place, operation, "", failure.kind.status, failure.code), [])


def _place(request: Arrival) -> _Place:
    found = _PARENT.fullmatch(request.header("traceparent").strip())
    own = request.id.int & 2**64 - 1
    # Of the number of a request these bits are random, and those below are zero.
    chosen = (request.id.int >> 8) % 10_000 < (_teller.percent if _teller else 0) * 100
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return _Place(request.id.int, own, 0, chosen)
    return _Place(int(found[1], 16), own, int(found[2], 16), chosen and bool(int(found[3], 16) & 1))


def _numbered(place: _Place, call: int) -> int:
    return place.span + min(call, 255)


def _operation(request: Arrival) -> str:
    return _OPERATIONS.get(traffic.route(request.path), "")


def _own(request: Arrival, place: _Place, operation: str, model: str, status: int, error: str) -> _Span:
    ended = time.time_ns()
    attributes = {
        "gen_ai.operation.name": operation,
        "http.request.method": request.method,
        "url.path": request.path,
        "http.response.status_code": status,
        "tollway.request_id": str(request.id),
        **({"gen_ai.request.model": model} if model else {}),
    }
    begun = ended - _nanoseconds(time.monotonic() - request.began)
    return _Span(f"{operation} {model}".strip(), place.span, begun, ended, attributes, error)


def _failed(
    attempt: FailedAttempt, hops: Mapping[tuple[int, str], Any], operation: str, place: _Place
) -> _Span:
    leg = hops.get((attempt.endpoint_id, attempt.upstream_model))
    begun = int(attempt.started_at.timestamp() * _NANO)
    ended = begun + attempt.milliseconds * 1_000_000
    attributes = _called(operation, attempt.upstream_model, leg.hop if leg else None)
    if attempt.http_status is not None:
        attributes["http.response.status_code"] = attempt.http_status
    number = _numbered(place, attempt.number)
    return _Span(f"{operation} {attempt.upstream_model}", number, begun, ended, attributes, attempt.outcome)


def _served(visit: "Visit", settlement: Settlement, hop: Hop, operation: str, place: _Place) -> _Span:
    now, monotonic = time.time_ns(), time.monotonic()
    begun = now - _nanoseconds(monotonic - visit.attempt_began)
    ended = now if visit.deal.first.ask.stream else begun + _nanoseconds(visit.attempt_seconds)
    attributes = {
        **_called(operation, hop.upstream_model, hop),
        **_usage(settlement),
        "gen_ai.response.time_to_first_chunk": visit.attempt_seconds,
    }
    number = _numbered(place, len(settlement.failed_attempts) + 1)
    error = "disconnected" if settlement.status == "upstream_cut" else ""
    return _Span(f"{operation} {hop.upstream_model}", number, begun, ended, attributes, error)


def _called(operation: str, model: str, hop: Hop | None) -> dict[str, Any]:
    place = urlsplit(hop.base_url) if hop is not None else None
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        **({"gen_ai.provider.name": hop.provider} if hop is not None else {}),
        **({"server.address": place.hostname} if place and place.hostname else {}),
        **({"server.port": place.port} if place and place.port else {}),
    }


def _usage(settlement: Settlement) -> dict[str, Any]:
    counts = settlement.counts
    return {
        "gen_ai.usage.input_tokens": counts.prompt_tokens,
        "gen_ai.usage.output_tokens": counts.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": counts.cached,
        **(
            {"gen_ai.response.finish_reasons": [settlement.finish_reason]} if settlement.finish_reason else {}
        ),
    }


def _error(settlement: Settlement) -> str:
    return "" if settlement.status in ("ok", "client_gone") else settlement.error_code or settlement.status


def _nanoseconds(seconds: float) -> int:
    return int(seconds * _NANO)
