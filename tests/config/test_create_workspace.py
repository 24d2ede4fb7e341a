"""The command that makes a workspace."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, Workspace
from billing.models import Account, Subscription
from catalog import demo
from kernel import ids

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def catalogue() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_workspace", *arguments, stdout=out)
    return out.getvalue()


def test_it_makes_a_workspace_with_a_key_and_credit() -> None:
    made = json.loads(run("Acme", "--plan", "max", "--credit", "12.5", "--json"))
    workspace = Workspace.objects.get(pk=made["workspace"])
    assert (workspace.slug, workspace.plan_version.plan.slug) == (made["slug"], "max")
    digest = ids.digest_key(made["api_key"], pepper=settings.KEY_PEPPER)
    assert ApiKey.objects.get(digest=digest).workspace == workspace
    assert Account.objects.get(workspace_id=workspace.pk).posted == 82_500_000_000  # 70 are the plan's
    subscription = Subscription.objects.get(workspace_id=workspace.pk)
    assert (subscription.plan_version, subscription.status) == (workspace.plan_version, "active")


def test_without_credit_nothing_is_posted() -> None:
    made = json.loads(run("Acme", "--plan", "free", "--json"))
    account = Account.objects.get(workspace_id=made["workspace"])
    assert (account.posted, account.seq) == (0, 0)


def test_for_people_it_prints_lines() -> None:
    assert [line.split()[0] for line in run("Acme", "--plan", "lite").splitlines()] == [
        "workspace",
        "slug",
        "api_key",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Acme", "--plan", "gold"], "there is no plan 'gold'; there are: free, lite, weekly"),
        (["Acme", "--credit", "ten"], "--credit: 'ten' is not an amount of USD"),
        (["Acme", "--credit", "0.0000000001"], "finer than a nano-dollar"),
        (["Acme", "--credit=-1"], "an amount from 0 to 1,000,000 USD"),
        (["Acme", "--credit", "1e99"], "an amount from 0 to 1,000,000 USD"),
        (["  "], "1 to 100 characters"),
    ],
)
def test_a_mistake_is_named_and_leaves_nothing(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)
    assert not Workspace.objects.exists()
