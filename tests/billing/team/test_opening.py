"""Opening a workspace: who may, on which plan, and what comes with it."""

import pytest
from pytest_django import Settings

from accounts.models import TrailRow, User, Workspace
from billing.models import Subscription
from billing.team import opening
from catalog.models import Plan
from tests.accounts.rows import person
from tests.billing import rows

pytestmark = pytest.mark.django_db


def plan(settings: Settings, **terms: object) -> Plan:
    """Have new workspaces begin on a plan with these terms."""
    found = Workspace.objects.get(pk=rows.workspace(period="month", **terms)).plan_version.plan
    Plan.objects.filter(pk=found.pk).update(public=True)
    settings.SIGN_UP, settings.MOST_WORKSPACES, settings.SIGN_UP_PLAN = True, 2, found.slug
    return found


@pytest.fixture
def who() -> User:
    return person()


def test_a_workspace_begins_with_its_plans_credits_a_key_and_a_line_in_the_trail(
    who: User, settings: Settings
) -> None:
    begun = plan(settings, credits_nano=5_000_000_000)
    made = opening.opened(who, "Northwind")
    assert (made.workspace.name, made.workspace.plan_version.plan) == ("Northwind", begun)
    assert (made.key.workspace, made.key.name) == (made.workspace, "First key")
    assert made.secret.startswith("rk_")
    row = Subscription.objects.get(workspace_id=made.workspace.pk)
    assert row.plan_version == made.workspace.plan_version
    [told] = TrailRow.objects.filter(workspace_id=made.workspace.pk, actor_id=who.pk, verb="add")
    assert told.said.startswith("Opened the workspace on ")


def test_a_person_opens_as_many_as_they_may_own(who: User, settings: Settings) -> None:
    plan(settings)
    for name in ("One", "Two"):
        assert opening.may_open(who)
        opening.opened(who, name)
    assert not opening.may_open(who)
    with pytest.raises(opening.TooMany):
        opening.opened(who, "Three")
    Workspace.objects.filter(name="One", members__user=who).update(status=Workspace.Status.CLOSED)
    assert opening.may_open(who)


def test_nobody_opens_one_on_a_plan_with_a_price_or_where_sign_up_is_closed(
    who: User, settings: Settings
) -> None:
    plan(settings, price_nano=10_000_000_000)
    with pytest.raises(opening.Closed):
        opening.opened(who, "Paid")
    settings.SIGN_UP_PLAN = "there is none"
    with pytest.raises(opening.Closed):
        opening.opened(who, "None")
    settings.SIGN_UP = False
    assert not opening.may_open(who)
    with pytest.raises(opening.Closed):
        opening.opened(who, "Closed")
