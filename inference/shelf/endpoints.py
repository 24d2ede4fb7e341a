"""Who serves a model, and how well: its upstreams as customers may know them, never their addresses or their names for it."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from billing.beats import State
from billing.vitals import Health, Window
from catalog.register import House
from catalog.snapshot import Hop

from .items import item
from .visible import Listed, Shelf

__all__ = ["PERCENTILES", "STATUS", "UPTIMES", "endpoints", "houses"]

STATUS: Mapping[State, int] = {
    State.OPERATIONAL: 0,
    State.UNKNOWN: 0,  # in use, and nothing is known against it
    State.DEGRADED: -1,
    State.DOWN: -2,
}
UPTIMES: Mapping[str, Window] = {
    "uptime_last_5m": Window.FIVE_MINUTES,
    "uptime_last_30m": Window.HALF_HOUR,
    "uptime_last_1d": Window.DAY,
}
PERCENTILES: Mapping[str, float] = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99}
_REPEATED = ("id", "name", "created", "description", "architecture")


def endpoints(listed: Listed, shelf: Shelf, health: Health) -> dict[str, Any]:
    """Return a model with the upstreams that would be tried for the caller, in order, and what was measured of them."""
    model = item(listed, shelf)
    served = [_endpoint(hop, listed, model, shelf, health) for hop in shelf.hops(listed.offer)]
    return {**{name: model[name] for name in _REPEATED}, "endpoints": served}


def houses(shelf: Shelf) -> list[dict[str, Any]]:
    """Return the providers that would be asked for some model in sale, in the order of their slugs."""
    slugs = {hop.provider for listed in shelf.all() for hop in shelf.hops(listed.offer)}
    return [_house(_known(slug, shelf)) for slug in sorted(slugs)]


def _endpoint(
    hop: Hop, listed: Listed, model: dict[str, Any], shelf: Shelf, health: Health
) -> dict[str, Any]:
    name = _known(hop.provider, shelf).name
    return {
        "name": f"{name} | {model['id']}",
        "model_id": model["id"],
        "model_name": model["name"],
        "provider_name": name,
        "tag": hop.provider,
        "context_length": model["context_length"],
        "max_completion_tokens": model["max_output_tokens"],
        "max_prompt_tokens": None,
        "pricing": model["pricing"],
        "quantization": None,
        "supported_parameters": model["supported_parameters"],
        **_measured(hop.provider_id, listed.offer.model_id, health),
    }


def _measured(provider_id: int, model_id: int, health: Health) -> dict[str, Any]:
    """Return what was measured of a model at a provider; a figure that is not known is null, never a guess."""
    half_hour = health.at(provider_id, model_id, window=Window.HALF_HOUR)
    return {
        "status": STATUS[health.of_model(provider_id, model_id)],
        **{
            name: _percent(health.at(provider_id, model_id, window=window).uptime)
            for name, window in UPTIMES.items()
        },
        "latency_last_30m": _spread(half_hour.first_byte_ms),
        "throughput_last_30m": _spread(half_hour.tokens_per_second),
    }


def _percent(share: float | None) -> float | None:
    # Down, not to the nearest: what failed once is not 100.
    return math.floor(share * 100_000) / 1000 if share is not None else None


def _spread(figure: Callable[[float], float | None]) -> dict[str, float] | None:
    found = {name: figure(share) for name, share in PERCENTILES.items()}
    known = {name: round(value, 1) for name, value in found.items() if value is not None}
    return known or None


def _house(house: House) -> dict[str, Any]:
    return {
        "name": house.name,
        "slug": house.slug,
        "privacy_policy_url": None,
        "terms_of_service_url": None,
        "status_page_url": house.status_page_url or None,
    }


def _known(slug: str, shelf: Shelf) -> House:
    # A provider that was renamed a moment ago may be in the one snapshot and not yet in the other.
    return shelf.register.houses.get(slug) or House(slug, slug, "")
