"""The job of taking in payments, refunds and disputes: what Stripe's account holds is what the ledger must hold."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from billing.models import StripeEvent, TopUp
from tests.billing import rows
from tests.billing.payments.till import Till, movements
from tests.fakes.stripe_world import Thing

from .jobs import Job, Told, deliver

__all__ = ["payment_jobs"]

CENT = 10_000_000


def payment_jobs(till: Till) -> Sequence[Job]:
    """Return the jobs at one till."""
    return (
        _job(
            till,
            "payment",
            (
                *("event.kept", "topup.asked", "topup.posted", "topup.marked"),
                *("event.handled", "event.answered", "event.committed"),
            ),
            lambda topup: till.world.pay(topup.session_id or ""),
            paid=False,
        ),
        _job(
            till,
            "refund",
            ("refund.posted", "refund.marked"),
            lambda topup: till.world.refund(topup.payment_intent or "", 700),
        ),
        _job(
            till,
            "dispute",
            ("dispute.kept", "dispute.posted", "dispute.marked"),
            lambda topup: till.world.event(
                "charge.dispute.created", till.world.dispute(topup.payment_intent or "", amount=500)
            ),
        ),
    )


def _job(
    till: Till, name: str, points: Sequence[str], happens: Callable[[TopUp], Thing], *, paid: bool = True
) -> Job:
    def prepared() -> Told:
        payer = till.payer()
        topup = till.paid(payer) if paid else till.begun(payer)
        event = happens(topup)
        return {
            "workspace": payer.workspace.pk,
            "body": json.dumps(event),
            "stripe": till.stripe.url,
            "customer": topup.customer_id,
            "before": len(payer.kinds()),
        }

    return Job(name, points, prepared, deliver, lambda **told: _wrong(till, **told))


def _wrong(till: Till, *, workspace: int, body: str, customer: str, before: int, **_: Any) -> object:
    found = (
        rows.account(workspace)["posted"],
        len(movements(workspace)),
        StripeEvent.objects.filter(pk=json.loads(body)["id"]).exclude(outcome=None).count(),
    )
    return found != (till.world.total(customer) * CENT, before + 1, 1) and found
