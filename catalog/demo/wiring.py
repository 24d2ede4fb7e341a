"""How real providers join the demo: their keys are taken from the environment, when that is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from catalog import credentials
from catalog.models import Endpoint, Model

from .loading import add_models, add_provider
from .providers import PROVIDERS
from .rows import House, ModelRow

__all__ = ["Wired", "seen", "wire"]

UPSTREAM_URL, UPSTREAM_KEY, UPSTREAM_MODELS = (
    "TOLLWAY_UPSTREAM_URL",
    "TOLLWAY_UPSTREAM_API_KEY",
    "TOLLWAY_UPSTREAM_MODELS",
)


@dataclass(frozen=True)
class Wired:
    """What wiring did: the providers that can be called now, and the models that it switched on."""

    providers: tuple[str, ...]
    models: tuple[str, ...]


def seen(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that hold a provider's key or address, never their values."""
    names = [name for house in PROVIDERS for name in house.variables]
    return tuple(name for name in (*names, UPSTREAM_URL) if environment.get(name))


@transaction.atomic
def wire(environment: Mapping[str, str]) -> Wired:
    """Give the providers the keys that the environment holds, after `load`.

    A provider that could not be called before has the models it serves switched on; one that could keeps the
    operator's choices. TOLLWAY_UPSTREAM_URL (up to and including /v1) adds any OpenAI-compatible server, with
    the models that TOLLWAY_UPSTREAM_MODELS lists.
    """
    wired, woken = [], []
    for house in PROVIDERS:
        secret = next((environment[name] for name in house.variables if environment.get(name)), "")
        if secret:
            woken += _give(add_provider(house), secret)
            wired.append(house.slug)
    if environment.get(UPSTREAM_URL):
        woken += _join_upstream(environment)
        wired.append("upstream")
    return Wired(tuple(wired), tuple(woken))


def _give(endpoint: Endpoint, secret: str) -> list[str]:
    if credentials.stored(endpoint) == secret:
        return []
    before = endpoint.configured
    credentials.store(endpoint, secret)
    if before or not endpoint.configured:
        return []
    asleep = Model.objects.filter(active=False, chains__status="live", chains__hops__endpoint=endpoint)
    names = sorted(set(asleep.values_list("public_id", flat=True)))
    Model.objects.filter(public_id__in=names).update(active=True)
    return names


def _join_upstream(environment: Mapping[str, str]) -> list[str]:
    url, secret = environment[UPSTREAM_URL].rstrip("/"), environment.get(UPSTREAM_KEY, "")
    endpoint = add_provider(
        House(slug="upstream", name="Own server", base_url=url, needs_credential=bool(secret), private=True)
    )
    endpoint.base_url, endpoint.needs_credential = url, bool(secret)
    endpoint.save()
    if credentials.stored(endpoint) != secret:
        credentials.store(endpoint, secret)
    names = [name.strip() for name in environment.get(UPSTREAM_MODELS, "default").split(",") if name.strip()]
    missing = [name for name in names if not Model.objects.filter(public_id=f"upstream/{name}").exists()]
    add_models([_own(name) for name in missing], {"upstream": endpoint})
    return [f"upstream/{name}" for name in missing]


def _own(name: str) -> ModelRow:
    return ModelRow(
        public_id=f"upstream/{name}",
        name=name,
        author="upstream",
        about="Answered by the server that TOLLWAY_UPSTREAM_URL names.",
        tier="lite",
        context=131_072,
        output=32_768,
        rates={"input": "0.10", "cached": "0.10", "output": "0.30", "reasoning": "0.30"},
        hops=(f"upstream:{name}",),
        source="demo price, set by Tollway",
        created=date(2025, 1, 1),
    )
