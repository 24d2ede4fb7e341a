"""What each kind of alert reads of the product."""

from datetime import timedelta

import pytest
from django.db import connection

from billing import broker, parts
from billing.alerting.kinds import KINDS
from billing.alerting.reading import Reading, Unread
from billing.models import AlertRule, AuditRun, RefusalCount
from catalog.models import Provider
from kernel import clock, modes
from tests.billing import rows

pytestmark = pytest.mark.django_db
_Of = AlertRule.Kind


def read(kind: AlertRule.Kind, level: float = 1) -> list[Reading]:
    return list(KINDS[kind].find(clock.now(), level))


def test_every_kind_can_be_read_and_has_a_rule_that_is_on() -> None:
    assert set(KINDS) == set(_Of)
    assert set(AlertRule.objects.filter(active=True).values_list("kind", flat=True)) == set(_Of)
    assert {channel.name for rule in AlertRule.objects.all() for channel in rule.channels.all()} == {
        "Operators"
    }


def test_a_red_audit_is_read_with_its_findings() -> None:
    now = clock.now()
    AuditRun.objects.create(kind="window", actor="test", started_at=now, ended_at=now, broken=3)
    [found] = read(_Of.AUDIT)
    assert (found.value, found.title) == (3, "Audit: 3 findings")


def test_parts_that_are_away_and_journals_are_read_of_all_processes() -> None:
    for number in range(2):
        said = {"modes": [modes.REDIS.name, modes.JOURNAL.name], "journalled": 4, "kept": 1}
        parts.tell("web", said, name=str(number))
    assert [(found.subject, found.value) for found in read(_Of.DEGRADED)] == [(modes.REDIS.name, 2)]
    assert [(found.subject, found.value) for found in read(_Of.JOURNAL)] == [
        (modes.JOURNAL.name, 8),
        (modes.KEPT.name, 1),
    ]


def test_nothing_is_known_of_breakers_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "ask", lambda: broker.Said())
    with pytest.raises(Unread):
        read(_Of.BREAKER, 10)


def test_lag_is_read_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(_Of.LAG, 60) == []
    rows.settle(rows.workspace(), cost=100)
    later = clock.now() + timedelta(seconds=90)
    [found] = KINDS[_Of.LAG].find(later, 60)
    assert 89 <= found.value <= 95


def test_upstreams_are_read_by_the_share_that_fails() -> None:
    failing, sound = (
        Provider.objects.create(name=name, slug=name.lower(), dialect="openai")
        for name in ("Failing", "Sound")
    )
    minute = clock.minute_number()
    with connection.cursor() as cursor:
        for provider, calls, errors in ((failing, 40, 10), (sound, 400, 2)):
            cursor.execute(
                "INSERT INTO billing_health (span, begins, provider_id, model_id, calls, timeouts, rate_limited,"
                " refused_keys, errors, checks, checks_failed, checks_refused, first_byte, speed)"
                " VALUES (1, %s, %s, 0, %s, 0, 0, 0, %s, 0, 0, 0, '{}', '{}')",
                [minute, provider.pk, calls, errors],
            )
    assert [(found.subject, found.value) for found in read(_Of.ERRORS, 18)] == [
        (f"upstream:{failing.pk}", 25)
    ]


def test_refusals_of_ten_minutes_are_counted() -> None:
    workspace, minute = rows.workspace(), clock.minute_number()
    for back, refusals in ((0, 700), (5, 400), (15, 9_000)):
        RefusalCount.objects.create(
            workspace_id=workspace,
            minute_no=minute - back,
            api_key_id=1,
            model="m",
            code="429 X",
            refusals=refusals,
        )
    assert [found.value for found in read(_Of.REFUSALS, 1000)] == [1100]
    assert read(_Of.REFUSALS, 1200) == []
