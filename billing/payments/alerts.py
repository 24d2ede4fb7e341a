"""What a person must look at: made once with the event that showed it, open until somebody says what came of it."""

import structlog

from billing.models import PaymentAlert
from kernel import clock, ids

__all__ = ["Kind", "alert", "resolve"]

Kind = PaymentAlert.Kind
log = structlog.get_logger()


def alert(kind: PaymentAlert.Kind, message: str, *, workspace_id: int | None, event_id: str = "") -> None:
    """Keep an alert, in the caller's transaction, and log it; one that is open with the same words is enough."""
    same = PaymentAlert.objects.filter(
        kind=kind, workspace_id=workspace_id, event_id=event_id, message=message, resolved_at=None
    )
    if same.exists():
        return
    PaymentAlert.objects.create(
        id=ids.request_id(),
        kind=kind,
        workspace_id=workspace_id,
        event_id=event_id,
        message=message,
        created_at=clock.now(),
    )
    log.error("payment alert", kind=str(kind), message=message, workspace_id=workspace_id, event_id=event_id)


def resolve(found: PaymentAlert, *, by: str, resolution: str) -> bool:
    """Close an alert with what came of it; tell whether it was still open. Raises ValueError without words."""
    if not resolution.strip():
        raise ValueError("resolution: say what came of it")
    open_one = PaymentAlert.objects.filter(pk=found.pk, resolved_at=None)
    return bool(open_one.update(resolved_at=clock.now(), resolved_by=by, resolution=resolution.strip()))
