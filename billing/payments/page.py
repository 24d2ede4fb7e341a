"""What the page Credit says: balance, what can be added, auto-recharge, and the payments so far."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum

from accounts.models import Workspace
from billing import figures
from billing.models import Dispute, Recharge, TopUp
from kernel import clock, money

from . import keys, recharge_rules
from .checkout import PRESETS_USD

__all__ = ["Line", "Page", "credit", "line"]

_MOST_LINES = 100
_BADGES = {"paid": "ok", "failed": "failed", "expired": "cut", "new": "live", "open": "live"}
_WORDS = {
    "paid": "Paid",
    "failed": "Failed",
    "expired": "Not paid in time",
    "new": "Waiting for the payment",
    "open": "Waiting for the payment",
}


@dataclass(frozen=True)
class Line:
    """One payment as it is shown; money in nano-USD, the day as date and clock in the workspace's zone."""

    topup: TopUp
    day: str
    clock: str
    how: str
    amount: int
    badge: str
    words: str
    refunded: int
    taken: int

    @property
    def waits(self) -> bool:
        """Tell whether its payment may still come."""
        return self.topup.status in (TopUp.Status.NEW, TopUp.Status.OPEN)


@dataclass(frozen=True)
class Automatic:
    """Auto-recharge as it stands; money in nano-USD."""

    row: Recharge
    has_card: bool
    used: int
    ceiling: int
    waits_until: datetime | None


@dataclass(frozen=True)
class Page:
    """Everything on the page but the balance."""

    zone: str
    set_up: bool
    test: bool
    presets: tuple[int, ...]
    least: int
    most: int
    automatic: Automatic
    lines: list[Line]


def credit(workspace: Workspace) -> Page:
    """Return what those who pay for a workspace are shown."""
    least, most = settings.TOPUP_LEAST_USD, settings.TOPUP_MOST_USD
    return Page(
        zone=workspace.time_zone,
        set_up=keys.are_set_up(),
        test=not keys.live(),
        presets=tuple(usd for usd in PRESETS_USD if least <= usd <= most),
        least=least,
        most=most,
        automatic=_automatic(workspace),
        lines=_lines(workspace),
    )


def line(topup: TopUp, workspace: Workspace, *, taken_cents: int = 0) -> Line:
    """Return one payment as it is shown."""
    local = topup.created_at.astimezone(ZoneInfo(workspace.time_zone))
    refunded, taken = money.from_cents(topup.refunded_cents), money.from_cents(taken_cents)
    return Line(
        topup=topup,
        day=figures.day(local.date(), year=True),
        clock=f"{local:%H:%M}",
        how="Auto-recharge" if topup.source == TopUp.Source.RECHARGE else "By card",
        amount=money.from_cents(topup.amount_cents),
        badge=_BADGES[topup.status],
        words=_WORDS[topup.status],
        refunded=refunded,
        taken=taken,
    )


def _lines(workspace: Workspace) -> list[Line]:
    taken = dict(
        Dispute.objects.filter(workspace_id=workspace.pk, taken_cents__gt=0)
        .values_list("topup_id")
        .annotate(Sum("taken_cents"))
    )
    rows = TopUp.objects.filter(workspace_id=workspace.pk).order_by("-created_at")[:_MOST_LINES]
    return [line(row, workspace, taken_cents=taken.get(row.id, 0)) for row in rows]


def _automatic(workspace: Workspace) -> Automatic:
    now = clock.now()
    row = Recharge.objects.filter(workspace_id=workspace.pk).first() or Recharge(workspace_id=workspace.pk)
    waits = row.next_try_at if row.enabled and row.next_try_at and row.next_try_at > now else None
    return Automatic(
        row=row,
        has_card=bool(row.payment_method) and row.livemode == keys.live(),
        used=money.from_cents(recharge_rules.used_cents(workspace.pk, now)),
        ceiling=money.from_cents(row.monthly_ceiling_cents),
        waits_until=waits.astimezone(ZoneInfo(workspace.time_zone)) if waits else None,
    )
