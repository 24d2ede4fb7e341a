"""What operators do to a workspace from its page: freeze, thaw, close, raise limits until a date, move money."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import PlanUpgrade, Workspace
from accounts.trail_row import TrailRow
from billing.models import Account
from catalog.models import Multiplier, Plan
from kernel import clock
from tests.billing import rows
from tests.operator.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.select_related("plan_version__plan").get()


def do(operator: Client, name: str, workspace: Workspace, **asked: object) -> str:
    address = reverse(f"admin:accounts_workspace_{name}", args=[workspace.pk])
    return operator.post(address, {"_form_submitted": "on", "reason": "a test", **asked}).content.decode()


def offered(operator: Client, workspace: Workspace) -> set[str]:
    shown = text(operator, "accounts_workspace_change", workspace.pk)
    names = ("freeze", "thaw", "close", "raise_limits")
    return {name for name in names if reverse(f"admin:accounts_workspace_{name}", args=[workspace.pk]) in shown}  # fmt: skip


def raised(workspace: Workspace, **asked: object) -> dict[str, object]:
    terms = workspace.plan_version
    caps = {name: getattr(terms, name) or "" for name in ("minute_cap", "hour_cap", "day_cap", "stream_cap")}
    return {**caps, "ends_at": f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M}", **asked}


def test_a_dialog_says_what_is_open_before_it_freezes(operator: Client, workspace: Workspace) -> None:
    rows.admit(workspace.pk, stream=True)
    rows.admit(workspace.pk)
    address = reverse("admin:accounts_workspace_freeze", args=[workspace.pk])
    assert "1 key in use, 2 requests open, of which 1 stream;" in operator.get(address).content.decode()


def test_freezing_closes_the_account_to_requests_and_thawing_opens_it(
    operator: Client, workspace: Workspace
) -> None:
    assert offered(operator, workspace) == {"freeze", "close", "raise_limits"}
    money = reverse("admin:accounts_workspace_move_money", args=[workspace.pk])
    assert money in text(operator, "accounts_workspace_change", workspace.pk)
    do(operator, "freeze", workspace)
    assert Account.objects.get(pk=workspace.pk).status == Account.Status.SUSPENDED
    assert offered(operator, workspace) == {"thaw", "close"}
    do(operator, "freeze", workspace)  # a second click
    do(operator, "thaw", workspace)
    assert Account.objects.get(pk=workspace.pk).status == Account.Status.ACTIVE
    said = [row.said for row in TrailRow.objects.filter(workspace_id=workspace.pk)]
    assert said == ["Suspended → active: a test", "Active → suspended: a test"]


def test_a_closed_workspace_can_only_be_opened_again(operator: Client, workspace: Workspace) -> None:
    do(operator, "close", workspace)
    assert Account.objects.get(pk=workspace.pk).status == Account.Status.CLOSED
    assert offered(operator, workspace) == {"thaw"}


def test_the_status_is_not_changed_without_a_reason(operator: Client, workspace: Workspace) -> None:
    do(operator, "freeze", workspace, reason="")
    address = reverse("admin:accounts_workspace_change", args=[workspace.pk])
    named = {"name": "Renamed", "status": "closed", "time_zone": "UTC"}
    forms = {f"{part}-{count}": 0 for part in ("upgrades", "provider_keys") for count in ("TOTAL_FORMS", "INITIAL_FORMS")}  # fmt: skip
    assert operator.post(address, named | forms).status_code == 302
    workspace.refresh_from_db()
    assert (workspace.name, workspace.status) == ("Renamed", "active")


def test_limits_are_raised_until_a_date_and_nothing_else_changes(
    operator: Client, workspace: Workspace
) -> None:
    terms = workspace.plan_version
    Multiplier.objects.create(
        scope="plan", target=terms.plan.slug, factor_ppm=900_000, valid_from=clock.now(), reason="r"
    )
    begins = operator.get(
        reverse("admin:accounts_workspace_raise_limits", args=[workspace.pk])
    ).content.decode()
    assert f'value="{clock.now() + timedelta(days=1):%Y-%m-%dT%H}' in begins
    asked = raised(workspace, minute_cap=777, day_cap=2**31 - 1, stream_cap=1)
    do(operator, "raise_limits", workspace, **asked)
    got = Workspace.objects.get().terms
    assert (got.minute_cap, got.hour_cap, got.day_cap, got.stream_cap) == (777, terms.hour_cap, 2**31 - 1, 1)
    assert PlanUpgrade.objects.get().reason == "a test"
    assert (got.tiers, got.also_models, got.default_max_tokens) == (terms.tiers, terms.also_models, terms.default_max_tokens)  # fmt: skip
    assert Multiplier.objects.get(target=got.plan.slug).factor_ppm == 900_000
    told = TrailRow.objects.filter(workspace_id=workspace.pk).latest("no").said
    assert "777 / " in told
    assert "a test" in told


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "These are the limits that it has: change one."),
        ({"minute_cap": 7, "ends_at": "2020-01-01T00:00"}, "This moment is over: choose one to come."),
        ({"minute_cap": 0}, "greater than or equal to 1"),
        ({"stream_cap": ""}, "This field is required."),
    ],
)
def test_limits_that_are_none_or_over_already_are_not_raised(
    operator: Client, workspace: Workspace, wrong: dict[str, object], says: str
) -> None:
    assert says in do(operator, "raise_limits", workspace, **raised(workspace, **wrong))
    assert not PlanUpgrade.objects.exists()


def test_limits_are_not_raised_twice_at_once(operator: Client, workspace: Workspace) -> None:
    for minute in (777, 888):
        do(operator, "raise_limits", workspace, **raised(workspace, minute_cap=minute))
    assert PlanUpgrade.objects.count() == 1
    assert Workspace.objects.get().terms.minute_cap == 777


def test_limits_are_not_raised_where_that_would_change_prices(operator: Client, workspace: Workspace) -> None:
    own = Plan.objects.create(slug="own", name="Own", rank=workspace.plan_version.plan.rank, public=False, only_for=workspace.pk)  # fmt: skip
    Multiplier.objects.create(scope="plan", target=own.slug, factor_ppm=500_000, valid_from=clock.now(), reason="r")  # fmt: skip
    do(operator, "raise_limits", workspace, **raised(workspace, minute_cap=777))
    assert not PlanUpgrade.objects.exists()
    assert "other prices" in text(operator, "accounts_workspace_changelist")


def test_money_is_moved_from_the_page_once(operator: Client, workspace: Workspace) -> None:
    asked = {"kind": "grant", "usd": "2.5", "token": str(uuid4())}
    for _ in range(2):
        do(operator, "move_money", workspace, **asked)
    assert Account.objects.get().posted == 102_500_000_000
