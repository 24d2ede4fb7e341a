"""What operators do about plans: change one with its consequences told, make custom terms, upgrade for a while, move all."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import PlanUpgrade, Workspace
from billing.models import Purse, Subscription, SubscriptionChange
from billing.subscriptions import book
from catalog.models import Multiplier, Plan, PlanVersion
from kernel import clock, money
from tests.operator.reading import plain, said, text

pytestmark = pytest.mark.django_db
USD = money.NANO_PER_USD


@pytest.fixture
def workspace() -> Workspace:
    """The demo's workspace, with a subscription."""
    found = Workspace.objects.select_related("plan_version__plan").get()
    book.begin(found, actor="test")
    return found


def do(operator: Client, name: str, pk: int, **asked: object) -> str:
    """Fill in a dialog and return what it answered."""
    address = reverse(f"admin:{name}", args=[pk])
    filled = {"_form_submitted": "on", "reason": "a test", "token": str(uuid4()), **asked}
    return operator.post(address, filled).content.decode()


def newest(slug: str) -> PlanVersion:
    return PlanVersion.objects.select_related("plan").filter(plan__slug=slug).latest("version")


def test_a_dialog_tells_what_each_plan_comes_to(operator: Client, workspace: Workspace) -> None:
    shown = operator.get(
        reverse("admin:accounts_workspace_change_plan", args=[workspace.pk])
    ).content.decode()
    row = book.active(workspace.pk)
    assert row is not None
    assert row.current_period_end is not None
    assert f"{row.current_period_end:%Y-%m-%d}" in shown  # when a downgrade counts
    assert 'title="$155.000000000"' in shown  # Ultra's 225 less Max's 70, on the first day of the period
    assert "An upgrade counts at once" in shown
    assert "counts now, with $155.00 of credits" in plain(shown)
    assert f"counts from {row.current_period_end:%Y-%m-%d}" in plain(shown)


def test_a_plan_is_changed_once_by_two_clicks_in_the_operators_name(
    operator: Client, workspace: Workspace
) -> None:
    token = str(uuid4())
    for _ in range(2):
        do(operator, "accounts_workspace_change_plan", workspace.pk, to=newest("ultra").pk, token=token)
    done = SubscriptionChange.objects.get(token=token)
    assert (done.kind, done.granted_nano, done.reason) == ("changed", 155 * USD, "a test")
    workspace.refresh_from_db()
    assert workspace.plan_version == newest("ultra")
    assert LogEntry.objects.filter(change_message__contains="a test").exists()
    address = reverse("admin:accounts_workspace_change_plan", args=[workspace.pk])
    filled = {"_form_submitted": "on", "reason": "a test", "token": str(uuid4()), "to": newest("ultra").pk}
    assert said(operator.post(address, filled)) == "It has these terms already."


def test_a_downgrade_is_scheduled_and_shown(operator: Client, workspace: Workspace) -> None:
    do(operator, "accounts_workspace_change_plan", workspace.pk, to=newest("lite").pk)
    shown = text(operator, "accounts_workspace_change", workspace.pk)
    assert "then Lite v1" in shown


def test_a_change_needs_a_reason(operator: Client, workspace: Workspace) -> None:
    do(operator, "accounts_workspace_change_plan", workspace.pk, to=newest("ultra").pk, reason="")
    assert not SubscriptionChange.objects.filter(kind="changed").exists()


def test_custom_terms_are_one_workspaces_alone(operator: Client, workspace: Workspace) -> None:
    Multiplier.objects.create(
        scope="plan", target="max", factor_ppm=900_000, valid_from=clock.now(), reason="Ten percent off"
    )
    asked = {
        "price_nano": "500",
        "credits_nano": "700",
        "day_cap": "90000",
        "stream_cap": "200",
        "default_max_tokens": "8192",
        "tiers": ["free", "lite"],
        "also_models": "route/kimi*,route/glm-5",
        "except_models": "route/glm-4*",
        "token": str(uuid4()),
    }
    begins = text(operator, "accounts_workspace_custom_terms", workspace.pk)
    assert 'name="price_nano" value="50.00"' in begins
    for _ in range(2):
        do(operator, "accounts_workspace_custom_terms", workspace.pk, **asked)
    [done] = SubscriptionChange.objects.filter(token=str(asked["token"]))
    assert LogEntry.objects.filter(change_message__startswith=f"{done} from ").count() == 1
    plan = Plan.objects.get(only_for=workspace.pk)
    terms = plan.versions.get()
    workspace.refresh_from_db()
    assert workspace.plan_version == terms
    assert (terms.price_nano, terms.day_cap, terms.hour_cap) == (500 * USD, 90_000, None)
    assert terms.allows("route/kimi-k2.6", "max")
    assert not terms.allows("route/glm-4.7", "lite")
    assert Multiplier.objects.get(scope="plan", target=plan.slug).factor_ppm == 900_000
    assert (plan.rank, plan.public) == (newest("max").plan.rank, False)
    assert plan.slug not in text(operator, "catalog_plan_changelist")
    assert plan.name not in text(operator, "catalog_planversion_changelist")
    assert plan.name in text(operator, "accounts_workspace_change", workspace.pk)
    do(
        operator,
        "accounts_workspace_custom_terms",
        workspace.pk,
        **asked | {"day_cap": "1", "token": str(uuid4())},
    )
    assert plan.versions.count() == 2


def test_custom_terms_that_include_nothing_are_refused(operator: Client, workspace: Workspace) -> None:
    asked = {"price_nano": "1", "credits_nano": "1", "stream_cap": "1", "default_max_tokens": "1"}
    answer = do(operator, "accounts_workspace_custom_terms", workspace.pk, **asked)
    assert "Choose a tier, or name models." in answer
    finer = do(operator, "accounts_workspace_custom_terms", workspace.pk, **asked | {"price_nano": "1e-10"})
    assert "finer than a nano-dollar" in finer
    assert not Plan.objects.filter(only_for=workspace.pk).exists()


