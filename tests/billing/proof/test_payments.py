"""The rule of money from cards: which movements it holds against which payments, and what it says of what is wrong."""

import datetime

import pytest

from billing import ledger
from billing.models import Dispute, TopUp
from billing.proof.payments import PAYMENTS
from billing.proof.rules import Scope
from kernel import clock, ids
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db

CENT = 10**7


def move(
    workspace: int, kind: ledger.Kind, cents: int, key: str, *, days: int = 0, offset: str = "clearing"
) -> object:
    return ledger.post(
        workspace_id=workspace,
        kind=kind,
        amount=cents * CENT,
        offset=ledger.System(offset),
        idem_key=key,
        day=day_before(days),
    )


def pay(workspace: int, cents: int, intent: str, *, refunded: int = 0, session: str | None = None) -> TopUp:
    """Pay by card yesterday; it came into the ledger a day later."""
    made = move(workspace, ledger.Kind.TOP_UP, cents, f"stripe:{session or intent}")
    return _top_up(
        workspace,
        amount_cents=cents,
        status=TopUp.Status.PAID,
        session_id=session,
        payment_intent=intent,
        transaction_id=made,
        refunded_cents=refunded,
        paid_at=clock.now() - datetime.timedelta(days=1),
    )


def _top_up(workspace: int, **columns: object) -> TopUp:
    return TopUp.objects.create(
        id=ids.request_id(),
        workspace_id=workspace,
        source="checkout",
        currency="usd",
        livemode=False,
        customer_id="cus_1",
        created_by=1,
        created_at=clock.now(),
        **columns,
    )


def disputed(top_up: TopUp, cents: int, name: str) -> None:
    Dispute.objects.create(
        id=ids.request_id(),
        dispute_id=name,
        workspace_id=top_up.workspace_id,
        topup_id=top_up.id,
        amount_cents=top_up.amount_cents,
        taken_cents=cents,
        movement_no=1,
        reason="fraudulent",
        status="lost",
        opened_at=clock.now() - datetime.timedelta(days=3),
    )


def change(top_up: TopUp, columns: str) -> None:
    lives.unguarded("billing_topup", f"UPDATE billing_topup SET {columns} WHERE id = %s", top_up.id)


def customer() -> tuple[int, TopUp]:
    """A workspace with two payments, one refunded and disputed in two steps each, one not paid, and what came otherwise."""
    workspace = rows.workspace()
    top_up = pay(workspace, 500, f"pi_{workspace}", refunded=3)
    pay(workspace, 70, f"pi_{workspace}_2", session=f"cs_{workspace}")
    _top_up(workspace, amount_cents=9, status=TopUp.Status.OPEN, session_id=f"cs_{workspace}_3")
    for number, cents, days in ((1, 1, 2), (2, 2, 4)):
        move(workspace, ledger.Kind.REFUND, -cents, f"stripe:{top_up.id}:refund:{number}", days=days)
        move(
            workspace,
            ledger.Kind.DISPUTE,
            -cents,
            f"stripe:dp_{workspace}:{number}",
            days=days,
            offset="disputes",
        )
    disputed(top_up, 3, f"dp_{workspace}")
    rows.fund(workspace, 5)
    move(workspace, ledger.Kind.REFUND, -1, "by hand")
    lives.settle_on(workspace, day_before(1), cost=8)
    lives.charge(workspace)
    return workspace, top_up


def only(workspace: int) -> list[tuple[object, ...]]:
    found = told(PAYMENTS, Scope(workspace))["I11"][1]
    assert {row[0] for row in found} <= {workspace}
    return [row[1:] for row in found]


def test_each_payment_its_refunds_and_its_dispute_are_looked_at() -> None:
    [before, _] = told(PAYMENTS, Scope())["I11"]
    workspace, _ = customer()
    assert told(PAYMENTS, Scope(workspace))["I11"] == (2 + 2 + 1, [])
    customer()
    assert told(PAYMENTS, Scope())["I11"] == (before + 10, [])


def test_figures_that_the_ledger_does_not_bear_out_are_found_by_their_last_day() -> None:
    workspace, top_up = customer()
    change(top_up, "amount_cents = 501, refunded_cents = 4")
    Dispute.objects.filter(workspace_id=workspace).update(taken_cents=2)
    assert only(workspace) == [
        (day_before(2), f"dispute dp_{workspace}", str(-2 * CENT), str(-3 * CENT)),
        (day_before(2), f"refunds of top-up {top_up.id}", str(-4 * CENT), str(-3 * CENT)),
        (day_before(0), f"top-up {top_up.id}", str(501 * CENT), str(500 * CENT)),
    ]


def test_movements_without_a_payment_are_found() -> None:
    workspace, _ = customer()
    move(workspace, ledger.Kind.TOP_UP, 4, "stripe:pi_9")
    move(workspace, ledger.Kind.REFUND, -5, "stripe:nobody:refund:1")
    move(workspace, ledger.Kind.DISPUTE, -6, "stripe:dp_9:1", offset="disputes")
    today = day_before(0)
    assert only(workspace) == [
        (today, "dispute dp_9", "0", str(-6 * CENT)),
        (today, "refunds of top-up nobody", "0", str(-5 * CENT)),
        (today, "top-up pi_9", None, str(4 * CENT)),
    ]


def test_payments_without_a_movement_are_found_by_their_own_day() -> None:
    workspace, _ = customer()
    top_up = pay(workspace, 60, "pi_8", refunded=6)
    disputed(top_up, 7, "dp_8")
    lives.unguarded(
        "billing_ledger_transaction",
        "UPDATE billing_ledger_transaction SET idem_key = 'gone' WHERE id = %s",
        top_up.transaction_id,
    )
    assert only(workspace) == [
        (day_before(3), "dispute dp_8", str(-7 * CENT), "0"),
        (day_before(1), f"refunds of top-up {top_up.id}", str(-6 * CENT), "0"),
        (day_before(1), f"top-up {top_up.id}", str(60 * CENT), None),
    ]


def test_a_payment_whose_movement_is_another_s_is_found() -> None:
    workspace, top_up = customer()
    other = move(workspace, ledger.Kind.GRANT, 500, "given", offset="promotion")
    change(top_up, f"transaction_id = '{other}'")
    assert only(workspace) == [(day_before(0), f"top-up {top_up.id}", str(500 * CENT), None)]


def test_a_movement_without_its_leg_is_found_by_its_day() -> None:
    workspace, top_up = customer()
    lives.unguarded(
        "billing_ledger_entry",
        "DELETE FROM billing_ledger_entry WHERE transaction_id = %s AND account = 'workspace'",
        top_up.transaction_id,
    )
    assert only(workspace) == [(day_before(0), f"top-up {top_up.id}", str(500 * CENT), None)]
