"""What the catalogue holds now of what a provider serves: which models by which names, at which cost, sold at which price."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.models import Chain, Hop, Model, PriceKind, PriceVersion, Provider, Rate
from kernel import clock

from .figures import Rates, Steps

__all__ = ["Place", "Priced", "in_force", "places"]


@dataclass(frozen=True, slots=True)
class Priced:
    """A price version and its rates."""

    version: PriceVersion
    rates: Rates


@dataclass(frozen=True, slots=True)
class Place:
    """A model that a provider serves in its live chain, the name it has there, our cost and our sell price, if any."""

    model: Model
    upstream_model: str
    cost: Priced | None
    sell: Priced | None


def places(provider: Provider) -> list[Place]:
    """Return the places of a provider, one for each model: where it has several names there, the first in its chain."""
    hops = Hop.objects.filter(chain__status=Chain.Status.LIVE, endpoint__provider=provider)
    names: dict[Model, str] = {}
    for hop in hops.select_related("chain__model").order_by("chain__model__public_id", "position"):
        names.setdefault(hop.chain.model, hop.upstream_model)
    costs, sells = in_force(names, provider), in_force(names, None)
    return [Place(model, name, costs.get(model.pk), sells.get(model.pk)) for model, name in names.items()]


def in_force(models: Iterable[Model], provider: Provider | None) -> Mapping[int, Priced]:
    """Return the standard prices in force now, by model id: a provider's cost, or for None the sell price."""
    standing = PriceVersion.objects.filter(
        model__in=list(models),
        provider=provider,
        kind=PriceKind.STANDARD,
        valid_until=None,  # one that was withdrawn before it began has an end
        valid_from__lte=clock.now(),
    )
    versions = list(standing.order_by("model_id", "-valid_from").distinct("model_id"))
    steps: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for rate in Rate.objects.filter(price_version__in=versions).order_by("min_prompt_tokens"):
        steps[rate.price_version_id][rate.token_class].append(
            (rate.min_prompt_tokens, rate.micro_usd_per_million)
        )
    return {version.model_id: Priced(version, _rates(steps[version.pk])) for version in versions}


def _rates(steps: Mapping[str, list[tuple[int, int]]]) -> dict[str, Steps]:
    return {name: tuple(found) for name, found in steps.items()}
