"""Which alerts about a month are met: what it has cost so far, and what it will have cost at its end."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse

from billing import statements
from billing.models import CustomerAlert
from billing.statements import Month

from .kinds import Of
from .meeting import Met, usd

__all__ = ["find"]


def find(alerts: Sequence[CustomerAlert], now: datetime) -> Sequence[Met]:
    """Return those of some alerts, of at most statements.MOST workspaces, that are met. One statement."""
    zones = {alert.workspace_id: ZoneInfo(alert.workspace.time_zone) for alert in alerts}
    return list(_met(alerts, statements.months(zones, now=now)))


def _met(alerts: Sequence[CustomerAlert], months: dict[int, Month]) -> Iterator[Met]:
    for alert in alerts:
        month = months[alert.workspace_id]
        expected = month.whole.expected if month.whole is not None else month.spent
        assert alert.amount is not None
        if alert.kind == Of.SPEND and month.spent >= alert.amount:
            yield _spent(alert, month)
        elif alert.kind == Of.FORECAST and expected > alert.amount:
            yield _foreseen(alert, month, expected)


def _spent(alert: CustomerAlert, month: Month) -> Met:
    title = f"Spend of {month.first:%B %Y} reached {usd(alert.amount or 0)}"
    detail = f"{usd(month.spent)} so far. The month is that of {month.zone}."
    return Met(alert, f"{month.first:%Y-%m}", month.spent, title, detail, reverse("dashboard:activity"))


def _foreseen(alert: CustomerAlert, month: Month, expected: int) -> Met:
    title = f"{month.first:%B %Y} will have cost more than {usd(alert.amount or 0)}"
    detail = (
        f"About {_cents(expected)} at the pace of the last full days; {usd(month.spent)} so far. "
        f"The month is that of {month.zone}."
    )
    return Met(alert, f"{month.first:%Y-%m}", expected, title, detail, reverse("dashboard:activity"))


def _cents(nano: int) -> str:
    return usd(nano // 10_000_000 * 10_000_000)
