"""Payments that need somebody."""

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest

from billing.models import Dispute, PaymentAlert, Recharge
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
