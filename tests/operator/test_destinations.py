"""Where upstreams may be: the corpus of ways to reach the inside, at the form in which an operator saves an address."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.models import Endpoint, Provider
from config import demo_people
from tests.kernel.test_addresses import FINE_URLS, NEVER, NEVER_URLS, OWN, OWN_URLS
from tests.operator.test_permissions_matrix import _asked_by
from tests.operator.test_providers import _endpoint_fields

pytestmark = pytest.mark.django_db


def _url(address: str) -> str:
    return f"https://[{address.replace('%', '%25')}]/v1" if ":" in address else f"https://{address}/v1"


INSIDE = [*NEVER_URLS, *OWN_URLS, *map(_url, [*NEVER, *OWN])]


def _refused(endpoint: Endpoint, url: str) -> bool:
    """Tell whether the page's own form refuses an address; nothing is saved."""
    page = admin.site._registry[Endpoint]
    form = page.get_form(_asked_by(User.objects.get(email=demo_people.OPERATOR)), endpoint)
    given = form(
        data={**_endpoint_fields(endpoint), "base_url": url}, instance=Endpoint.objects.get(pk=endpoint.pk)
    )
    return "base_url" in given.errors


def test_the_form_lets_no_address_of_the_inside_be_saved() -> None:
    endpoint = Endpoint.objects.get(provider__slug="openai")
    # What is empty is a place that nobody has set up yet: it is called by nobody. White space around is taken off.
    let_in = [url for url in INSIDE if url.strip() == url and url and not _refused(endpoint, url)]
    assert len(INSIDE) >= 60
    assert let_in == []
    assert [url for url in FINE_URLS if _refused(endpoint, url)] == []


def test_an_address_that_is_refused_leaves_the_one_before(operator: Client) -> None:
    endpoint = Endpoint.objects.get(provider__slug="openai")
    page = reverse("admin:catalog_endpoint_change", args=[endpoint.pk])
    for url in (
        "http://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/v1",
        "https://2130706433/",
    ):
        assert operator.post(page, {**_endpoint_fields(endpoint), "base_url": url}).status_code == 200
    assert Endpoint.objects.get(pk=endpoint.pk).base_url == endpoint.base_url


def test_a_private_provider_with_addresses_inside_does_not_become_a_public_one(operator: Client) -> None:
    provider = Provider.objects.get(slug="sandbox")
    assert provider.private
    sent = {"name": provider.name, "slug": provider.slug, "dialect": provider.dialect, "active": "on",
            "reasoning": provider.reasoning, "drain_seconds": provider.drain_seconds, "headers": "{}"}  # fmt: skip
    counts = {"endpoints-TOTAL_FORMS": 0, "endpoints-INITIAL_FORMS": 0}
    operator.post(reverse("admin:catalog_provider_change", args=[provider.pk]), sent | counts)
    provider.refresh_from_db()
    assert provider.private
