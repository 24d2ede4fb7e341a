"""The page Plan: what a member is told of their plan, and who may let usage spill to the balance."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts import upgrades
from accounts.models import Member, User, Workspace
from billing.models import Purse
from billing.subscriptions import book
from catalog.models import Model, Plan
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows as money_rows
from tests.billing.subscriptions import rows
from tests.billing.test_views import read

pytestmark = pytest.mark.django_db


def member(workspace: Workspace, role: str = Member.Role.OWNER) -> Client:
    client = Client()
    client.force_login(person(workspace, role=role))
    return client


def subscribed() -> Workspace:
    terms = rows.terms(
        usd=50, credits_usd=70, day_cap=3000, also_models=["route/x*"], spill_ceiling_nano=30 * rows.USD
    )
    workspace = rows.workspace(terms)
    book.begin(workspace, actor="test")
    return workspace


def test_tells_plan_period_and_credits() -> None:
    facts = {"author": "t", "context_length": 9, "max_output_tokens": 1, "created_at": clock.now()}
    for name, tier in (("route/a", "free"), ("route/x1", "max"), ("route/b", "max")):
        Model.objects.create(public_id=name, name=name, tier=tier, **facts)
    workspace = subscribed()
    row = book.active(workspace.pk)
    assert row is not None
    assert row.current_period_end is not None
    end = row.current_period_end
    last = end - timedelta(days=1)
    text = read(member(workspace).get("/dashboard/plan"))
    for part in (
        f" – {last.day} {last:%b %Y}",
        f"{workspace.plan_version.plan.name} $50.00 a month.",
        f"Credits come again on {end.day} {end:%b %Y}",
        "Requests a day 3,000",
        "Requests an hour no cap",
        "Models 2",
        "Requests are shown for as long as they are kept",
        f"Plan credit left, ends on {end.day} {end:%b %Y} $70.000000000",
        "Requests are refused",
    ):
        assert part in text


def test_tells_an_upgrade_and_what_comes_next() -> None:
    workspace = subscribed()
    operator = User.objects.create_superuser("op@example.com", "x")
    now = clock.now()
    dear = rows.terms(usd=150, day_cap=10_000)
    upgrades.grant(
        workspace,
        dear,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=2),
        reason="a test",
        by=operator,
    )
    cheap = rows.terms(usd=1)
    book.change(workspace, cheap, token=uuid4(), actor="t", reason="t")
    text = read(member(workspace).get("/dashboard/plan"))
    assert f"Upgraded to {dear.plan.name} until" in text
    assert "Requests a day 10,000" in text
    assert f"you have {cheap.plan.name}" in text


def test_tells_a_plan_without_periods() -> None:
    workspace = rows.workspace(rows.terms(period="none"))
    text = read(member(workspace).get("/dashboard/plan"))
    assert "It costs nothing by itself." in text
    assert "When plan credits are spent" not in text


@pytest.mark.parametrize("role", ["owner", "admin", "billing"])
def test_those_who_pay_let_usage_spill(role: str) -> None:
    workspace = subscribed()
    client = member(workspace, role)
    assert 'value="30.00"' in client.get("/dashboard/plan").content.decode()
    client.post("/dashboard/plan/spill", {"enabled": "yes", "ceiling": "12.50"})
    purse = Purse.objects.get(pk=workspace.pk)
    assert (purse.spill, purse.spill_ceiling) == ("on", 12_500_000_000)
    assert "of $12.50 taken this month" in read(client.get("/dashboard/plan"))
    client.post("/dashboard/plan/spill", {"enabled": "no", "ceiling": "nonsense"})
    purse.refresh_from_db()
    assert (purse.spill, purse.spill_ceiling) == ("off", None)


@pytest.mark.parametrize("role", ["developer", "viewer"])
def test_others_look_only(role: str) -> None:
    workspace = subscribed()
    client = member(workspace, role)
    assert "Owners, admins and billing members can change this." in read(client.get("/dashboard/plan"))
    assert client.post("/dashboard/plan/spill", {"enabled": "yes"}).status_code == 403
    assert Purse.objects.get(pk=workspace.pk).spill == "off"


@pytest.mark.parametrize("ceiling", ["-1", "ten", "1.234", "9999999"])
def test_a_ceiling_that_cannot_be_is_refused_beside_its_field(ceiling: str) -> None:
    workspace = subscribed()
    answer = member(workspace).post("/dashboard/plan/spill", {"enabled": "yes", "ceiling": ceiling})
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Purse.objects.get(pk=workspace.pk).spill == "off"


def test_nobody_meets_anothers_plan() -> None:
    mine, other = subscribed(), subscribed()
    Plan.objects.filter(pk=other.plan_version.plan_id).update(only_for=other.pk, public=False)
    text = read(member(mine).get(f"/dashboard/plan?workspace={other.pk}"))
    assert other.plan_version.plan.name not in text
    assert Client().get("/dashboard/plan").status_code == 302


def test_spilled_balance_is_free_again() -> None:
    workspace = subscribed()
    money_rows.fund(workspace.pk, 5 * rows.USD)
    member(workspace).post("/dashboard/plan/spill", {"enabled": "yes", "ceiling": ""})
    assert money_rows.account(workspace.pk)["withheld"] == 0
