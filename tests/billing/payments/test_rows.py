"""What is kept of payments: nobody changes or deletes it, neither in the admin nor past it."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, models, transaction

from billing.models import Dispute, PaymentAlert, RefundRequest, StripeEvent, TopUp
from billing.payments import alerts, refund_requests
from tests.billing.payments.till import Till

pytestmark = pytest.mark.django_db

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def kept(till: Till) -> None:
    topup = till.paid(till.payer(), 2500)
    dispute = till.world.dispute(topup.payment_intent or "", amount=500)
    till.deliver(till.world.event("charge.dispute.created", dispute))
    refund_requests.ask(topup, cents=500, reason="a test", by="ann", token=uuid4())
    [alert] = PaymentAlert.objects.all()
    alerts.resolve(alert, by="ann", resolution="answered")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("model", "changed"),
    [
        (StripeEvent, {"outcome": "ignored"}),
        (StripeEvent, {"type": "x"}),
        (StripeEvent, {"payload_sha256": b"x" * 32}),
        (PaymentAlert, {"message": "nothing"}),
        (PaymentAlert, {"resolution": "other"}),
        (PaymentAlert, {"resolved_at": None, "resolved_by": "", "resolution": ""}),
        (RefundRequest, {"amount_cents": 1}),
        (RefundRequest, {"reason": "other"}),
        (RefundRequest, {"asked_by": "ben"}),
        (Dispute, {"taken_cents": 501}),
        (TopUp, {"status": "failed"}),
        (TopUp, {"paid_at": LATER}),
    ],
    ids=str,
)
def test_rows_of_payments_refuse_changes(model: type[models.Model], changed: dict[str, Any]) -> None:
    assert model._default_manager.count() >= 1
    with pytest.raises(DatabaseError), transaction.atomic():
        model._default_manager.update(**changed)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("table", ["stripe_event", "payment_alert", "refund_request", "dispute", "topup"])
@pytest.mark.parametrize("verb", ["DELETE FROM", "TRUNCATE"])
def test_rows_of_payments_refuse_deletion(table: str, verb: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{verb} billing_{table}")


def test_rows_of_payments_are_unique_within_a_workspace() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.conrelid::regclass::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
               WHERE c.contype IN ('p', 'u') AND c.conrelid::regclass::text = ANY (%s)""",
            [["billing_topup", "billing_dispute", "billing_refund_request", "billing_stripe_customer"]],
        )
        found = cursor.fetchall()
    assert len(found) >= 8
    assert [definition for _, definition in found if "workspace_id" not in definition] == []


def test_an_alert_is_made_once_and_resolved_once_with_what_came_of_it() -> None:
    for _ in range(2):
        alerts.alert(alerts.Kind.MISFIT, "it does not fit", workspace_id=7, event_id="evt_alerted")
    [alert] = PaymentAlert.objects.filter(event_id="evt_alerted")
    with pytest.raises(ValueError, match="say what came of it"):
        alerts.resolve(alert, by="ann", resolution=" ")
    assert alerts.resolve(alert, by="ann", resolution=" given back ")
    assert not alerts.resolve(alert, by="ben", resolution="again")
    alert.refresh_from_db()
    assert (alert.resolved_by, alert.resolution) == ("ann", "given back")
