"""The list of workspaces: what each one spends, has left and was refused, and by what the list is narrowed."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter, display
from django.db import connection
from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Max, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import ApiKey, Workspace
from billing import figures
from billing.admin_workspace_overview import DAY, spent_within
from billing.models import Account, RefusalCount
from billing.present import now as present
from billing.templatetags.figures import money
from catalog.admin_page import NOTHING, badge, figure
from catalog.admin_plans import PlanFilter
from kernel import clock
from kernel.money import NANO_PER_USD

__all__ = ["COLUMNS", "FILTERS", "complete", "state"]

DAYS = 30
# Django takes a sum of big integers for a small one, and finds nothing beyond two billion in it.
AVAILABLE = ExpressionWrapper(
    F("posted") - F("unbilled") - F("held") + F("overdraft_limit") - F("withheld"),
    output_field=BigIntegerField(),
)
"""What a workspace may spend, but for credit that has just ended and is not yet posted as such."""
_WIDTH, _HEIGHT = 90, 20


@dataclass
class Glance:
    """What the list says of one workspace; money in nano-USD, `daily` its last 30 UTC days, today last."""

    available: int = 0
    spent_day: int = 0
    daily: list[int] = field(default_factory=lambda: [0] * DAYS)
    refused: int = 0
    keys: int = 0
    last_seen: str = NOTHING

    @property
    def points(self) -> str:
        """The points of its line."""
        top = max(*self.daily, 1)
        step = _WIDTH / (DAYS - 1)
        return " ".join(
            f"{place * step:.1f},{_HEIGHT - max(cost, 0) * (_HEIGHT - 2) / top - 1:.1f}"
            for place, cost in enumerate(self.daily)
        )


def complete(rows: list[Workspace]) -> None:
    """Give each workspace its glance: five queries, whatever the number of rows."""
    now, ids = present(), [row.pk for row in rows]
    found = {pk: Glance() for pk in ids}
    for pk, available, unbilled in Account.objects.filter(pk__in=ids).values_list(
        "pk", AVAILABLE, "unbilled"
    ):
        found[pk].available, found[pk].daily[-1] = available, unbilled
    for pk, cost in spent_within(ids, now - DAY).items():
        found[pk].spent_day = cost
    first = clock.utc_day(now) - timedelta(days=DAYS - 1)
    for pk, day, cost in _daily(ids, first):
        found[pk].daily[(day - first).days] += cost
    minute = clock.minute_number((now - DAY).timestamp())
    refused = RefusalCount.objects.filter(workspace_id__in=ids, minute_no__gte=minute).order_by()
    for pk, number in refused.values_list("workspace_id").annotate(Sum("refusals")):
        found[pk].refused = number
    keys = ApiKey.objects.filter(workspace__in=ids, revoked_at=None).order_by().values_list("workspace")
    for pk, number, seen in keys.annotate(Count("pk"), Max("last_used_at")):
        found[pk].keys = number
        found[pk].last_seen = NOTHING if seen is None else _ago(now - seen)
    for row in rows:
        row.__dict__["glance"] = found[row.pk]


def _daily(ids: list[int], first: date) -> list[tuple[int, date, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT workspace_id, day, sum(cost)::bigint FROM billing_daily_usage
               WHERE workspace_id = ANY (%s::bigint[]) AND day BETWEEN %s AND %s GROUP BY 1, 2""",
            [ids, first, first + timedelta(days=DAYS - 1)],
        )
        return list(cursor.fetchall())


def _ago(passed: timedelta) -> str:
    return f"{passed.days} days ago" if passed.days > 1 else figures.age(passed)


@display(description="State")
def state(row: Workspace) -> SafeString:
    """Show the state as a badge."""
    kind = {"active": "", "suspended": "waits", "closed": "cut"}[row.status]
    return badge(kind, row.get_status_display())


@display(description="30 days")
def line(row: Any) -> SafeString:
    """Show the spend of 30 days as a line; the sum stands beside it."""
    return format_html(
        '<svg class="spark" width="90" height="20" viewBox="0 0 90 20" aria-hidden="true"><polyline points="{}"/></svg>',
        row.glance.points,
    )


@display(description="Last seen")
def last_seen(row: Any) -> str:
    """Show when one of its keys was used."""
    return str(row.glance.last_seen)


COLUMNS = (
    figure("balance", "Available", lambda row: money(row.glance.available, 2)),
    figure("day", "Spend, 24 h", lambda row: money(row.glance.spent_day, 2)),
    figure("month", "Spend, 30 days", lambda row: money(sum(row.glance.daily), 2)),
    line,
    figure("refused", "Refused, 24 h", lambda row: figures.count(row.glance.refused)),
    figure("keys", "Keys", lambda row: row.glance.keys),
    last_seen,
)


class BalanceFilter(SimpleListFilter):
    """Narrows by what may be spent."""

    title = "available"
    parameter_name = "available"
    ranges = {
        "below": ("Below zero", None, 0),
        "cents": ("$0 to $1", 0, 1),
        "ones": ("$1 to $10", 1, 10),
        "tens": ("$10 to $100", 10, 100),
        "hundreds": ("$100 to $1,000", 100, 1000),
        "more": ("$1,000 and more", 1000, None),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the ranges."""
        return [(key, label) for key, (label, _, _) in self.ranges.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Workspace]) -> QuerySet[Workspace]:
        """Return the workspaces of the range; accounts are read in one pass, they have no index on money."""
        chosen = self.ranges.get(self.value() or "")
        if chosen is None:
            return queryset
        _, least, below = chosen
        accounts = Account.objects.annotate(available=AVAILABLE)
        if least is not None:
            accounts = accounts.filter(available__gte=least * NANO_PER_USD)
        if below is not None:
            accounts = accounts.filter(available__lt=below * NANO_PER_USD)
        return queryset.filter(pk__in=accounts.values("pk"))


class GrowthFilter(SimpleListFilter):
    """Narrows by the spend of the last seven full UTC days against the seven before."""

    title = "growth in a week"
    parameter_name = "growth"
    rules = {
        "doubled": ("Twice or more", "late.cost >= 2 * early.cost AND early.cost > 0"),
        "grown": ("More", "late.cost > early.cost AND early.cost > 0"),
        "shrunk": ("Half or less", "2 * late.cost <= early.cost AND late.cost > 0"),
        "quiet": ("Stopped", "late.cost = 0 AND early.cost > 0"),
        "new": ("Began", "late.cost > 0 AND early.cost = 0"),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the rules."""
        return [(key, label) for key, (label, _) in self.rules.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Workspace]) -> QuerySet[Workspace]:
        """Return the workspaces that meet the rule, from the sums of fourteen days."""
        rule = self.rules.get(self.value() or "")
        if rule is None:
            return queryset
        last = clock.utc_day(present())
        middle, first = last - timedelta(days=7), last - timedelta(days=14)
        return queryset.filter(pk__in=RawSQL(_WEEKS.format(rule=rule[1]), [middle, middle, first, last]))


_WEEKS = """SELECT workspace_id FROM (
    SELECT workspace_id, sum(cost) FILTER (WHERE day >= %s) AS late_cost, sum(cost) FILTER (WHERE day < %s) AS early_cost
    FROM billing_daily_usage WHERE day >= %s AND day < %s GROUP BY workspace_id) weeks
CROSS JOIN LATERAL (SELECT coalesce(late_cost, 0)) late (cost) CROSS JOIN LATERAL (SELECT coalesce(early_cost, 0)) early (cost)
WHERE {rule}"""

FILTERS = ("status", ("plan_version__plan", PlanFilter), BalanceFilter, GrowthFilter)
