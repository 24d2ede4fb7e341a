"""Actions on many rows from the operator's lists: shown first with the customers, begun with a reason, stopped."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import keys
from accounts.models import ApiKey, Workspace
from accounts.trail_row import TrailRow
from billing.bulk import work
from billing.models import Account, BulkJob
from kernel import clock
from tests.billing import rows
from tests.operator.reading import said, text
from tests.operator.test_workspace_tabs import staff

pytestmark = pytest.mark.django_db
USD = 10**9


def act(operator: Client, page: str, action: str, query: str = "", **asked: object) -> BulkJob:
    answer = operator.post(
        reverse(f"admin:{page}_changelist") + query, {"action": action, "index": 0, **asked}
    )
    assert answer.status_code == 302
    assert said(answer) == "Nothing is done yet: look at it, and begin it."
    return BulkJob.objects.latest("made_at")


def do(operator: Client, name: str, job: BulkJob, reason: str = "leaked") -> None:
    address = reverse(f"admin:billing_bulkjob_{name}", args=[job.pk])
    operator.post(address, {"_form_submitted": "on", "reason": reason})
    job.refresh_from_db()


def draft_credit(operator: Client) -> BulkJob:
    now = clock.now()
    asked = {
        "_form_submitted": "on",
        "since": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "until": f"{now + timedelta(minutes=1):%Y-%m-%dT%H:%M}",
        "error_code": "UPSTREAM_CUT",
        "workspace": Workspace.objects.get().slug,
        "percent": 100,
    }
    assert operator.post(reverse("admin:billing_bulkjob_credit_requests"), asked).status_code == 302
    return BulkJob.objects.get()


def test_chosen_keys_are_shown_then_revoked(operator: Client) -> None:
    key = ApiKey.objects.get()
    job = act(operator, "accounts_apikey", "revoke_many", _selected_action=[key.pk])
    shown = text(operator, "billing_bulkjob_change", job.pk)
    assert "1 customer, 1 row" in shown
    assert "Northwind Labs" in shown
    assert " more</p>" not in shown
    begin = reverse("admin:billing_bulkjob_begin", args=[job.pk])
    assert begin in shown
    assert "Revoke keys: 1, of 1 customer" in operator.get(begin).content.decode()
    do(operator, "begin", job, reason=" ")
    assert job.state == "draft"
    do(operator, "begin", job)
    work.sweep(seconds=10)
    assert ApiKey.objects.get().revoked_at is not None
    shown = text(operator, "billing_bulkjob_change", job.pk)
    assert "1 done, 0 skipped, of 1." in shown
    assert begin not in shown
    address = reverse("admin:accounts_apikey_changelist")
    again = operator.post(address, {"action": "revoke_many", "index": 0, "_selected_action": [key.pk]})
    assert said(again) == "None of these is left to be done."


def test_a_large_job_is_begun_by_somebody_else(operator: Client, client: Client) -> None:
    rows.settle(Workspace.objects.get().pk, cost=101 * USD, error_code="UPSTREAM_CUT")
    job = draft_credit(operator)
    do(operator, "begin", job)
    begin, stop = (reverse(f"admin:billing_bulkjob_{name}", args=[job.pk]) for name in ("begin", "stop"))
    shown = text(operator, "billing_bulkjob_change", job.pk)
    assert (job.state, begin in shown, stop in shown) == ("asked", False, True)
    staff(client, "billing.view_bulkjob", "billing.add_ledgertransaction")
    assert begin in text(client, "billing_bulkjob_change", job.pk)


def test_all_that_a_list_is_narrowed_to_are_meant_by_choosing_all(operator: Client) -> None:
    workspace = Workspace.objects.get()
    for place in range(60):  # more than a page
        made, _ = keys.mint(workspace, name=f"idle {place}")
        ApiKey.objects.filter(pk=made.pk).update(created_at=clock.now() - timedelta(days=100))
    first = ApiKey.objects.filter(name="idle 1").get()
    job = act(operator, "accounts_apikey", "revoke_many", "?look=dormant", _selected_action=[first.pk], select_across=1)  # fmt: skip
    assert (job.total, job.customers, job.narrowed) == (60, 1, {"look": "dormant"})


def test_workspaces_are_frozen(operator: Client) -> None:
    workspace = Workspace.objects.get()
    job = act(operator, "accounts_workspace", "freeze_many", _selected_action=[workspace.pk])
    do(operator, "begin", job)
    work.sweep(seconds=10)
    assert Account.objects.get(pk=workspace.pk).status == Account.Status.SUSPENDED


def test_requests_are_chosen_in_a_dialog_and_given_back(operator: Client) -> None:
    workspace = Workspace.objects.get()
    rows.settle(workspace.pk, cost=3 * USD, error_code="UPSTREAM_CUT")
    rows.settle(workspace.pk, cost=5 * USD)
    rows.settle(rows.workspace(), cost=7 * USD, error_code="UPSTREAM_CUT")
    now = clock.now()
    asked = {
        "_form_submitted": "on",
        "since": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "until": f"{now + timedelta(minutes=1):%Y-%m-%dT%H:%M}",
        "workspace": workspace.slug,
        "error_code": "UPSTREAM_CUT",
        "percent": 100,
    }
    address = reverse("admin:billing_bulkjob_credit_requests")
    assert operator.post(address, asked | {"workspace": "nobody"}).status_code == 200
    assert operator.post(address, asked | {"until": asked["since"]}).status_code == 200
    assert not BulkJob.objects.exists()
    assert operator.post(address, asked).status_code == 302
    job = BulkJob.objects.get()
    assert (job.total, job.amount_nano) == (1, 3 * USD)
    do(operator, "begin", job, reason="our fault")
    work.sweep(seconds=10)
    assert Account.objects.get(pk=workspace.pk).posted == 103 * USD


def test_a_list_of_requests_can_lead_to_the_dialog_with_its_filters(operator: Client) -> None:
    shown = text(operator, "billing_bulkjob_credit_requests", query="?error_code=UPSTREAM_CUT&percent=40")
    assert 'value="UPSTREAM_CUT"' in shown
    assert 'value="40"' in shown
    assert f'value="{clock.now() - timedelta(hours=1):%Y-%m-%dT%H}' in shown


def test_a_job_is_begun_only_by_who_may_do_it_to_one(operator: Client, client: Client) -> None:
    job = act(operator, "accounts_apikey", "revoke_many", _selected_action=[ApiKey.objects.get().pk])
    staff(client, "billing.view_bulkjob", "accounts.change_workspace", "billing.add_ledgertransaction")
    address = reverse("admin:billing_bulkjob_begin", args=[job.pk])
    assert client.post(address, {"_form_submitted": "on", "reason": "r"}).status_code == 403
    assert address not in text(client, "billing_bulkjob_change", job.pk)
    staff(client, "billing.view_bulkjob", "accounts.change_apikey")
    do(client, "begin", job)
    assert job.state == "running"


def test_a_job_is_stopped_with_a_reason_in_the_trail(operator: Client) -> None:
    job = act(operator, "accounts_apikey", "revoke_many", _selected_action=[ApiKey.objects.get().pk])
    do(operator, "stop", job, reason="wrong list")
    assert job.state == "stopped"
    said = [row.said for row in TrailRow.objects.filter(model="billing.bulkjob")]
    assert said == ["Stopped: wrong list", "Drafted: Revoke keys: 1, 1 customers."]
