"""What one person asked for and another must decide."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import Workspace
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


def test_what_waits_is_told_with_its_workspace_or_without_one_that_is_gone() -> None:
    workspace = rows.workspace()
    moves = [
        Move.objects.create(
            id=ids.request_id(), workspace_id=owner, kind=kind, amount=usd * money.NANO_PER_USD, reason="x",
            asked_by="lena", asked_at=NOW + timedelta(minutes=minute), by_two=True, status=status,
            request_id=ids.request_id() if kind == Move.Kind.CREDIT else None,
            decided_by="omar" if status == "declined" else None, decided_at=NOW if status == "declined" else None,
        )
        for owner, kind, usd, minute, status in (
            (workspace, Move.Kind.ADJUSTMENT, -700, 3, "asked"),
            (-5, Move.Kind.TOP_UP, 800, 2, "asked"),
            (workspace, Move.Kind.CREDIT, 900, 1, "asked"),
            (workspace, Move.Kind.GRANT, 900, 0, "declined"),
        )
    ]  # fmt: skip
    found = deciding.find(NOW)
    name = Workspace.objects.get(pk=workspace).name
    assert [(item.key, item.title, item.detail, item.stake) for item in found] == [
        (
            f"move:{moves[2].pk}",
            "Credit for a request waits for a second person",
            f"{name}, asked by lena",
            900 * money.NANO_PER_USD,
        ),
        (
            f"move:{moves[1].pk}",
            "Top-up by hand waits for a second person",
            ", asked by lena",
            800 * money.NANO_PER_USD,
        ),
        (
            f"move:{moves[0].pk}",
            "Adjustment waits for a second person",
            f"{name}, asked by lena",
            -700 * money.NANO_PER_USD,
        ),
    ]
    assert {item.seen_by for item in found} == {"billing.view_move"}


def test_a_refund_is_told_with_its_workspace_and_page_until_it_is_decided() -> None:
    workspace = rows.workspace()
    topup = TopUp.objects.create(
        id=ids.request_id(), workspace_id=workspace, source="checkout", amount_cents=48_000, livemode=False,
        customer_id="cus_1", created_by=1, created_at=NOW,
    )  # fmt: skip
    made = RefundRequest.objects.create(
        id=ids.request_id(), workspace_id=workspace, topup_id=topup.pk, amount_cents=12_345,
        reason="twice", by_two=True, asked_by="lena", asked_at=NOW,
    )  # fmt: skip
    [item] = deciding.find(NOW)
    assert (item.key, item.stake, item.seen_by) == (
        f"refund:{made.pk}", money.from_cents(12_345), "billing.view_refundrequest",
    )  # fmt: skip
    assert item.detail == f"{Workspace.objects.get(pk=workspace).name}, asked by lena"
    assert item.url == f"/admin/billing/refundrequest/{made.pk}/change/"


def test_the_oldest_hundred_of_a_kind_are_told_also_of_a_workspace_that_is_gone() -> None:
    topup = TopUp.objects.create(
        id=ids.request_id(), workspace_id=-5, source="checkout", amount_cents=48_000, livemode=False,
        customer_id="cus_1", created_by=1, created_at=NOW,
    )  # fmt: skip
    RefundRequest.objects.create(
        id=ids.request_id(), workspace_id=-5, topup_id=topup.pk, amount_cents=100, reason="twice", by_two=True,
        asked_by="lena", asked_at=NOW,
    )  # fmt: skip
    Move.objects.bulk_create(
        Move(
            id=ids.request_id(), workspace_id=-5, kind=Move.Kind.GRANT, amount=number, reason="x", asked_by="lena",
            asked_at=NOW - timedelta(minutes=number), by_two=True, status="asked",
        )
        for number in range(1, 102)
    )  # fmt: skip
    *moves, refund = deciding.find(NOW)
    assert [item.stake for item in moves] == list(range(101, 1, -1))
    assert (refund.title, refund.detail) == ("Refund waits for a second person", ", asked by lena")
