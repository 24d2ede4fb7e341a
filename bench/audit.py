"""How long the audit takes: a million made-up requests of 200 workspaces, charged, sealed, and audited.

PYTHONPATH=.:platform python bench/audit.py [--events 1000000] [--workspaces 200] [--days 30]

Works in a database of its own, which it drops at the end. Run the same on an idle machine to compare.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from bench.own_database import own_database

CHARGES_PER_DAY = 1
TOKENS_IN, TOKENS_OUT = 900, 200
RATE = 1_000_000  # micro-USD per million tokens: a thousand nano-dollars a token
COST = (TOKENS_IN + TOKENS_OUT) * 1_000

Result = TypeVar("Result")

EVENTS = """
INSERT INTO billing_usage_event (id, request_id, workspace_id, api_key_id, charge_no, minute_no, weight, model_id,
    chain_id, provider_id, stream, status, http_status, usage_source, input_tokens, output_tokens, price_version_id,
    multipliers, cost, provider_cost, hold, ttfb_ms, latency_ms, tag, admitted_at, recorded_at)
SELECT id, id, workspace, workspace, charge_no, minute_no, 1, %(model)s, 1, 1 + n %% 3, n %% 2 = 0, 'ok', 200, 'upstream',
    %(tokens_in)s, %(tokens_out)s, %(price)s, '', %(cost)s, %(cost)s / 2, %(cost)s, 300, 2000, 'tag ' || n %% 4,
    to_timestamp(minute_no::bigint * 60), to_timestamp(minute_no::bigint * 60 + 2)
FROM (
    SELECT n, workspace, day * %(charges)s + n %% %(charges)s + 1 AS charge_no, minute_no,
        (lpad(to_hex(minute_no::bigint * 60000 + n %% 60000), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')
            || '8' || lpad(to_hex(workspace), 7, '0') || lpad(to_hex(n), 6, '0') || '00')::uuid AS id
    FROM unnest(%(workspaces)s::bigint[]) WITH ORDINALITY AS w (workspace, place)
    CROSS JOIN generate_series(0, %(each)s - 1) n
    CROSS JOIN LATERAL (SELECT n * %(days)s / %(each)s AS day) d
    CROSS JOIN LATERAL (SELECT (%(first)s + day * 1440 + n * 7 %% 1440)::integer AS minute_no) m
) made
"""

ACCOUNTS = """
UPDATE billing_account SET unbilled = %(each)s::bigint * %(cost)s, charge_no = %(days)s * %(charges)s + 1
WHERE workspace_id = ANY (%(workspaces)s)
"""


def main() -> None:
    """Make the rows and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--workspaces", type=int, default=200)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    with own_database():
        _measure(asked.events, asked.workspaces, asked.days)


def _measure(events: int, number: int, days: int) -> None:
    from billing import rollup
    from billing.proof import runs, seals
    from kernel import clock

    each = events // number
    workspaces = _timed("customers", lambda: _customers(number))
    _timed(f"{each * number:,} events", lambda: _events(workspaces, each, days))
    posted = _timed("charges", lambda: sum(_post(rollup.post, workspace) for workspace in workspaces))
    print(f"  {posted:,} charges")
    _vacuum()
    due = _timed("what to seal", lambda: seals.due(clock.now()))
    made = _timed(
        "seals", lambda: sum(seals.seal(workspace, found) for workspace, found in sorted(due.items()))
    )
    print(f"  {made:,} seals")
    _vacuum()
    for days_asked, name in ((None, "audit of everything"), (runs.WINDOW_DAYS, "audit of the last 3 days")):
        report = _timed(name, lambda asked=days_asked: runs.run(days=asked, actor="bench"))  # type: ignore[misc]
        for outcome in report.outcomes:
            print(
                f"  {outcome.name:<12} {outcome.compared:>10,} rows {outcome.seconds:>7.2f} s  {outcome.broken}"
            )


def _customers(number: int) -> list[int]:
    from tests.billing import rows

    made = [rows.workspace() for _ in range(number)]
    for workspace in made:
        rows.fund(workspace, 10**13)
    return made


def _events(workspaces: list[int], each: int, days: int) -> None:
    from django.db import connection, transaction

    from kernel import clock
    from tests.billing import rows

    model, price = rows.price(input=RATE, output=RATE)
    first = clock.minute_number() // 1440 - days + 1
    values: dict[str, Any] = {
        "workspaces": workspaces,
        "each": each,
        "days": days,
        "first": first * 1440,
        "charges": CHARGES_PER_DAY,
        "model": model,
        "price": price,
        "cost": COST,
        "tokens_in": TOKENS_IN,
        "tokens_out": TOKENS_OUT,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        months = days // 28 + 1
        cursor.execute(
            f"""SELECT format('CREATE TABLE billing_usage_event_%s PARTITION OF billing_usage_event
                    FOR VALUES FROM (%L) TO (%L)', to_char(month, 'YYYYMM'), billing_first_id(month::date),
                    billing_first_id((month + interval '1 month')::date))
                FROM generate_series(date_trunc('month', now()) - interval '{months} months',
                    date_trunc('month', now()) - interval '1 month', interval '1 month') month"""
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
        cursor.execute(EVENTS, values)
        cursor.execute(ACCOUNTS, values)


def _post(post: Callable[[int], int], workspace: int) -> int:
    posted = 0
    while more := post(workspace):
        posted += more
    return posted


def _vacuum() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def _timed(name: str, work: Callable[[], Result]) -> Result:
    began, used = time.monotonic(), _cpu()
    done = work()
    print(f"{name}: {time.monotonic() - began:.2f} s, {_cpu() - used:.1f} s of CPU", flush=True)
    return done


def _cpu() -> float:
    """Return the CPU seconds that this database server and this process have used, where the kernel tells."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone() or (0,)
    processes = dict(_processes())
    server = processes[backend][0] if backend in processes else 0
    ours = [
        ticks for pid, (parent, ticks) in processes.items() if server in (pid, parent) or pid == os.getpid()
    ]
    return sum(ours) / os.sysconf("SC_CLK_TCK")


def _processes() -> Iterator[tuple[int, tuple[int, int]]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile; its parent counts it
        yield int(stat.parent.name), (int(fields[1]), sum(map(int, fields[11:15])))


if __name__ == "__main__":
    main()
