"""What one person asked for and another must decide."""

from uuid import uuid4

import pytest

from billing.models import Move, RefundRequest, TopUp
from billing.moves import desk
from billing.waiting import deciding
from kernel import clock, ids, money
from tests.billing import rows

pytestmark = pytest.mark.django_db

NOW = clock.now()


def asked(workspace: int, usd: int) -> Move:
    return desk.ask(
        workspace_id=workspace, kind=Move.Kind.GRANT, amount=usd * money.NANO_PER_USD, reason="goodwill",
        by="lena@example.com", token=uuid4(),
    )  # fmt: skip


def test_movements_and_refunds_wait_for_a_second_person() -> None:
    workspace = rows.workspace()
    move = asked(workspace, 500)
    asked(workspace, 1)  # small: posted at once
    topup = TopUp.objects.create(
        id=ids.request_id(), workspace_id=workspace, source="checkout", amount_cents=48_000, livemode=False,
        customer_id="cus_1", created_by=1, created_at=NOW,
    )  # fmt: skip
    RefundRequest.objects.create(
        id=ids.request_id(), workspace_id=workspace, topup_id=topup.pk, amount_cents=30_000,
        reason="twice", by_two=True, asked_by="lena@example.com", asked_at=NOW,
    )  # fmt: skip
    found = deciding.find(NOW)
    assert [(item.title, item.stake, item.verb) for item in found] == [
        ("Grant waits for a second person", 500 * money.NANO_PER_USD, "Review"),
        ("Refund waits for a second person", 300 * money.NANO_PER_USD, "Review"),
    ]
    assert found[0].url == f"/admin/billing/move/{move.pk}/change/"
    assert found[0].detail.endswith(", asked by lena@example.com")
