"""What the proof waits for: audits that found something or did not come, and journals that the database refused."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.urls import reverse

from billing.proof.verdict import STALE_AFTER
from kernel import degraded
from kernel.modes import KEPT

from .item import Item, Weight

__all__ = ["find_audits", "find_journals"]

# The newest audit of each kind that came to its end, and when the first of its unbroken row of red ones began.
_AUDITS = """
SELECT kinds.kind, last.id, last.broken, last.ended_at, (
    SELECT min(red.started_at) FROM billing_audit_run red
    WHERE red.kind = kinds.kind AND red.broken > 0 AND red.ended_at IS NOT NULL AND red.id > coalesce((
        SELECT max(green.id) FROM billing_audit_run green
        WHERE green.kind = kinds.kind AND green.broken = 0 AND green.ended_at IS NOT NULL), 0))
FROM (VALUES ('window'), ('whole')) kinds (kind)
JOIN LATERAL (SELECT id, broken, ended_at FROM billing_audit_run run
    WHERE run.kind = kinds.kind AND run.ended_at IS NOT NULL ORDER BY id DESC LIMIT 1) last ON true"""
_OF = {"window": "the last days", "whole": "everything"}


def find_audits(now: datetime) -> Sequence[Item]:
    """Return the last audits that found something, or that there was none for 15 minutes. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_AUDITS)
        rows = cursor.fetchall()
    red = [_red(*row) for row in rows if row[2]]
    newest = max((row[3] for row in rows), default=None)
    if red or newest is None or now - newest <= STALE_AFTER:
        return red
    return [
        Item(
            key="audits:none",
            weight=Weight.WARNS,
            title="No audit for 15 minutes",
            detail="nobody has looked whether the money is right",
            since=newest,
            stake=None,
            verb="Look",
            url=reverse("admin:billing_auditrun_changelist"),
            seen_by="billing.view_auditrun",
        )
    ]


def _red(kind: str, run_id: int, broken: int, ended_at: datetime, since: datetime | None) -> Item:
    return Item(
        key=f"audit:{kind}:{since or ended_at}",
        weight=Weight.FAILS,
        title=f"Audit: {broken:,} finding{'s' if broken > 1 else ''}",
        detail=f"over {_OF[kind]}; a rule of the money does not hold",
        since=since or ended_at,
        stake=None,
        verb="Look",
        url=reverse("admin:billing_auditrun_change", args=[run_id]),
        seen_by="billing.view_auditrun",
        measure=broken,
    )


def find_journals(now: datetime) -> Sequence[Item]:
    """Return the journals that need a person, as the web processes tell each other; nothing is read for it."""
    return [
        Item(
            key=f"journal:{held.since:%Y-%m-%d}",
            weight=Weight.FAILS,
            title=KEPT.title,
            detail="*.kept files beside the journals: settlements that the database refused",
            since=held.since,
            stake=None,
            verb="Look",
            url=reverse("admin:billing_worker_changelist"),
            seen_by="billing.view_worker",
        )
        for held in degraded.current()
        if held.mode is KEPT
    ]
