"""What was measured, as lines on a terminal and as a page of the documents."""

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime

from .operators import DEEP
from .timing import Took

__all__ = ["Measured", "about", "page", "shown", "summary"]

SLOWEST_SHOWN = 25
Measured = dict[str, Sequence[Took]]
"""By whose pages they are."""


def shown(took: Took) -> str:
    """Return one address in a line."""
    return (
        f"{took.p95:8.0f} ms  {took.cpu:6.0f} ms of CPU  {took.queries:3} queries  {took.status}"
        f"  {took.place.page}: {took.place.what}"
    )


def summary(took: Sequence[Took]) -> str:
    """Return what is above a table of some addresses."""
    p95s = sorted(each.p95 for each in took)
    missed = sum(each.misses for each in took)
    return (
        f"{len(took)} addresses of {len({each.place.page for each in took})} pages; the goal is a p95 of"
        f" {took[0].goal:.0f} ms: {f'all but {missed}' if missed else 'all of them'} meet it. Half of them have a p95"
        f" under {statistics.median(p95s):.0f} ms, nine in ten under {p95s[int(len(p95s) * 0.9)]:.0f} ms,"
        f" the slowest {p95s[-1]:.0f} ms."
    )


def about() -> str:
    """Return what was there: requests, workspaces, sums, bytes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT sum(requests) FROM billing_daily_usage), (SELECT count(*) FROM accounts_workspace),
                   (SELECT max(n) FROM (SELECT sum(requests) AS n FROM billing_daily_usage GROUP BY workspace_id) each),
                   (SELECT count(*) FROM billing_usage_bucket), (SELECT count(*) FROM billing_daily_usage),
                   (SELECT count(*) FROM billing_attempt), pg_size_pretty(pg_database_size(current_database()))"""
        )
        requests, workspaces, most, quarters, days, tries, size = cursor.fetchone() or (0,) * 7
    return (
        f"{requests:,} requests of {workspaces:,} workspaces, the largest with {most:,}; {tries:,} failed tries,"
        f" {quarters:,} quarter-hour and {days:,} daily sums; {size} on disk"
    )


def page(measured: Measured, there: str, runs: int) -> str:
    """Return the document of one run, in Markdown."""
    tables = "\n".join(_table(whose, took) for whose, took in measured.items())
    return f"""# How fast pages are at size

Written by `make pages` on {datetime.now(UTC):%Y-%m-%d}: {there}. Python {platform.python_version()}, {os.cpu_count()} processors; each address was
asked {runs} times, in one process, from the request to the finished page.

Operators' addresses are every list as it opens, the next page and one {DEEP:,} rows on, filters, searches by id, by workspace and for
what is nowhere, one row of each, and the pages beside them. Customers' addresses are every page of the dashboard, asked by the
owner of the largest workspace, and its lists in many ways.
{tables}"""


def _table(whose: str, took: Sequence[Took]) -> str:
    slowest = sorted(took, key=lambda each: -each.p95)[:SLOWEST_SHOWN]
    rows = "\n".join(
        f"| {each.place.page} | {each.place.what} | {each.p50:.0f} | {each.p95:.0f} | {each.cpu:.0f} | {each.queries} |"
        for each in slowest
    )
    return f"""
## {whose}

{summary(took)} The {len(slowest)} slowest:

| Page | What was asked | p50, ms | p95, ms | CPU, ms | Queries |
|---|---|---:|---:|---:|---:|
{rows}
"""
