"""What usage is pinned to: the rates of the moment it began, whatever is asked later."""

import datetime

import pytest

from billing import pinned
from catalog.models import PriceVersion, Provider, Rate

from .test_leases import ADMITTED, price


@pytest.mark.django_db
def test_a_provider_is_paid_what_it_asked_when_the_request_began() -> None:
    provider = Provider.objects.create(slug="p", name="P")
    model = price(provider, input=1000, output=1000)["model_id"]
    later = PriceVersion.objects.create(
        model_id=model, provider=provider, valid_from=ADMITTED + datetime.timedelta(days=1), source="test"
    )
    Rate.objects.create(price_version=later, token_class="input", micro_usd_per_million=9)
    then = pinned.provider_card(model, provider.pk, ADMITTED)
    now = pinned.provider_card(model, provider.pk, ADMITTED + datetime.timedelta(days=1))
    assert then is not None
    assert now is not None
    assert (then.rate("input", 1), now.rate("input", 1)) == (500, 9)
    assert pinned.provider_card(model, provider.pk, ADMITTED - datetime.timedelta(days=1)) is None
    assert pinned.provider_card(model, 0, ADMITTED) is None
