"""What a round of the rules begins and ends."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.alerting import rounds
from billing.alerting.reading import Reading, Unread
from billing.models import AlertDelivery, AlertFiring, AlertRule
from kernel import postgres
from tests.billing.alerting.scripting import NOON, Script, mailing

pytestmark = pytest.mark.django_db


def test_it_is_told_once_when_it_begins_and_once_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    mailing(script.rule)
    script.after(a=120)
    for _ in range(5):
        script.after(1, a=130)
    [firing] = script.firings
    assert (int(firing.value), int(firing.worst), firing.ended_at) == (120, 130, None)
    AlertDelivery.objects.update(status="sent", tries=1)
    script.after(1)
    script.after(2)
    script.after(1)
    [firing] = script.firings
    assert firing.ended_at == NOON + timedelta(minutes=8)
    assert script.told() == ["began", "ended"]


def test_what_comes_again_is_a_firing_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    script.after(a=120)
    script.after(1)
    script.after(2)
    script.after(1, a=120)
    assert [firing.ended_at is None for firing in script.firings] == [False, True]


def test_it_must_hold_for_as_long_as_the_rule_says(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, minutes=3)
    mailing(script.rule)
    script.after(a=120)
    script.after(2, a=120)
    assert [firing.began_at for firing in script.firings] == [None]
    script.after(1, a=150)
    [firing] = script.firings
    assert (firing.began_at, firing.noticed_at, int(firing.value)) == (script.now, NOON, 150)
    assert script.told() == ["began"]


@pytest.mark.parametrize("then", [{}, {"a": 95.0}], ids=["gone", "eased"])
def test_what_stops_before_that_never_was(monkeypatch: pytest.MonkeyPatch, then: dict[str, float]) -> None:
    script = Script(monkeypatch, minutes=3)
    script.after(a=120)
    script.after(1, **then)
    assert script.firings == []


def test_a_value_at_the_edge_does_not_flap(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    mailing(script.rule)
    script.after(a=95)
    assert script.firings == []
    for value in (101, 99, 91, 102, 93):
        script.after(1, a=value)
    assert script.level == 90
    assert script.told() == ["began"]


def test_one_good_minute_is_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    script.after(a=120)
    script.after(1)
    script.after(1, a=120)
    script.after(1)
    script.after(1)
    assert [firing.ended_at for firing in script.firings] == [None]


def test_what_must_not_fall_holds_below(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, below=True, threshold=10)
    script.after(a=10.5)
    assert script.firings == []
    script.after(1, a=9)
    script.after(1, a=-3)
    script.after(1, a=10.5)
    [firing] = script.firings
    assert (int(firing.value), int(firing.worst), firing.clear_since) == (9, -3, None)


@pytest.mark.parametrize("error", [Unread("Redis did not answer"), OperationalError("too long")], ids=repr)
def test_what_cannot_be_read_neither_begins_nor_ends(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    script = Script(monkeypatch)
    script.after(a=120)
    script.failing = error
    for _ in range(5):
        script.after(1)
    assert [firing.ended_at for firing in script.firings] == [None]
    assert rounds.last().unread == [script.rule.name]
    assert rounds.last().ended_at == script.now


def test_subjects_are_told_apart_and_no_more_than_fifty(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    script.after(**{f"s{number}": 200.0 for number in range(60)})
    script.after(1, **{f"s{number}": 200.0 for number in range(60)})
    assert len(script.firings) == 50


def test_a_rule_that_is_turned_off_ends_what_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    script.after(a=120)
    AlertRule.objects.filter(pk=script.rule.pk).update(active=False)
    script.after(1, a=120)
    assert [firing.ended_at for firing in script.firings] == [script.now]


def test_what_was_told_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    mailing(script.rule)
    script.after(a=120)
    for change in (
        lambda: AlertFiring.objects.update(value=1),
        lambda: AlertFiring.objects.update(subject="another"),
        lambda: AlertDelivery.objects.all().delete(),
        lambda: AlertDelivery.objects.update(body="{}"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_one_thing_is_open_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    script.after(a=120)
    [firing] = script.firings
    firing.pk = script.rule.pk and "00000000-0000-0000-0000-000000000001"  # type: ignore[assignment]
    with pytest.raises(IntegrityError), transaction.atomic():
        firing.save(force_insert=True)


def test_the_rules_that_come_with_the_product_are_read_in_few_queries() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert rounds.make(NOON)
    assert rounds.last().unread == []
    assert len(queries) < 90
    assert not [query["sql"] for query in queries if 'FROM "billing_usage_event"' in query["sql"]]


def test_a_round_that_another_process_makes_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    script.values = {"a": 120}
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute("SELECT FROM billing_alert_round FOR UPDATE")
        assert rounds.make(NOON) is False
        assert script.firings == []
    assert rounds.make(NOON) is True
    assert len(script.firings) == 1


def test_what_is_long_or_large_is_kept_as_far_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    long = "s" * 300
    script.after(**{long: 1e15})
    script.after(1, **{long: 1e15})
    script.after(1, **{long: 1e15, "b": 100.254})
    told = {firing.subject: firing.value for firing in script.firings}
    assert told == {"s" * 200: 10**11, "b": Decimal("100.25")}
    assert rounds._value(Reading("c", -1e15, "t", "d", "/")) == -(10**11)
