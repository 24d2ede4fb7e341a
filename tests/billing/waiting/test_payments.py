"""Payments that need somebody."""

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import Workspace
from billing.models import Dispute, PaymentAlert, Recharge, TopUp
from billing.waiting import payments
from billing.waiting.item import Weight
from kernel import clock, ids, money
from tests.billing import rows

pytestmark = pytest.mark.django_db

NOW, USD = clock.now(), money.NANO_PER_USD


def test_a_dispute_waits_for_our_answer_and_its_alert_is_not_told_twice() -> None:
    one, other = rows.workspace(), rows.workspace()
    for workspace, status, days in ((one, "needs_response", 5), (other, "won", 5)):
        Dispute.objects.create(
            id=ids.request_id(), dispute_id=secrets.token_hex(4), workspace_id=workspace, topup_id=uuid4(),
            amount_cents=48_000, reason="fraudulent", status=status, answer_by=NOW + timedelta(days=days), opened_at=NOW,
        )  # fmt: skip
        PaymentAlert.objects.create(
            id=ids.request_id(),
            kind="dispute",
            workspace_id=workspace,
            message=f"of {workspace}",
            created_at=NOW,
        )
    [dispute] = payments.find_disputes(NOW)
    assert (dispute.title, dispute.stake, dispute.weight) == ("Dispute opened", 480 * USD, Weight.WARNS)
    assert payments.find_disputes(NOW + timedelta(days=6))[0].weight is Weight.FAILS
    assert [item.detail.rpartition(", ")[2] for item in payments.find_alerts(NOW)] == [f"of {other}"]


def test_a_recharge_waits_while_its_card_is_declined() -> None:
    for failures, enabled in ((2, True), (0, True), (4, False)):
        workspace = rows.workspace()
        Recharge.objects.create(
            workspace_id=workspace, enabled=enabled, amount_cents=20_000, monthly_ceiling_cents=20_000,
            customer_id="cus_1", payment_method="pm_1", failures=failures, changed_at=NOW,
        )  # fmt: skip
    [item] = payments.find_recharges(NOW)
    assert (item.title, item.stake) == ("Recharge failed twice", 200 * USD)


def recharge(workspace: int, *, failures: int) -> None:
    Recharge.objects.create(
        workspace_id=workspace, enabled=True, amount_cents=20_000, monthly_ceiling_cents=20_000,
        customer_id="cus_1", payment_method="pm_1", failures=failures, changed_at=NOW,
    )  # fmt: skip


def topup(workspace: int, minutes: int, *, source: str = "recharge", status: str = "failed") -> None:
    TopUp.objects.create(
        id=ids.request_id(), workspace_id=workspace, source=source, status=status, amount_cents=20_000,
        livemode=False, customer_id="cus_1", payment_method="pm_1", created_by=1, created_at=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def test_a_recharge_is_told_since_its_last_failure_with_the_balance_that_is_left() -> None:
    once, often = rows.workspace(), rows.workspace()
    recharge(once, failures=1)
    recharge(often, failures=3)
    for minutes in (1, 5, 3):
        topup(often, minutes)
    topup(often, 7, source="checkout")
    well = rows.workspace()
    recharge(well, failures=0)
    topup(well, 9)
    rows.fund(often, 5 * USD)
    rows.settle(often, cost=2 * USD)
    found = payments.find_recharges(NOW)
    assert [(item.key, item.title, item.since) for item in found] == [
        (f"recharge:{often}", "Recharge failed 3 times", NOW + timedelta(minutes=5)),
        (f"recharge:{once}", "Recharge failed once", None),
    ]
    assert found[0].detail == f"{Workspace.objects.get(pk=often).name}, balance $3.00"


def test_alerts_wait_from_the_oldest_until_they_are_closed() -> None:
    one, other = rows.workspace(), rows.workspace()
    Dispute.objects.create(
        id=ids.request_id(), dispute_id="dp_1", workspace_id=one, topup_id=uuid4(), amount_cents=1, reason="r",
        status="warning_needs_response", answer_by=None, opened_at=NOW,
    )  # fmt: skip
    for workspace, kind, minutes, closed in (
        (one, "dispute", 1, None),
        (one, "refund", 4, None),
        (other, "dispute", 3, None),
        (other, "refund", 2, NOW),
        (None, "refund", 5, None),
    ):
        PaymentAlert.objects.create(
            id=ids.request_id(), kind=kind, workspace_id=workspace, message=f"{minutes} " + "x" * 200,
            created_at=NOW + timedelta(minutes=minutes), resolved_at=closed,
            resolved_by="lena" if closed else "", resolution="seen" if closed else "",
        )  # fmt: skip
    found = payments.find_alerts(NOW)
    assert [item.since for item in found] == [NOW + timedelta(minutes=minutes) for minutes in (3, 4, 5)]
    assert found[0].detail == f"{Workspace.objects.get(pk=other).name}, {'3 ' + 'x' * 118}"
    assert found[2].detail == "5 " + "x" * 118
    [dispute] = payments.find_disputes(NOW)
    assert dispute.detail == f"{Workspace.objects.get(pk=one).name}, r"
    assert dispute.weight is Weight.WARNS


@pytest.mark.parametrize(("late", "weight"), [(0, Weight.FAILS), (1, Weight.WARNS)])
def test_a_dispute_is_lost_at_the_moment_its_answer_was_due(late: int, weight: Weight) -> None:
    Dispute.objects.create(
        id=ids.request_id(), dispute_id="dp_1", workspace_id=rows.workspace(), topup_id=uuid4(), amount_cents=1,
        reason="fraudulent", status="needs_response", answer_by=NOW + timedelta(seconds=late), opened_at=NOW,
    )  # fmt: skip
    [item] = payments.find_disputes(NOW)
    assert item.weight is weight
    assert ", answer by " in item.detail
