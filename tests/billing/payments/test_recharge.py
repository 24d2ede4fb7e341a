"""Auto-recharge: one charge for one crossing, never past the ceiling, and off when the card does not help."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connections, transaction
from pytest_django import Settings

from billing.models import CreditLot, PaymentAlert, Recharge, StripeCustomer, TopUp
from billing.payments import checkout, recharge, recharge_rules
from kernel import clock, ids
from tests.billing import rows
from tests.billing.payments.till import PAGES, Payer, Till

CENT = 10_000_000
NANO = 1_000_000_000
within_a_transaction = pytest.mark.django_db
really_committed = pytest.mark.usefixtures("committed")


def saved(till: Till, payer: Payer, card: str = "ok") -> dict[str, Any]:
    """Save a card of the payer's, and return the event that told so."""
    checkout.save_card(payer.workspace, PAGES)
    page = till.world.all("cs", mode="setup", customer=customer(payer))[0]
    event = till.world.save_card(page["id"], card)
    assert till.deliver(event) == 200
    return event


def customer(payer: Payer) -> str:
    return StripeCustomer.objects.get(workspace_id=payer.workspace.pk).customer_id or ""


def rules(payer: Payer) -> Recharge:
    return Recharge.objects.get(workspace_id=payer.workspace.pk)


def on(
    till: Till, *, card: str = "ok", threshold: int = 500, amount: int = 2000, ceiling: int = 10_000
) -> Payer:
    """Have a payer with auto-recharge on; amounts in cents."""
    payer = till.payer()
    saved(till, payer, card)
    chosen = recharge_rules.Rules(enabled=True, threshold=threshold, amount=amount, ceiling=ceiling)
    recharge_rules.save(payer.workspace.pk, chosen, least=500, most=200_000, by=payer.user.pk)
    return payer


def attempts(payer: Payer) -> list[TopUp]:
    found = TopUp.objects.filter(workspace_id=payer.workspace.pk, source="recharge")
    return list(found.order_by("created_at", "id"))


def confirm(till: Till, payer: Payer) -> None:
    """Deliver what Stripe tells of the latest charge."""
    intent = till.world.all("pi", customer=customer(payer))[0]
    kind = "succeeded" if intent["status"] == "succeeded" else "payment_failed"
    assert till.deliver(till.world.event(f"payment_intent.{kind}", intent)) == 200


def charged(till: Till, payer: Payer) -> int:
    """Return how many charges of the payer's cards Stripe has made, and not refused."""
    return sum(i["status"] == "succeeded" for i in till.world.all("pi", customer=customer(payer)))


def sweep(till: Till, after: timedelta = timedelta(0)) -> int:
    return recharge.sweep(clock.now() + after)


def spend(payer: Payer) -> None:
    """Take the balance to zero."""
    account = rows.account(payer.workspace.pk)
    rows.settle(payer.workspace.pk, cost=account["posted"] - account["unbilled"])


@within_a_transaction
def test_recharge_charges_once_below_the_threshold_and_credits_by_the_webhook(till: Till) -> None:
    payer = on(till)
    assert sweep(till) == 1
    assert sweep(till) == 0, "the first has no outcome yet"
    assert payer.posted == 0, "money moves by the webhook only"
    confirm(till, payer)
    assert payer.posted == 2000 * CENT
    assert CreditLot.objects.get(workspace_id=payer.workspace.pk).source == "recharge"
    assert sweep(till) == 0
    assert charged(till, payer) == 1


@within_a_transaction
def test_recharge_leaves_balances_at_the_threshold_alone_and_counts_no_holds(till: Till) -> None:
    payer = on(till, threshold=500)
    rows.fund(payer.workspace.pk, 5 * NANO)
    rows.admit(payer.workspace.pk, hold=4 * NANO)
    assert sweep(till) == 0
    rows.settle(payer.workspace.pk, cost=1)
    assert sweep(till) == 1


@within_a_transaction
def test_recharge_is_off_until_it_is_turned_on(till: Till) -> None:
    payer = till.payer()
    saved(till, payer)
    assert sweep(till) == 0
    assert not rules(payer).enabled


