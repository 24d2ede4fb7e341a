"""What a month's usage was, by model and key: the posted sums, read as of one moment with where the ledger stood."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db import connection

from billing import sums

from .months import Month

__all__ = ["Line", "Standing", "read"]

LINES_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One model through one key: requests, counts by their column's name, nano-USD. `parts` lines were summed."""

    model: str
    key: str
    requests: int
    failed: int
    counts: dict[str, int]
    nano: int
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a workspace's ledger stood when its month was read, and the month's lines.

    `waiting` tells that a request of the month, or of an earlier day, is open or not yet charged.
    """

    seq: int
    charge_no: int
    waiting: bool
    lines: tuple[Line, ...]
    rest: Line | None


_COUNTS = ", ".join(f"sum({name})::bigint AS {name}" for name in sums.COUNTS)
# One statement is one snapshot: the sums are exactly those of the numbers up to charged_no.
_READ = f"""
WITH account AS (
    SELECT seq, charged_no, EXISTS (
            SELECT FROM billing_admission o WHERE o.workspace_id = a.workspace_id AND o.minute_no <= %(last_minute)s
        ) OR EXISTS (
            SELECT FROM billing_usage_event e WHERE e.workspace_id = a.workspace_id
                AND e.charge_no > a.charged_no AND e.minute_no <= %(last_minute)s
        ) AS waiting
    FROM billing_account a WHERE workspace_id = %(workspace)s),
ranked AS (
    SELECT model_id, api_key_id, least(row_number() OVER (ORDER BY sum(cost) DESC, model_id, api_key_id),
            %(shown)s + 1) AS place,
        sum(requests)::bigint AS requests, sum(failed)::bigint AS failed, {_COUNTS}, sum(cost)::bigint AS cost
    FROM billing_daily_usage
    WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s
    GROUP BY model_id, api_key_id),
lines AS (
    SELECT place, min(model_id) AS model_id, min(api_key_id) AS api_key_id, count(*) AS parts,
        sum(requests)::bigint AS requests, sum(failed)::bigint AS failed, {_COUNTS}, sum(cost)::bigint AS cost
    FROM ranked GROUP BY place)
SELECT a.seq, a.charged_no, a.waiting, l.place, l.parts, coalesce(m.public_id, 'model ' || l.model_id),
    CASE WHEN k.id IS NULL THEN '' WHEN k.prefix = '' THEN k.name
        ELSE k.name || ' ' || k.prefix || '…' || k.last_four END,
    l.requests, l.failed, l.cost, {", ".join(f"l.{name}" for name in sums.COUNTS)}
FROM account a LEFT JOIN lines l ON true LEFT JOIN catalog_model m ON m.id = l.model_id
LEFT JOIN accounts_apikey k ON k.id = l.api_key_id
ORDER BY l.place
"""


def read(workspace_id: int, month: Month) -> Standing:
    """Return a workspace's month: at most 500 lines, the dearest, by model; what is beyond them as one.

    Raises LookupError if the workspace has no account.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _READ,
            {
                "workspace": workspace_id,
                "first": month.first,
                "last": month.last,
                "last_minute": _last_minute(month.last),
                "shown": LINES_SHOWN,
            },
        )
        rows = cursor.fetchall()
    if not rows:
        raise LookupError(f"workspace {workspace_id} has no account")
    seq, charged_no, waiting = rows[0][:3]
    shown, rest = [], None
    for _, _, _, place, parts, model, key, requests, failed, cost, *counts in rows:
        if place is None:
            continue  # a month without usage
        named = {name: count for name, count in zip(sums.COUNTS, counts, strict=True) if count}
        if place <= LINES_SHOWN:
            shown.append(Line(model, key, requests, failed, named, cost))
        else:
            rest = Line("", "", requests, failed, named, cost, parts)
    return Standing(seq, charged_no, waiting, tuple(_by_model(shown)), rest)


def _by_model(lines: list[Line]) -> list[Line]:
    """Put the lines of a model together, the dearest model and the dearest key first."""
    cost: dict[str, int] = defaultdict(int)
    for line in lines:
        cost[line.model] += line.nano
    return sorted(lines, key=lambda line: (-cost[line.model], line.model, -line.nano, line.key))


def _last_minute(day: date) -> int:
    return sums.first_minute(day) + 1439
