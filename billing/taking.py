"""How requests begin in the database: one statement takes caps, slots, budgets and holds of whole groups, or nothing.

Admission by proposal: requests are grouped by workspace and one conditional statement takes or leaves each
whole group; for a group it left, `admission.decide` picks in order of arrival what still fits, and that is proposed
again. Python proposes, PostgreSQL decides: a wrong pick there can refuse wrongly, it can never overdraw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from .admission import Ask, Budget, State

__all__ = [
    "FUNDS",
    "MINUTE",
    "READ",
    "TAKE",
    "WINDOW_ENDS",
    "literal",
    "read_parameters",
    "state",
    "take_parameters",
    "words",
]

NO_CAP = 2**31 - 1

MINUTE = "floor(extract(epoch FROM clock_timestamp()) / 60)::int"

# Credit that has lapsed and is still in the ledger, and balance that is withheld, are not there for requests.
FUNDS = """a.posted - a.unbilled + a.overdraft_limit - a.withheld
    - CASE WHEN t.m >= a.lapse_minute THEN a.lapsing ELSE 0 END"""
"""What account `a` may spend or hold in minute `t.m`, in nano-USD; what is held is part of it."""

# The decision is made on the locked row: ORDER BY + FOR UPDATE in one CTE also keeps the lock order.
TAKE = f"""
WITH g AS (
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[],
                       $9::int[], $10::int[], $25::bigint[]) g (ws, w, s, h, cm, ch, cd, cs, lo, hi, n)),
l AS MATERIALIZED (
  SELECT g.*, t.m FROM g JOIN billing_account a ON a.workspace_id = g.ws
  CROSS JOIN (SELECT {MINUTE} m) t
  WHERE a.status = 0
    AND CASE WHEN a.minute_no >= t.m THEN a.minute_count ELSE 0 END::bigint + g.w <= g.cm
    AND CASE WHEN a.minute_no / 60 >= t.m / 60 THEN a.hour_count ELSE 0 END::bigint + g.w <= g.ch
    AND CASE WHEN a.minute_no / 1440 >= t.m / 1440 THEN a.day_count ELSE 0 END::bigint + g.w <= g.cd
    AND (g.s = 0 OR a.open_streams + g.s <= g.cs)
    AND (g.h = 0 OR {FUNDS} - a.held >= g.n)
  ORDER BY a.workspace_id FOR UPDATE OF a),
b AS MATERIALIZED (
  SELECT kb.workspace_id, kb.api_key_id, k.h, t.window_day,
    k.h > 0 AND CASE WHEN kb.window_day >= t.window_day THEN kb.spent ELSE 0 END + kb.held + k.h > kb.limit_nano AS beyond
  FROM l JOIN unnest($22::bigint[], $23::bigint[], $24::bigint[]) k (ws, key, h) ON k.ws = l.ws
  JOIN billing_key_budget kb ON kb.workspace_id = k.ws AND kb.api_key_id = k.key
  CROSS JOIN LATERAL (SELECT billing_window_day(kb.period, l.m) AS window_day) t
  ORDER BY kb.workspace_id, kb.api_key_id FOR UPDATE OF kb),
u AS (
  UPDATE billing_account a SET
    minute_count = CASE WHEN a.minute_no >= l.m THEN a.minute_count ELSE 0 END + l.w,
    hour_count = CASE WHEN a.minute_no / 60 >= l.m / 60 THEN a.hour_count ELSE 0 END + l.w,
    day_count = CASE WHEN a.minute_no / 1440 >= l.m / 1440 THEN a.day_count ELSE 0 END + l.w,
    minute_no = greatest(a.minute_no, l.m), open_streams = a.open_streams + l.s, held = a.held + l.h
  FROM l CROSS JOIN LATERAL (SELECT l.m) t
  WHERE a.workspace_id = l.ws AND NOT EXISTS (SELECT FROM b WHERE b.workspace_id = l.ws AND b.beyond)
  RETURNING a.workspace_id, a.minute_no, a.kill_generation, a.minute_count, a.hour_count, a.day_count,
    {FUNDS} - a.held AS free, l.lo, l.hi),
reserved AS (
  UPDATE billing_key_budget kb SET held = kb.held + b.h, window_day = greatest(kb.window_day, b.window_day),
    spent = CASE WHEN kb.window_day >= b.window_day THEN kb.spent ELSE 0 END
  FROM b JOIN u USING (workspace_id) WHERE kb.workspace_id = b.workspace_id AND kb.api_key_id = b.api_key_id),
i AS (
  INSERT INTO billing_admission (request_id, workspace_id, api_key_id, model_id, chain_id, price_version_id,
    multipliers, hold, weight, stream, tag, minute_no, kill_generation, worker_id, budgeted)
  SELECT ($11::uuid[])[k], u.workspace_id, ($12::bigint[])[k], ($13::bigint[])[k], ($14::bigint[])[k],
    ($15::bigint[])[k], ($16::text[])[k], ($17::bigint[])[k], ($18::int[])[k], ($19::bool[])[k], ($20::text[])[k],
    u.minute_no, u.kill_generation, $21::uuid,
    EXISTS (SELECT FROM b WHERE b.workspace_id = u.workspace_id AND b.api_key_id = ($12::bigint[])[k])
  FROM u, generate_series(u.lo, u.hi) k)
