"""The look-out for a request of a key: the latest one, as soon as it has ended."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import ApiKey, Member, Workspace
from billing.setting_up.arriving import latest
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.test_views import model

pytestmark = pytest.mark.django_db


def minted() -> ApiKey:
    workspace = Workspace.objects.get(pk=rows.workspace())
    return keys.mint(workspace, name="laptop")[0]


def asked(key: ApiKey, role: str = Member.Role.OWNER) -> Client:
    client = Client()
    client.force_login(person(key.workspace, role=role))
    return client


def test_tells_nothing_until_a_request_of_that_key_has_ended() -> None:
    key = minted()
    rows.settle(key.workspace_id, api_key_id=key.pk + 1)
    rows.admit(key.workspace_id, api_key_id=key.pk)
    assert latest(key.workspace_id, key.pk) is None
    answer = asked(key).get(f"/dashboard/set-up/{key.pk}/arrival")
    assert answer.json() == {"id": None, "words": None}


def test_tells_the_latest_with_its_charge_in_the_workspaces_time() -> None:
    key, name = minted(), "route/one"
    number = model(name)
    Workspace.objects.filter(pk=key.workspace_id).update(time_zone="Asia/Kolkata")
    rows.settle(key.workspace_id, api_key_id=key.pk, cost=1)
    last = rows.settle(key.workspace_id, api_key_id=key.pk, cost=492_800, model_id=number, latency_ms=412)
    rows.settle(key.workspace_id, api_key_id=key.pk, cost=-1, request_id=last, rev=1)  # no request of its own
    found = latest(key.workspace_id, key.pk)
    assert found is not None
    assert (found.request_id, found.cost) == (last, 492_800)
    told = asked(key).get(f"/dashboard/set-up/{key.pk}/arrival").json()
    assert told["id"] == str(last)
    assert told["words"].endswith(", route/one, 412\u00a0ms, $0.000492800")
    assert abs(int(told["words"][3:5]) - (found.at.minute + 30) % 60) == 0


def test_tells_of_a_failed_one_that_nothing_was_charged() -> None:
    key = minted()
    rows.settle(
        key.workspace_id, api_key_id=key.pk, status="failed", http_status=502, error_code="PROVIDER_ERROR"
    )
    found = latest(key.workspace_id, key.pk)
    assert found is not None
    told = asked(key).get(f"/dashboard/set-up/{key.pk}/arrival").json()
    assert told["words"].endswith("PROVIDER_ERROR, not charged")


def test_there_is_no_key_of_a_number_that_none_can_have() -> None:
    client = asked(minted())
    for number in (0, 2**63 - 1, 2**63, 2**64):
        assert client.get(f"/dashboard/set-up/{number}/arrival").status_code == 404


def test_a_developer_hears_of_own_keys_only_and_a_few_queries_do() -> None:
    key = minted()
    assert asked(key, Member.Role.DEVELOPER).get(f"/dashboard/set-up/{key.pk}/arrival").status_code == 404
    client = asked(key)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/dashboard/set-up/{key.pk}/arrival")
    assert len(queries) <= 6
