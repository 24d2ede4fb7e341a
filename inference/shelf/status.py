"""What anybody may know of the service: its providers and models with their health, and the settings of money."""

from typing import Any

from catalog.pricing import PPM
from catalog.snapshot import Catalogue
from kernel import clock

from .. import routing
from .visible import Listed, Shelf

__all__ = ["settings", "status"]

UNKNOWN = "unknown"  # nobody measures health yet, and what is not measured is not claimed
USD_PER_CREDIT = "1"
_EVERY_RANK = 2**15


def status(shelf: Shelf) -> dict[str, Any]:
    """Return the providers and models in sale with their health, and what is wrong: an empty list until measured."""
    models = [_model(listed) for listed in shelf.all()]
    houses = sorted({model["provider"] for model in models if model["provider"] is not None})
    return {
        "providers": [{"name": name, "status": UNKNOWN, "latency_ms": None} for name in houses],
        "models": models,
        "incidents": [],
        "last_updated": shelf.moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def settings(catalogue: Catalogue) -> dict[str, Any]:
    """Return the platform's factor in force on every list price, and what one credit is in USD."""
    return {"cost_multiplier": _platform_ppm(catalogue) / PPM, "credit_unit": USD_PER_CREDIT}


def _model(listed: Listed) -> dict[str, Any]:
    offer = listed.offer
    hops = routing.candidates(offer.hops, rank=_EVERY_RANK)
    return {
        "id": offer.public_id,
        "name": offer.name,
        "provider": hops[0].provider if hops else None,
        "tier": offer.tier,
        "status": UNKNOWN,
    }


def _platform_ppm(catalogue: Catalogue) -> int:
    moment = clock.now()
    for dated in catalogue.multipliers.get(("platform", ""), ()):
        if dated.valid_from <= moment and (dated.valid_until is None or moment < dated.valid_until):
            return dated.factor.ppm
    return PPM
