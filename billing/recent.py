"""The latest requests as rows of a table: when, how each ended in words, and what it cost."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from billing import figures
from billing.statements import RecentRow

__all__ = ["ENDINGS", "Line", "lines"]

# usage event status → shape of the badge and the word beside it; for the two without a word the HTTP status stands
ENDINGS = {
    "ok": ("ok", ""),
    "client_gone": ("cut", "Cut by you"),
    "killed": ("cut", "Stopped by you"),
    "upstream_cut": ("cut", "Cut upstream"),
    "spent": ("cut", "Out of credit"),
    "drained": ("cut", "Cut by a restart"),
    "reaped": ("cut", "Cut by a crash"),
    "failed": ("failed", ""),
}


@dataclass(frozen=True)
class Line:
    """One request, ready to be set; charged tells a free answer from a failure that costs nothing."""

    row: RecentRow
    clock: str
    age: str
    badge: str
    ending: str
    first_token: str
    charged: bool


def lines(rows: list[RecentRow], *, now: datetime, zone: tzinfo) -> list[Line]:
    """Return the requests in the order given; clocks are in the zone."""
    return [_line(row, now=now, zone=zone) for row in rows]


def _line(row: RecentRow, *, now: datetime, zone: tzinfo) -> Line:
    badge, ending = ENDINGS[row.status]
    clock, age = figures.moment(row.at, now=now, zone=zone)
    return Line(
        row=row,
        clock=clock,
        age=age,
        badge=badge,
        ending=ending or f"{row.http_status} {row.error_code}".strip(),
        first_token="—" if row.ttfb_ms is None else figures.milliseconds(row.ttfb_ms),
        charged=badge != "failed" or row.cost != 0,
    )
