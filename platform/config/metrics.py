"""What Prometheus reads at /metrics: the modes that hold, and how much every web process of this machine has open."""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from billing import parts
from billing.parts import Heard
from inference import process
from kernel import degraded
from kernel.modes import MODES

__all__ = ["metrics"]

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
_GAUGES = {
    "requests": ("tollway_open_requests", "Requests admitted and not settled."),
    "streams": ("tollway_open_streams", "Streams being relayed or about to be."),
    "journalled": ("tollway_journalled_settlements", "Settlements that wait on the disk for PostgreSQL."),
    "kept": ("tollway_journals_kept", "Journals of this machine that need a person."),
}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format; 403 without the token, or from elsewhere where there is none."""
    if not _may_read(request):
        return HttpResponse("Send METRICS_TOKEN as a bearer.", status=403, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(_Machine())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(sent.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # Behind a proxy on this machine everybody comes from here.
    return _is_here(request.META.get("REMOTE_ADDR", "")) and not any(
        name in request.META for name in _FORWARDED
    )


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class _Machine(Collector):
    """Reads memory only: of this process as it is, of its siblings as they told within five seconds."""

    def collect(self) -> Iterable[Metric]:
        """Yield every family."""
        yield _modes()
        said, heard = _said()
        for name, (title, text) in _GAUGES.items():
            gauge = GaugeMetricFamily(title, text, labels=["process"])
            for pid, each in said.items():
                gauge.add_metric([pid], each.get(name, 0))
            yield gauge
        yield _refusals(said)
        yield _silences(heard)


def _said() -> tuple[Mapping[str, Mapping[str, Any]], Iterable[Heard]]:
    """Return what each web process of this machine says of itself, by its number, and all parts that were heard."""
    own = process.lookout()
    if own is None:
        return {}, ()
    host, pid = parts.place()
    siblings = {str(part.pid): part.said for part in parts.webs(own.heard) if part.host == host}
    return {**siblings, str(pid): own.said()}, own.heard


def _modes() -> Metric:
    gauge = GaugeMetricFamily(
        "tollway_degraded", "1 while a degraded mode holds, here or elsewhere.", labels=["mode"]
    )
    held = {each.mode.name for each in degraded.current()}
    for name in MODES:
        gauge.add_metric([name], int(name in held))
    return gauge


def _refusals(said: Mapping[str, Mapping[str, Any]]) -> Metric:
    counter = CounterMetricFamily(
        "tollway_refusals", "Requests of known callers that were not let in.", labels=["process", "code"]
    )
    for pid, each in said.items():
        for code, number in each.get("refusals", {}).items():
            counter.add_metric([pid, code], number)
    return counter


def _silences(heard: Iterable[Heard]) -> Metric:
    gauge = GaugeMetricFamily(
        "tollway_silence_seconds",
        "Seconds since a beat was heard, or a sweep ended, as of the last look.",
        labels=["part"],
    )
    known = list(heard)
    for kind in ("beat", "sweep"):
        silent = parts.silence(known, kind)
        if silent is not None:
            gauge.add_metric([kind], silent)
    return gauge
