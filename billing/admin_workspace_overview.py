"""What the first tab of a workspace's page says: what its owner sees on Home, and what an operator looks for beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, Sum

from accounts.models import ApiKey, Member, PlanUpgrade, Workspace
from billing import figures, home, statements
from billing.models import Dispute, Recharge, RefusalCount, Subscription
from billing.present import now as present
from kernel import clock, money

__all__ = ["Overview", "Refused", "overview", "spent_within"]

DAY = timedelta(days=1)
QUIET_DAYS = 30
"""After so long without a request a workspace is called quiet."""
_MOST_REASONS = 8
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


@dataclass(frozen=True)
class Refused:
    """How many requests were refused with one code, and their share of the most frequent one in percent."""

    code: str
    refusals: int
    width: int


@dataclass(frozen=True)
class Flag:
    """Something about a workspace that asks for a look: a word, what it means, and whether it is bad."""

    word: str
    means: str
    bad: bool = False


@dataclass(frozen=True)
class Bar:
    """What one UTC day cost in nano-USD; its height is percent of the dearest day."""

    day: str
    cost: int
    height: int

    @property
    def told(self) -> str:
        """The cost in words."""
        return f"${money.show(self.cost, decimals=6)}"

    @property
    def top(self) -> int:
        """Where the bar begins, in percent from above."""
        return 100 - self.height


@dataclass(frozen=True)
class Overview:
    """Everything on the tab: `home` as its owner sees it over 30 days; money in nano-USD."""

    workspace: Workspace
    home: home.Home
    spent_day: int
    bars: list[Bar]
    refused: list[Refused]
    last_seen: str
    flags: list[Flag]

    @property
    def refusals(self) -> int:
        """How many requests were refused in the last 24 hours."""
        return sum(each.refusals for each in self.refused)


def overview(workspace: Workspace) -> Overview:
    """Read the tab of a workspace; every read is bounded by a time window or by one row of the workspace."""
    now = present()
    page = home.home(workspace, chosen=home.RANGES["30d"])
    seen = ApiKey.objects.filter(workspace=workspace).aggregate(last=Max("last_used_at"))["last"]
    return Overview(
        workspace=workspace,
        home=page,
        spent_day=spent_within([workspace.pk], now - DAY).get(workspace.pk, 0),
        bars=_bars(workspace.pk, page),
        refused=_refused(workspace.pk, now),
        last_seen="never" if seen is None else figures.age(now - seen),
        flags=list(_flags(workspace, page, seen, now)),
    )


def spent_within(workspace_ids: list[int], since: datetime) -> dict[int, int]:
    """Return what workspaces spent since a moment of the last 90 days, to the quarter of an hour, in nano-USD.

    What is settled and not yet charged is counted whole: it is seconds old.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.workspace_id, a.unbilled + coalesce((SELECT sum(b.cost) FROM billing_usage_bucket b
                   WHERE b.workspace_id = a.workspace_id AND b.starts_at >= %s), 0)::bigint
               FROM billing_account a WHERE a.workspace_id = ANY (%s::bigint[])""",
            [since, workspace_ids],
        )
        return dict(cursor.fetchall())


def _bars(workspace_id: int, page: home.Home) -> list[Bar]:
    costs = dict.fromkeys(page.chart.days, 0)
    for row in statements.daily(workspace_id, page.chart.days[0], page.last_day):
        costs[row.day] += row.cost
    top = max(*costs.values(), 1)
    return [Bar(figures.day(day), cost, max(cost, 0) * 100 // top) for day, cost in costs.items()]


def _refused(workspace_id: int, now: datetime) -> list[Refused]:
    first = clock.minute_number((now - DAY).timestamp())
    rows = RefusalCount.objects.filter(workspace_id=workspace_id, minute_no__gte=first)
    counted = rows.order_by().values_list("code").annotate(number=Sum("refusals")).order_by("-number", "code")
    found = list(counted[:_MOST_REASONS])
    return [Refused(code, number, number * 100 // found[0][1]) for code, number in found]


def _flags(workspace: Workspace, page: home.Home, seen: datetime | None, now: datetime) -> Iterator[Flag]:
    if workspace.status != Workspace.Status.ACTIVE:
        yield Flag(
            workspace.get_status_display(), "Requests are refused, and open ones were ended.", bad=True
        )
    if page.balance.posted - page.balance.unbilled < 0:
        yield Flag("Below zero", "It owes more than it had.", bad=True)
    elif page.balance.available <= 0:
        yield Flag("Out of credit", "Models that cost something answer 402.")
    yield from _money_flags(workspace)
    upgrade: PlanUpgrade | None = workspace.upgrade
    if upgrade is not None:
        yield Flag("Upgraded", str(upgrade))
    if not Member.objects.filter(workspace=workspace, role=Member.Role.OWNER).exists():
        yield Flag("No owner", "Nobody can manage it: add one under Members.")
    if seen is not None and now - seen > timedelta(days=QUIET_DAYS):
        yield Flag("Quiet", f"No key was used for {(now - seen).days} days.")


def _money_flags(workspace: Workspace) -> Iterator[Flag]:
    late = Subscription.objects.filter(workspace_id=workspace.pk, status=Subscription.Status.PAST_DUE)
    if late.exists():
        yield Flag("Past due", "The last payment of its subscription failed.", bad=True)
    if Dispute.objects.filter(workspace_id=workspace.pk, status__in=_OPEN).exists():
        yield Flag("Disputed", "A payment is disputed at the bank.", bad=True)
    if Recharge.objects.filter(workspace_id=workspace.pk, failures__gt=0).exists():
        yield Flag("Recharge failed", "Its automatic payment did not go through.", bad=True)
