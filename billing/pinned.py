"""What leases and events are pinned to: the rates of a price version, whatever is sold today."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from catalog import price_book
from catalog.pricing import RateCard

__all__ = ["cards", "provider_card"]


def cards(versions: Iterable[int]) -> dict[int, RateCard]:
    """Return the rate cards of price versions by id; a version without rates is not among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT price_version_id, token_class, min_prompt_tokens, micro_usd_per_million
               FROM catalog_rate WHERE price_version_id = ANY(%s) ORDER BY 1, 2, 3""",
            [list(versions)],
        )
        rows = cursor.fetchall()
    rates: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for version, token_class, minimum, amount in rows:
        rates[version][token_class].append((minimum, amount))
    return {
        version: RateCard(version, {name: tuple(steps) for name, steps in classes.items()})
        for version, classes in rates.items()
    }


def provider_card(model_id: int, provider_id: int, at: datetime) -> RateCard | None:
    """Return what a provider charged us for a model at a moment, or None where no cost is known."""
    return price_book.card_at(model_id, provider_id, at)
