"""Tasks: each sweep finds its work in the rows, and a second one finds nothing."""

import datetime
import uuid

import pytest
from celery import current_app
from django.db import connection
from pytest_django import Settings

from billing import partitions, parts, tasks
from billing.models import LedgerTransaction, Part, UsageBucket, UsageEvent
from config.celery import app
from kernel import clock
from tests.billing import rows


@pytest.mark.django_db
def test_what_is_due_is_charged_once_by_celery(settings: Settings) -> None:
    settings.CHARGE_AFTER_SECONDS = 0
    workspace, quiet = rows.workspace(), rows.workspace()
    rows.settle(workspace, cost=5)
    assert tasks.charge_due() >= 1
    assert tasks.charge_due() == 0
    [charge] = LedgerTransaction.objects.filter(workspace_id=workspace)
    assert (charge.kind, charge.actor) == ("usage", "celery")
    assert rows.account(workspace)["posted"] == -5
    assert rows.account(quiet)["charge_no"] == 1


@pytest.mark.django_db
def test_a_workspace_that_is_not_due_waits(settings: Settings) -> None:
    settings.CHARGE_AFTER_SECONDS = 3600
    workspace = rows.workspace()
    rows.settle(workspace, cost=5)
    tasks.charge_due()
    assert rows.account(workspace)["unbilled"] == 5


@pytest.mark.django_db
def test_what_a_dead_worker_left_is_ended() -> None:
    request = rows.admit(rows.workspace())
    assert tasks.reap() >= 1
    assert UsageEvent.objects.get(request_id=request).status == "reaped"
    assert tasks.reap() == 0


@pytest.mark.django_db
def test_there_is_a_partition_for_each_month_to_come() -> None:
    tasks.make_partitions()
    with connection.cursor() as cursor:
        for days in (40, 70):  # the next month and the one after
            month = (clock.now().replace(day=1) + datetime.timedelta(days=days)).strftime("%Y%m")
            cursor.execute(f"DROP TABLE billing_usage_event_{month}")
    assert tasks.make_partitions() == 2
    assert tasks.make_partitions() == 0


@pytest.mark.django_db
def test_quarters_are_kept_ninety_days_and_who_is_silent_a_day() -> None:
    workspace = rows.workspace()
    empty = dict.fromkeys(
        ("requests", "failed", "cost", "provider_cost", "api_key_id", "model_id", "provider_id"), 0
    )
    for days in (89, 91):
        UsageBucket.objects.create(
            id=uuid.uuid4(),
            workspace_id=workspace,
            starts_at=clock.now() - datetime.timedelta(days=days),
            tag="",
            **empty,
        )
    parts.tell("web", name="dead")
    Part.objects.filter(name="web dead").update(heard_at=clock.now() - 1.1 * parts.REMEMBERED)
    tasks.make_partitions()
    assert not Part.objects.filter(name="web dead").exists()
    [kept] = UsageBucket.objects.filter(workspace_id=workspace)
    assert kept.starts_at > clock.now() - datetime.timedelta(days=90)


@pytest.mark.django_db
def test_credit_without_an_end_does_not_lapse() -> None:
    rows.fund(rows.workspace(), 5)
    tasks.lapse_credit()
    assert tasks.lapse_credit() == 0


@pytest.mark.django_db
def test_a_quarter_that_is_ninety_days_old_is_kept_to_the_last_moment() -> None:
    workspace, now = rows.workspace(), clock.now()
    empty = dict.fromkeys(
        ("requests", "failed", "cost", "provider_cost", "api_key_id", "model_id", "provider_id"), 0
    )
    kept, dropped = (
        UsageBucket.objects.create(workspace_id=workspace, starts_at=now - age, tag="", **empty)
        for age in (partitions.KEPT, partitions.KEPT + datetime.timedelta(seconds=1))
    )
    assert partitions.drop_old_quarters(now) >= 1
    assert list(UsageBucket.objects.filter(pk__in=[kept.pk, dropped.pk])) == [kept]


def test_the_schedule_names_tasks_that_exist() -> None:
    names = {entry["task"] for entry in app.conf.beat_schedule.values()}
    app.loader.import_default_modules()
    assert names <= set(current_app.tasks)


def test_every_sweep_is_in_the_schedule() -> None:
    app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert ours == {entry["task"] for entry in app.conf.beat_schedule.values()}
