"""Metrics: for whom they are, and what they say."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from billing.jobs import noting
from billing.models import AuditRun
from config.metrics import families
from kernel import clock, degraded, tallies
from kernel.modes import DATABASE, REDIS
from tests.config.told import documented, families_of, undocumented

pytestmark = pytest.mark.django_db


def test_a_token_that_is_set_is_asked_for(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a token"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer a token"}).status_code == 200


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.1"}, 403),
    ],
)
def test_without_a_token_they_are_for_this_machine_alone(
    client: Client, told: dict[str, str], status: int
) -> None:
    assert client.get("/metrics", **told).status_code == status  # type: ignore[arg-type]


def test_each_mode_is_one_or_zero(client: Client) -> None:
    degraded.note(REDIS, held=True)
    body = client.get("/metrics").content.decode()
    assert 'tollway_degraded{mode="redis"} 1.0' in body
    assert 'tollway_degraded{mode="database"} 0.0' in body


def test_the_document_lists_what_is_told_and_its_labels() -> None:
    assert documented() == {name: labels for name, (_, _, labels) in families().items()}


def test_every_family_is_named_also_before_there_is_anything_to_tell(client: Client) -> None:
    told = families_of(client.get("/metrics").content.decode())
    assert told == {name: kind for name, (kind, _, _) in families().items()}


def test_what_postgresql_knows_is_told_with_the_labels_that_are_listed(client: Client) -> None:
    now = clock.now()
    run = {"actor": "test", "started_at": now - timedelta(minutes=9), "ended_at": now - timedelta(minutes=8)}
    AuditRun.objects.create(kind=AuditRun.Kind.WINDOW, broken=3, **run)
    noting.note("billing.audit_days", seconds=1.5, error="it failed")
    body = client.get("/metrics").content.decode()
    assert 'tollway_audit_findings{audit="window"} 3.0' in body
    assert 'tollway_task_failures_total{task="billing.audit_days"} 1.0' in body
    assert "tollway_database_answers 1.0" in body
    assert undocumented(body) == {}


def test_without_a_database_the_rest_is_told_at_once(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    degraded.note(DATABASE, held=True)
    with django_assert_num_queries(0):
        body = client.get("/metrics").content.decode()
    assert "tollway_database_answers 0.0" in body
    assert 'tollway_degraded{mode="database"} 1.0' in body
    assert "tollway_holds 0" not in body


def test_a_name_is_counted_in_one_place() -> None:
    with pytest.raises(ValueError, match="tollway_requests_total is counted in two places"):
        tallies.Count("tollway_requests_total", "Something else.")
