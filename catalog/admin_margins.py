"""What stays of a sell price after what each provider charges, as an operator sees it beside the price."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel import clock

from . import price_book
from .admin_page import NOTHING, table
from .margin import Margin, least, margin
from .models import Model, PriceVersion, Provider
from .pricing import Factor
from .quote import quote
from .timetable import Timetable, Version

__all__ = ["Standing", "least_margin", "margins", "standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A sell price against one provider's: what stays of each class, and the version that says what it costs."""

    provider: str
    cost: Version
    rows: tuple[Margin, ...]


def standing(versions: Sequence[PriceVersion]) -> dict[int, tuple[tuple[Factor, ...], list[Standing]]]:
    """Return the factors and the margins of sell prices by version: four queries, whatever their number.

    A price that has begun is held against what it costs now, one to come against what it will cost when it begins.
    """
    sold = [version for version in versions if version.provider_id is None]
    models = list({version.model_id: version.model for version in sold}.values())
    now = clock.now()
    known = price_book.prices_of(model.pk for model in models)
    factors = price_book.factors_on(models, now)
    names = dict(Provider.objects.values_list("pk", "name")) if sold else {}
    found = {}
    for version in sold:
        prices = known.get(version.model_id, {})
        own = next(
            (v for v in prices.get(None, Timetable()).versions if v.card.version_id == version.pk), None
        )
        chain = factors[version.model_id]
        if own is not None:
            found[version.pk] = (chain, list(_standings(own, prices.items(), chain, names, now)))
    return found


def least_margin(standings: Iterable[Standing]) -> str:
    """Return the smallest margin of a version with its class and provider, marked where it is below the floor."""
    worst = [(row, each) for each in standings if (row := least(each.rows)) is not None]
    if not worst:
        return NOTHING
    row, each = min(worst, key=lambda pair: (pair[0].percent is not None, pair[0].percent or 0))
    return format_html('{} <span class="dim">{}, {}</span>', _percent(row), row.token_class, each.provider)


def margins(model: Model, chain: Sequence[Factor], standings: Iterable[Standing]) -> SafeString:
    """Return the margins of a version as a table, with the factors that are on the price and links to what it costs."""
    rows = []
    for each in standings:
        address = reverse("admin:catalog_priceversion_change", args=[each.cost.card.version_id])
        name = format_html('<a class="ref" href="{}">{}</a>', address, each.provider)
        for row in each.rows:
            told = f"{row.token_class} above {row.above:,}" if row.above else row.token_class
            rows.append((name, told, f"{row.sell:f}", f"{row.cost:f}", _percent(row)))
    if not rows:
        return format_html('<span class="dim">{}</span>', "No provider's price is known for this model.")
    said = " × ".join(f"{factor.scope} {factor.ppm / 1_000_000:g}" for factor in chain)
    return format_html(
        '{}<p class="dim">{}</p>',
        table(("Provider", "Class", "Sold at, USD", "Cost, USD", "Margin"), rows, figures_from=2),
        f"Sold at: this price{f' × {said}' if said else ''}. Red is below {settings.PRICE_MARGIN_FLOOR} %. "
        "Plans and workspaces may have factors of their own.",
    )


def _standings(
    own: Version,
    prices: Iterable[tuple[int | None, Timetable]],
    chain: Sequence[Factor],
    names: dict[int, str],
    now: datetime,
) -> Iterator[Standing]:
    sold, moment = quote(own.card, chain), max(now, own.first())
    for payee, known in prices:
        cost = known.at(moment) if payee is not None else None
        if payee is not None and cost is not None:
            yield Standing(names[payee], cost, margin(sold, quote(cost.card, ())))


def _percent(row: Margin) -> SafeString:
    said = f"{row.percent:.1f} %" if row.percent is not None else ("all lost" if row.cost else "free")
    if row.below(settings.PRICE_MARGIN_FLOOR):
        return format_html('<span class="badge failed">{}</span>', said)
    return format_html("{}", said)
