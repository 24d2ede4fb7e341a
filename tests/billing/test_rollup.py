"""Roll-up: every event is charged once, whoever does it and whenever it dies."""

import datetime
import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import connection
from pytest_django import Settings

from billing import rollup
from billing.models import DailyUsage, LedgerEntry, LedgerTransaction, UsageBucket, UsageEvent
from kernel import clock
from tests.billing import rows

MINUTE = (datetime.date(2026, 11, 21) - datetime.date(1970, 1, 1)).days * 1440
LATER = datetime.timedelta(hours=1)


def charges(workspace: int) -> list[tuple[object, ...]]:
    found = LedgerEntry.objects.filter(workspace_id=workspace, account="workspace").order_by("seq")
    transactions = LedgerTransaction.objects.in_bulk([entry.transaction_id for entry in found])
    return [
        (
            str(transactions[entry.transaction_id].day),
            transactions[entry.transaction_id].charge_no,
            entry.amount,
        )
        for entry in found
    ]


@pytest.mark.django_db
def test_a_quiet_workspace_is_not_due() -> None:
    workspace = rows.workspace()
    assert workspace not in rollup.due(clock.now() + LATER)
    assert not rollup.close(workspace)
    assert rollup.post(workspace) == 0


@pytest.mark.django_db
def test_a_workspace_is_due_when_its_oldest_event_is_old_enough(settings: Settings) -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    age = datetime.timedelta(seconds=settings.CHARGE_AFTER_SECONDS)
    due = UsageEvent.objects.get(workspace_id=workspace).recorded_at + age
    assert workspace not in rollup.due(due - datetime.timedelta(microseconds=1))
    assert workspace in rollup.due(due)


@pytest.mark.django_db
def test_a_workspace_is_due_when_it_has_many_events(settings: Settings) -> None:
    workspace = rows.workspace()
    settings.CHARGE_AFTER_EVENTS = 2
    rows.settle(workspace)
    assert workspace not in rollup.due(clock.now())
    rows.settle(workspace)
    assert workspace in rollup.due(clock.now())


@pytest.mark.django_db
def test_usage_that_cost_something_is_due_however_long_it_lies() -> None:
    cheap, free = rows.workspace(), rows.workspace()
    rows.settle(cheap, cost=1)
    rows.settle(free)
    later = clock.now() + datetime.timedelta(days=400)
    assert cheap in rollup.due(later)
    assert cheap in rollup.overdue(later)
    assert free not in rollup.due(later)  # its next request makes it due
    assert free in rollup.due(clock.now() + datetime.timedelta(days=2))


@pytest.mark.django_db
def test_free_usage_is_looked_for_during_three_days(minute: int) -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    end = clock.start_of_minute(minute) + datetime.timedelta(days=3)
    for listed in (rollup.due, rollup.overdue):
        assert workspace in listed(end)
        assert workspace not in listed(end + datetime.timedelta(minutes=1))


@pytest.mark.django_db
def test_workspaces_with_closed_numbers_are_due_before_all_others() -> None:
    first, second, third = (rows.workspace() for _ in range(3))
    for workspace in (first, second, third):
        rows.settle(workspace)
    assert rollup.close(second)
    due = rollup.due(clock.now() + LATER)
    assert [each for each in due if each in {first, second, third}] == [second, first, third]


@pytest.mark.django_db
def test_a_workspace_is_due_while_a_closed_number_waits() -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    assert rollup.close(workspace)
    assert workspace in rollup.due(clock.now())
    rollup.post(workspace)
    assert workspace not in rollup.due(clock.now())


@pytest.mark.django_db
def test_only_what_nobody_charges_is_overdue(settings: Settings) -> None:
    workspace = rows.workspace()
    rows.settle(workspace)
    rollup.close(workspace)
    age = datetime.timedelta(seconds=settings.TAKEOVER_SECONDS)
    assert workspace not in rollup.overdue(clock.now() + age / 2)
    assert workspace in rollup.overdue(clock.now() + age)
    rollup.post(workspace)
    assert workspace not in rollup.overdue(clock.now() + age)


@pytest.mark.django_db
def test_the_open_number_is_left_alone() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=5)
    assert rollup.post(workspace) == 0
    assert charges(workspace) == []


