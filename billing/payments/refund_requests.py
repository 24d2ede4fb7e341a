"""Refunds that operators ask for: by one person up to a threshold, by two above it. The webhook moves the money."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from billing.models import Dispute, RefundRequest, TopUp
from kernel import clock

from . import alerts, calls, fulfilment, keys

__all__ = ["NotAllowed", "approve", "ask", "decline", "refundable_cents", "send_again"]

MOST_A_SWEEP = 100
SEND_AGAIN_AFTER = timedelta(minutes=1)
SAME_KEY_FOR = timedelta(hours=20)
"""Stripe forgets an idempotency key after 24 hours: later, the same refund would be a second one."""

log = structlog.get_logger()

Status = RefundRequest.Status
_UNDER_WAY = (Status.ASKED, Status.SENT)


class NotAllowed(ValueError):
    """The refund cannot be made like this; the words say why."""


def refundable_cents(topup: TopUp) -> int:
    """Return what of a top-up can still be refunded: what is neither refunded, asked for, nor taken by a dispute."""
    if topup.transaction_id is None:
        return 0
    mine = {"workspace_id": topup.workspace_id, "topup_id": topup.id}
    asked = RefundRequest.objects.filter(**mine, status__in=_UNDER_WAY).aggregate(c=Sum("amount_cents"))["c"]
    taken = Dispute.objects.filter(**mine).aggregate(c=Sum("taken_cents"))["c"]
    return max(topup.amount_cents - topup.refunded_cents - (asked or 0) - (taken or 0), 0)


def ask(topup: TopUp, *, cents: int, reason: str, by: str, token: UUID) -> RefundRequest:
    """Ask for a refund; one that needs no second person is sent to Stripe at once. The same token asks once.

    Raises NotAllowed for more than can be refunded or no reason, and calls.Away or calls.Unusable if Stripe
    could not be told: then the request stays, and is sent again by the next sweep or by `approve`.
    """
    if not reason.strip():
        raise NotAllowed("Say why.")
    with transaction.atomic():
        row = fulfilment.locked(topup.id)
        assert row is not None
        again = RefundRequest.objects.filter(pk=token, workspace_id=row.workspace_id).first()
        if again is not None:
            return again
        rest = refundable_cents(row)
        if not 0 < cents <= rest:
            raise NotAllowed(f"At most ${rest // 100:,}.{rest % 100:02d} of this top-up can be refunded.")
        request = RefundRequest.objects.create(
            id=token,
            workspace_id=row.workspace_id,
            topup_id=row.id,
            amount_cents=cents,
            reason=reason.strip(),
            by_two=cents > settings.REFUND_BY_TWO_USD * 100,
            asked_by=by,
            asked_at=clock.now(),
        )
    if not request.by_two:
        approve(request, by=by)
    return request


def approve(request: RefundRequest, *, by: str) -> None:
    """Let a refund be made, and send it to Stripe; again, if it was approved and Stripe could not be told.

    Raises NotAllowed if it needs somebody else, or was declined.
    """
    with transaction.atomic():
        row = RefundRequest.objects.select_for_update().get(pk=request.pk)
        if row.status == Status.ASKED:
            if row.by_two and row.asked_by == by:
                raise NotAllowed("Somebody else must approve what you asked for.")
            row.status, row.decided_by, row.decided_at = Status.SENT, by, clock.now()
            row.save(update_fields=["status", "decided_by", "decided_at"])
        elif row.status != Status.SENT:
            raise NotAllowed(f"This refund is {row.get_status_display()}.")
    if row.refund_id is None:
        _send(row)
    request.refresh_from_db()


def decline(request: RefundRequest, *, by: str) -> None:
    """Close a refund that waits for a second person. Raises NotAllowed if it no longer waits."""
    waiting = RefundRequest.objects.filter(pk=request.pk, status=Status.ASKED)
    if not waiting.update(status=Status.DECLINED, decided_by=by, decided_at=clock.now()):
        raise NotAllowed("This refund no longer waits.")


def send_again(now: datetime) -> int:
    """Send approved refunds that Stripe could not be told, at most 100; return how many it now knows."""
    unsent = RefundRequest.objects.filter(
        status=Status.SENT,
        refund_id=None,
        decided_at__lt=now - SEND_AGAIN_AFTER,
        decided_at__gt=now - SAME_KEY_FOR,
    ).order_by("decided_at")
    sent = 0
    for request in unsent[:MOST_A_SWEEP] if keys.are_set_up() else ():
        try:
            _send(request)
            sent += 1
        except (calls.Away, calls.Unusable) as error:
            log.warning("refund not sent", request=str(request.id), error=str(error))
    return sent


def _send(request: RefundRequest) -> None:
    topup = TopUp.objects.get(pk=request.topup_id)
    assert topup.payment_intent is not None, "what was paid has its payment"
    try:
        made = calls.refund(request, topup.payment_intent)
    except calls.Unusable as error:
        _refused(request, str(error))
        raise
    RefundRequest.objects.filter(pk=request.pk, refund_id=None).update(refund_id=made.id)


def _refused(request: RefundRequest, words: str) -> None:
    with transaction.atomic():
        sent = RefundRequest.objects.filter(pk=request.pk, status=Status.SENT, refund_id=None)
        sent.update(status=Status.FAILED, failure=words[:500])
        alerts.alert(
            alerts.Kind.REFUND,
            f"Stripe refused refund {request.id} of top-up {request.topup_id}.",
            workspace_id=request.workspace_id,
        )
