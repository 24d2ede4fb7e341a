"""Whether statements find their rows by an index: judged from the plans PostgreSQL makes for them."""

import json
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

TABLES = (
    "billing_usage_event",
    "billing_daily_usage",
    "billing_usage_bucket",
    "billing_attempt",
    "billing_refusal",
    "billing_health",
)


def assert_index_bound(queries: CaptureQueriesContext) -> None:
    """Fail if a captured statement that reads a large table does so other than by conditions on an index."""
    plans = [
        plan
        for query in queries
        if any(name in query["sql"] for name in TABLES)
        for plan in _nodes(query["sql"])
    ]
    reads = [plan for plan in plans if str(plan.get("Relation Name", "")).startswith(TABLES)]
    assert reads, "no statement reads a large table"
    assert [plan for plan in reads if not _bound(plan)] == []


def _bound(plan: dict[str, Any]) -> bool:
    # Of a bitmap the condition is on the index scan below it; the last two get their rows from another node.
    return "Index Cond" in plan or plan["Node Type"] in ("Bitmap Heap Scan", "Tid Scan", "ModifyTable")


def _nodes(sql: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        # Tables of a test are so small that a scan of them all is cheaper: only what needs one may have one.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        [answer] = cursor.fetchone() or ("[]",)
    return _flat(json.loads(answer)[0]["Plan"] if isinstance(answer, str) else answer[0]["Plan"])


def _flat(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _flat(child))]
