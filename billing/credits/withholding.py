"""Whether requests may go on with the balance once the credits are spent: who may set it, and what a new month gives."""

from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing.models import Purse
from kernel import clock
from kernel.failpoints import failpoint

from . import purse
from .purse import Standing

__all__ = ["may_spill", "renew", "set_spill"]

_PER_ROUND = 1_000


def set_spill(workspace_id: int, *, enabled: bool, monthly_ceiling: int | None = None, actor: str) -> None:
    """Let usage go on with the balance up to a ceiling per UTC month (nano-USD; None for all of it), or not at all.

    Until this is first called for a workspace, its credits and its balance are one. Raises ValueError for a ceiling
    that is negative, or given although nothing may spill; LookupError if the workspace has no account.
    """
    if monthly_ceiling is not None and (monthly_ceiling < 0 or not enabled):
        raise ValueError("monthly_ceiling: an amount that is not negative, and only where spilling is on")
    with transaction.atomic(), connection.cursor() as cursor:
        opened = purse.opened(cursor, workspace_id)
        rule = Purse.Spill.ON if enabled else Purse.Spill.OFF
        cursor.execute(
            """UPDATE billing_purse SET spill = %s, spill_ceiling = %s, spill_changed_at = %s, spill_changed_by = %s
               WHERE workspace_id = %s""",
            [rule, monthly_ceiling, clock.now(), actor, workspace_id],
        )
        opened.spill = replace(opened.spill, rule=rule, ceiling=monthly_ceiling)
        if not _say(cursor, workspace_id, opened.standing()):
            raise LookupError(f"workspace {workspace_id} has no account")


def may_spill(workspace_id: int) -> bool:
    """Tell whether usage may go on with the balance, up to a ceiling or not: it may unless it was switched off."""
    return not Purse.objects.filter(pk=workspace_id, spill=Purse.Spill.OFF).exists()


def renew(now: datetime) -> int:
    """Open the balance again where a new UTC month has a new ceiling; return of how many workspaces (at most 1,000)."""
    month = clock.utc_day(now).replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT workspace_id FROM billing_purse
               WHERE spill = 'on' AND spill_ceiling IS NOT NULL AND spilled > 0 AND spill_month < %s
               ORDER BY workspace_id LIMIT %s""",
            [month, _PER_ROUND],
        )
        due = [workspace for (workspace,) in cursor.fetchall()]
    for workspace in due:
        with transaction.atomic(), connection.cursor() as cursor:
            opened = purse.opened(cursor, workspace)
            failpoint("renew.opened")
            cursor.execute(
                "UPDATE billing_purse SET spill_month = %s, spilled = 0 WHERE workspace_id = %s AND spill_month < %s",
                [month, workspace, month],
            )
            failpoint("renew.marked")
            _say(cursor, workspace, opened.standing())
            failpoint("renew.told")
        failpoint("renew.committed")
    return len(due)


def _say(cursor: CursorWrapper, workspace_id: int, standing: Standing) -> bool:
    cursor.execute(
        "UPDATE billing_account SET withheld = %s, lapsing = %s, lapse_minute = %s WHERE workspace_id = %s",
        [standing.withheld, standing.lapsing, standing.lapse_minute, workspace_id],
    )
    return bool(cursor.rowcount)
