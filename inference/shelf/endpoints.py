"""Who serves a model: its upstreams as customers may know them, never their addresses or their names for it."""

from typing import Any

from catalog.register import House
from catalog.snapshot import Hop

from .items import item
from .visible import Listed, Shelf

__all__ = ["endpoints", "houses"]

IN_USE = 0
_REPEATED = ("id", "name", "created", "description", "architecture")
# Nobody measures these yet; a figure that is not known is null, never a guess.
_UNMEASURED = (
    "uptime_last_5m",
    "uptime_last_30m",
    "uptime_last_1d",
    "latency_last_30m",
    "throughput_last_30m",
)


def endpoints(listed: Listed, shelf: Shelf) -> dict[str, Any]:
    """Return a model with the upstreams that would be tried for the caller, in order."""
    model = item(listed, shelf)
    served = [_endpoint(hop, model, shelf) for hop in shelf.hops(listed.offer)]
    return {**{name: model[name] for name in _REPEATED}, "endpoints": served}


def houses(shelf: Shelf) -> list[dict[str, Any]]:
    """Return the providers that would be asked for some model in sale, in the order of their slugs."""
    slugs = {hop.provider for listed in shelf.all() for hop in shelf.hops(listed.offer)}
    return [_house(_known(slug, shelf)) for slug in sorted(slugs)]


def _endpoint(hop: Hop, model: dict[str, Any], shelf: Shelf) -> dict[str, Any]:
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
        "status": IN_USE,
        "supported_parameters": model["supported_parameters"],
        **dict.fromkeys(_UNMEASURED),
    }


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