@pytest.mark.django_db
def test_a_number_becomes_one_charge_per_utc_day() -> None:
    workspace = rows.workspace()
    for minute, cost in ((MINUTE + 1439, 3), (MINUTE + 1440, 10), (MINUTE, 4), (MINUTE + 2880, 0)):
        rows.settle(workspace, cost=cost, minute_no=minute)
    rollup.close(workspace)
    rows.settle(workspace, cost=100, minute_no=MINUTE)
    assert rollup.post(workspace) == 1
    assert charges(workspace) == [("2026-11-21", 1, -7), ("2026-11-22", 1, -10)]
    account = rows.account(workspace)
    assert {
        "posted": -17,
        "unbilled": 100,
        "charge_no": 2,
        "charged_no": 1,
        "seq": 2,
    }.items() <= account.items()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_a_number_without_cost_writes_no_charge_but_its_usage() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, status="failed", http_status=502, minute_no=MINUTE)
    rollup.close(workspace)
    assert (rollup.post(workspace), rollup.post(workspace)) == (1, 0)
    assert charges(workspace) == []
    assert rows.account(workspace)["charged_no"] == 1
    [day] = DailyUsage.objects.filter(workspace_id=workspace)
    assert (day.requests, day.failed, day.cost) == (1, 1, 0)


@pytest.mark.django_db
def test_several_waiting_numbers_are_posted_in_order() -> None:
    workspace = rows.workspace()
    for cost in (1, 2, 3):
        rows.settle(workspace, cost=cost, minute_no=MINUTE)
        rollup.close(workspace)
    assert rollup.post(workspace, actor="web") == 3
    assert [charge[1:] for charge in charges(workspace)] == [(1, -1), (2, -2), (3, -3)]
    assert set(LedgerTransaction.objects.filter(workspace_id=workspace).values_list("actor")) == {("web",)}


@pytest.mark.django_db
def test_a_call_posts_a_hundred_numbers_at_most() -> None:
    workspace = rows.workspace()
    for _ in range(101):
        rows.settle(workspace, cost=1)
        assert rollup.close(workspace)
    assert [rollup.post(workspace) for _ in range(3)] == [100, 1, 0]


@pytest.mark.django_db
def test_usage_is_summed_by_day_and_quarter_key_model_provider_and_tag() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=1, minute_no=MINUTE + 14, input_tokens=2, web_searches=1, provider_cost=9)
    rows.settle(workspace, cost=2, minute_no=MINUTE + 15, input_tokens=3, images=4)
    rows.settle(workspace, cost=4, minute_no=MINUTE, tag="batch")
    rows.settle(workspace, cost=8, minute_no=MINUTE, api_key_id=2)
    rollup.close(workspace)
    rollup.post(workspace)
    rows.settle(workspace, cost=16, minute_no=MINUTE + 14, input_tokens=5)
    rollup.close(workspace)
    rollup.post(workspace)
    [day] = DailyUsage.objects.filter(workspace_id=workspace, tag="", api_key_id=1)
    assert (day.requests, day.cost, day.input_tokens, day.images, day.web_searches, day.provider_cost) == (
        *(3, 19, 10, 4, 1, 9),
    )
    assert str(day.day) == "2026-11-21"
    assert DailyUsage.objects.filter(workspace_id=workspace).count() == 3
    buckets = UsageBucket.objects.filter(workspace_id=workspace, tag="", api_key_id=1).order_by("starts_at")
    midnight = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    assert [(bucket.starts_at, bucket.requests, bucket.cost) for bucket in buckets] == [
        (midnight, 2, 17),
        (midnight + datetime.timedelta(minutes=15), 1, 2),
    ]


@pytest.mark.django_db
def test_a_correction_moves_money_and_tokens_but_is_no_request() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=10, minute_no=MINUTE, input_tokens=5)
    rollup.close(workspace)
    rollup.post(workspace)
    rows.settle(
        workspace, request_id=request, rev=1, cost=-4, minute_no=MINUTE, input_tokens=-2, status="failed"
    )
    rollup.close(workspace)
    rollup.post(workspace)
    [day] = DailyUsage.objects.filter(workspace_id=workspace)
    assert (day.requests, day.failed, day.cost, day.input_tokens) == (1, 0, 6, 3)
    assert [amount for _, _, amount in charges(workspace)] == [-10, 4]


