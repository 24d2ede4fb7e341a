"""A provider's secret that an operator enters: it is on no page, in no list, search, history, trail, export or error."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Workspace
from catalog import endpoint_keys
from catalog.models import Endpoint, EndpointKey, Provider
from tests.operator.test_providers import _save

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-3f9a7c1d5e-never-shown"
OWN = "sk-canary-8b2e6d4a1c-never-shown"


@pytest.fixture
def entered(operator: Client) -> EndpointKey:
    endpoint = Endpoint.objects.get(provider__slug="openai")
    assert _save(operator, endpoint, {"name": "first", "secret": CANARY, "active": "on"}) == 302
    workspace = Workspace.objects.get()
    asked = {"_form_submitted": "on", "provider": endpoint.provider_id, "secret": OWN}
    assert (
        operator.post(reverse("admin:accounts_workspace_set_own_key", args=[workspace.pk]), asked).status_code
        == 302
    )
    return EndpointKey.objects.get(endpoint=endpoint)


def _addresses(key: EndpointKey) -> Iterator[str]:
    provider, endpoint, workspace = Provider.objects.get(slug="openai"), key.endpoint, Workspace.objects.get()
    for row in (provider, endpoint, key, workspace):
        label = f"{row._meta.app_label}_{row._meta.model_name}"
        yield reverse(f"admin:{label}_changelist")
        yield reverse(f"admin:{label}_change", args=[row.pk])
        trail = reverse("admin:accounts_trailrow_changelist")
        yield f"{trail}?model={row._meta.label_lower}&object={row.pk}"
    yield from (
        reverse(f"admin:{name}")
        for name in ("index", "accounts_trailrow_changelist", "accounts_trailrow_export")
    )
    for words in (CANARY, CANARY[-6:]):
        yield f"{reverse('admin:catalog_endpointkey_changelist')}?q={words}"
        yield f"{reverse('admin:search')}?s={words}"


def _body(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode())


def test_it_is_shown_nowhere_and_kept_nowhere_but_sealed(operator: Client, entered: EndpointKey) -> None:
    for address in _addresses(entered):
        shown = _body(operator.get(address)).replace(f"q={CANARY}", "").replace(f'value="{CANARY}"', "")
        asked_for_it = (
            "?q=" in address or "?s=" in address
        )  # what was typed into a search stands in its field
        assert OWN not in shown, address
        assert asked_for_it or CANARY not in shown, address
    with connection.cursor() as cursor:
        for table in ("accounts_trail", "django_admin_log", "catalog_endpointkey", "accounts_providerkey"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            kept = str(cursor.fetchone())
            assert "canary" not in kept, table
            assert b"canary".hex() not in kept, table


def test_a_search_for_it_finds_nothing(operator: Client, entered: EndpointKey) -> None:
    page = reverse("admin:catalog_endpointkey_changelist")
    assert list(operator.get(f"{page}?q={CANARY}").context["cl"].result_list) == []


def test_a_form_that_is_refused_does_not_send_it_back(operator: Client, entered: EndpointKey) -> None:
    sent = {"name": "", "secret": CANARY, "active": "on"}
    answer = operator.post(reverse("admin:catalog_endpointkey_change", args=[entered.pk]), sent)
    assert answer.status_code == 200
    assert CANARY not in _body(answer)


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_while_it_is_saved_shows_it_to_nobody(
    operator: Client,
    entered: EndpointKey,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    debug: bool,
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("the sealing failed")

    monkeypatch.setattr(endpoint_keys, "put_secret", fails)
    settings.DEBUG = debug
    operator.raise_request_exception = False
    sent = {"name": "again", "secret": CANARY, "active": "on"}
    answer = operator.post(reverse("admin:catalog_endpointkey_change", args=[entered.pk]), sent)
    assert answer.status_code == 500
    assert ("the sealing failed" in _body(answer)) is debug
    assert CANARY not in _body(answer)
    assert CANARY not in caplog.text
