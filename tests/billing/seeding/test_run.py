"""Seeding: as many requests as were asked for, in the order of time, and books that agree about them."""

import datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Max, Sum

from accounts.models import Workspace
from billing.models import Account, Attempt, DailyUsage, Refusal, RefusalCount, UsageEvent
from billing.refusals import DETAILS, DETAILS_KEPT
from billing.seeding import run
from catalog import demo
from catalog.models import Model
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db

REQUESTS, WORKSPACES, DAYS = 1_500, 4, 9


@pytest.fixture(autouse=True)
def catalogue() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")


@pytest.fixture
def seeded() -> run.Seeded:
    return run.seed(requests=REQUESTS, workspaces=WORKSPACES, days=DAYS)


def test_writes_what_was_asked_for_and_of_refusals_what_would_be_kept_by_now(seeded: run.Seeded) -> None:
    assert seeded.requests == UsageEvent.objects.count() == REQUESTS
    assert seeded.tries == Attempt.objects.count() > 0
    assert seeded.refused == RefusalCount.objects.count() > 0
    assert UsageEvent.objects.aggregate(n=Count("workspace_id", distinct=True))["n"] == WORKSPACES
    assert UsageEvent.objects.aggregate(Sum("cost"))["cost__sum"] == seeded.cost > 0
    played = Model.objects.filter(public_id__startswith=Model.SANDBOX).values("pk")
    assert not UsageEvent.objects.filter(model_id__in=played).exists()
    per_workspace = UsageEvent.objects.values_list("workspace_id").annotate(n=Count("id"))
    assert REQUESTS // 10 in dict(per_workspace).values()  # the largest has its tenth
    kept = Refusal.objects.values("workspace_id", "minute_no").annotate(n=Count("request_id"))
    assert {row["n"] for row in kept} <= set(range(1, DETAILS + 1))
    assert kept
    assert not Refusal.objects.filter(refused_at__lt=clock.now() - DETAILS_KEPT).exists()
    for told in Refusal.objects.all():
        assert clock.minute_number(told.refused_at.timestamp()) == told.minute_no
    refused = RefusalCount.objects.aggregate(Sum("refusals"))["refusals__sum"]
    assert 0 < refused <= REQUESTS // 50


def test_leaves_books_that_agree_and_ids_that_sort_by_the_moment_of_admission(seeded: run.Seeded) -> None:
    for workspace in Workspace.objects.values_list("pk", flat=True):
        assert rows.findings(workspace) == {}
    assert Account.objects.filter(unbilled=0, charge_no=F("charged_no") + 1).count() == WORKSPACES
    assert DailyUsage.objects.aggregate(Sum("requests"))["requests__sum"] == REQUESTS
    moments = list(UsageEvent.objects.order_by("id").values_list("admitted_at", flat=True))
    assert moments == sorted(moments)
    assert moments[-1] <= clock.now()
    assert {found.version for found in UsageEvent.objects.values_list("id", flat=True)} == {7}
    for account in Account.objects.all():
        last = UsageEvent.objects.filter(workspace_id=account.workspace_id).aggregate(Max("minute_no"))
        assert account.posted > 0
        assert account.minute_no >= last["minute_no__max"]
    begun = set(Workspace.objects.values_list("created_at", flat=True))
    assert {moment.time() for moment in begun} == {datetime.time()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_usage_event_default")
        assert cursor.fetchone() == (0,)


def test_refuses_where_usage_is_unless_told_that_it_may(seeded: run.Seeded) -> None:
    with pytest.raises(run.Refused, match="already"):
        run.seed(requests=10, workspaces=1, days=1)
    run.seed(requests=10, workspaces=1, days=1, here=True)
    assert UsageEvent.objects.count() == REQUESTS + 10


def test_refuses_more_a_day_than_it_can_sort() -> None:
    with pytest.raises(run.Refused, match="take more days"):
        run.seed(requests=2 * run.MOST_PER_DAY, workspaces=1, days=1)


MOST = {"count": 1_000_000_000, "workspaces": 100_000, "days": 366}


def test_refuses_a_count_out_of_bounds() -> None:
    for name, most in MOST.items():
        for wrong in (0, most + 1):
            with pytest.raises(CommandError, match=f"--{name}: between 1 and {most:,}"):
                call_command("seed_events", **{"days": 1, name: wrong})
    for most_that_may_be, more in ((MOST, {}), (dict.fromkeys(MOST, 1), {"count": run.MOST_PER_DAY + 1})):
        with pytest.raises(CommandError, match="take more days"):  # the bounds of it let that through
            call_command("seed_events", here=True, **(most_that_may_be | more))
