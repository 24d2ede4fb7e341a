"""Auto-recharge at work: who has fallen below their threshold is charged once, within their ceiling, and asked after."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import psycopg
import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.models import Recharge, TopUp
from kernel import ids, money

from . import alerts, calls, fulfilment, keys, recharge_rules

__all__ = ["sweep"]

MOST_A_SWEEP = 100
SWEEP_SECONDS = 30.0
SEND_AGAIN_AFTER = timedelta(minutes=1)
SAME_KEY_FOR = timedelta(hours=20)
"""Stripe forgets an idempotency key after 24 hours: a charge that is sent later under it would be a second one."""
ASK_AFTER = timedelta(hours=1)
CEILING = "billing_recharge_ceiling"

Source, Status = TopUp.Source, TopUp.Status
log = structlog.get_logger()


def sweep(now: datetime) -> int:
    """Finish what was left unfinished, then charge those who are below their threshold; return how many were charged.

    At most 100 of each, for about 30 s. A workspace that fails is logged and left for the next sweep.
    """
    if not keys.are_set_up():
        return 0
    until = time.monotonic() + SWEEP_SECONDS
    for topup in _unfinished(now):
        if time.monotonic() > until:
            break
        _guarded(topup.workspace_id, partial(_finish, topup, now))
    charged = 0
    for workspace in _due(now):
        if time.monotonic() > until:
            log.warning("auto-recharge goes on in the next sweep", charged=charged)
            break
        charged += _guarded(workspace, partial(_charge, workspace, now))
    return charged


def _guarded(workspace_id: int, work: Callable[[], bool]) -> bool:
    try:
        return work()
    except (calls.Away, calls.Unusable, DatabaseError) as error:
        log.warning("auto-recharge not finished", workspace_id=workspace_id, error=str(error))
        return False


def _due(now: datetime, *, only: int | None = None) -> list[int]:
    """Return workspaces whose balance without holds is below their threshold, and who are not being charged yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT r.workspace_id FROM billing_recharge r JOIN billing_account a USING (workspace_id)
               WHERE r.enabled AND r.livemode = %(live)s AND a.status = 0
                 AND (r.next_try_at IS NULL OR r.next_try_at <= %(now)s)
                 AND (%(only)s::bigint IS NULL OR r.workspace_id = %(only)s)
                 AND a.posted - a.unbilled < r.threshold_cents * %(cent)s
                 AND NOT EXISTS (SELECT FROM billing_topup t WHERE t.workspace_id = r.workspace_id
                                 AND t.source = 'recharge' AND t.status IN ('new', 'open'))
               ORDER BY r.next_try_at NULLS FIRST, r.workspace_id LIMIT %(most)s""",
            {
                "live": keys.live(),
                "now": now,
                "only": only,
                "cent": money.NANO_PER_CENT,
                "most": MOST_A_SWEEP,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def _charge(workspace_id: int, now: datetime) -> bool:
    topup = _ask(workspace_id, now)
    if topup is None:
        return False
    _send(topup)
    return True


def _ask(workspace_id: int, now: datetime) -> TopUp | None:
    """Write down that a charge is wanted, before it is made; the database refuses a second one, and one too many."""
    with transaction.atomic():
        rules = Recharge.objects.select_for_update().get(workspace_id=workspace_id)
        if not _due(now, only=workspace_id):
            return None
        try:
            with transaction.atomic():
                return TopUp.objects.create(
                    id=ids.request_id(),
                    workspace_id=workspace_id,
                    source=Source.RECHARGE,
                    amount_cents=rules.amount_cents,
                    livemode=rules.livemode,
                    customer_id=rules.customer_id,
                    payment_method=rules.payment_method,
                    created_at=now,
                )
        except IntegrityError as error:
            if _constraint(error) != CEILING:
                raise
            rules.next_try_at = recharge_rules.month_after(now)
            rules.save(update_fields=["next_try_at"])
            log.info("auto-recharge waits for the next month", workspace_id=workspace_id)
            return None


def _constraint(error: IntegrityError) -> str | None:
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None


def _send(topup: TopUp) -> None:
    """Make the charge. What comes of it is taken from the webhook; only a refusal is known at once."""
    try:
        made = calls.charge_saved_card(topup, topup.payment_method)
    except calls.Declined as declined:
        _failed(topup, declined.code, declined.payment_intent)
    except calls.Away:
        raise
    except calls.Unusable as unusable:
        log.warning("saved card not usable", workspace_id=topup.workspace_id, error=str(unusable))
        _failed(topup, "payment_method_unusable", "")
    else:
        if made.status in ("succeeded", "processing"):
            _opened(topup, made.id)
        else:
            _failed(topup, made.decline or made.status, made.id)


def _opened(topup: TopUp, payment_intent: str) -> None:
    with transaction.atomic():
        row = fulfilment.locked(topup.id)
        assert row is not None
        if row.payment_intent is None:  # else the webhook was faster
            row.payment_intent, row.status = payment_intent, Status.OPEN
            row.save(update_fields=["payment_intent", "status"])


def _failed(topup: TopUp, code: str, payment_intent: str) -> None:
    with transaction.atomic():
        row = fulfilment.locked(topup.id)
        assert row is not None
        if row.status in (Status.NEW, Status.OPEN):  # else the webhook was faster
            row.status, row.failure = Status.FAILED, code
            row.payment_intent = row.payment_intent or payment_intent or None
            row.save(update_fields=["status", "failure", "payment_intent"])
            recharge_rules.failed(row)
    if payment_intent:
        calls.cancel(payment_intent)


def _unfinished(now: datetime) -> list[TopUp]:
    recharges = TopUp.objects.filter(source=Source.RECHARGE, livemode=keys.live())
    unsent = recharges.filter(status=Status.NEW, created_at__lt=now - SEND_AGAIN_AFTER)
    untold = recharges.filter(status=Status.OPEN, created_at__lt=now - ASK_AFTER)
    return [*unsent.order_by("created_at")[:MOST_A_SWEEP], *untold.order_by("created_at")[:MOST_A_SWEEP]]


def _finish(topup: TopUp, now: datetime) -> bool:
    if topup.status == Status.OPEN:
        _ask_after(topup)
    elif now - topup.created_at < SAME_KEY_FOR:
        _send(topup)
    else:
        made = calls.payment_of(topup)
        if made is None:
            _failed(topup, "not_sent", "")
        else:
            _opened(topup, made.id)
    return True


def _ask_after(topup: TopUp) -> None:
    """Close a charge that failed without a word; one that was paid is credited by its webhook, which a person must find."""
    assert topup.payment_intent is not None
    made = calls.payment(topup.payment_intent)
    if made.status == "succeeded":
        alerts.alert(
            alerts.Kind.RECHARGE,
            f"Top-up {topup.id} is paid at Stripe ({made.id}), and no webhook came. Send its event again from Stripe.",
            workspace_id=topup.workspace_id,
        )
    elif made.status != "processing":
        _failed(topup, made.decline or made.status, made.id)
