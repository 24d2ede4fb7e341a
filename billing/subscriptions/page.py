"""What the page Plan says: present terms, period and next one, plan credits left, an upgrade, and the spill switch."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Member, PlanUpgrade, Workspace
from billing import figures, reach
from billing.models import CreditLot, Purse, Subscription
from billing.seats import PAYERS
from catalog.models import Model, PlanVersion
from kernel import clock

from . import book, comparing

__all__ = ["Page", "plan"]


@dataclass(frozen=True)
class Cap:
    """One limit of the plan, in words."""

    name: str
    words: str


@dataclass(frozen=True)
class Lot:
    """Plan credit that is left, in nano-USD, and the first UTC day it does not pay any more."""

    remaining: int
    until: str


@dataclass(frozen=True)
class Spill:
    """Whether usage goes on with the balance; nano-USD, `used` of the present UTC month."""

    rule: str
    ceiling: int | None
    used: int
    offered: int | None


@dataclass(frozen=True)
class Page:
    """Everything on the page; money in nano-USD, days in UTC."""

    zone: str
    terms: PlanVersion
    price: str
    subscription: Subscription | None
    period: str
    renews: str
    upgrade: PlanUpgrade | None
    upgrade_until: str
    caps: list[Cap]
    models: int
    lots: list[Lot]
    spill: Spill
    may_change: bool


def plan(member: Member) -> Page:
    """Read the page for a member; owners, admins and billing members may change what can be changed."""
    workspace = member.workspace
    row, upgrade = book.active(workspace.pk), workspace.upgrade
    standing, counting = workspace.plan_version, workspace.terms
    return Page(
        zone=workspace.time_zone,
        terms=standing,
        price=comparing.price(standing),
        subscription=row,
        period=_period(row),
        renews=_day(row.current_period_end) if row and row.current_period_end else "",
        upgrade=upgrade,
        upgrade_until=_moment(upgrade.ends_at, workspace) if upgrade else "",
        caps=_caps(counting),
        models=sum(counting.allows(*model) for model in _models()),
        lots=_lots(workspace),
        spill=_spill(workspace),
        may_change=member.role in PAYERS,
    )


def _models() -> list[tuple[str, str]]:
    return list(Model.objects.filter(active=True).values_list("public_id", "tier"))


def _caps(terms: PlanVersion) -> list[Cap]:
    capped = (
        ("Requests a minute", terms.minute_cap),
        ("Requests an hour", terms.hour_cap),
        ("Requests a day", terms.day_cap),
        ("Streams at once", terms.stream_cap),
    )
    caps = [Cap(name, "no cap" if cap is None else figures.count(cap)) for name, cap in capped]
    return [*caps, Cap("Requests are shown for", reach.span(terms.retention_days))]


def _lots(workspace: Workspace) -> list[Lot]:
    rows = CreditLot.objects.filter(
        workspace_id=workspace.pk, source=CreditLot.Source.PLAN, remaining__gt=0
    ).order_by("expires_on", "created_at")
    return [Lot(lot.remaining, _day(lot.expires_on) if lot.expires_on else "") for lot in rows]


def _spill(workspace: Workspace) -> Spill:
    offered = workspace.plan_version.spill_ceiling_nano
    purse = Purse.objects.filter(pk=workspace.pk).first()
    if purse is None:
        return Spill(Purse.Spill.FREE, None, 0, offered)
    month = clock.utc_day(clock.now()).replace(day=1)
    return Spill(
        purse.spill, purse.spill_ceiling, purse.spilled if purse.spill_month == month else 0, offered
    )


def _period(row: Subscription | None) -> str:
    if row is None or row.current_period_end is None:
        return ""
    return f"{_day(row.current_period_start)} – {_day(row.current_period_end - timedelta(days=1))}"


def _day(day: date) -> str:
    return figures.day(day, year=True)


def _moment(at: datetime, workspace: Workspace) -> str:
    local = at.astimezone(ZoneInfo(workspace.time_zone))
    return f"{_day(local.date())}, {local:%H:%M}"
