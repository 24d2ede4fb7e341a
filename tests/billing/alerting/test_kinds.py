"""What each kind of alert reads of the product."""

from datetime import timedelta

import pytest

from billing import broker, parts
from billing.alerting.kinds import KINDS
from billing.alerting.reading import Reading, Unread
from billing.models import AlertRule, AuditRun, DailyUsage, RefusalCount, StripeEvent
from catalog.models import Provider
from kernel import clock, modes
from tests.billing import rows
from tests.billing.beating import put
from tests.billing.statements.used import model

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
    assert [found.value for found in read(_Of.JOURNAL, 8)] == [8]
    assert read(_Of.JOURNAL, 9) == []


def test_nothing_that_waits_on_a_disk_is_no_alert_whatever_the_rule_says() -> None:
    parts.tell("web", {"modes": [], "journalled": 0, "kept": 0}, name="0")
    assert read(_Of.JOURNAL, 0) == []


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
    put(failing.pk, calls=40, errors=4, timeouts=3, rate_limited=2, refused_keys=1)
    put(sound.pk, calls=396, errors=2)
    put(sound.pk, ago=5, calls=4)
    for elsewhere in ({"ago": 6}, {"model": 7}, {"span": 60}):  # older, of a model, of an hour
        put(sound.pk, calls=900, errors=900, **elsewhere)
    mine = {f"upstream:{failing.pk}", f"upstream:{sound.pk}"}

    def told(level: float) -> dict[str, float]:
        return {found.subject: found.value for found in read(_Of.ERRORS, level) if found.subject in mine}

    assert told(25) == {f"upstream:{failing.pk}": 25}
    assert told(25.1) == {}
    assert told(0.5) == {f"upstream:{failing.pk}": 25, f"upstream:{sound.pk}": 0.5}


def test_refusals_of_ten_minutes_are_counted() -> None:
    RefusalCount.objects.all().delete()
    assert read(_Of.REFUSALS, 0) == []  # none is no surge, whatever the rule says
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
    RefusalCount.objects.create(
        workspace_id=workspace, minute_no=minute, api_key_id=1, model="m", code="402 Y", refusals=800
    )
    [found] = read(_Of.REFUSALS, 1900)
    assert (found.value, found.detail) == (1900, "most of all 429 X")
    assert read(_Of.REFUSALS, 1901) == []


def test_what_must_not_fall_is_beyond_its_threshold_below_and_all_else_above() -> None:
    for name, kind in KINDS.items():
        below = name == _Of.MARGIN
        assert [kind.beyond(value, 10) for value in (9, 10, 11)] == [below, True, not below], name
        assert kind.level(100) == pytest.approx(110 if below else 90), name


def test_margins_are_of_what_a_model_brought_in_today_and_yesterday() -> None:
    now = clock.now()
    usd, today = 10**9, clock.utc_day(now)
    thin, fat, small, free, old = (model(f"route/{name}") for name in ("thin", "fat", "small", "free", "old"))
    used: tuple[tuple[int, int, int, int], ...] = (
        (thin, 0, 3 * usd, 3 * usd),
        (thin, 1, 1 * usd, usd // 2),
        (fat, 0, usd, usd // 2),  # of as much as tells something
        (small, 0, usd - 1, usd),
        (free, 0, usd, 0),  # what it costs us is not known
        (old, 2, 9 * usd, 9 * usd),
    )
    for number, (of, back, cost, provider_cost) in enumerate(used):
        DailyUsage.objects.create(
            workspace_id=rows.workspace(), day=today - timedelta(days=back), api_key_id=1, model_id=of,
            provider_id=number, tag="", requests=1_000, failed=0, cost=cost, provider_cost=provider_cost,
        )  # fmt: skip
    mine = {f"model:{each}" for each in (thin, fat, small, free, old)}

    def told(level: float) -> dict[str, tuple[float, str, str]]:
        found = KINDS[_Of.MARGIN].find(now, level)
        return {each.subject: (each.value, each.title, each.detail) for each in found if each.subject in mine}

    leaves = (12.5, "route/thin leaves 12.5\N{NO-BREAK SPACE}%", "2,000 requests today and yesterday")
    assert told(12.4) == {}
    assert told(12.5) == {f"model:{thin}": leaves}
    assert set(told(50)) == {f"model:{thin}", f"model:{fat}"}


def test_events_of_stripe_that_did_nothing_are_counted_for_an_hour() -> None:
    now = clock.now()
    before = sum(found.value for found in KINDS[_Of.WEBHOOKS].find(now, 1))
    for number, minutes in enumerate((1, 59, 61)):
        StripeEvent.objects.create(
            event_id=f"evt_unheard_{number}", type="x", livemode=True, payload_sha256=b"x" * 32, outcome="refused",
            created_at=now, received_at=now - timedelta(minutes=minutes),
        )  # fmt: skip
    [found] = KINDS[_Of.WEBHOOKS].find(now, before + 2)
    assert (found.value, found.title) == (before + 2, f"{before + 2:.0f} events of Stripe did nothing")
    assert list(KINDS[_Of.WEBHOOKS].find(now, before + 3)) == []
