"""What operators change in the catalogue: credentials, prices and plans; chains have a file of their own."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from catalog.models import Model, PriceVersion, Rate
from tests.operator.reading import text

pytestmark = pytest.mark.django_db


def _price(**rate: str) -> dict[str, object]:
    model = Model.objects.get(public_id="route/glm-5")
    return {
        "model": model.pk,
        "kind": "standard",
        "valid_from_0": "2030-01-01",
        "valid_from_1": "00:00:00",
        "source": "a test",
        "confirm": "route/glm-5",
        "rates-TOTAL_FORMS": 1 if rate else 0,
        "rates-INITIAL_FORMS": 0,
        **{f"rates-0-{name}": value for name, value in rate.items()},
    }


def test_a_price_is_added_exactly_and_stays(operator: Client) -> None:
    rate = _price(token_class="input", min_prompt_tokens="0", price="0.123456")
    assert operator.post(reverse("admin:catalog_priceversion_add"), rate).status_code == 302
    version = PriceVersion.objects.get(source="a test")
    assert Rate.objects.get(price_version=version).micro_usd_per_million == 123_456
    address = reverse("admin:catalog_priceversion_change", args=[version.pk])
    assert operator.post(address, {"source": "changed"}).status_code == 403
    assert "0.123456" in text(operator, "catalog_priceversion_change", version.pk)


@pytest.mark.parametrize(
    "rate",
    [
        {},
        {"token_class": "input", "min_prompt_tokens": "0", "price": "0.1234567"},
        {"token_class": "input", "min_prompt_tokens": "0", "price": "-1"},
        {"token_class": "image", "min_prompt_tokens": "0", "price": "1001"},
    ],
    ids=["no-rate", "too-fine", "negative", "too-much"],
)
def test_a_price_that_cannot_be_is_refused(operator: Client, rate: dict[str, str]) -> None:
    assert operator.post(reverse("admin:catalog_priceversion_add"), _price(**rate)).status_code == 200
    assert not PriceVersion.objects.filter(source="a test").exists()


def test_new_terms_begin_from_the_newest(operator: Client) -> None:
    plan = Workspace.objects.get().plan_version.plan
    shown = text(operator, "catalog_planversion_add", query=f"?plan={plan.pk}")
    assert 'name="version" value="2"' in shown
    assert 'name="day_cap" value="3000"' in shown
