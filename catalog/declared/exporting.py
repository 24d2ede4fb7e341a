"""From the rows of the catalogue to what the file says of them: what is in force, and what is announced."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from catalog.models import Chain, Endpoint, Model, Multiplier, Plan, PriceKind, PriceVersion, Provider, Scope

from . import secrets, shape, values
from .run import hold
from .shape import Field
from .writing import write

__all__ = ["document", "export", "in_force"]

# Where a price came from is always written.
_SILENT = {name: value for name, value in shape.PRICE_DEFAULTS.items() if name != "source"}
HEADING = """\
The catalogue of Tollway: `manage.py catalog apply FILE` makes the catalogue agree with this file, and
`--dry-run` tells before what would change. What is not named here stays as it is. Prices are USD per
million tokens, or per unit for request, image and web_search; a price that is changed is in force from
the next apply. Secrets are named by their variables (env:NAME), never written here."""


def export() -> str:
    """Return the text of the file for the catalogue as it is in force, and as nobody changes it meanwhile.

    Raises django.db.OperationalError if a change holds the catalogue for 10 s.
    """
    with transaction.atomic():
        return write(document(hold(), os.environ), heading=HEADING)


def document(moment: datetime, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the catalogue as the file's mappings: what is in force at a moment, and what comes after it."""
    return {
        "tollway": shape.VERSION,
        "providers": _providers(environment),
        "plans": _plans(),
        "multipliers": _multipliers(moment),
        "models": _models(moment),
    }


def in_force(versions: Sequence[PriceVersion], moment: datetime) -> PriceVersion | None:
    """Return the standard price in force at a moment, of the versions of one model and payer."""
    begun = [
        version
        for version in versions
        if version.kind == PriceKind.STANDARD and version.valid_from <= moment and not version.withdrawn
    ]
    return max(begun, key=lambda version: version.valid_from, default=None)


def _providers(environment: Mapping[str, str]) -> dict[str, Any]:
    endpoints: dict[int, list[Endpoint]] = defaultdict(list)
    for endpoint in Endpoint.objects.select_related("provider").prefetch_related("keys").order_by("name"):
        endpoints[endpoint.provider_id].append(endpoint)
    return {
        provider.slug: _row(provider, shape.PROVIDER)
        | {
            "endpoints": {
                endpoint.name: _row(endpoint, shape.ENDPOINT) | secrets.told(endpoint, environment)
                for endpoint in endpoints[provider.pk]
            }
        }
        for provider in Provider.objects.order_by("slug")
    }


def _plans() -> dict[str, Any]:
    """Return the plans for everyone; the custom plan of a workspace means nothing elsewhere."""
    plans = {}
    for plan in Plan.objects.filter(only_for=None).prefetch_related("versions").order_by("rank"):
        newest = max(plan.versions.all(), key=lambda terms: terms.version, default=None)
        terms = {} if newest is None else {"terms": _row(newest, shape.TERMS)}
        plans[plan.slug] = _row(plan, shape.PLAN) | terms
    return plans


def _multipliers(moment: datetime) -> list[dict[str, Any]]:
    standing = Multiplier.objects.filter(Q(valid_until=None) | Q(valid_until__gt=moment))
    custom = Plan.objects.exclude(only_for=None).values("slug")
    standing = standing.exclude(scope=Scope.PLAN, target__in=custom)
    return [
        {
            "scope": row.scope,
            **({"target": row.target} if row.target else {}),
            "factor": values.factor_text(row.factor_ppm),
            "valid_from": values.moment_text(row.valid_from),
            **({"valid_until": values.moment_text(row.valid_until)} if row.valid_until else {}),
            "reason": row.reason,
        }
        for row in standing.order_by("scope", "target", "valid_from")
    ]


def _models(moment: datetime) -> dict[str, Any]:
    chains = {
        chain.model_id: chain
        for chain in Chain.objects.filter(status=Chain.Status.LIVE).prefetch_related(
            "hops__endpoint__provider"
        )
    }
    prices: dict[int, dict[str | None, list[PriceVersion]]] = defaultdict(lambda: defaultdict(list))
    versions = (
        PriceVersion.objects.select_related("provider").prefetch_related("rates").order_by("valid_from")
    )
    for version in versions:
        payee = version.provider.slug if version.provider else None
        prices[version.model_id][payee].append(version)
    return {
        model.public_id: _row(model, shape.MODEL)
        | _chain(chains.get(model.pk))
        | _book_of(prices[model.pk], moment)
        for model in Model.objects.order_by("public_id")
    }


def _chain(chain: Chain | None) -> dict[str, Any]:
    if chain is None:
        return {}
    hops = sorted(chain.hops.all(), key=lambda hop: hop.position)  # type: ignore[arg-type]  # see _rates
    return {
        "chain": [
            {"to": str(hop.endpoint)} | _row(hop, shape.HOP, without=shape.HOP_DEFAULTS) for hop in hops
        ]
    }


def _book_of(prices: Mapping[str | None, Sequence[PriceVersion]], moment: datetime) -> dict[str, Any]:
    stated = {payee: _standing(versions, moment) for payee, versions in prices.items()}
    sell = stated.pop(None, [])
    costs = {payee: stated[payee] for payee in sorted(filter(None, stated)) if stated[payee]}
    return ({"sell": sell} if sell else {}) | ({"costs": costs} if costs else {})


def _standing(versions: Sequence[PriceVersion], moment: datetime) -> list[dict[str, Any]]:
    now = in_force(versions, moment)
    return [
        _row(version, shape.PRICE, without=_SILENT) | {"rates": _rates(version)}
        for version in versions
        if version is now or _ahead(version, moment)
    ]


def _ahead(version: PriceVersion, moment: datetime) -> bool:
    """Tell whether a version begins later, or is a promotion or a time of day that is not over."""
    if version.withdrawn or (version.valid_until is not None and version.valid_until <= moment):
        return False
    return version.valid_from > moment or version.kind != PriceKind.STANDARD


def _rates(version: PriceVersion) -> dict[str, str]:
    order = list(shape.CLASSES)
    known = version.rates.all()  # type: ignore[arg-type]  # a manager declared on the class confuses the plugin
    rates = sorted(known, key=lambda rate: (order.index(rate.token_class), rate.min_prompt_tokens))
    return {
        rate.token_class + (f">{rate.min_prompt_tokens}" if rate.min_prompt_tokens else ""): values.rate_text(
            rate.token_class, rate.micro_usd_per_million
        )
        for rate in rates
    }


def _row(row: Any, fields: Iterable[Field], *, without: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a row's fields, those of a group together; `without` has values by column that are left out."""
    found: dict[str, Any] = {}
    for field in fields:
        value = getattr(row, field.column)
        if without is not None and field.column in without and without[field.column] == value:
            continue
        group, _, name = field.name.rpartition(".")
        (found.setdefault(group, {}) if group else found)[name] = field.write(value)
    return found
