"""What stays of each model's revenue after what upstreams charge, the dearest models first, those below the floor named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from billing import figures
from catalog.models import Model

from .usage import Measured

__all__ = ["SHOWN", "Margins", "Row", "margins"]

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One model: nano-USD of revenue, the margin in words, and whether it is below the floor."""

    model: str
    url: str
    revenue: int
    margin: str
    below: bool


@dataclass(frozen=True, slots=True)
class Margins:
    """The rows that are shown, how many models are not, and how many of those are below the floor, in percent."""

    rows: Sequence[Row]
    floor: int
    others: int
    others_below: int


def margins(models: Mapping[int, Measured]) -> Margins:
    """Return the margins of models that brought something in. One query, for their names."""
    ranked = sorted(
        ((n, each) for n, each in models.items() if each.revenue > 0), key=lambda at: -at[1].revenue
    )
    # Nobody has the number −1; with it the query is made however few models there are.
    names = dict(
        Model.objects.filter(pk__in=[-1, *(number for number, _ in ranked[:SHOWN])]).values_list(
            "pk", "public_id"
        )
    )
    rows = [_row(number, names.get(number, f"model {number}"), each) for number, each in ranked[:SHOWN]]
    rest = ranked[SHOWN:]
    return Margins(rows, settings.PRICE_MARGIN_FLOOR, len(rest), sum(1 for _, each in rest if below(each)))


def below(each: Measured) -> bool:
    """Tell whether less than the floor stays with us; where no upstream charged anything nothing can be told."""
    return each.cost > 0 and each.margin * 100 < settings.PRICE_MARGIN_FLOOR * each.revenue


def _row(number: int, name: str, each: Measured) -> Row:
    said = figures.percent(each.margin, each.revenue) if each.cost else "no upstream cost"
    url = f"{reverse('admin:catalog_priceversion_changelist')}?q={name}"
    return Row(name, url, each.revenue, said, below(each))
