"""A customer's own keys at providers, on the page of their workspace."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import ProviderKey, Workspace
from catalog import credentials
from catalog.models import Provider
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

SECRET = "sk-own-secret-0123456789"


def _set(operator: Client, workspace: Workspace, slug: str, secret: str = SECRET) -> str:
    address = reverse("admin:accounts_workspace_set_own_key", args=[workspace.pk])
    provider = Provider.objects.get(slug=slug).pk
    answer = operator.post(address, {"_form_submitted": "on", "provider": provider, "secret": secret})
    return answer.content.decode()


def test_go_in_and_never_come_out(operator: Client) -> None:
    workspace = Workspace.objects.get()
    _set(operator, workspace, "openai")
    key = ProviderKey.objects.get(active=True)
    assert credentials.decrypt(bytes(key.sealed)) == SECRET
    page = text(operator, "accounts_workspace_change", workspace.pk)
    assert "…6789" in page
    history = text(operator, "accounts_workspace_audit", workspace.pk)
    assert "Set the own key at OpenAI …6789." in history
    assert "own-secret" not in page + history
    assert not LogEntry.objects.filter(change_message__contains="own-secret").exists()


def test_are_replaced_and_taken_away(operator: Client) -> None:
    workspace = Workspace.objects.get()
    take = reverse("admin:accounts_workspace_take_own_key", args=[workspace.pk])
    assert take not in text(operator, "accounts_workspace_change", workspace.pk)
    _set(operator, workspace, "openai")
    _set(operator, workspace, "openai", "sk-own-secret-9876543210")
    assert ProviderKey.objects.get(active=True).hint == "…3210"
    assert take in text(operator, "accounts_workspace_change", workspace.pk)  # with what was just done
    assert "…6789" not in text(operator, "accounts_workspace_change", workspace.pk)
    elsewhere = Provider.objects.get(slug="mistral").pk
    operator.post(take, {"_form_submitted": "on", "provider": elsewhere})
    assert ProviderKey.objects.filter(active=True).exists()
    operator.post(take, {"_form_submitted": "on", "provider": Provider.objects.get(slug="openai").pk})
    assert not ProviderKey.objects.filter(active=True).exists()
    text(operator, "accounts_workspace_change", workspace.pk)
    assert "…3210" not in text(operator, "accounts_workspace_change", workspace.pk)


def test_that_are_none_are_refused_in_the_dialog(operator: Client) -> None:
    answer = _set(operator, Workspace.objects.get(), "openai", "sk own")
    assert "one line of visible ASCII" in answer
    assert not ProviderKey.objects.exists()
