"""The demo's operator and customer, and the file that keeps their secrets."""

import json
import stat
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import authenticate

from accounts.models import ApiKey, Member, User, Workspace
from billing.models import Account
from billing.subscriptions import granting
from catalog import demo
from config import demo_people
from kernel import clock, ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    target = tmp_path / "credentials.json"
    demo_people.ensure(target)
    return target


def test_the_file_is_for_its_owner_alone(kept: Path) -> None:
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_its_passwords_open_both_doors(kept: Path) -> None:
    secrets = json.loads(kept.read_text())
    for person, staff in (("operator", True), ("customer", False)):
        user = authenticate(None, username=secrets[person]["email"], password=secrets[person]["password"])
        assert isinstance(user, User)
        assert (user.is_staff, user.is_superuser) == (staff, staff)


def test_its_key_belongs_to_the_customers_workspace_with_credit(kept: Path) -> None:
    secret = json.loads(kept.read_text())["api_key"]
    key = ApiKey.objects.get(digest=ids.digest_key(secret, pepper=settings.KEY_PEPPER))
    assert key.workspace.name == "Northwind Labs"
    assert key.workspace.plan_version.plan.slug == "max"
    assert Member.objects.get(workspace=key.workspace).user.email == demo_people.CUSTOMER
    account = Account.objects.get(workspace_id=key.workspace.pk)
    assert (account.posted, account.withheld) == (100_000_000_000, 0)


def test_its_customer_gets_the_credits_of_the_plan_once(kept: Path) -> None:
    workspace = Workspace.objects.get()
    for _ in range(2):
        granting.grant_due(clock.now(), seconds=20)
    account = Account.objects.get(workspace_id=workspace.pk)
    assert (account.posted, account.withheld) == (170_000_000_000, 0)
    assert workspace.terms.plan.slug == "max"


def test_a_second_run_changes_nothing(kept: Path) -> None:
    before = kept.read_text(), User.objects.get(email=demo_people.OPERATOR).password
    assert demo_people.ensure(kept) is None
    assert before == (kept.read_text(), User.objects.get(email=demo_people.OPERATOR).password)
    assert ApiKey.objects.count() == 1


def test_a_missing_operator_alone_is_made_again_beside_the_kept_key(kept: Path) -> None:
    key = json.loads(kept.read_text())["api_key"]
    User.objects.get(email=demo_people.OPERATOR).delete()
    made = demo_people.ensure(kept)
    assert made is not None
    assert set(made) == {"operator"}
    assert json.loads(kept.read_text())["api_key"] == key
