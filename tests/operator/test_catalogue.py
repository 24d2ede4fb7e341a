"""What operators change in the catalogue: credentials, prices and plans; chains have a file of their own."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from catalog import credentials
from catalog.models import Endpoint, Model, PriceVersion, Rate
from tests.operator.reading import text

pytestmark = pytest.mark.django_db


def test_a_credential_goes_in_and_never_comes_out(operator: Client) -> None:
    endpoint = Endpoint.objects.get(provider__slug="openai")
    secret = "sk-very-secret-0123456789"
    answer = operator.post(
        reverse("admin:catalog_endpoint_change", args=[endpoint.pk]),
        {**_fields(endpoint), "new_credential": secret},
    )
    assert answer.status_code == 302
    endpoint.refresh_from_db()
    assert credentials.decrypt(bytes(endpoint.credential or b"")) == secret
    shown = text(operator, "catalog_endpoint_change", endpoint.pk)
    assert "…6789" in shown
    assert secret not in shown
    assert "very-secret" not in text(operator, "catalog_endpoint_history", endpoint.pk)


def test_saving_an_endpoint_without_a_new_credential_keeps_the_old_one_until_it_is_removed(
    operator: Client,
) -> None:
    endpoint = Endpoint.objects.get(provider__slug="openai")
    credentials.store(endpoint, "sk-very-secret-0123456789")
    endpoint.save()
    address = reverse("admin:catalog_endpoint_change", args=[endpoint.pk])
    operator.post(address, _fields(endpoint))
    assert Endpoint.objects.get(pk=endpoint.pk).credential
    operator.post(address, {**_fields(endpoint), "remove_credential": "on"})
    assert not Endpoint.objects.get(pk=endpoint.pk).credential


def _fields(endpoint: Endpoint) -> dict[str, object]:
    names = ("name", "base_url", "connect_seconds", "first_byte_seconds", "idle_seconds", "total_seconds")
    kept = {name: getattr(endpoint, name) for name in names}
    return {**kept, "provider": endpoint.provider_id, "needs_credential": "on", "active": "on"}


def _price(**rate: str) -> dict[str, object]:
    model = Model.objects.get(public_id="route/glm-5")
    return {
        "model": model.pk,
        "valid_from_0": "2030-01-01",
        "valid_from_1": "00:00:00",
        "source": "a test",
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
