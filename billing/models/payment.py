"""The rows of money from cards: top-ups, what Stripe told, refunds, disputes, auto-recharge, and what an operator must see."""

import uuid

from django.db import models


class StripeCustomer(models.Model):
    """Who a workspace is at Stripe: one customer for the test mode, one for the live."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    livemode = models.BooleanField()
    customer_id = models.TextField(null=True, help_text="cus_…; empty until Stripe has named it.")

    class Meta:
        db_table = "billing_stripe_customer"

    def __str__(self) -> str:
        return self.customer_id or "not known at Stripe yet"


class TopUp(models.Model):
    """One payment by card: asked for by a person at Stripe's Checkout, or made by auto-recharge.

    Only its status, what Stripe named it, and what was refunded ever change; what was asked for stays.
    """

    class Source(models.TextChoices):
        CHECKOUT = "checkout"
        RECHARGE = "recharge"

    class Status(models.TextChoices):
        NEW = "new", "not at Stripe yet"
        OPEN = "open", "waiting for the payment"
        PAID = "paid"
        FAILED = "failed"
        EXPIRED = "expired", "not paid in time"

    id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    source = models.TextField(choices=Source.choices)
    amount_cents = models.BigIntegerField()
    currency = models.TextField(default="usd")
    livemode = models.BooleanField()
    customer_id = models.TextField()
    status = models.TextField(choices=Status.choices, default=Status.NEW)
    session_id = models.TextField(null=True)
    payment_intent = models.TextField(null=True)
    payment_method = models.TextField(default="", help_text="The saved card, for auto-recharge.")
    transaction_id = models.UUIDField(null=True, help_text="The movement that credited it.")
    refunded_cents = models.BigIntegerField(default=0)
    refund_no = models.IntegerField(default=0, help_text="Movements of refunds so far.")
    failure = models.TextField(default="")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_topup"
        verbose_name = "top-up"

    def __str__(self) -> str:
        return f"top-up …{self.id.hex[-12:]}"

    @property
    def idem_key(self) -> str:
        """The ledger's key of its credit: one session, or one payment without a session, is credited once."""
        return f"stripe:{self.session_id or self.payment_intent}"


class Dispute(models.Model):
    """A payment that its bank took back, or asks about; `taken_cents` is what Stripe took from us for it."""

    id = models.UUIDField(primary_key=True)
    dispute_id = models.TextField()
    workspace_id = models.BigIntegerField()
    topup_id = models.UUIDField()
    amount_cents = models.BigIntegerField()
    taken_cents = models.BigIntegerField(default=0)
    movement_no = models.IntegerField(default=0, help_text="Movements of this dispute so far.")
    reason = models.TextField()
    status = models.TextField()
    answer_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "billing_dispute"

    def __str__(self) -> str:
        return self.dispute_id


class RefundRequest(models.Model):
    """A refund that an operator asked for. Stripe makes it, and its webhook moves the money."""

    class Status(models.TextChoices):
        ASKED = "asked", "waits for a second person"
        SENT = "sent", "asked of Stripe"
        DONE = "done"
        FAILED = "failed"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    topup_id = models.UUIDField()
    amount_cents = models.BigIntegerField()
    reason = models.TextField()
    by_two = models.BooleanField(help_text="Somebody else must approve it.")
    status = models.TextField(choices=Status.choices, default=Status.ASKED)
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    decided_by = models.TextField(null=True)
    decided_at = models.DateTimeField(null=True)
    refund_id = models.TextField(null=True, help_text="re_…")
    failure = models.TextField(default="")

    class Meta:
        db_table = "billing_refund_request"

    def __str__(self) -> str:
        return f"refund …{self.id.hex[-12:]}"


class Recharge(models.Model):
    """When and how a workspace is topped up by itself; off until somebody turns it on."""

    class OffBecause(models.TextChoices):
        PERSON = "person", "turned off"
        DECLINED = "declined", "the card was declined four times"
        AUTHENTICATION = "authentication", "the bank wants the cardholder to confirm"
        CARD = "card", "the saved card can no longer be charged"

    workspace_id = models.BigIntegerField(primary_key=True)
    enabled = models.BooleanField(default=False)
    threshold_cents = models.BigIntegerField(default=0)
    amount_cents = models.BigIntegerField(default=0)
    monthly_ceiling_cents = models.BigIntegerField(default=0)
    customer_id = models.TextField(default="")
    livemode = models.BooleanField(default=False)
    payment_method = models.TextField(default="", help_text="pm_…; no number and no fingerprint is kept.")
    card = models.TextField(default="", help_text="As it is shown: brand and last four.")
    card_saved_at = models.DateTimeField(null=True)
    failures = models.SmallIntegerField(default=0, help_text="In a row.")
    next_try_at = models.DateTimeField(null=True)
    off_because = models.TextField(choices=OffBecause.choices, default="", blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "billing_recharge"

    def __str__(self) -> str:
        return f"auto-recharge of {self.workspace_id}"


class StripeEvent(models.Model):
    """One signed event, kept for ever so that it counts once; `outcome` says what it came to."""

    class Outcome(models.TextChoices):
        CREDITED = "credited"
        MOVED = "moved", "money moved"
        NOTED = "noted", "noted, no money moved"
        EARLY = "early", "came before its payment"
        REFUSED = "refused", "does not fit, alert made"
        PASSED = "passed", "given to the subscriptions"
        IGNORED = "ignored", "nothing of ours"

    event_id = models.TextField(primary_key=True)
    type = models.TextField()
    livemode = models.BooleanField()
    payload_sha256 = models.BinaryField()
    outcome = models.TextField(choices=Outcome.choices, null=True)
    workspace_id = models.BigIntegerField(null=True)
    note = models.TextField(default="")
    created_at = models.DateTimeField(help_text="When Stripe made it.")
    received_at = models.DateTimeField()

    class Meta:
        db_table = "billing_stripe_event"

    def __str__(self) -> str:
        return self.event_id


class PaymentAlert(models.Model):
    """Something about a payment that a person must look at, until somebody says what came of it."""

    class Kind(models.TextChoices):
        MISFIT = "misfit", "an event does not fit what was asked for"
        DISPUTE = "dispute", "a payment is disputed"
        RECHARGE = "recharge", "auto-recharge needs a look"
        REFUND = "refund", "a refund failed"

    id = models.UUIDField(primary_key=True)
    kind = models.TextField(choices=Kind.choices)
    workspace_id = models.BigIntegerField(null=True)
    event_id = models.TextField(default="")
    message = models.TextField()
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.TextField(default="")
    resolution = models.TextField(default="")

    class Meta:
        db_table = "billing_payment_alert"

    def __str__(self) -> str:
        return self.message
