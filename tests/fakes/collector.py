"""A receiver of traces: OTLP over HTTP, and of what it was sent the spans as plain values."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

__all__ = ["Collector", "Told", "collecting"]

KINDS: dict[int, str] = {Span.SPAN_KIND_SERVER: "server", Span.SPAN_KIND_CLIENT: "client"}


@dataclass(frozen=True)
class Told:
    """One span; numbers are in hexadecimal digits, times in nanoseconds since 1970."""

    name: str
    kind: str
    trace: str
    number: str
    parent: str
    begun: int
    ended: int
    failed: bool
    attributes: dict[str, Any]


class Collector:
    """What was sent, in the order of its arrival."""

    def __init__(self) -> None:
        self.url = ""
        self.raw = b""
        self.service: set[str] = set()
        self.spans: list[Told] = []

    def receive(self, body: bytes) -> None:
        """Take one export in."""
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.service.add(named["service.name"])
            for scope in resource.scope_spans:
                self.spans += map(_told, scope.spans)

    def of(self, request_id: str) -> list[Told]:
        """Return the spans of a request, its own first."""
        own = [span for span in self.spans if span.attributes.get("tollway.request_id") == request_id]
        return own + [span for span in self.spans if own and span.parent == own[0].number]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen until the block ends."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.receive(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_values: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()


def _told(span: Span) -> Told:
    return Told(
        name=span.name,
        kind=KINDS[span.kind],
        trace=span.trace_id.hex(),
        number=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        begun=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        failed=span.status.code == 2,
        attributes={each.key: _value(each.value) for each in span.attributes},
    )


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
