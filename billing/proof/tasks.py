"""What Celery does for the proof: audits, seals, and events that may leave; each finds its work in the rows."""

import time

import structlog
from celery import shared_task
from django.db import DatabaseError, OperationalError

from billing.proof import retention, runs, seals
from billing.proof.audit import Running
from kernel import clock

__all__ = ["audit_days", "audit_everything", "drop_events", "seal_days"]

log = structlog.get_logger()

_SEAL_SECONDS = 40.0
_LONG, _LONGEST = 3_500, 3_600  # seconds
_LOCK_TRIES = 5
_LOCK_PAUSE = 10.0


@shared_task(name="billing.audit_days", soft_time_limit=280, time_limit=290)
def audit_days() -> int:
    """Audit the last days and write it down; return how many findings there are."""
    return _audit(runs.WINDOW_DAYS)


@shared_task(name="billing.audit_everything", soft_time_limit=_LONG, time_limit=_LONGEST)
def audit_everything() -> int:
    """Audit everything and write it down, and forget old runs; return how many findings there are."""
    runs.forget(clock.now())
    return _audit(None)


@shared_task(name="billing.seal_days")
def seal_days() -> int:
    """Seal the days that are over, for about 40 s; return how many. A workspace that fails waits for the next round."""
    made, until = 0, time.monotonic() + _SEAL_SECONDS
    for workspace, days in seals.due(clock.now()).items():
        if time.monotonic() > until:
            log.info("sealing goes on in the next round", made=made)
            break
        try:
            made += seals.seal(workspace, days)
        except DatabaseError as error:
            log.warning("days not sealed", workspace_id=workspace, error=str(error))
    return made


@shared_task(name="billing.drop_events", soft_time_limit=_LONG, time_limit=_LONGEST)
def drop_events() -> int:
    """Drop the oldest month of events if it is due and may go; return how many events that were."""
    dropped = None
    for _ in range(_LOCK_TRIES):
        try:
            dropped = retention.drop_next(clock.now())
            break
        except retention.Kept as kept:
            log.warning("events kept", month=str(kept.month), reasons=kept.reasons)
            break
        except OperationalError as error:
            log.info("events are in use", error=str(error))
            time.sleep(_LOCK_PAUSE)
    retention.drop_old_attempts()
    return dropped.events if dropped else 0


def _audit(days: int | None) -> int:
    try:
        report = runs.run(days=days, actor="celery")
    except Running:
        return 0
    for outcome in report.outcomes:
        for finding in outcome.findings[: runs.FINDINGS_KEPT]:
            log.error("an invariant is broken", rule=outcome.name, workspace_id=finding.workspace_id,
                      day=str(finding.day), subject=finding.subject, expected=finding.expected, found=finding.found)  # fmt: skip
    return report.broken
