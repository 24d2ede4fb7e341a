"""The price history of a model: each class before and after, factors on everybody's price, and only real changes."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from catalog.models import Model, Multiplier, PriceVersion, Rate
from inference.showcase import history
from kernel import clock
from tests.billing.test_views import read
from tests.inference.showcase.test_views import RATES, client_of, place, sold

pytestmark = pytest.mark.django_db


def reprice(name: str, rates: dict[str, int], *, above: dict[str, int] | None = None) -> None:
    """Add a version of the price, in force from now."""
    row = Model.objects.get(public_id=name)
    with transaction.atomic():
        version = PriceVersion.objects.create(model=row, valid_from=clock.now(), source="test")
        for least, steps in ((0, rates), (200_000, above or {})):
            for token_class, rate in steps.items():
                Rate.objects.create(
                    price_version=version,
                    token_class=token_class,
                    min_prompt_tokens=least,
                    micro_usd_per_million=rate,
                )


def told(client: Client, path: str) -> str:
    """Return what the page says under its history."""
    return read(client.get(path)).partition("List prices over time")[2].partition("What it takes")[0]


def changes(text: str) -> list[str]:
    return re.findall(r"(First price|New price|Factor on [a-z ]*(?:model|models))", text)


@pytest.mark.parametrize("public", [True, False], ids=["public", "signed in"])
def test_tells_each_class_before_and_after_the_newest_first(public: bool) -> None:
    name = sold(tier="free")
    reprice(name, {"input": 300_000, "output": 420_000}, above={"input": 600_000})
    client = Client() if public else client_of(place(tiers=["free"]))
    text = told(client, f"/catalog/models/{name}" if public else f"/dashboard/models/{name}")
    newest, _, first = text.partition("First price")
    assert "Input $0.28 $0.30" in newest
    assert "Cached input $0.028 —none" in newest
    assert "Input, prompts over 200,000 —none $0.60" in newest
    assert "Output" not in newest  # it stayed as it was
    assert "Input —none $0.28" in first
    assert "Output —none $0.42" in first


def test_a_version_that_changes_nothing_is_not_told() -> None:
    name = sold()
    reprice(name, RATES)
    assert changes(told(Client(), f"/catalog/models/{name}")) == ["First price"]


def test_factors_on_everybodys_price_are_told_and_those_of_one_customer_are_not() -> None:
    name, now = sold(), clock.now()
    for scope, target, ppm, since, until in (
        ("model", name, 1_250_000, 9, 6),
        ("model", name, 1_250_000, 6, 3),
        ("workspace", "7", 3_000_000, 5, None),
        ("plan", "secret", 3_000_000, 5, None),
        ("model", name, 2_000_000, -3, None),
    ):
        Multiplier.objects.create(
            scope=scope,
            target=target,
            factor_ppm=ppm,
            valid_from=now - timedelta(days=since),
            valid_until=now - timedelta(days=until) if until is not None else None,
            reason="test",
        )
    text = told(Client(), f"/catalog/models/{name}")
    assert changes(text) == ["First price", "Factor on this model", "Factor on this model"]
    assert "Factor × 1.25 × 1.00" in text
    assert "Factor × 1.00 × 1.25" in text
    assert "3.00" not in text
    assert "2.00" not in text  # it is still to come


def test_the_list_is_bounded() -> None:
    name = sold()
    for step in range(history.MOST + 1):
        reprice(name, {"input": 300_000 + step, "output": 420_000})
    found = changes(told(Client(), f"/catalog/models/{name}"))
    assert found == ["New price"] * history.MOST
