"""The operator's page of keys: what each may spend, which ask for a look, a new secret, and their end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import keys
from accounts.models import ApiKey, Workspace
from accounts.trail_row import TrailRow
from billing import budgets
from billing.models import KeyBudget
from kernel import clock
from tests.billing import rows
from tests.operator.reading import plain, text
from tests.operator.test_workspace_tabs import staff

pytestmark = pytest.mark.django_db
USD = 10**9


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.get()


def key(workspace: Workspace, name: str, **columns: object) -> ApiKey:
    made, _ = keys.mint(workspace, name=name)
    ApiKey.objects.filter(pk=made.pk).update(**columns)
    return made


def limited(made: ApiKey, *, spent: int) -> None:
    rows.settle(made.workspace_id, cost=spent, api_key_id=made.pk)
    budgets.put(made.workspace_id, made.pk, limit=10 * USD, period=KeyBudget.Period.DAY, actor="test")


def test_the_list_says_what_each_may_spend_by_as_many_queries_for_many_as_for_one(
    operator: Client, workspace: Workspace
) -> None:
    address = reverse("admin:accounts_apikey_changelist")
    limited(key(workspace, "one"), spent=9 * USD)
    operator.get(address)
    with CaptureQueriesContext(connection) as one:
        shown = operator.get(address).content.decode()
    assert 'title="$10.000000000"' in shown
    assert " $9.00 90 %" in plain(shown)
    for place in range(5):
        limited(key(workspace, f"more {place}"), spent=USD)
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(many) == len(one)


def test_it_is_narrowed_to_those_that_ask_for_a_look(operator: Client, workspace: Workspace) -> None:
    now = clock.now()
    made = now - timedelta(days=100)
    key(workspace, "idle-since", created_at=made, last_used_at=now - timedelta(days=91))
    key(workspace, "idle-ever", created_at=made)
    key(workspace, "fresh-one", created_at=now - timedelta(days=2))
    key(workspace, "idle-revoked", created_at=made, revoked_at=now)
    key(workspace, "ends-soon", expires_at=now + timedelta(days=13))
    key(workspace, "ends-later", expires_at=now + timedelta(days=15))
    limited(key(workspace, "near-spent"), spent=8 * USD)
    limited(key(workspace, "half-spent"), spent=5 * USD)
    limited(key(workspace, "near-before"), spent=9 * USD)
    before = KeyBudget.objects.get(api_key_id=ApiKey.objects.get(name="near-before").pk)
    rows.run("UPDATE billing_key_budget SET window_day = window_day - 1 WHERE api_key_id = %s", before.pk)
    found = {}
    for look in ("dormant", "near", "ending"):
        shown = text(operator, "accounts_apikey_changelist", query=f"?look={look}")
        names = ("idle-since", "idle-ever", "fresh-one", "idle-revoked", "ends-soon", "ends-later", "near-spent", "half-spent", "near-before")  # fmt: skip
        found[look] = {name for name in names if name in shown}
    assert found == {
        "dormant": {"idle-since", "idle-ever"},
        "near": {"near-spent"},
        "ending": {"ends-soon"},
    }


def test_a_new_secret_is_shown_once_and_is_nowhere_else(operator: Client, workspace: Workspace) -> None:
    made, old = keys.mint(workspace, name="lost")
    address = reverse("admin:accounts_apikey_rotate_key", args=[made.pk])
    answer = operator.post(address, {"_form_submitted": "on", "reason": "leaked", "grace_seconds": "0"})
    shown = answer.content.decode()
    made.refresh_from_db()
    [secret] = [word for word in shown.replace("<", " ").replace(">", " ").split() if word.startswith("rk_")]
    assert secret.startswith(made.prefix)
    assert secret.endswith(made.last_four)
    assert secret != old
    assert "no-store" in answer.headers["Cache-Control"]
    told = TrailRow.objects.filter(workspace_id=workspace.pk).latest("no")
    assert "leaked" in told.said
    everywhere = f"{told.said}{told.changes}" + text(operator, "accounts_apikey_change", made.pk)
    assert secret not in everywhere
    assert secret not in text(operator, "accounts_workspace_audit", workspace.pk)


def test_a_new_secret_is_for_those_with_the_permission(client: Client, workspace: Workspace) -> None:
    made = key(workspace, "theirs")
    address = reverse("admin:accounts_apikey_rotate_key", args=[made.pk])
    asked = {"_form_submitted": "on", "reason": "r", "grace_seconds": "0"}
    staff(client, "accounts.view_apikey", "accounts.change_apikey")
    assert client.post(address, asked).status_code == 403
    digest = bytes(ApiKey.objects.get(pk=made.pk).digest)
    assert digest == bytes(made.digest)


def test_a_key_is_revoked_with_a_reason_and_then_has_nothing_to_be_done(
    operator: Client, workspace: Workspace
) -> None:
    made = key(workspace, "ended")
    address = reverse("admin:accounts_apikey_revoke_key", args=[made.pk])
    operator.post(address, {"_form_submitted": "on", "reason": ""})
    assert not ApiKey.objects.filter(pk=made.pk, revoked_at__isnull=False).exists()
    operator.post(address, {"_form_submitted": "on", "reason": "left the firm"})
    assert ApiKey.objects.filter(pk=made.pk, revoked_at__isnull=False).exists()
    assert "left the firm" in TrailRow.objects.latest("no").said
    assert address not in text(operator, "accounts_apikey_change", made.pk)
