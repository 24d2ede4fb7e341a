"""`manage.py seed_demo`: the demo's own customer has a past whose books agree, and pages that show it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Member, User, Workspace
from billing.models import DailyUsage, UsageEvent
from config import demo_people
from tests.billing import rows

pytestmark = pytest.mark.django_db

REQUESTS, DAYS = 600, 8


@pytest.fixture
def seeded() -> Workspace:
    call_command("seed_demo", days=DAYS, requests=REQUESTS, stdout=StringIO())
    return Member.objects.select_related("workspace").get(user__email=demo_people.CUSTOMER).workspace


def test_gives_the_customer_a_tenth_and_leaves_books_that_agree(seeded: Workspace) -> None:
    assert UsageEvent.objects.count() == REQUESTS
    assert UsageEvent.objects.filter(workspace_id=seeded.pk).count() == REQUESTS // 10
    assert DailyUsage.objects.filter(workspace_id=seeded.pk).values("day").distinct().count() > DAYS // 2
    assert Workspace.objects.count() > 1
    for workspace in Workspace.objects.values_list("pk", flat=True):
        assert rows.findings(workspace) == {}


def test_shows_the_past_on_the_customers_pages(seeded: Workspace) -> None:
    client = Client()
    client.force_login(User.objects.get(email=demo_people.CUSTOMER))
    for page in ("", "activity", "logs?range=7d", "keys", "credit"):
        answer = client.get(f"/dashboard/{page}")
        assert answer.status_code == 200, page
    shown = client.get("/dashboard/activity.json?range=30d").json()
    assert shown["total"]


def test_is_done_once(seeded: Workspace) -> None:
    with pytest.raises(CommandError, match="already"):
        call_command("seed_demo", days=DAYS, requests=REQUESTS, stdout=StringIO())


@pytest.mark.parametrize(("name", "value"), [("days", 0), ("requests", 20_000_000)])
def test_names_what_is_out_of_bounds(name: str, value: int) -> None:
    with pytest.raises(CommandError, match=f"--{name}"):
        call_command("seed_demo", **{name: value})
