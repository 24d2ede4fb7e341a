"""What Prometheus reads at /metrics: every web process of this machine by itself, and how the whole site stands."""

import hmac
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from billing import parts
from inference import process
from kernel import degraded, modes, tallies
from kernel.tallies import Kind, Spread

from . import (
    lifespan,  # noqa: F401  # what a server process counts is declared with what it begins
    standing,
)

__all__ = ["families", "metrics"]

log = structlog.get_logger()

Rows = Iterable[Sequence[Any]]

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
_KNOWN: dict[str, standing.Family] = {
    "tollway_degraded": ("gauge", "1 while a degraded mode holds, here or elsewhere.", ("mode",)),
    "tollway_web_processes": ("gauge", "Web processes of the whole site that were heard lately.", ()),
    "tollway_silence_seconds": (
        "gauge",
        "Seconds since a beat was heard, or a sweep ended, as of the last look.",
        ("part",),
    ),
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


def families() -> dict[str, standing.Family]:
    """Return all that /metrics may say: kind, meaning and labels by name."""
    own = {
        name: (each.kind, each.text, ("process", *each.labels)) for name, each in tallies.declared().items()
    }
    return {**own, **_KNOWN, **standing.FAMILIES}


class _Machine(Collector):
    """Reads this process as it is, its siblings on this machine as they told within five seconds, and the whole site."""

    def collect(self) -> Iterable[Metric]:
        """Yield every family, those without a sample too."""
        rows: dict[str, list[Sequence[Any]]] = defaultdict(list)
        for pid, figures in _of_processes().items():
            for name, told in figures.items():
                rows[name] += ((str(pid), *row) for row in told)
        for name, labels, figure in (*_known(), *standing.read()):
            rows[name].append((*labels, figure))
        for name, (kind, text, labels) in families().items():
            yield _family(kind, name, text, labels, rows[name])


def _of_processes() -> Mapping[int, Mapping[str, Rows]]:
    """Return the figures of each web process of this machine by its number; of this one alone without the database."""
    own = {} if process.lookout() is None else {parts.place()[1]: tallies.told()}
    if degraded.holds(modes.DATABASE):
        return own
    try:
        return {**parts.figures(), **own}
    except Error as error:
        log.warning("metrics of this process alone", error=type(error).__name__)
        return own


def _known() -> Iterator[standing.Sample]:
    """Yield what this process knows of the whole site."""
    held = {each.mode.name for each in degraded.current()}
    for name in modes.MODES:
        yield "tollway_degraded", (name,), int(name in held)
    lookout = process.lookout()
    heard = list(lookout.heard) if lookout is not None else []
    yield "tollway_web_processes", (), len(parts.webs(heard))
    for kind in ("beat", "sweep"):
        silent = parts.silence(heard, kind)
        if silent is not None:
            yield "tollway_silence_seconds", (kind,), silent


def _family(kind: Kind, name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
    if kind == "histogram":
        return _histogram(name, text, labels, rows)
    family = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, text, labels=labels)
    for row in rows:
        family.add_metric([str(label) for label in row[:-1]], row[-1])
    return family


def _histogram(name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    spread = tallies.declared()[name]
    bounds = [*map(floatToGoString, spread.bounds if isinstance(spread, Spread) else ()), "+Inf"]
    for *known, (*counts, total) in rows:
        # One that another release told has other buckets.
        if len(counts) == len(bounds):
            family.add_metric(known, list(zip(bounds, accumulate(counts), strict=True)), total)
    return family