@pytest.mark.usefixtures("committed")
def test_four_workers_at_once_charge_once() -> None:
    workspaces = [rows.workspace() for _ in range(3)]
    for workspace in workspaces:
        for cost in range(1, 31):
            rows.settle(workspace, cost=cost if workspace != workspaces[0] else 0)
            if cost % 3 == 0:
                rollup.close(workspace)

    def work(_: int) -> int:
        try:
            return sum(rollup.post(workspace) for workspace in workspaces for _ in range(20))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 30
    for workspace in workspaces:
        assert rows.account(workspace)["charged_no"] == 10
        assert DailyUsage.objects.get(workspace_id=workspace).requests == 30
    assert [rows.account(workspace)["posted"] for workspace in workspaces] == [0, -465, -465]


@pytest.mark.usefixtures("committed")
def test_an_event_that_commits_late_is_not_lost() -> None:
    """A watermark would pass over it: it took its place before the number was closed and commits after."""
    workspace = rows.workspace()
    rows.settle(workspace, cost=1)
    inserted, finish = threading.Event(), threading.Event()

    def settle_slowly() -> None:
        from django.db import transaction

        try:
            with transaction.atomic():
                rows.settle(workspace, cost=2)
                inserted.set()
                assert finish.wait(10)
        finally:
            connection.close()

    slow = threading.Thread(target=settle_slowly)
    slow.start()
    assert inserted.wait(10)
    threading.Timer(0.3, finish.set).start()
    rollup.close(workspace)  # waits for the slow one
    assert finish.is_set()
    slow.join()
    rollup.post(workspace)
    assert rows.account(workspace)["posted"] == -3


# Forks cost milliseconds where starts cost seconds; the parent never connects, so a fork inherits no connection.
KILLED_ROLLERS = """
import django, os, random, signal, sys, time
django.setup()
from billing import rollup

workspaces = [int(number) for number in sys.argv[2:]]
chance = random.Random(7)

def born():
    pid = os.fork()
    if pid:
        return pid
    try:
        while True:
            for workspace in workspaces:
                rollup.close(workspace)
                rollup.post(workspace)
    finally:
        os._exit(1)

def killed(pid):
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])

alive = [born() for _ in range(3)]
kills = 0
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    time.sleep(chance.uniform(0.1, 0.6))
    victim = chance.randrange(3)
    if not killed(alive[victim]):
        sys.exit("a process ended by itself")
    kills += 1
    alive[victim] = born()
for pid in alive:
    killed(pid)
print(kills)
"""


def killed_rollers(seconds: int, workspaces: list[int]) -> subprocess.Popen[str]:
    here = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return subprocess.Popen(
        [sys.executable, "-c", KILLED_ROLLERS, str(seconds), *map(str, workspaces)],
        env={**os.environ, "DATABASE_URL": here, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.chaos
@pytest.mark.usefixtures("committed")
def test_killed_workers_lose_nothing_and_charge_nothing_twice() -> None:
    workspaces = [rows.workspace() for _ in range(4)]
    costs: dict[int, list[int]] = {workspace: [] for workspace in workspaces}

    def settle_while_they_run(workspace: int) -> None:
        try:
            while rollers.poll() is None:
                rows.settle(workspace, cost=(cost := random.randrange(100)))
                costs[workspace].append(cost)
        finally:
            connection.close()

    with killed_rollers(15, workspaces) as rollers, ThreadPoolExecutor(4) as pool:
        for settler in [pool.submit(settle_while_they_run, workspace) for workspace in workspaces]:
            settler.result()
        said = rollers.communicate()[0]
    assert rollers.returncode == 0
    assert int(said) > 5
    for workspace in workspaces:
        rollup.close(workspace)
        while rollup.post(workspace):
            pass
        account = rows.account(workspace)
        assert account["charged_no"] > 3
        assert (account["posted"], account["unbilled"]) == (-sum(costs[workspace]), 0)
        days = DailyUsage.objects.filter(workspace_id=workspace)
        assert sum(day.requests for day in days) == len(costs[workspace])
        assert sum(day.cost for day in days) == sum(costs[workspace])
