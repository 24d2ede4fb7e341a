"""How many events a second one worker charges, by how many wait and of how many workspaces: the sweep's own code."""

import time
from collections.abc import Sequence
from typing import Any

from .figures import Run

__all__ = ["LEAST", "play", "sizes"]

LEAST = 10_000
COST = 840_000  # nano-USD
KEYS, MODELS = 5, 8
PATIENCE_SECONDS = 3600.0

# One charge number each, thrown over an hour, keys and models, as settlements would have written them.
_EVENTS = """
INSERT INTO billing_usage_event (id, request_id, workspace_id, api_key_id, charge_no, minute_no, weight, model_id,
    chain_id, provider_id, stream, status, http_status, usage_source, input_tokens, output_tokens, price_version_id,
    multipliers, cost, provider_cost, hold, ttfb_ms, latency_ms, tag, admitted_at, recorded_at)
SELECT id, id, workspace, n %% %(keys)s, 1, minute_no, 1, n %% %(models)s, 1, 1, n %% 2 = 0, 'ok', 200, 'upstream',
    20, 100, 1, '', %(cost)s, %(cost)s / 2, 0, 300, 2000, '', to_timestamp(minute_no::bigint * 60),
    to_timestamp(minute_no::bigint * 60 + 2)
FROM unnest(%(workspaces)s::bigint[]) workspace
CROSS JOIN generate_series(0, %(each)s - 1) n
CROSS JOIN LATERAL (SELECT (%(minute)s - n %% 60)::integer AS minute_no) m
CROSS JOIN LATERAL (
    SELECT (lpad(to_hex(minute_no::bigint * 60000 + n %% 60000), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')
        || '8' || lpad(to_hex(workspace), 7, '0') || lpad(to_hex(n), 6, '0') || '00')::uuid AS id) made"""
_OWED = "UPDATE billing_account SET unbilled = %s WHERE workspace_id = ANY (%s)"
_CHARGED = """
SELECT (SELECT coalesce(sum(requests), 0)::bigint FROM billing_daily_usage WHERE workspace_id = ANY (%s)),
    (SELECT coalesce(sum(abs(unbilled)), 0)::bigint FROM billing_account WHERE workspace_id = ANY (%s))"""


def sizes(most: int) -> list[int]:
    """Return how many events wait in each measurement: powers of ten from LEAST on."""
    found = [LEAST]
    while found[-1] * 10 <= most:
        found.append(found[-1] * 10)
    return found


def play(*, most: int, workspaces: int, run: Run) -> None:
    """Note events charged a second for each size, of one workspace and of many; within `database`."""
    for size in sizes(most):
        for name, number in (("one", 1), ("many", workspaces)):
            run.values[f"charged {name} {size}"] = _charged(size // number * number, number, run)


def _charged(size: int, workspaces: int, run: Run) -> float:
    from billing import rollup, sweeps
    from kernel import clock
    from tests.billing import rows

    whose = [rows.workspace() for _ in range(workspaces)]
    _wait(whose, size // workspaces)
    began = time.perf_counter()
    sweeps.charge(
        [each for each in rollup.due(clock.now()) if each in set(whose)],
        actor="bench",
        seconds=PATIENCE_SECONDS,
    )
    seconds = time.perf_counter() - began
    if (found := _sums(whose)) != (size, 0):
        run.findings.append(
            f"charging {size:,} events of {workspaces:,} workspaces: charged and owed {found}"
        )
    print(f"  charged {size:,} events of {workspaces:,} workspaces in {seconds:.2f} s", flush=True)
    return size / seconds


def _wait(workspaces: Sequence[int], each: int) -> None:
    from kernel import clock

    values: dict[str, Any] = {
        "workspaces": list(workspaces),
        "each": each,
        "minute": clock.minute_number(),
        "keys": KEYS,
        "models": MODELS,
        "cost": COST,
    }
    _execute("SET statement_timeout = 0")
    _execute(_EVENTS, values)
    _execute(_OWED, [each * COST, list(workspaces)])
    for table in (
        "billing_usage_event",
        "billing_account",
    ):  # as autovacuum has done it long before so many wait
        _execute(f"VACUUM (ANALYZE) {table}")
    _execute("RESET statement_timeout")


def _sums(workspaces: Sequence[int]) -> tuple[int, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_CHARGED, [list(workspaces), list(workspaces)])
        events, owed = cursor.fetchone() or (0, 0)
    return int(events), int(owed)


def _execute(statement: str, values: Any = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
