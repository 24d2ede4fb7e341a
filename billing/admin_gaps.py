"""The operator's page of price gaps: what was charged as plain tokens for want of a rate, and what is not sold for want of a price."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from billing import pinned
from billing.models import PriceGap
from catalog import price_book
from catalog.admin_page import NOTHING, ReadOnlyPage, Reference, figure, moment, named
from catalog.pricing import OUTPUT_CLASSES, PROMPT_CLASSES, RateCard
from catalog.timetable import Timetable
from kernel import clock


@admin.register(PriceGap)
class PriceGapPage(ReadOnlyPage):
    """Gaps of the price book: doubted requests of the last 7 days, and models in sale without a price in force."""

    references: ClassVar[dict[str, Reference]] = {
        "model_id": Reference("catalog.Model"),
        "provider_id": Reference("catalog.Provider"),
        "price_version_id": Reference("catalog.PriceVersion", ("model",)),
    }
    list_display = (
        named("model_id", "Model"),
        "kind",
        "classes",
        named("provider_id", "Answered by"),
        named("price_version_id", "Charged by"),
        figure("requests", "Requests", lambda gap: f"{gap.requests:,}" if gap.requests else NOTHING),
        moment("last_seen", "Last seen"),
        "mend",
    )
    list_display_links = None
    list_filter = ("kind",)
    ordering = ("-kind", "-requests", "model_id")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add the price that each was charged by, and what its provider charges apart."""
        super().prepare(rows)
        cards = pinned.cards({row.price_version_id for row in rows})
        prices = price_book.prices_of({row.model_id for row in rows})
        now = clock.now()
        for row in rows:
            cost = prices.get(row.model_id, {}).get(row.provider_id, Timetable()).at(now)
            row.missing = missing(cards.get(row.price_version_id), cost.card if cost is not None else None)

    @admin.display(description="Classes without a rate")
    def classes(self, gap: Any) -> str:
        """Show what the price lacks; first what the provider charges apart."""
        if gap.kind == PriceGap.Kind.UNPRICED:
            return "all"
        return ", ".join(gap.missing) or "none: figures of the upstream were mended"

    @admin.display(description="")
    def mend(self, gap: PriceGap) -> str:
        """Show the way to a new price of the model."""
        address = f"{reverse('admin:catalog_priceversion_add')}?model={gap.model_id}"
        return format_html('<a class="ref" href="{}">New price</a>', address)


def missing(card: RateCard | None, cost: RateCard | None) -> list[str]:
    """Return the classes that are charged as plain tokens at a price, first those that the provider charges apart."""
    if card is None:
        return []
    found = [name for name in (*PROMPT_CLASSES[1:], *OUTPUT_CLASSES[1:]) if name not in card.rates]
    return sorted(found, key=lambda name: cost is None or name not in cost.rates)
