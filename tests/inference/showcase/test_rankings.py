"""The public rankings: only sums over workspaces that said yes, of days that are over, and nobody's own number."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Member, Workspace
from billing import rankings
from billing.models import DailyUsage
from catalog.models import Model
from kernel import clock
from tests.billing.test_views import read
from tests.inference.showcase.test_views import client_of, place, sold

pytestmark = pytest.mark.django_db


def counted(number: int = 1, *, yes: bool = True) -> list[Workspace]:
    made = [place() for _ in range(number)]
    Workspace.objects.filter(pk__in=[each.pk for each in made]).update(in_rankings=yes)
    return made


def uses(workspace: Workspace, name: str, tokens: int, *, days_ago: int = 1) -> None:
    DailyUsage.objects.create(
        workspace_id=workspace.pk,
        day=clock.utc_day(clock.now()) - timedelta(days=days_ago),
        api_key_id=1,
        model_id=Model.objects.get(public_id=name).pk,
        provider_id=1,
        tag="",
        requests=1,
        failed=0,
        cost=0,
        provider_cost=0,
        input_tokens=tokens - tokens // 4,
        output_tokens=tokens // 4,
    )


def listed(days: int = 7) -> str:
    """Return the page's table in words."""
    rankings.used.forget()
    return read(Client().get(f"/rankings?days={days}")).partition("Share")[2].partition("A workspace is")[0]


def test_models_stand_in_the_order_of_what_all_used_together() -> None:
    first, second = sold("Alpha"), sold("Beta")
    for workspace in counted(3):
        uses(workspace, first, 100_000)
        uses(workspace, second, 300_000)
    text = listed()
    assert f"1 Beta {second} 900,000 75.0" in text
    assert f"2 Alpha {first} 300,000 25.0" in text


def test_a_model_that_two_workspaces_used_is_not_told() -> None:
    name = sold("Alpha")
    ours = counted(2)
    for workspace in ours:
        uses(workspace, name, 100_000)
        uses(workspace, name, 100_000, days_ago=2)
    uses(counted(1)[0], name, 0)
    assert "Alpha" not in listed()
    assert "Nothing to list yet" in read(Client().get("/rankings"))


def test_who_did_not_say_yes_is_neither_counted_nor_helps_to_three() -> None:
    name = sold("Alpha")
    for workspace in (*counted(2), *counted(2, yes=False)):
        uses(workspace, name, 100_000)
    assert "Alpha" not in listed()
    uses(counted(1)[0], name, 100_000)
    assert "300,000" in listed()


def test_days_that_are_over_count_and_today_does_not() -> None:
    name = sold("Alpha")
    for workspace in counted(3):
        for days_ago, tokens in ((0, 5_000_000), (7, 100_000), (8, 1_000_000), (30, 1_000_000), (31, 9)):
            uses(workspace, name, tokens, days_ago=days_ago)
    assert "Alpha" in listed(7)
    assert "300,000" in listed(7)
    assert "6.3 M" in listed(30)


def test_sums_are_rounded_so_that_one_more_is_not_read_off() -> None:
    name = sold("Alpha")
    for workspace in counted(3):
        uses(workspace, name, 123_457)
    assert "370,000" in listed()


def test_what_is_no_longer_sold_is_left_out() -> None:
    name = sold("Alpha")
    for workspace in counted(3):
        uses(workspace, name, 100_000)
    Model.objects.filter(public_id=name).update(active=False)
    assert "Alpha" not in listed()


@pytest.mark.parametrize("days", ["1", "x", "", "07"])
def test_there_is_no_page_of_other_spans(days: str) -> None:
    assert Client().get(f"/rankings?days={days}").status_code == 404


def test_owners_and_admins_switch_it_and_nobody_else() -> None:
    workspace = place()
    sent = {"name": workspace.name, "time_zone": "UTC", "in_rankings": "on"}
    for role in (Member.Role.BILLING, Member.Role.DEVELOPER, Member.Role.VIEWER):
        client = client_of(workspace, role)
        assert "Not counted" in read(client.get("/dashboard/workspace"))
        assert client.post("/dashboard/workspace", sent).status_code == 403
    assert not Workspace.objects.get(pk=workspace.pk).in_rankings
    admin = client_of(workspace, Member.Role.ADMIN)
    assert "Count us in the public rankings" in read(admin.get("/dashboard/workspace"))
    assert admin.post("/dashboard/workspace", sent).status_code == 302
    assert Workspace.objects.get(pk=workspace.pk).in_rankings
    assert "Changed in rankings." in read(admin.get("/dashboard/team/changes"))
    del sent["in_rankings"]
    assert client_of(workspace).post("/dashboard/workspace", sent).status_code == 302
    assert not Workspace.objects.get(pk=workspace.pk).in_rankings
