"""What Home says: what is left, the limits, the figures of a range, requests by model, the latest requests."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Workspace
from billing import charts, figures, meters, reach, recent, statements, tiles
from billing.first_day import FirstDay, first_day
from billing.models import UsageEvent
from kernel import clock

__all__ = ["RANGES", "Home", "Range", "home"]

_COLOUR_DAYS = 30  # colours follow the rank over this time, whatever the range shown
_LATEST = 6


@dataclass(frozen=True)
class Range:
    """A choice of UTC days that ends today."""

    key: str
    label: str
    days: int


RANGES = {
    choice.key: choice
    for choice in (Range("today", "Today", 1), Range("7d", "7 days", 7), Range("30d", "30 days", 30))
}


@dataclass(frozen=True)
class Runway:
    """How long what is left lasts at the pace of the last seven full days."""

    days: int
    until: str


@dataclass(frozen=True)
class Home:
    """Everything on the page; money in nano-USD, days in UTC."""

    zone: str
    range: Range
    balance: statements.Balance
    runway: Runway | None
    held_width: int
    spent_today: int
    gauges: list[meters.Gauge]
    tiles: list[tiles.Tile]
    chart: charts.RequestsByModel
    recent: list[recent.Line]
    reach: reach.Reach
    first_day: FirstDay | None

    @property
    def unbilled_taken(self) -> int:
        """What settled requests take from the ledger balance, as a negative amount."""
        return -self.balance.unbilled

    @property
    def held_taken(self) -> int:
        """What running requests hold, as a negative amount."""
        return -self.balance.held

    @property
    def overdraft(self) -> int:
        """What may be spent beyond the balance."""
        balance = self.balance
        return balance.available - (balance.posted - balance.unbilled - balance.held - balance.withheld)

    @property
    def withheld_taken(self) -> int:
        """What is out of reach of requests, as a negative amount."""
        return -self.balance.withheld

    @property
    def held_from(self) -> int:
        """Where the held part of the bar begins, in percent."""
        return 100 - self.held_width

    @property
    def last_day(self) -> date:
        """The last UTC day of the chart: today."""
        return self.chart.days[-1]


def home(workspace: Workspace, *, chosen: Range) -> Home:
    """Read the page of a workspace for a range. One read of daily sums feeds tiles, chart and table alike."""
    now, zone = clock.now(), ZoneInfo(workspace.time_zone)
    today = clock.utc_day(now)
    rows = statements.daily(workspace.pk, _back(today, 2 * _COLOUR_DAYS)[0], today)
    within = reach.of(workspace.terms.retention_days)
    latest = statements.recent(workspace.pk, _LATEST, reach=within)
    balance = statements.balance(workspace.pk)
    days = _back(today, chosen.days)
    compared = [day - timedelta(days=chosen.days) for day in days] if chosen.days > 1 else []
    coloured = set(_back(today, _COLOUR_DAYS))
    return Home(
        zone=workspace.time_zone,
        range=chosen,
        balance=balance,
        runway=_runway(balance, rows, today=today),
        held_width=_held_width(balance),
        spent_today=sum(row.cost for row in rows if row.day == today),
        gauges=meters.gauges(statements.limits(workspace.pk), now=now, zone=zone),
        tiles=tiles.tiles(
            rows, days=days, before=compared, label="today" if chosen.days == 1 else f"in {chosen.label}"
        ),
        chart=charts.requests_by_model(
            rows, days=days, places=charts.rank(row for row in rows if row.day in coloured)
        ),
        recent=recent.lines(latest, now=now, zone=zone),
        reach=within,
        first_day=None if latest or _has_called(workspace) else first_day(workspace),
    )


def _has_called(workspace: Workspace) -> bool:
    """Tell whether there is any request of the workspace, also one that its plan does not show any more."""
    return UsageEvent.objects.filter(workspace_id=workspace.pk).exists()


def _back(last: date, days: int) -> list[date]:
    """Return that many days up to and including the last."""
    return [last - timedelta(days=back) for back in range(days - 1, -1, -1)]


def _runway(balance: statements.Balance, rows: list[statements.DailyRow], *, today: date) -> Runway | None:
    """Estimate the days left; None where nothing was spent in the week, nothing is left, or it lasts over a year."""
    week = set(_back(today - timedelta(days=1), 7))
    spent = sum(row.cost for row in rows if row.day in week)
    if spent <= 0 or balance.available <= 0:
        return None
    days = balance.available * 7 // spent
    return _until(days, today=today) if days <= 365 else None


def _until(days: int, *, today: date) -> Runway:
    last = today + timedelta(days=days)
    return Runway(days=days, until=figures.day(last, year=last.year != today.year))


def _held_width(balance: statements.Balance) -> int:
    """Return the percent of what is not used up that running requests hold, at least 1 if they hold anything."""
    whole = balance.available + balance.held
    if balance.held <= 0 or whole <= 0:
        return 0
    return min(max(balance.held * 100 // whole, 1), 100)
