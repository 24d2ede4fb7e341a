"""S14 for the addresses that customers enter: none of the inside is taken, where the operator has not allowed it."""

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from billing.customer_alerts import endpoints
from tests.kernel.test_addresses import FINE_URLS, NEVER, NEVER_URLS, OWN, OWN_URLS


def address(number: str) -> str:
    return f"https://[{number.replace('%', '%25')}]/hook" if ":" in number else f"https://{number}/hook"


INSIDE = sorted({*NEVER_URLS, *OWN_URLS, *map(address, [*NEVER, *OWN])})


@pytest.mark.parametrize("url", INSIDE, ids=[f"{number:03}" for number, _ in enumerate(INSIDE)])
def test_no_address_of_the_inside_is_taken(url: str, settings: Settings) -> None:
    settings.CUSTOMER_WEBHOOKS_PRIVATE = False
    with pytest.raises((ValidationError, ValueError)):
        endpoints.check(url)


def test_addresses_of_the_outside_are(settings: Settings) -> None:
    settings.CUSTOMER_WEBHOOKS_PRIVATE = False
    for url in FINE_URLS:
        endpoints.check(url)
    assert len(INSIDE) >= 60