@within_a_transaction
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": 499}, "amount"),
        ({"amount": 200_001, "ceiling": 300_000}, "amount"),
        ({"ceiling": 1999}, "ceiling"),
    ],
    ids=str,
)
def test_recharge_refuses_rules_that_cannot_be_meant(till: Till, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(recharge_rules.BadRules) as refused:
        on(till, **changed)
    assert refused.value.field == field


@within_a_transaction
def test_recharge_needs_a_card(till: Till) -> None:
    payer = till.payer()
    chosen = recharge_rules.Rules(enabled=True, threshold=1, amount=500, ceiling=500)
    with pytest.raises(recharge_rules.BadRules, match="Save a card first"):
        recharge_rules.save(payer.workspace.pk, chosen, least=500, most=1000, by=payer.user.pk)


@within_a_transaction
def test_recharge_never_passes_the_ceiling_of_a_month(till: Till) -> None:
    payer = on(till, amount=4000, ceiling=10_000)
    for _ in range(4):
        sweep(till)
        if attempts(payer)[-1].status == "open":
            confirm(till, payer)
        spend(payer)
    assert [row.amount_cents for row in attempts(payer)] == [4000, 4000]
    next_month = recharge_rules.month_after(clock.now())
    assert rules(payer).next_try_at == next_month
    assert rules(payer).enabled
    assert recharge.sweep(next_month + timedelta(seconds=1)) == 1


@within_a_transaction
def test_recharge_within_the_month_is_held_by_the_database(till: Till) -> None:
    payer = on(till, amount=6000, ceiling=10_000)
    sweep(till)
    confirm(till, payer)

    def insert(cents: int) -> None:
        with transaction.atomic():
            TopUp.objects.create(
                id=ids.request_id(),
                workspace_id=payer.workspace.pk,
                source="recharge",
                amount_cents=cents,
                livemode=False,
                customer_id="cus_1",
                payment_method="pm_1",
                created_at=clock.now(),
            )

    with pytest.raises(IntegrityError, match="ceiling"):
        insert(4001)
    insert(4000)
    with pytest.raises(IntegrityError, match="ceiling"):
        insert(1)


@within_a_transaction
def test_recharge_waits_longer_after_each_failure_and_then_turns_off_with_a_mail(
    till: Till, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://tollway.example"]
    payer = on(till, card="declined")
    began = clock.now()
    passed = timedelta(0)
    for pause in (*recharge_rules.PAUSES, None):
        with django_capture_on_commit_callbacks(execute=True):
            assert sweep(till, passed) == 1
        confirm(till, payer)
        confirm(till, payer)
        row = rules(payer)
        if pause is None:
            break
        assert row.next_try_at is not None
        assert timedelta(0) <= row.next_try_at - began - pause < timedelta(seconds=60)
        assert sweep(till, pause - timedelta(seconds=1)) == 0
        passed = pause + timedelta(seconds=60)
    assert (row.enabled, row.off_because) == (False, "declined")
    assert [row.status for row in attempts(payer)] == ["failed"] * 4
    assert payer.posted == 0
    [told] = mail.outbox
    assert told.bcc == [payer.user.email]
    assert "Auto-recharge" in told.subject
    assert "https://tollway.example/dashboard/credit" in told.body
    assert till.world.all("pi", status="requires_payment_method", customer=customer(payer)) == []


@within_a_transaction
def test_recharge_is_off_at_once_where_the_bank_wants_the_cardholder(till: Till) -> None:
    payer = on(till, card="authentication")
    sweep(till)
    assert (rules(payer).enabled, rules(payer).off_because) == (False, "authentication")
    assert sweep(till, timedelta(days=40)) == 0
    assert "The bank asks for you in person" in payer.client.get("/dashboard/credit").content.decode()


@within_a_transaction
def test_recharge_is_off_at_once_where_the_card_is_gone(till: Till) -> None:
    payer = on(till)
    till.world.cards.clear()
    sweep(till)
    assert rules(payer).off_because == "card"


@within_a_transaction
def test_recharge_forgets_failures_once_a_payment_succeeds(till: Till) -> None:
    payer = on(till, card="declined")
    sweep(till)
    assert rules(payer).failures == 1
    till.world.cards[rules(payer).payment_method] = "ok"
    sweep(till, timedelta(hours=2))
    confirm(till, payer)
    assert (rules(payer).failures, rules(payer).next_try_at) == (0, None)


@within_a_transaction
@pytest.mark.parametrize("failures", [("lost", "lost"), ("500", "500"), ("429",)], ids=str)
def test_recharge_sends_again_what_had_no_answer_and_charges_once(
    till: Till, failures: tuple[str, ...]
) -> None:
    payer = on(till)
    till.stripe.fail(*failures)
    sweep(till)
    assert [row.status for row in attempts(payer)] == ["new"]
    assert sweep(till) == 0, "it is not old enough to be sent again"
    sweep(till, recharge.SEND_AGAIN_AFTER + timedelta(seconds=1))
    assert [row.status for row in attempts(payer)] == ["open"]
    assert charged(till, payer) == 1
    confirm(till, payer)
    assert payer.posted == 2000 * CENT


@within_a_transaction
def test_recharge_is_credited_where_only_the_webhook_knows_its_payment(till: Till) -> None:
    payer = on(till)
    till.stripe.fail("lost", "lost")
    sweep(till)
    confirm(till, payer)
    assert payer.posted == 2000 * CENT
    sweep(till, recharge.SEND_AGAIN_AFTER + timedelta(seconds=1))
    assert charged(till, payer) == 1


@within_a_transaction
@pytest.mark.parametrize("arrived", [True, False])
def test_recharge_looks_first_once_stripe_may_have_forgotten_the_key(till: Till, arrived: bool) -> None:
    payer = on(till)
    till.stripe.fail(*["lost" if arrived else "500"] * 2)
    sweep(till)
    sweep(till, recharge.SAME_KEY_FOR + timedelta(hours=1))
    first, *more = attempts(payer)
    assert (first.status, len(more)) == (("open", 0) if arrived else ("failed", 1))
    made = [call["metadata"]["topup"] for call in till.stripe.made("/v1/payment_intents")]
    assert set(made) == {str(first.id)} if arrived else {str(more[0].id)}
    assert charged(till, payer) == 1


@within_a_transaction
def test_recharge_alerts_to_a_payment_whose_webhook_never_came(till: Till) -> None:
    payer = on(till)
    sweep(till)
    for _ in range(2):
        sweep(till, recharge.ASK_AFTER + timedelta(minutes=1))
    assert payer.posted == 0
    alert = PaymentAlert.objects.get(workspace_id=payer.workspace.pk)
    assert "no webhook came" in alert.message


@within_a_transaction
def test_recharge_keeps_the_card_that_was_saved_last_whatever_comes_first(till: Till) -> None:
    payer = till.payer()
    first = saved(till, payer)
    card = rules(payer).payment_method
    second = dict(first, id="evt_earlier", created=first["created"] - 60)
    till.world.things[first["data"]["object"]["setup_intent"]]["payment_method"] = "pm_other"
    till.world.things["pm_other"] = {"id": "pm_other", "type": "card", "card": {"brand": "x", "last4": "1"}}
    assert till.deliver(second) == 200
    assert (rules(payer).payment_method, rules(payer).card) == (card, "Visa ending in 4242")


@within_a_transaction
def test_recharge_saves_no_card_of_another_workspace(till: Till) -> None:
    payer, rival = till.payer(), till.payer()
    checkout.save_card(payer.workspace, PAGES)
    checkout.save_card(rival.workspace, PAGES)
    page = till.world.all("cs", mode="setup", customer=customer(rival))[0]
    page["metadata"] = {"workspace": str(payer.workspace.pk), "purpose": "recharge"}
    assert till.deliver(till.world.save_card(page["id"])) == 200
    assert not Recharge.objects.exists()
    assert PaymentAlert.objects.filter(kind="misfit").exists()


def test_months_begin_and_end_in_utc() -> None:
    for text, begins, ends in [
        ("2026-01-31T23:59:59+00:00", "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"),
        ("2026-12-31T23:00:00-05:00", "2027-01-01T00:00:00+00:00", "2027-02-01T00:00:00+00:00"),
        ("2028-02-29T12:00:00+00:00", "2028-02-01T00:00:00+00:00", "2028-03-01T00:00:00+00:00"),
    ]:
        moment = datetime.fromisoformat(text)
        assert recharge_rules.month(moment) == datetime.fromisoformat(begins)
        assert recharge_rules.month_after(moment) == datetime.fromisoformat(ends)


@really_committed
def test_recharge_charges_once_however_many_sweeps_find_the_crossing(till: Till) -> None:
    payer = on(till)
    others = [on(till) for _ in range(3)]
    start = threading.Barrier(6)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            start.wait(10)
            sweep(till)
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    for one in (payer, *others):
        assert len(attempts(one)) == 1
        assert charged(till, one) == 1
        turned_off = recharge_rules.Rules(enabled=False, threshold=0, amount=0, ceiling=0)
        recharge_rules.save(one.workspace.pk, turned_off, least=1, most=1, by=one.user.pk)
