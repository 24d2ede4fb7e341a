"""What Celery does for the money: sweeps that find their work in the rows, so a message lost or doubled is nothing."""

from celery import shared_task

from billing import health, idempotency, leases, partitions, parts, present, refusals, rollup, sweeps
from billing.credits import expiry, withholding
from billing.subscriptions import granting
from kernel import clock

__all__ = ["charge_due", "grant_due", "lapse_credit", "make_partitions", "reap"]

_CHARGE_SECONDS = 20.0
_GRANT_SECONDS = 20.0
_REAP_ROUNDS = 20


@shared_task(name="billing.charge_due")
def charge_due() -> int:
    """Charge the workspaces that are due, for about 20 s; return how many numbers were posted."""
    posted = sweeps.charge(rollup.due(present.now()), actor="celery", seconds=_CHARGE_SECONDS)
    parts.tell("sweep")
    return posted


@shared_task(name="billing.reap")
def reap() -> int:
    """End what dead workers left open, at most 10,000 requests; return how many."""
    ended = 0
    for _ in range(_REAP_ROUNDS):
        more = leases.reap(present.now())
        ended += more
        if not more:
            break
    return ended


@shared_task(name="billing.make_partitions")
def make_partitions() -> int:
    """Make the partitions to come and drop what is kept no longer, keys that are free again too; return how many partitions were made."""
    now = clock.now()
    made = partitions.make()
    partitions.drop_old_quarters(now)
    refusals.drop_old(now)
    health.drop_old(now)
    leases.forget_workers(now)
    parts.forget(now)
    idempotency.forget()
    return made


@shared_task(name="billing.grant_due")
def grant_due() -> int:
    """Grant the credits of subscriptions whose period has begun, for about 20 s; return how many were settled."""
    return granting.grant_due(present.now(), seconds=_GRANT_SECONDS)


@shared_task(name="billing.lapse_credit")
def lapse_credit() -> int:
    """End the credit whose day has come, and open the balance again where a new month gives it; return how many lots."""
    now = present.now()
    withholding.renew(now)
    return expiry.lapse(now)
