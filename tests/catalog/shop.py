"""A catalogue file with one of everything, and what tests do with it."""

import pytest
from django.db import transaction

from catalog.declared import applying, reading
from catalog.declared.tree import Refused
from catalog.models import CatalogRevision, PriceVersion

KEYS = {"KEY_A": "sk-aaaaaaaaaaaaaaaa"}
# A shop with one of everything; the tests say what they change in it.
SHOP = """\
tollway: 1
providers:
  shop-a: {name: A, endpoints: {default: {base_url: 'https://a.example.com/v1', credential: env:KEY_A}}}
  shop-b:
    name: B
    private: true
    drain_seconds: 2
    endpoints: {default: {base_url: 'http://10.0.0.9:8000/v1', needs_credential: false}}
plans:
  shop-plan:
    name: Shop
    rank: 777
    terms: {price: '20', credits: '25.5', tiers: [free, lite], caps: {streams: 50, day: 100}, auto_models: [route/shop]}
multipliers:
  - {scope: model, target: route/shop, factor: '1.4', reason: margin}
models:
  route/shop:
    name: Shop
    author: shop
    tier: lite
    context_length: 1000
    max_output_tokens: 100
    input_modalities: [text]
    output_modalities: [text]
    chain:
      - {to: shop-a/default, model: one, weight: 3}
      - {to: shop-b, model: two, weight: 1, waits: {total: 30}}
    sell:
      - rates: {input: 0.5, output: 2, input>500: 1}
    costs:
      shop-a: [{rates: {input: 0.25, output: 1}}]
"""


def apply(text: str, *, dry_run: bool = False, **environment: str) -> list[str]:
    """Apply a file and return the lines of its diff."""
    outcome = applying.apply(reading.read(text), KEYS | environment, dry_run=dry_run)
    return [str(change) for change in outcome.changes]


def refused(text: str, **environment: str) -> str:
    """Apply a file that must be refused; return what was told, after looking that nothing changed."""
    before = revision()
    with pytest.raises(Refused) as error, transaction.atomic():
        applying.apply(reading.read(text), KEYS | environment)
    assert revision() == before
    return str(error.value)


def revision() -> int:
    return CatalogRevision.objects.get().number


def sell_prices() -> list[PriceVersion]:
    rows = PriceVersion.objects.filter(model__public_id="route/shop", provider=None)
    return list(rows.order_by("valid_from"))


def changed(old: str, new: str, text: str = SHOP) -> str:
    assert old in text
    return text.replace(old, new)
