"""What this process has answered, what its callers were charged for it, and what its upstreams did, counted for Prometheus."""

import time
from collections.abc import Mapping
from dataclasses import fields

from billing import health
from billing.settlement import Settlement
from catalog.pricing import Counts
from kernel.tallies import FAST, Count, Spread

from .arrival import Arrival
from .hearing import UpstreamFailed

__all__ = ["answered", "began", "failed", "responded", "route", "settled"]

_OTHER = "other"
_ROUTES: Mapping[str, str] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completions",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    "/v1/v1/messages": "messages",
    "/v1/embeddings": "embeddings",
    "/v1/rerank": "rerank",
    "/v1/images/generations": "images",
    "/v1/models": "models",
    "/models": "models",
    "/chat": "hub",
    "/code": "hub",
}
_CLASSES = tuple(each.name for each in fields(Counts))
_MOST_PROVIDERS = 200
"""Beyond them a provider is one of the others: what Prometheus keeps must have a bound."""
_OUTCOMES = {
    "timeouts": "timeout",
    "rate_limited": "rate_limited",
    "refused_keys": "refused_key",
    "errors": "error",
}

_requests = Count(
    "tollway_requests_total", "Requests of the gateway that were answered.", ("route", "status")
)
_seconds = Spread(
    "tollway_request_duration_seconds",
    "From a request's arrival to the end of its answer.",
    ("route",),
)
_first_byte = Spread(
    "tollway_first_byte_seconds",
    "From an admitted request's arrival to the first event of its stream, or to its whole answer.",
    ("route",),
)
_overhead = Spread(
    "tollway_overhead_seconds",
    "Of that time, what did not pass in calls to upstreams: what the gateway itself took.",
    bounds=FAST,
)
_settled = Count("tollway_settled_total", "Admitted requests by how they ended.", ("status",))
_charged = Count("tollway_charged_usd_total", "What settled requests are charged.", scale=10**9)
_cost = Count(
    "tollway_upstream_cost_usd_total", "What providers charge for them, as far as it is known.", scale=10**9
)
_tokens = Count("tollway_tokens_total", "Tokens of settled requests, each counted once.", ("class",))
_calls = Count(
    "tollway_upstream_calls_total",
    "Calls to upstreams by what came of them.",
    ("provider", "outcome"),
)
_upstream_seconds = Spread(
    "tollway_upstream_first_byte_seconds",
    "From a call to an upstream to the first event of its stream, or to its whole answer, where it answered.",
    ("provider",),
)
_providers: set[str] = set()


def route(path: str) -> str:
    """Return which of the few routes that are told apart a path is."""
    return _ROUTES.get(path, _OTHER)


def responded(request: Arrival, status: int) -> None:
    """Count a request as answered: a stream at its end, all else when it is sent."""
    name = _ROUTES.get(request.path, _OTHER)
    _requests.add(name, str(status))
    _seconds.note(time.monotonic() - request.began, name)


def began(request: Arrival, *, ttfb_ms: int, added_seconds: float) -> None:
    """Note how long an answer let wait for its beginning, in milliseconds, and the seconds of it that were ours."""
    _first_byte.note(ttfb_ms / 1000, _ROUTES.get(request.path, _OTHER))
    _overhead.note(added_seconds)


def settled(settlement: Settlement) -> None:
    """Count what an admitted request came to."""
    _settled.add(settlement.status)
    if settlement.cost:
        _charged.add(by=settlement.cost)
    if settlement.provider_cost:
        _cost.add(by=settlement.provider_cost)
    for name in _CLASSES:
        if number := getattr(settlement.counts, name):
            _tokens.add(name, by=number)


def answered(provider: str, seconds: float) -> None:
    """Count a call that an upstream answered, and the seconds until it did."""
    name = _known(provider)
    _calls.add(name, "ok")
    _upstream_seconds.note(seconds, name)


def failed(provider: str, failure: UpstreamFailed) -> None:
    """Count a call that brought nothing, unless nobody was called."""
    if failure.refusal is not None and failure.refusal.callers_fault:
        outcome: str | None = "refused_request"
    elif failure.ours:
        outcome = failure.outcome
    else:
        outcome = _OUTCOMES.get(health.kind_of(failure.outcome) or "")
    if outcome is not None:
        _calls.add(_known(provider), outcome)


def _known(provider: str) -> str:
    if provider in _providers:
        return provider
    if len(_providers) >= _MOST_PROVIDERS:
        return _OTHER
    _providers.add(provider)
    return provider
