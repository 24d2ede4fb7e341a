"""What the page Credit says of amounts, payments and the saved card, whoever draws it; and what is unheard of Stripe."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Member, User
from billing.models import Dispute, Recharge, StripeEvent
from billing.payments import notices, page
from billing.payments.forms import AddForm, RechargeForm
from billing.payments.unheard import unheard
from kernel import clock, money
from tests.accounts.rows import person
from tests.billing.payments.till import Till

pytestmark = pytest.mark.django_db


def test_amounts_to_choose_are_those_that_can_be_added(till: Till, settings: Settings) -> None:
    workspace = till.payer().workspace
    settings.TOPUP_LEAST_USD, settings.TOPUP_MOST_USD = 10, 500
    assert page.credit(workspace).presets == (10, 25, 50, 100, 500)
    settings.TOPUP_LEAST_USD, settings.TOPUP_MOST_USD = 11, 499
    shown = page.credit(workspace)
    assert (shown.presets, shown.least, shown.most) == ((25, 50, 100), 11, 499)
    assert (shown.set_up, shown.test) == (True, True)


def test_a_payment_shows_what_was_given_back_and_what_its_bank_took(till: Till) -> None:
    payer = till.payer()
    topup, other = till.paid(payer, 2500), till.begun(payer)
    for number, taken in (("dp_1", 500), ("dp_2", 1), ("dp_3", 0)):
        Dispute.objects.create(
            id=uuid4(),
            dispute_id=number,
            workspace_id=payer.workspace.pk,
            topup_id=topup.pk,
            amount_cents=500,
            taken_cents=taken,
            reason="general",
            status="lost",
            opened_at=clock.now(),
        )
    newest, first = page.credit(payer.workspace).lines
    assert (newest.topup, newest.waits, newest.taken) == (other, True, 0)
    assert (first.topup, first.waits) == (topup, False)
    assert (first.amount, first.taken, first.refunded) == (
        money.from_cents(2500),
        money.from_cents(501),
        0,
    )


def test_a_card_of_the_other_mode_is_none(till: Till) -> None:
    workspace = till.payer().workspace
    row = Recharge.objects.create(
        workspace_id=workspace.pk, payment_method="pm_1", livemode=False, changed_at=clock.now()
    )
    assert page.credit(workspace).automatic.has_card
    Recharge.objects.filter(pk=row.pk).update(livemode=True)
    assert not page.credit(workspace).automatic.has_card


def test_what_is_entered_is_read_in_cents() -> None:
    add = AddForm({"amount": "25.55"})
    assert (add.is_valid(), add.cents) == (True, 2555)
    form = RechargeForm({"threshold": "5", "amount": "20.01", "ceiling": "1000"})
    assert form.is_valid()
    rules = form.rules(enabled=True)
    assert (rules.enabled, rules.threshold, rules.amount, rules.ceiling) == (True, 500, 2001, 100_000)
    assert AddForm({"amount": "1000000"}).is_valid()
    assert not AddForm({"amount": "1000000.01"}).is_valid()


def test_that_recharge_is_off_is_told_those_who_pay_and_may_still_sign_in(
    till: Till, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    payer = till.payer()
    person(payer.workspace, role=Member.Role.DEVELOPER)
    gone = person(payer.workspace, role=Member.Role.BILLING)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    settings.CSRF_TRUSTED_ORIGINS = ["https://toll.example"]
    with django_capture_on_commit_callbacks(execute=True):
        notices.recharge_is_off(payer.workspace, "the card was declined four times")
        assert mail.outbox == []
    [told] = mail.outbox
    assert (told.bcc, told.to) == ([payer.user.email], [])
    assert "was turned off: the card was declined four times." in str(told.body)
    assert str(told.body).endswith("dashboard: https://toll.example/dashboard/credit.")
    settings.CSRF_TRUSTED_ORIGINS = []
    Member.objects.filter(workspace=payer.workspace).delete()
    with django_capture_on_commit_callbacks(execute=True):
        notices.recharge_is_off(payer.workspace, "turned off")
    assert len(mail.outbox) == 1  # nobody is left to be told


def test_an_event_is_unheard_once_it_was_refused_or_not_worked_for_five_minutes() -> None:
    now = clock.now()
    before = unheard(now - timedelta(hours=1), now=now)
    for number, (outcome, minutes) in enumerate(
        [("refused", 1), (None, 6), (None, 4), ("credited", 6), ("refused", 61), (None, 61)]
    ):
        StripeEvent.objects.create(
            event_id=f"evt_{number}",
            type="x",
            livemode=False,
            payload_sha256=b"x" * 32,
            outcome=outcome,
            created_at=now,
            received_at=now - timedelta(minutes=minutes),
        )
    assert unheard(now - timedelta(hours=1), now=now) - before == 2
    assert unheard(now - timedelta(hours=2), now=now) - before == 4
