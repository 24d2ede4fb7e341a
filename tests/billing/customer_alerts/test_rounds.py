"""An alert is told once in a cycle, whoever looks how often; what is off or gone is not looked at."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from structlog.testing import capture_logs

from accounts.models import Workspace
from billing.customer_alerts import firings, keeping, rounds, tasks
from billing.customer_alerts.kinds import Of
from billing.customer_alerts.meeting import Met
from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint, CustomerFiring
from kernel import clock, ids
from tests.billing import rows
from tests.billing.customer_alerts.watched import USD, alert, endpoint, fired, look, place
from tests.billing.statements.used import minute_of

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.django_db
def test_crossing_ten_times_in_a_month_tells_once_and_the_next_month_again() -> None:
    workspace = place()
    made = alert(workspace, "spend", amount=8 * USD)
    endpoint(workspace, "https://hooks.example/x")
    for back in range(10):
        rows.settle(workspace.pk, cost=8 * USD, minute_no=minute_of(NOON.date()))
        look(NOON + timedelta(minutes=back))
    assert [each.cycle for each in fired(made)] == ["2026-11"]
    assert CustomerDelivery.objects.count() == 2  # by mail, and to the endpoint
    december = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
    assert look(december) == 0
    rows.settle(workspace.pk, cost=8 * USD, minute_no=minute_of(december.date()))
    assert [look(december), look(december)] == [1, 0]
    assert [each.cycle for each in fired(made)] == ["2026-11", "2026-12"]


@pytest.mark.django_db
def test_several_amounts_are_several_alerts() -> None:
    workspace = place()
    for amount in (1, 2, 3):
        alert(workspace, "spend", amount=amount)
    rows.settle(workspace.pk, cost=2, minute_no=minute_of(NOON.date()))
    assert look(NOON) == 2


@pytest.mark.usefixtures("committed")
def test_two_rounds_at_once_tell_once() -> None:
    workspace = place()
    made = [alert(workspace, "balance", amount=(number + 1) * USD) for number in range(8)]
    gate, told = threading.Barrier(2), []

    def beat() -> None:
        gate.wait()
        told.append(rounds.make(clock.now(), seconds=30))
        connections.close_all()

    beats = [threading.Thread(target=beat) for _ in range(2)]
    for each in beats:
        each.start()
    for each in beats:
        each.join()
    CustomerAlert.objects.filter(workspace=workspace).update(active=False)
    assert sum(told) == 8
    assert [len(fired(each)) for each in made] == [1] * 8
    assert CustomerDelivery.objects.filter(workspace=workspace).count() == 8
    keeping.erase(workspace.pk)


@pytest.mark.django_db
def test_the_database_refuses_the_same_firing_twice() -> None:
    workspace = place()
    made = alert(workspace, "balance", amount=USD)
    look(clock.now())
    [firing] = fired(made)
    firing.pk = ids.request_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        firing.save(force_insert=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "spend", "percent": 5},
        {"kind": "spend", "amount": 0},
        {"kind": "spend", "amount": 5, "percent": 5},
        {"kind": "key", "amount": 5},
        {"kind": "errors", "percent": 0},
        {"kind": "errors", "percent": 101},
        {"kind": "other", "percent": 5},
    ],
    ids=str,
)
def test_the_database_refuses_an_alert_that_cannot_be(fields: dict[str, Any]) -> None:
    workspace = place()
    with pytest.raises(IntegrityError), transaction.atomic():
        alert(workspace, **fields)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["off", "gone", "closed"])
def test_what_is_off_is_not_looked_at(state: str) -> None:
    workspace = place()
    made = alert(workspace, "balance", amount=USD, active=state != "off")
    CustomerAlert.objects.filter(pk=made.pk).update(removed_at=clock.now() if state == "gone" else None)
    if state == "closed":
        Workspace.objects.filter(pk=workspace.pk).update(status=Workspace.Status.CLOSED)
    assert look(clock.now()) == 0


@pytest.mark.django_db
def test_nothing_of_one_workspace_is_told_to_another() -> None:
    low, other = place(), place()
    alert(low, "balance", amount=USD)
    endpoint(other, "https://hooks.example/other")
    assert look(clock.now()) == 1
    [delivery] = CustomerDelivery.objects.all()
    assert (delivery.workspace, delivery.endpoint) == (low, None)


@pytest.mark.django_db
def test_what_is_old_goes_but_for_what_keeps_a_cycle_told() -> None:
    workspace = place()
    low = alert(workspace, "balance", amount=USD)
    spend = alert(workspace, "spend", amount=1)
    rows.settle(workspace.pk, cost=1, minute_no=minute_of(NOON.date()))
    endpoint(workspace, "https://hooks.example/x", removed_at=NOON)
    assert look(NOON) == 2
    later = NOON + (keeping.DAYS + 1) * DAY
    assert keeping.forget(later - 2 * DAY) == 0
    assert keeping.forget(later) == 2
    assert (len(fired(low)), len(fired(spend))) == (1, 0)
    assert not CustomerEndpoint.objects.filter(workspace=workspace).exists()
    assert look(later) == 0
    CustomerAlert.objects.filter(pk=low.pk).update(removed_at=NOON)
    keeping.forget(later)
    assert list(CustomerAlert.objects.filter(workspace=workspace)) == [spend]


@pytest.mark.django_db
def test_all_of_a_workspace_goes_with_it() -> None:
    workspace, other = place(), place()
    for each in (workspace, other):
        alert(each, "balance", amount=USD)
        endpoint(each, "https://hooks.example/x")
    look(NOON)
    keeping.erase(workspace.pk)
    for model, left in (
        (CustomerAlert, 1),
        (CustomerFiring, 1),
        (CustomerEndpoint, 1),
        (CustomerDelivery, 2),
    ):
        assert [row.workspace_id for row in model.objects.all()] == [other.pk] * left


@pytest.mark.django_db
def test_what_cannot_be_read_hides_no_other_kind_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(alerts: object, now: object) -> list[Met]:
        raise OperationalError("canceling statement due to statement timeout")

    workspace = place()
    alert(workspace, "spend", amount=1)
    low = alert(workspace, "balance", amount=USD)
    rows.settle(workspace.pk, cost=1, minute_no=minute_of(NOON.date()))
    monkeypatch.setattr(rounds, "_MEASURES", (rounds._Measure((Of.BALANCE,), fail), *rounds._MEASURES[1:]))
    with capture_logs() as lines:
        assert look(NOON) == 1
    assert ([line["event"] for line in lines], fired(low)) == (["alerts of customers were not read"], [])
    monkeypatch.undo()
    with capture_logs() as lines:
        assert rounds.make(NOON, seconds=0) == 0
    assert {line["event"] for line in lines} == {"alerts of customers were not looked at"}
    assert tasks.evaluate_customer_alerts() == 1


@pytest.mark.django_db
def test_of_old_firings_those_stay_whose_cycle_goes_on() -> None:
    workspace = place()
    stays: list[tuple[int, str]] = []
    goes: list[tuple[int, str]] = []
    alerts = {
        kind: alert(workspace, kind, **{"percent" if kind in ("key", "errors") else "amount": 5})
        for kind in Of.values
    }
    removed = alert(workspace, "balance", amount=6, removed_at=NOON)
    for of, cycle, kept in (
        (alerts["key"], "none:5", True),
        (alerts["key"], "day:20000", False),
        (alerts["errors"], "1", True),
        (alerts["errors"], "0", False),
        (alerts["balance"], "1", True),
        (alerts["balance"], "none:5", False),
        (alerts["spend"], "2026-11", False),
        (alerts["forecast"], "2026-11", False),
        (removed, "1", False),
    ):
        (stays if kept else goes).append((of.pk, cycle))
        CustomerFiring.objects.create(
            id=ids.request_id(), workspace=workspace, alert=of, cycle=cycle, title="t", detail="d", url="/",
            value=1, fired_at=NOON,
        )  # fmt: skip
    assert keeping.forget(NOON + keeping.DAYS * DAY) == 0
    assert CustomerFiring.objects.filter(workspace=workspace).count() == len(stays) + len(goes)
    keeping.forget(NOON + keeping.DAYS * DAY + timedelta(microseconds=1))
    left = CustomerFiring.objects.filter(workspace=workspace).values_list("alert_id", "cycle")
    assert sorted(left) == sorted(stays)


@pytest.mark.django_db
def test_what_is_long_is_told_as_far_as_there_is_room() -> None:
    low = alert(place(), "balance", amount=USD)
    assert firings.begin([Met(low, "1", 5, "t" * 300, "d" * 500, "/x")], NOON) == 1
    [firing] = fired(low)
    assert (firing.title, firing.detail) == ("t" * 200, "d" * 400)
