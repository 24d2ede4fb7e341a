"""What operators do with providers: keys go in and never come out, addresses are looked at, headers too."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from catalog import credentials
from catalog.models import Endpoint, EndpointKey, Provider
from kernel import clock
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

SECRET = "sk-very-secret-0123456789"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint.objects.get(provider__slug="openai")


def _endpoint_fields(endpoint: Endpoint, *keys: dict[str, object], kept: int = 0) -> dict[str, object]:
    names = ("name", "base_url", "connect_seconds", "first_byte_seconds", "idle_seconds", "total_seconds")
    facts = {name: getattr(endpoint, name) for name in names}
    rows = {f"keys-{place}-{name}": value for place, row in enumerate(keys) for name, value in row.items()}
    counts = {"keys-TOTAL_FORMS": len(keys), "keys-INITIAL_FORMS": kept}
    return {
        **facts,
        "provider": endpoint.provider_id,
        "needs_credential": "on",
        "active": "on",
        **counts,
        **rows,
    }


def _save(operator: Client, endpoint: Endpoint, *keys: dict[str, object], kept: int = 0) -> int:
    address = reverse("admin:catalog_endpoint_change", args=[endpoint.pk])
    return operator.post(address, _endpoint_fields(endpoint, *keys, kept=kept)).status_code


def _row(key: EndpointKey, **changes: object) -> dict[str, object]:
    return {
        "id": key.pk,
        "endpoint": key.endpoint_id,
        "name": key.name,
        "secret": "",
        "active": "on",
        **changes,
    }


def test_keys_go_in_and_never_come_out(operator: Client, endpoint: Endpoint) -> None:
    added: dict[str, object] = {"name": "first", "secret": SECRET, "active": "on"}
    assert _save(operator, endpoint, added, {**added, "name": "second"}) == 302
    first, second = EndpointKey.objects.filter(endpoint=endpoint)
    assert credentials.decrypt(bytes(first.sealed)) == credentials.decrypt(bytes(second.sealed)) == SECRET
    pages = [
        text(operator, "catalog_endpoint_change", endpoint.pk),
        text(operator, "catalog_endpoint_changelist"),
        text(operator, "catalog_endpointkey_change", first.pk),
        text(operator, "catalog_endpointkey_changelist"),
        text(operator, "catalog_provider_change", endpoint.provider_id),
    ]
    assert all("…6789" in page for page in pages)
    pages += [
        text(operator, "accounts_trailrow_changelist", query=f"?model=catalog.endpoint&object={endpoint.pk}"),
        text(operator, "accounts_trailrow_changelist", query=f"?model=catalog.endpointkey&object={first.pk}"),
    ]
    assert not any(SECRET in page or "very-secret" in page for page in pages)
    assert not LogEntry.objects.filter(change_message__contains="very-secret").exists()


def test_saving_without_a_secret_keeps_it_and_with_one_replaces_it(
    operator: Client, endpoint: Endpoint
) -> None:
    _save(operator, endpoint, {"name": "first", "secret": SECRET, "active": "on"})
    (key,) = endpoint.keys.all()
    assert _save(operator, endpoint, _row(key, name="renamed"), kept=1) == 302
    key.refresh_from_db()
    assert (key.name, credentials.decrypt(bytes(key.sealed))) == ("renamed", SECRET)
    address = reverse("admin:catalog_endpointkey_change", args=[key.pk])
    assert operator.post(address, {"name": "renamed", "secret": "sk-another-9876543210", "active": "on"}).status_code == 302  # fmt: skip
    key.refresh_from_db()
    assert (key.hint, credentials.decrypt(bytes(key.sealed))) == ("…3210", "sk-another-9876543210")
    assert _save(operator, endpoint, _row(key, DELETE="on"), kept=1) == 302
    assert not endpoint.keys.exists()


@pytest.mark.parametrize("secret", ["", "sk with space", "{}"])
def test_what_is_no_key_is_refused(operator: Client, endpoint: Endpoint, secret: str) -> None:
    assert _save(operator, endpoint, {"name": "first", "secret": secret, "active": "on"}) == 200
    assert not endpoint.keys.exists()


def test_a_key_that_was_set_aside_is_shown_and_taken_up_again(operator: Client, endpoint: Endpoint) -> None:
    credentials.store(endpoint, SECRET)
    EndpointKey.objects.update(set_aside_at=clock.now(), set_aside_reason="refused (401)", failures=3)
    (key,) = endpoint.keys.all()
    for page, number in (("catalog_endpoint_change", endpoint.pk), ("catalog_endpointkey_change", key.pk)):
        assert '<span class="badge failed">set aside: refused (401)<' in text(operator, page, number)
    take_up = reverse("admin:catalog_endpointkey_take_up", args=[key.pk])
    assert take_up in text(operator, "catalog_endpointkey_change", key.pk)
    operator.get(take_up)
    key.refresh_from_db()
    assert key.set_aside_at is not None
    operator.post(take_up, {"_form_submitted": "on"})
    key.refresh_from_db()
    assert key.set_aside_at is None
    assert take_up not in text(operator, "catalog_endpointkey_change", key.pk)
    assert LogEntry.objects.get(object_id=str(key.pk)).change_message == "Taken up again."


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.example.com/v1",
        "https://127.0.0.1/v1",
        "https://2130706433/v1",
        "https://u:p@a.example/v1",
    ],
)
def test_an_address_that_must_not_be_called_is_refused(
    operator: Client, endpoint: Endpoint, base_url: str
) -> None:
    before, endpoint.base_url = endpoint.base_url, base_url
    assert _save(operator, endpoint) == 200
    endpoint.refresh_from_db()
    assert endpoint.base_url == before


def _provider_fields(provider: Provider, **changes: object) -> dict[str, object]:
    names = ("name", "slug", "dialect", "reasoning", "drain_seconds", "status_page_url")
    facts = {name: getattr(provider, name) for name in names}
    return {
        **facts,
        "active": "on",
        "headers": "{}",
        "endpoints-TOTAL_FORMS": 0,
        "endpoints-INITIAL_FORMS": 0,
        **changes,
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [('{"X-Title": "Tollway"}', 302), ('{"Authorization": "Bearer x"}', 200), ('{"X-A": "a\\r\\nb"}', 200)],
)
def test_headers_hold_no_secret_and_break_nothing(operator: Client, headers: str, status: int) -> None:
    provider = Provider.objects.get(slug="openai")
    address = reverse("admin:catalog_provider_change", args=[provider.pk])
    assert operator.post(address, _provider_fields(provider, headers=headers)).status_code == status
    provider.refresh_from_db()
    assert bool(provider.headers) == (status == 302)


def test_a_provider_with_a_local_endpoint_stays_private(operator: Client) -> None:
    provider = Provider.objects.get(slug="sandbox")
    address = reverse("admin:catalog_provider_change", args=[provider.pk])
    answer = operator.post(address, _provider_fields(provider))
    assert answer.status_code == 200
    assert "Its endpoint default" in answer.content.decode()
    assert operator.post(address, _provider_fields(provider, private="on")).status_code == 302
