"""Workspaces on plans with credits, and what their ledger and lots say of them."""

import secrets
from datetime import UTC, date, datetime
from typing import Any

from accounts.models import Workspace
from billing.models import CreditLot, LedgerEntry, Subscription
from billing.subscriptions import book
from catalog.models import Plan, PlanVersion
from kernel import clock, money
from tests.billing import rows

USD = money.NANO_PER_USD
FREE: dict[str, Any] = {"period": "none"}


def terms(*, usd: int = 0, credits_usd: int = 0, **columns: Any) -> PlanVersion:
    """Save a plan of its own with terms; money in USD a period, which is a month unless said otherwise."""
    name = secrets.token_hex(8)
    rank = (Plan.objects.order_by("-rank").values_list("rank", flat=True).first() or 0) + 1
    plan = Plan.objects.create(slug=name, name=name, rank=rank)
    return version(plan, 1, price_nano=usd * USD, credits_nano=credits_usd * USD, **columns)


def version(plan: Plan, number: int, **columns: Any) -> PlanVersion:
    """Save terms of a plan."""
    stated = {"price_nano": 0, "credits_nano": 0, "tiers": ["free"], "stream_cap": 7, **columns}
    return PlanVersion.objects.create(plan=plan, version=number, published_at=clock.now(), **stated)


def workspace(on: PlanVersion) -> Workspace:
    """Save a workspace on some terms, without a subscription."""
    made = rows.workspace()
    Workspace.objects.filter(pk=made).update(plan_version=on)
    return Workspace.objects.select_related("plan_version__plan").get(pk=made)


def subscriber(on: PlanVersion, anchor: date) -> Subscription:
    """Save a workspace that has subscribed to some terms on a day, and nothing granted yet."""
    return book.new(workspace(on).pk, on, anchor)


def noon(day: date) -> datetime:
    """Return noon UTC of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def grants(workspace_id: int) -> list[int]:
    """Return the amounts on a workspace's account, oldest first, in USD cents."""
    entries = LedgerEntry.objects.filter(workspace_id=workspace_id, account="workspace").order_by("seq")
    return [amount * 100 // USD for amount in entries.values_list("amount", flat=True)]


def lots(workspace_id: int) -> list[tuple[str, int, date | None]]:
    """Return source, amount in USD cents and end of a workspace's lots, oldest first."""
    found = CreditLot.objects.filter(workspace_id=workspace_id).order_by("created_at", "id")
    return [(lot.source, lot.amount * 100 // USD, lot.expires_on) for lot in found]
