"""The price book in the database: when which version of a model's prices holds, for pages, checks and sums."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q

from . import price_rules
from .loading import VERSIONS, timetables
from .models import Model, Multiplier, PriceVersion, Provider, Scope
from .pricing import Factor, RateCard
from .timetable import Timetable, Version

__all__ = ["card_at", "factors_on", "losses", "losses_of", "prices_of"]

_FOR_EVERYONE = (Scope.PLATFORM, Scope.TIER, Scope.MODEL)


def prices_of(models: Iterable[int]) -> Mapping[int, Mapping[int | None, Timetable]]:
    """Return the prices of models by who is paid, None for us; a model without any is not among them."""
    with connection.cursor() as cursor:
        cursor.execute(f"{VERSIONS} WHERE v.model_id = ANY(%s)", [list(models)])
        names = [column.name for column in cursor.description or ()]
        return timetables(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def card_at(model_id: int, provider_id: int | None, moment: datetime) -> RateCard | None:
    """Return what a provider charged us for a model at a moment, or we a customer (None), if that is known."""
    prices = prices_of([model_id]).get(model_id, {}).get(provider_id, Timetable())
    version = prices.at(moment)
    return version.card if version is not None else None


def factors_on(models: Sequence[Model], moment: datetime) -> Mapping[int, tuple[Factor, ...]]:
    """Return the factors that every customer pays on each model at a moment: of the platform, the tier, the model."""
    begun = Multiplier.objects.filter(scope__in=_FOR_EVERYONE, valid_from__lte=moment)
    alive = begun.filter(Q(valid_until=None) | Q(valid_until__gt=moment))
    named = alive.filter(target__in={"", *(m.tier for m in models), *(m.public_id for m in models)})
    known = {(row.scope, row.target): Factor(row.pk, row.factor_ppm, row.scope, row.target) for row in named}
    return {
        model.pk: tuple(
            known[key]
            for key in zip(_FOR_EVERYONE, ("", model.tier, model.public_id), strict=True)
            if key in known
        )
        for model in models
    }


def losses(version: PriceVersion) -> list[tuple[str, str]]:
    """Return provider and class for what a saved sell price sells below cost when it first holds."""
    known = prices_of([version.model_id]).get(version.model_id, {})
    own = next(found for found in known[None].versions if found.card.version_id == version.pk)
    return list(losses_of(own, version.model, known))


def losses_of(
    version: Version, model: Model, known: Mapping[int | None, Timetable]
) -> Iterator[tuple[str, str]]:
    """Give provider and class for what a price, saved or not, would sell below cost when it first holds."""
    moment = version.first()
    names = dict(Provider.objects.filter(pk__in=[each for each in known if each]).values_list("pk", "slug"))
    costs = {
        names[payee]: cost.card
        for payee, prices in known.items()
        if payee is not None and (cost := prices.at(moment)) is not None
    }
    yield from price_rules.losses(version.card, costs, factors_on([model], moment)[model.pk])
