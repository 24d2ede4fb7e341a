"""How often requests of 30 days would have met other caps, from the sums of days and of quarter hours.

What is certain and what is possible are told apart. An answered request counts in its minute, hour and day; one that
failed may have given its count back, so it is left out of what is certain. Which minute of a quarter a request was in is
not kept: more than 15 caps in a quarter must have met the cap of a minute, more than one cap in a quarter may have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from catalog.models import PlanVersion

from .shelf import Shelf

__all__ = ["DAYS", "NOTHING", "Met", "met"]

DAYS = 30
_NO_CAP = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Met:
    """Requests of one workspace: how many there were, and how many would surely have been beyond each cap.

    `minute_quarters` are quarters of an hour in which the cap of a minute may have been met, beside those it surely was.
    """

    requests: int = 0
    lost: int = 0
    day: int = 0
    days: int = 0
    hour: int = 0
    hours: int = 0
    minute: int = 0
    minute_quarters: int = 0
    cost: int = 0
    lost_cost: int = 0

    @property
    def surely(self) -> int:
        """How many would surely have been refused: those of models left out, or the most that one window tells."""
        return max(self.lost, self.day, self.hour, self.minute)

    @property
    def maybe(self) -> bool:
        """Tell whether more than that may have been refused."""
        return self.minute_quarters > 0


NOTHING = Met()


def met(workspace_ids: Iterable[int], terms: PlanVersion, models: Shelf, *, last: date) -> dict[int, Met]:
    """Return what 30 UTC days up to and with the last would have met, for those workspaces that used anything.

    Quarters are read only of days with more requests than the least of the caps: one statement, by index.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _MET,
            {
                "workspaces": list(workspace_ids),
                "first": last - timedelta(days=DAYS - 1),
                "last": last,
                "models": models.models,
                "weights": models.weights,
                "lost": models.lost,
                "minute": _cap(terms.minute_cap),
                "hour": _cap(terms.hour_cap),
                "day": _cap(terms.day_cap),
            },
        )
        return {row[0]: Met(*row[1:]) for row in cursor.fetchall()}


def _cap(cap: int | None) -> int:
    return _NO_CAP if cap is None else cap


_MET = """
WITH shelf AS (
    SELECT * FROM unnest(%(models)s::bigint[], %(weights)s::int[], %(lost)s::bool[]) s (model_id, weight, lost)),
used AS (
    SELECT u.workspace_id, u.day, coalesce(s.lost, false) AS lost, sum(requests) AS requests,
        sum((requests - failed) * coalesce(s.weight, 1)) AS counted, sum(cost) AS cost
    FROM billing_daily_usage u LEFT JOIN shelf s USING (model_id)
    WHERE u.workspace_id = ANY (%(workspaces)s::bigint[]) AND u.day BETWEEN %(first)s AND %(last)s
    GROUP BY 1, 2, 3),
days AS (
    SELECT workspace_id, day, sum(counted) FILTER (WHERE NOT lost) AS counted FROM used GROUP BY 1, 2),
busy AS (
    SELECT workspace_id, day FROM days WHERE counted > least(%(minute)s::bigint, %(hour)s::bigint)),
quarters AS (
    SELECT b.workspace_id, b.starts_at, sum((b.requests - b.failed) * coalesce(s.weight, 1)) AS counted
    FROM busy JOIN billing_usage_bucket b ON b.workspace_id = busy.workspace_id
        AND b.starts_at >= busy.day::timestamp AT TIME ZONE 'UTC'
        AND b.starts_at < (busy.day + 1)::timestamp AT TIME ZONE 'UTC'
    LEFT JOIN shelf s USING (model_id) WHERE NOT coalesce(s.lost, false) GROUP BY 1, 2),
hours AS (
    SELECT workspace_id, date_trunc('hour', starts_at) AS hour, sum(counted) AS counted FROM quarters GROUP BY 1, 2),
by_day AS (
    SELECT workspace_id, sum(greatest(counted - %(day)s, 0)) AS beyond, count(*) FILTER (WHERE counted > %(day)s) AS times
    FROM days GROUP BY 1),
by_hour AS (
    SELECT workspace_id, sum(greatest(counted - %(hour)s, 0)) AS beyond, count(*) FILTER (WHERE counted > %(hour)s) AS times
    FROM hours GROUP BY 1),
by_quarter AS (
    SELECT workspace_id, sum(greatest(counted - 15 * %(minute)s::bigint, 0)) AS beyond,
        count(*) FILTER (WHERE counted > %(minute)s AND counted <= 15 * %(minute)s::bigint) AS maybe
    FROM quarters GROUP BY 1),
sums AS (
    SELECT workspace_id, sum(requests) AS requests, coalesce(sum(requests) FILTER (WHERE lost), 0) AS lost,
        sum(cost) AS cost, coalesce(sum(cost) FILTER (WHERE lost), 0) AS lost_cost
    FROM used GROUP BY 1)
SELECT workspace_id, requests::bigint, lost::bigint,
    coalesce(by_day.beyond, 0)::bigint, coalesce(by_day.times, 0)::bigint,
    coalesce(by_hour.beyond, 0)::bigint, coalesce(by_hour.times, 0)::bigint,
    coalesce(by_quarter.beyond, 0)::bigint, coalesce(by_quarter.maybe, 0)::bigint,
    cost::bigint, lost_cost::bigint
FROM sums LEFT JOIN by_day USING (workspace_id) LEFT JOIN by_hour USING (workspace_id)
LEFT JOIN by_quarter USING (workspace_id)
"""
