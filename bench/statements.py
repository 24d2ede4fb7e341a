"""How long statements take: a customer with a million of ten million requests in 30 days, by day and model.

PYTHONPATH=.:platform python bench/statements.py [--events 1000000] [--others 8] [--runs 40]

The rolled rows are made up as the roll-up would have left them, once of few mixes (each key has two models and one
provider) and once of all there can be; 5,000 requests are not posted yet. Works in a database of its own, which it drops.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.own_database import own_database

DAYS = 30
KEYS, MODELS, PROVIDERS, TAGS = 5, 8, 3, 2
OPEN = 5_000
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns")

# Requests are thrown at random onto quarters of an hour and mixes, then summed as the roll-up sums them.
BUCKETS = """
INSERT INTO billing_usage_bucket (workspace_id, starts_at, api_key_id, model_id, provider_id, tag, requests, failed,
    input_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
    image_in_tokens, image_out_tokens, audio_in_tokens, audio_out_tokens, images, web_searches, cost, provider_cost)
SELECT %(workspace)s, %(begins)s::timestamptz + quarter * interval '15 minutes', key, model, provider, tag, count(*),
    count(*) FILTER (WHERE n %% 50 = 0), 900 * count(*), 100 * count(*), 0, 0, 200 * count(*), 50 * count(*),
    0, 0, 0, 0, 0, 0, 1234567 * count(*), 700000 * count(*)
FROM (
    SELECT n, floor(random() * 96 * %(days)s)::int AS quarter, mix %% %(keys)s AS key,
        CASE WHEN %(few)s THEN mix %% %(keys)s + mix / %(keys)s %% 2 ELSE mix / %(keys)s %% %(models)s END AS model,
        CASE WHEN %(few)s THEN 1 ELSE mix / (%(keys)s * %(models)s) %% %(providers)s END AS provider,
        'tag ' || CASE WHEN %(few)s THEN 0 ELSE mix / (%(keys)s * %(models)s * %(providers)s) END AS tag
    FROM (SELECT n, floor(random() * %(mixes)s)::int AS mix FROM generate_series(1, %(events)s) n) thrown) placed
GROUP BY quarter, key, model, provider, tag
ORDER BY quarter -- as the roll-up writes them, in the order of time
"""
DAILY = """
INSERT INTO billing_daily_usage (workspace_id, day, {names}, {measures})
SELECT workspace_id, (starts_at AT TIME ZONE 'UTC')::date, {names}, {sums}
FROM billing_usage_bucket WHERE workspace_id = %(workspace)s GROUP BY 1, 2, {names}
"""
EVENTS = """
INSERT INTO billing_usage_event (id, request_id, workspace_id, api_key_id, charge_no, minute_no, weight, model_id,
    chain_id, provider_id, stream, status, http_status, usage_source, input_tokens, output_tokens, price_version_id,
    cost, hold, latency_ms, tag, admitted_at)
SELECT id, id, %(workspace)s, n %% %(keys)s, 1, %(minute)s - n %% 60, 1, n %% %(models)s, 1, 1, false, 'ok', 200,
    'upstream', 900, 200, 1, 1234567, 0, 10, 'tag 0', now()
FROM generate_series(1, %(open)s) n
CROSS JOIN LATERAL (
    SELECT (lpad(to_hex(%(minute)s::bigint * 60000), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')
        || '8' || lpad(to_hex(n), 13, '0') || '00')::uuid AS id) made
"""


def main() -> None:
    """Make the rows and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--others", type=int, default=8)
    parser.add_argument("--runs", type=int, default=40)
    asked = parser.parse_args()
    with own_database():
        _measure(asked.events, asked.others, asked.runs)


def _measure(events: int, others: int, runs: int) -> None:
    from django.db import connection

    for number in range(others):
        _rows(9_000 + number, events, few=True)
    customers = {"few mixes": _rows(1, events, few=True), "all mixes": _rows(2, events, few=False)}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) billing_usage_bucket")
        cursor.execute("VACUUM (ANALYZE) billing_daily_usage")
        cursor.execute("VACUUM (ANALYZE) billing_usage_event")
        cursor.execute(
            "SELECT count(*), pg_size_pretty(pg_table_size('billing_usage_bucket')) FROM billing_usage_bucket"
        )
        print("quarters of everybody: {} rows, {}".format(*cursor.fetchone()))
    for mix, workspace in customers.items():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM billing_usage_bucket WHERE workspace_id = %s", [workspace])
            print(
                f"{mix}: {events:,} requests in {cursor.fetchone()[0]:,} quarters, {OPEN:,} more not posted"
            )
        for name, work in _statements(workspace).items():
            _report(name, work, runs)


def _statements(workspace: int) -> dict[str, Callable[[], object]]:
    from billing import statements
    from kernel import clock

    today = clock.utc_day(clock.now())
    first = today - timedelta(days=DAYS - 1)

    def asked(zone: str, by: Any, group: Any, since: date) -> Callable[[], object]:
        return lambda: statements.spend(
            workspace,
            first=since,
            last=today,
            zone=ZoneInfo(zone),
            by=by,
            group=group,
        )

    found = {f"30 days by day and model, {zone}": asked(zone, "day", "model", first) for zone in ZONES}
    found |= {f"30 days by hour and model, {ZONES[1]}": asked(ZONES[1], "hour", "model", first)}
    found |= {
        f"7 days by hour and key, {ZONES[1]}": asked(ZONES[1], "hour", "key", today - timedelta(days=6))
    }
    found["the month's end"] = lambda: statements.month(workspace, zone=ZoneInfo(ZONES[1]))
    return found


def _rows(workspace: int, events: int, *, few: bool) -> int:
    from django.db import connection

    from billing import sums
    from kernel import clock

    today = clock.utc_day(clock.now())
    values: dict[str, Any] = {
        "workspace": workspace,
        "begins": today - timedelta(days=DAYS - 1),
        "days": DAYS,
        "events": events,
        "few": few,
        "mixes": KEYS * 2 if few else KEYS * MODELS * PROVIDERS * TAGS,
        "keys": KEYS,
        "models": MODELS,
        "providers": PROVIDERS,
        "minute": clock.minute_number(),
        "open": OPEN,
    }
    names = ", ".join(sums.DIMENSIONS)
    daily = DAILY.format(
        names=names,
        measures=", ".join(sums.MEASURES),
        sums=", ".join(f"sum({name})::bigint" for name in sums.MEASURES),
    )
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            "INSERT INTO billing_account (workspace_id, charge_no, charged_no) VALUES (%s, 1, 0)", [workspace]
        )
        for statement in (BUCKETS, daily, EVENTS):
            cursor.execute(statement, values)
    return workspace


def _report(name: str, work: Callable[[], object], runs: int) -> None:
    work()
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    last = statistics.quantiles(took, n=20)[-1]
    print(f"  {name:44} p50 {statistics.median(took):6.1f} ms   p95 {last:6.1f} ms")


if __name__ == "__main__":
    main()
