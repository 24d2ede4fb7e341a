"""Where a workspace is heading: what its month will have cost, how long its credit lasts, when it meets its day's cap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from billing.credits.lots import BALANCE, Lot, in_order
from kernel import clock
from kernel.replica import reading

from .cuts import Cut, Span, cut
from .pace import DAYS, Range, month_end, pace
from .runway import Runway, runway
from .several import costs
from .spend import spend, spend_in
from .standing import Meter

__all__ = ["Month", "cap_met", "month", "months", "run_out"]

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Month:
    """The present month of a zone in nano-USD: spent so far, and what it will have come to.

    `whole` is None where nothing was spent on a full day before today. `days` is how many days it is drawn from.
    """

    first: date
    zone: str
    spent: int
    whole: Range | None
    days: int


def month(workspace_id: int, *, zone: ZoneInfo) -> Month:
    """Return how the month of a time zone goes on at the pace of its last full days."""
    now = clock.now()
    made = _looked_at(zone, now)
    found = spend_in(workspace_id, made)
    return _month(made, [each.cost for each in found.values], now)


def months(zones: Mapping[int, ZoneInfo], *, now: datetime) -> dict[int, Month]:
    """Return the same of many workspaces, each in its zone; one statement. Raises ValueError for more than MOST."""
    made = {workspace: _looked_at(zone, now) for workspace, zone in zones.items()}
    return {workspace: _month(made[workspace], spent, now) for workspace, spent in costs(made).items()}


def _looked_at(zone: ZoneInfo, now: datetime) -> Cut:
    """Return the days of the month and of the pace, of UTC where those of the zone cannot be told."""
    today = now.astimezone(zone).date()
    first = min(today.replace(day=1), today - timedelta(days=DAYS))
    made = cut(first, today, zone=zone, by="day", now=now)
    return made if made.zone == zone.key else _looked_at(_UTC, now)


def _month(made: Cut, spent_daily: Sequence[int], now: datetime) -> Month:
    today = now.astimezone(ZoneInfo(made.zone)).date()
    spent = sum(spent_daily[-today.day :])
    going = pace(spent_daily[:-1], last=today - timedelta(days=1))
    left = _left(made.spans[-1], now)
    whole = month_end(going, spent=spent, today=today, left_of_today=left) if going else None
    return Month(today.replace(day=1), made.zone, spent, whole, going.days if going else 0)


def run_out(workspace_id: int) -> Runway | None:
    """Return how long the credit of a workspace lasts, in UTC days, as that is how credit ends.

    Balance that requests may not touch is left out. None if nothing was spent on a full day before today.
    Raises LookupError if it has no account.
    """
    now = clock.now()
    today = clock.utc_day(now)
    owed, lots = _credit(workspace_id)
    found = spend(workspace_id, first=today - timedelta(days=DAYS), last=today, zone=_UTC)
    going = pace([each.cost for each in found.values[:-1]], last=today - timedelta(days=1))
    if going is None:
        return None
    return runway(going, lots, owed=owed, today=today, left_of_today=_left(found.spans[-1], now))


def cap_met(meter: Meter, *, begins: datetime, now: datetime) -> datetime | None:
    """Return when a window's cap is met if it goes on as since it began; None if not before it resets, or without a cap."""
    if meter.cap is None or meter.resets_at is None:
        return None
    if meter.used >= meter.cap:
        return now
    if meter.used <= 0 or now <= begins:
        return None
    met = begins + (now - begins) * meter.cap / meter.used
    return met if met < meter.resets_at else None


def _left(day: Span, now: datetime) -> Fraction:
    begins, ends = day.begins.astimezone(UTC), day.ends.astimezone(UTC)
    left = max(timedelta(), min(ends - now, ends - begins))
    return Fraction(left // timedelta(microseconds=1), (ends - begins) // timedelta(microseconds=1))


# What is used and not taken from the lots yet, what is withheld, and the lots, as of one moment.
_CREDIT = """
SELECT a.unbilled + coalesce(p.uncovered, 0), a.withheld,
    l.id, l.transaction_id, l.source, l.priority, l.remaining, l.expires_on, l.created_at
FROM billing_account a
LEFT JOIN billing_purse p ON p.workspace_id = a.workspace_id
LEFT JOIN billing_credit_lot l ON l.workspace_id = a.workspace_id AND l.remaining > 0
WHERE a.workspace_id = %s
"""


def _credit(workspace_id: int) -> tuple[int, list[Lot]]:
    with reading() as cursor:
        cursor.execute(_CREDIT, [workspace_id])
        rows = cursor.fetchall()
    if not rows:
        raise LookupError(f"workspace {workspace_id} has no account")
    owed, withheld = rows[0][:2]
    lots = in_order(Lot(*row[2:]) for row in rows if row[2] is not None)
    return owed, _usable(lots, withheld)


def _usable(lots: list[Lot], withheld: int) -> list[Lot]:
    """Take what is withheld off the balance, from the lots that would be spent last."""
    left = []
    for lot in reversed(lots):
        taken = min(withheld, lot.remaining) if lot.source in BALANCE else 0
        withheld -= taken
        left.append(replace(lot, remaining=lot.remaining - taken))
    return left[::-1]
