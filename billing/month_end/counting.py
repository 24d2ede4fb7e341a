"""What moved in a UTC month: every leg of the ledger by its day, and beside it usage, seals, statements, upstreams."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from billing.ledger import Kind, System
from billing.models import Paper
from billing.paper.months import Month

__all__ = ["Figures", "count"]

# One statement is one snapshot. An id is never older than its movement's day, so earlier ones need not be looked at.
_LEGS = """
SELECT t.kind, e.account, t.day <= %(last)s, sum(e.amount)::bigint, count(*),
    (SELECT coalesce(sum(posted), 0)::bigint FROM billing_account)
FROM (VALUES (1)) one LEFT JOIN (
    billing_ledger_transaction t JOIN billing_ledger_entry e
        ON e.transaction_id = t.id AND e.workspace_id = t.workspace_id
        AND e.transaction_id >= billing_first_id(%(first)s))
    ON t.id >= billing_first_id(%(first)s) AND t.day >= %(first)s
GROUP BY 1, 2, 3"""
_USAGE = """
WITH days AS (
    SELECT workspace_id, day, sum(requests) AS requests, sum(cost) AS cost, sum(provider_cost) AS provider_cost
    FROM billing_daily_usage WHERE day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2)
SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(cost), 0)::bigint, coalesce(sum(provider_cost), 0)::bigint,
    count(DISTINCT day), count(DISTINCT day) FILTER (WHERE NOT EXISTS (SELECT FROM billing_day_seal s
        WHERE s.workspace_id = days.workspace_id AND s.day = days.day)),
    count(DISTINCT workspace_id)
FROM days"""
_STATEMENTS = """
SELECT count(*) FROM billing_paper WHERE kind = %(statement)s AND period_start = %(first)s"""
# An upstream is reconciled once its files hold each day on which it cost something, and every difference is decided on.
_UPSTREAMS = """
WITH used AS (
    SELECT provider_id, day FROM billing_daily_usage
    WHERE day BETWEEN %(first)s AND %(last)s AND provider_cost > 0 GROUP BY 1, 2),
unknown AS (
    SELECT provider_id FROM used WHERE NOT EXISTS (SELECT FROM billing_upstream_file f
        WHERE f.provider_id = used.provider_id AND used.day BETWEEN f.first_day AND f.last_day)
    UNION
    SELECT f.provider_id FROM billing_upstream_file f JOIN billing_upstream_line l ON l.file_id = f.id
    WHERE f.last_day >= %(first)s AND f.first_day <= %(last)s AND l.day BETWEEN %(first)s AND %(last)s
        AND l.state <> 'matched' AND NOT EXISTS (SELECT FROM billing_line_decision d WHERE d.line_id = l.id))
SELECT count(DISTINCT provider_id), count(DISTINCT provider_id) FILTER (WHERE provider_id IN (SELECT provider_id FROM unknown))
FROM used"""


@dataclass(frozen=True, slots=True)
class Figures:
    """A month in nano-USD: what moved on workspaces' accounts by kind and on ours by account, balances at both ends.

    Usage, seals, statements and upstreams are of the rows beside the ledger; what usage they have is what the ledger was charged.
    """

    opening: int = 0
    closing: int = 0
    workspaces: Mapping[str, int] = field(default_factory=dict)
    house: Mapping[str, int] = field(default_factory=dict)
    movements: int = 0
    requests: int = 0
    usage_cost: int = 0
    provider_cost: int = 0
    days: int = 0
    unsealed_days: int = 0
    customers: int = 0
    statements: int = 0
    upstreams: int = 0
    unreconciled: int = 0

    @property
    def revenue(self) -> int:
        """What customers were charged, less what was given back of it."""
        return self.house.get(System.REVENUE, 0)

    @property
    def margin(self) -> int:
        """What stays with us after what upstreams charge."""
        return self.revenue - self.provider_cost

    def moved(self, kind: str) -> int:
        """Return what moved on workspaces' accounts by a kind of movement."""
        return self.workspaces.get(kind, 0)

    @property
    def differences(self) -> Mapping[str, int]:
        """What does not add up, by what it is, in nano-USD; nothing where all does."""
        own, ours = sum(self.workspaces.values()), sum(self.house.values())
        found = {
            "legs of the ledger": own + ours,
            "opening, movements and closing": self.opening + own - self.closing,
            "usage in the ledger and in the days": self.moved(Kind.USAGE) + self.usage_cost,
        }
        return {name: difference for name, difference in found.items() if difference}

    def kept(self) -> dict[str, Any]:
        """Return them as JSON has them."""
        return {**asdict(self), "workspaces": dict(self.workspaces), "house": dict(self.house)}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Figures":
        """Return figures that were kept; those that a later release added are zero."""
        return cls(**{name: value for name, value in kept.items() if name in cls.__dataclass_fields__})


def count(month: Month) -> Figures:
    """Count a month anew, as of now. Four queries over the month's rows."""
    values: dict[str, str | date] = {
        "first": month.first,
        "last": month.last,
        "statement": Paper.Kind.STATEMENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEGS, values)
        legs = cursor.fetchall()
        cursor.execute(_USAGE, values)
        [(requests, cost, provider_cost, days, unsealed, customers)] = cursor.fetchall()
        cursor.execute(_STATEMENTS, values)
        [(statements,)] = cursor.fetchall()
        cursor.execute(_UPSTREAMS, values)
        [(upstreams, unreconciled)] = cursor.fetchall()
    posted = legs[0][-1]
    workspaces = _sums(legs, within=True, own=True)
    after = sum(_sums(legs, within=False, own=True).values())
    return Figures(
        opening=posted - after - sum(workspaces.values()),
        closing=posted - after,
        workspaces=workspaces,
        house=_sums(legs, within=True, own=False),
        movements=sum(
            number for _, account, within, _, number, _ in legs if within and account == "workspace"
        ),
        requests=requests,
        usage_cost=cost,
        provider_cost=provider_cost,
        days=days,
        unsealed_days=unsealed,
        customers=customers,
        statements=statements,
        upstreams=upstreams,
        unreconciled=unreconciled,
    )


def _sums(legs: list[tuple[Any, ...]], *, within: bool, own: bool) -> dict[str, int]:
    """Add up legs of the month or after it: of workspaces by kind, of the house by account."""
    sums: dict[str, int] = {}
    for kind, account, inside, amount, _, _ in legs:
        if kind is not None and inside is within and (account == "workspace") is own:
            name = kind if own else account
            sums[name] = sums.get(name, 0) + amount
    return dict(sorted(sums.items()))
