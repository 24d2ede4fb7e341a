"""How a month is closed: what stands against it is named, its figures are kept, and what comes later shows beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db import connection, transaction

from billing.lag import OLDEST
from billing.models import AuditRun, BookMonth, MonthClose
from billing.paper.months import Month
from kernel import clock

from .counting import Figures

__all__ = ["FRESH", "Later", "NotAllowed", "audited", "close", "ends_at", "later", "stands_against", "verify"]

FRESH = timedelta(hours=2)
"""Figures that are older are counted again before a month is closed on them."""
_OPEN = f"""
SELECT (SELECT count(*) FROM billing_admission WHERE minute_no < %(minute)s), {OLDEST} < %(end)s"""
_BROKEN = """
SELECT no FROM (SELECT c.no, c.hash = billing_month_hash(c) AS own,
    c.before = coalesce(lag(c.hash) OVER (ORDER BY no), '') AND c.no = row_number() OVER (ORDER BY no) AS chained
    FROM billing_month_close c) closes
WHERE NOT (own AND chained) ORDER BY no"""


class NotAllowed(ValueError):
    """A month that is not closed now; the text is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Later:
    """One figure of a closed month: nano-USD at the close and now."""

    name: str
    kept: int
    now: int

    @property
    def difference(self) -> int:
        """What came later."""
        return self.now - self.kept


def ends_at(month: Month) -> datetime:
    """Return the first moment after a month."""
    return datetime.combine(month.next.first, time(), UTC)


def audited(month: Month) -> AuditRun | None:
    """Return the newest audit of everything that began after a month's end, or None."""
    ended = AuditRun.objects.filter(
        kind=AuditRun.Kind.WHOLE, ended_at__isnull=False, started_at__gte=ends_at(month)
    )
    return ended.order_by("-pk").first()


def stands_against(month: Month, figures: Figures) -> Sequence[str]:
    """Return what speaks against closing a month, each in a sentence. Two queries."""
    with connection.cursor() as cursor:
        end = ends_at(month)
        cursor.execute(_OPEN, {"minute": clock.minute_number(end.timestamp()), "end": end})
        [(still_open, uncharged)] = cursor.fetchall()
    audit = audited(month)
    lacking = figures.customers - figures.statements
    found = {
        f"{_number(still_open, 'request')} of it or of earlier months still open.": still_open,
        "Settled requests wait for the ledger.": uncharged,
        f"{_number(figures.unsealed_days, 'day')} of {figures.days} not sealed.": figures.unsealed_days,
        "No audit of everything since its end.": audit is None,
        f"The last audit of everything is red: {audit.broken if audit else 0:,} findings.": audit
        and audit.broken,
        f"{_number(lacking, 'workspace')} without a statement.": lacking > 0,
        f"{figures.unreconciled} of {figures.upstreams} upstreams not reconciled.": figures.unreconciled,
        **{f"It does not add up: {name} differ.": True for name in figures.differences},
    }
    return [sentence for sentence, holds in found.items() if holds]


@transaction.atomic
def close(month: Month, *, reason: str, nonetheless: bool, by: str) -> MonthClose:
    """Keep a month's figures as they were counted last. Raises NotAllowed.

    `nonetheless` closes it also where something stands against it, which is kept with the reason.
    """
    row = BookMonth.objects.select_for_update().filter(first=month.first).first()
    figures, counted_at = _counted(month, row)
    if MonthClose.objects.filter(first=month.first).exists():
        raise NotAllowed("It is closed already.")
    if not reason.strip():
        raise NotAllowed("Say why, or that it is in order.")
    against = stands_against(month, figures)
    if against and not nonetheless:
        raise NotAllowed(f"{' '.join(against)} Close it nonetheless, or see to that first.")
    made = MonthClose.objects.create(
        no=0,  # the database gives the number and the hash
        first=month.first,
        figures=figures.kept(),
        counted_at=counted_at,
        against=list(against),
        reason=reason.strip(),
        closed_by=by,
        closed_at=clock.now(),
        before=b"",
        hash=b"",
    )
    return MonthClose.objects.get(first=made.first)


def later(kept: Figures, now: Figures) -> Sequence[Later]:
    """Return the figures that changed since a close, by name."""
    both = {
        "Opening balance": (kept.opening, now.opening),
        **_each(kept.workspaces, now.workspaces, "on workspaces"),
        "Closing balance": (kept.closing, now.closing),
        **_each(kept.house, now.house, "of the house"),
        "Upstream cost": (kept.provider_cost, now.provider_cost),
    }
    return [Later(name, before, after) for name, (before, after) in both.items() if before != after]


def verify() -> Sequence[int]:
    """Return the numbers of closes that were changed, or do not follow on the one before. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN)
        return [number for (number,) in cursor.fetchall()]


def _counted(month: Month, row: BookMonth | None) -> tuple[Figures, datetime]:
    now = clock.now()
    if ends_at(month) > now:
        raise NotAllowed("The month is not over.")
    if row is None or row.counted_at is None or row.counted_at < max(ends_at(month), now - FRESH):
        raise NotAllowed("Its figures are old: have it counted again first.")
    return Figures.read(row.figures), row.counted_at


def _each(kept: Mapping[str, int], now: Mapping[str, int], where: str) -> dict[str, tuple[int, int]]:
    names = sorted({*kept, *now})
    return {f"{name.capitalize()} {where}": (kept.get(name, 0), now.get(name, 0)) for name in names}


def _number(number: int, what: str) -> str:
    return (
        f"{number:,} {what}{' is' if number == 1 else 's are'}"
        if what != "workspace"
        else f"{number:,} workspace{'' if number == 1 else 's'}"
    )