def test_an_upgrade_is_granted_shown_and_ended(operator: Client, workspace: Workspace) -> None:
    until = clock.now() + timedelta(days=3)
    asked = {"plan_version": newest("ultra").pk, "ends_at": f"{until:%Y-%m-%dT%H:%M}"}
    do(operator, "accounts_workspace_grant_upgrade", workspace.pk, **asked)
    upgrade = PlanUpgrade.objects.get()
    assert upgrade.plan_version == newest("ultra")
    shown = text(operator, "accounts_workspace_change", workspace.pk)
    assert "Ultra v1 until" in shown
    again = do(operator, "accounts_workspace_grant_upgrade", workspace.pk, **asked)
    assert "Another upgrade of this workspace overlaps with it." in again
    do(operator, "accounts_workspace_end_upgrade", workspace.pk)
    upgrade.refresh_from_db()
    assert upgrade.ends_at <= clock.now()
    text(operator, "accounts_planupgrade_changelist")


def test_an_upgrade_that_is_over_is_refused(operator: Client, workspace: Workspace) -> None:
    past = clock.now() - timedelta(days=3)
    asked = {
        "plan_version": newest("ultra").pk,
        "starts_at": "2026-01-01T00:00",
        "ends_at": f"{past:%Y-%m-%dT%H:%M}",
    }
    assert "This moment is over" in do(operator, "accounts_workspace_grant_upgrade", workspace.pk, **asked)


def test_spill_is_set(operator: Client, workspace: Workspace) -> None:
    asked = {"enabled": "on", "monthly_ceiling": "12.5"}
    address = reverse("admin:accounts_workspace_set_spill", args=[workspace.pk])
    answer = operator.post(address, {"_form_submitted": "on", "reason": "r", "token": str(uuid4()), **asked})
    assert said(answer) == "Spill to the balance: on, at most $12.50 a month."
    assert 'name="monthly_ceiling" value="12.50"' in operator.get(address).content.decode()
    purse = Purse.objects.get(pk=workspace.pk)
    assert (purse.spill, purse.spill_ceiling) == ("on", 12_500_000_000)
    assert "at most $12.50 a month" in text(operator, "accounts_workspace_change", workspace.pk)
    do(operator, "accounts_workspace_set_spill", workspace.pk, monthly_ceiling="12.5")
    purse.refresh_from_db()
    assert (purse.spill, purse.spill_ceiling) == ("off", None)


def test_a_new_workspace_on_a_paid_plan_has_a_subscription(operator: Client) -> None:
    asked = {
        "name": "New",
        "slug": "new",
        "plan_version": newest("premium").pk,
        "status": "active",
        "time_zone": "UTC",
    }
    forms = {f"{part}-{count}": 0 for part in ("members", "upgrades", "keys", "provider_keys") for count in ("TOTAL_FORMS", "INITIAL_FORMS")}  # fmt: skip
    answer = operator.post(reverse("admin:accounts_workspace_add"), asked | forms)
    assert answer.status_code == 302, answer.content.decode()
    row = Subscription.objects.get(workspace_id=Workspace.objects.get(slug="new").pk)
    assert (row.plan_version, row.source) == (newest("premium"), "operator")


def test_all_who_have_old_terms_are_moved_with_what_changes_told(
    operator: Client, workspace: Workspace
) -> None:
    old = newest("max")
    copied = {name: getattr(old, name) for name in ("credits_nano", "period", "tiers", "stream_cap")}
    terms = PlanVersion.objects.create(
        plan=old.plan, version=2, published_at=clock.now(), price_nano=60 * USD, day_cap=7, **copied
    )
    address = reverse("admin:catalog_planversion_move_subscribers", args=[old.pk])
    shown = operator.get(address).content.decode()
    for part in (
        "1 workspace goes from Max v1 to Max v2",
        "Northwind Labs",
        "$50.00 a month",
        "$60.00 a month",
    ):
        assert part in shown
    assert "move-subscribers" in text(operator, "catalog_planversion_change", old.pk)
    do(operator, "catalog_planversion_move_subscribers", old.pk)
    assert LogEntry.objects.filter(change_message="1 moved from Max v1 to Max v2; 0 left. a test").exists()
    workspace.refresh_from_db()
    assert workspace.plan_version == terms
    assert "1 moved from Max v1 to Max v2; 0 left." in text(operator, "catalog_planversion_changelist")
    assert "move-subscribers" not in text(operator, "catalog_planversion_change", terms.pk)
    do(operator, "catalog_planversion_move_subscribers", terms.pk)
    told = "These are the newest terms that are published."
    assert told in text(operator, "catalog_planversion_changelist")


def test_only_the_moment_of_a_publication_to_come_can_be_moved(operator: Client) -> None:
    old = newest("max")
    later = clock.now() + timedelta(days=2)
    terms = PlanVersion.objects.create(
        plan=old.plan,
        version=2,
        published_at=later,
        price_nano=1,
        credits_nano=1,
        tiers=["free"],
        stream_cap=1,
    )
    moved = {"published_at_0": f"{later + timedelta(days=1):%Y-%m-%d}", "published_at_1": "00:00:00"}
    address = reverse("admin:catalog_planversion_change", args=[terms.pk])
    assert operator.post(address, {**moved, "price_nano": "5"}).status_code == 302
    terms.refresh_from_db()
    assert (terms.published_at.date(), terms.price_nano) == ((later + timedelta(days=1)).date(), 1)
    published = reverse("admin:catalog_planversion_change", args=[old.pk])
    assert operator.post(published, moved).status_code == 403