SELECT workspace_id, minute_no, kill_generation, minute_count, hour_count, day_count, free FROM u"""

WINDOW_ENDS = """CASE kb.period WHEN 'day' THEN (w.day + 1) * 1440 WHEN 'week' THEN (w.day + 7) * 1440
      WHEN 'month' THEN billing_window_day('month', (w.day + 31) * 1440) * 1440 END"""
"""The minute in which the window of budget `kb` ends that begins on day `w.day`; none for one that is never renewed."""

READ = f"""
SELECT a.workspace_id, a.status, t.m,
  CASE WHEN a.minute_no >= t.m THEN a.minute_count ELSE 0 END,
  CASE WHEN a.minute_no / 60 >= t.m / 60 THEN a.hour_count ELSE 0 END,
  CASE WHEN a.minute_no / 1440 >= t.m / 1440 THEN a.day_count ELSE 0 END,
  a.open_streams, {FUNDS}, a.held, k.budgets
FROM billing_account a CROSS JOIN (SELECT {MINUTE} m) t
CROSS JOIN LATERAL (
  SELECT json_agg(json_build_array(kb.api_key_id, kb.limit_nano,
    CASE WHEN kb.window_day >= w.day THEN kb.spent ELSE 0 END + kb.held,
    {WINDOW_ENDS})) AS budgets
  FROM billing_key_budget kb CROSS JOIN LATERAL (SELECT billing_window_day(kb.period, t.m) AS day) w
  WHERE kb.workspace_id = a.workspace_id AND kb.api_key_id = ANY ($2::bigint[])) k
WHERE a.workspace_id = ANY ($1::bigint[])"""


def literal(values: Sequence[object]) -> str:
    """Return an array literal. Lists of ints would prepare one statement per width of their largest member."""
    return "{" + ",".join(map(str, values)) + "}"


def words(values: Sequence[str]) -> str:
    """Return an array literal of texts; cheaper than the driver's, which looks at the type of each."""
    quoted = ",".join(['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values])
    return "{" + quoted + "}"


def take_parameters(groups: Sequence[Sequence[Ask]], *, worker_id: UUID) -> list[Any]:
    """Return the parameters of TAKE for groups of one workspace each, in ascending order of workspace."""
    asks = [ask for group in groups for ask in group]
    columns: list[list[int]] = [[] for _ in range(10)]
    low = 1
    for group in groups:
        row = (
            group[0].workspace_id,
            sum(ask.weight for ask in group),
            sum(ask.stream for ask in group),
            sum(ask.hold for ask in group),
            min(NO_CAP if ask.minute_cap is None else ask.minute_cap for ask in group),
            min(NO_CAP if ask.hour_cap is None else ask.hour_cap for ask in group),
            min(NO_CAP if ask.day_cap is None else ask.day_cap for ask in group),
            min(ask.stream_cap for ask in group),
            low,
            low + len(group) - 1,
        )
        low += len(group)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return [
        *(literal(column) for column in columns),
        literal([ask.request_id for ask in asks]),
        literal([ask.api_key_id for ask in asks]),
        literal([ask.model_id for ask in asks]),
        literal([ask.chain_id for ask in asks]),
        literal([ask.price_version_id for ask in asks]),
        words([ask.multipliers for ask in asks]),
        literal([ask.hold for ask in asks]),
        literal([ask.weight for ask in asks]),
        literal([ask.stream for ask in asks]),
        words([ask.tag for ask in asks]),
        worker_id,
        *_of_keys(asks),
        literal([_needed(group) for group in groups]),
    ]


def _needed(group: Sequence[Ask]) -> int:
    """Return what must be available for all of a group, each in its turn."""
    before = needed = 0
    for ask in group:
        needed = max(needed, before + ask.hold * ask.share) if ask.hold else needed
        before += ask.hold
    return needed


def _of_keys(asks: Sequence[Ask]) -> list[Any]:
    holds: dict[tuple[int, int], int] = {}
    for ask in asks:
        of = (ask.workspace_id, ask.api_key_id)
        holds[of] = holds.get(of, 0) + ask.hold
    return [
        literal([workspace for workspace, _ in holds]),
        literal([key for _, key in holds]),
        literal(list(holds.values())),
    ]


def read_parameters(groups: Mapping[int, Sequence[Ask]]) -> list[Any]:
    """Return the parameters of READ for groups of asks by workspace."""
    keys = {ask.api_key_id for asks in groups.values() for ask in asks}
    return [literal(list(groups)), literal(list(keys))]


def state(*columns: Any) -> State:
    """Return what a row of READ says, but for its workspace."""
    *account, budgets = columns
    return replace(State(*account), budgets={key: Budget(*figures) for key, *figures in budgets or ()})
