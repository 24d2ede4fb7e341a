"""Whether a request has arrived by a key: the latest one, as soon as it has ended, and what it cost."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing import figures
from kernel import money

__all__ = ["Arrival", "latest"]

_LOOKED_AT = 500
"""Of how many of the workspace's newest requests the key's is looked for; whoever waits asks again within seconds."""

# The index leads by charge number, which grows with every roll-up: the newest numbers hold the newest events.
_LATEST = """
SELECT e.request_id, e.admitted_at, coalesce(m.public_id, 'model ' || e.model_id), e.status, e.error_code,
    e.latency_ms, e.cost
FROM (SELECT * FROM billing_usage_event WHERE workspace_id = %(workspace)s AND rev = 0
      ORDER BY charge_no DESC, id DESC LIMIT %(most)s) e
LEFT JOIN catalog_model m ON m.id = e.model_id
WHERE e.api_key_id = %(key)s ORDER BY e.id DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The latest request of a key that ended: milliseconds and nano-USD, `at` in UTC its admission."""

    request_id: UUID
    at: datetime
    model: str
    status: str
    error_code: str
    latency_ms: int
    cost: int

    def words(self, zone: ZoneInfo) -> str:
        """Return it in a line, its clock in the zone."""
        ended = f"${money.show(self.cost)}" if self.status != "failed" else f"{self.error_code}, not charged"
        took = figures.milliseconds(self.latency_ms)
        return f"{self.at.astimezone(zone):%H:%M:%S}, {self.model}, {took}, {ended}"


def latest(workspace_id: int, api_key_id: int) -> Arrival | None:
    """Return the latest request of a key among the newest of its workspace, or None."""
    asked = {"workspace": workspace_id, "key": api_key_id, "most": _LOOKED_AT}
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, asked)
        row = cursor.fetchone()
    return Arrival(*row) if row is not None else None
