"""What a workspace has left and how much of its limits is used, as of this moment."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.upgrades import IN_FORCE, PLAN
from kernel import clock

__all__ = ["Balance", "Limits", "Meter", "balance", "limits", "out_of_reach"]


def out_of_reach(moment: str) -> str:
    """Return SQL for what an account may not spend at a moment, which is SQL too, in nano-USD.

    That is balance that may not be spilled into, and credit that has ended.
    """
    return f"""withheld
        + CASE WHEN extract(epoch FROM {moment}) >= lapse_minute * 60::bigint THEN lapsing ELSE 0 END"""


@dataclass(frozen=True, slots=True)
class Balance:
    """Money of a workspace in nano-USD, and how many of its requests are open.

    `posted` is the ledger's balance, `unbilled` is settled and not yet in it, `held` is reserved by open
    requests, `withheld` is out of their reach (balance that may not be spilled into, and credit that has ended),
    `available` is what a new request may still reserve, an overdraft included.
    """

    posted: int
    unbilled: int
    held: int
    withheld: int
    available: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is used; no cap means it is not enforced, no reset that it is not a window."""

    used: int
    cap: int | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The windows of the present minute, hour and day (UTC, in weighted requests), and the open streams."""

    minute: Meter
    hour: Meter
    day: Meter
    streams: Meter


def balance(workspace_id: int) -> Balance:
    """Return the money of a workspace. Raises LookupError if it has no account."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT posted, unbilled, held, reach.past, posted - unbilled - held + overdraft_limit - reach.past,
                   (SELECT count(*) FROM billing_admission o WHERE o.workspace_id = a.workspace_id)
               FROM billing_account a CROSS JOIN LATERAL (SELECT {out_of_reach("clock_timestamp()")}) reach (past) WHERE workspace_id = %s""",
            [workspace_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"workspace {workspace_id} has no account")
    return Balance(*row)


_LIMITS = f"""
SELECT t.minute,
    CASE WHEN a.minute_no >= t.minute THEN a.minute_count ELSE 0 END,
    CASE WHEN a.minute_no / 60 >= t.minute / 60 THEN a.hour_count ELSE 0 END,
    CASE WHEN a.minute_no / 1440 >= t.minute / 1440 THEN a.day_count ELSE 0 END,
    a.open_streams, p.minute_cap, p.hour_cap, p.day_cap, p.stream_cap
FROM billing_account a
JOIN accounts_workspace w ON w.id = a.workspace_id
{IN_FORCE}
JOIN catalog_planversion p ON p.id = {PLAN}
CROSS JOIN (SELECT floor(extract(epoch FROM clock_timestamp()) / 60)::int AS minute) t
WHERE a.workspace_id = %s
"""


def limits(workspace_id: int) -> Limits:
    """Return the limits by the database's clock, as admission sees them; a window that has passed counts 0.

    Raises LookupError if there is no such workspace.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LIMITS, [workspace_id])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no workspace {workspace_id}")
    now, minute, hour, day, streams, minute_cap, hour_cap, day_cap, stream_cap = row
    return Limits(
        minute=Meter(minute, minute_cap, _next(now, 1)),
        hour=Meter(hour, hour_cap, _next(now, 60)),
        day=Meter(day, day_cap, _next(now, clock.MINUTES_PER_DAY)),
        streams=Meter(streams, stream_cap, None),
    )


def _next(minute: int, length: int) -> datetime:
    return clock.start_of_minute((minute // length + 1) * length)
