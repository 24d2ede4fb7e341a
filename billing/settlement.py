"""How a request's money ends: its lease goes, its usage event is written, its account moves, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.pricing import CLASSES, Counts
from kernel import ids

from .taking import literal, words

__all__ = ["SETTLE", "TOKEN_COLUMNS", "FailedAttempt", "Settlement", "parameters"]


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """A try at an upstream that did not serve the request."""

    number: int
    provider_id: int
    endpoint_id: int
    upstream_model: str
    outcome: str
    http_status: int | None
    started_at: datetime
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an admitted request came to. Cost and provider cost in nano-USD, times in milliseconds.

    Model, chain and price version are those that served, 0 where they are what was admitted. `returned` are the units
    of its weight that it gives back to the windows that are still current.
    """

    request_id: UUID
    workspace_id: int
    status: str
    http_status: int
    usage_source: str
    cost: int
    multipliers: str
    counts: Counts = field(default_factory=Counts)
    provider_cost: int = 0
    error_code: str = ""
    finish_reason: str = ""
    suspect: bool = False
    provider_id: int = 0
    endpoint_id: int = 0
    upstream_model: str = ""
    attempts: int = 0
    model_id: int = 0
    chain_id: int = 0
    price_version_id: int = 0
    returned: int = 0
    ttfb_ms: int | None = None
    latency_ms: int = 0
    failed_attempts: tuple[FailedAttempt, ...] = field(default=())


TOKEN_COLUMNS = (
    "input_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,"
    " image_in_tokens, image_out_tokens, audio_in_tokens, audio_out_tokens, images, web_searches"
)

# Reading l as an array forces the locks before the deletion; with SKIP LOCKED it leaves what others hold.
# What comes from l is of the locked row: any other read of the account is older than the lock. So is what an update
# is first computed from, and that must pass the constraints too: held would be less than nothing where a hold has
# grown since. It is taken from the locked rows, of account and budget.
SETTLE = f"""
WITH l AS MATERIALIZED (
  SELECT workspace_id, charge_no, minute_no, held FROM billing_account WHERE workspace_id = ANY ($2::bigint[])
  ORDER BY workspace_id FOR UPDATE),
s AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::bool[],
    $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], $15::int[], $16::int[],
    $17::int[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[],
    $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[],
    $31::bigint[], $32::bigint[], $33::int[])
  s (req, ws, status, http_status, error_code, finish_reason, usage_source, suspect, cost, multipliers, provider_cost,
     provider_id, endpoint_id, upstream_model, attempts, ttfb_ms, latency_ms, {TOKEN_COLUMNS},
     served_model, served_chain, served_price, returned)),
moved AS (
  DELETE FROM billing_admission r USING s
  WHERE r.request_id = s.req AND r.workspace_id = s.ws AND s.ws = ANY (ARRAY(SELECT workspace_id FROM l))
  RETURNING r.request_id, r.workspace_id, r.api_key_id, r.minute_no, r.weight, r.model_id, r.chain_id, r.stream,
    r.price_version_id, r.hold, r.tag, r.admitted_at, r.budgeted, s.*),
spending AS (
  SELECT kb.workspace_id, kb.api_key_id, kb.held, m.cost, CASE WHEN m.budgeted THEN m.hold ELSE 0 END AS hold,
    billing_window_day(kb.period, m.minute_no) AS window_day
  FROM moved m JOIN billing_key_budget kb ON kb.workspace_id = m.workspace_id AND kb.api_key_id = m.api_key_id
  FOR UPDATE OF kb),
spent AS (
  UPDATE billing_key_budget kb SET held = t.held - t.hold, window_day = greatest(kb.window_day, t.window_day),
    spent = CASE WHEN kb.window_day >= t.window_day THEN kb.spent ELSE 0 END + (
      SELECT coalesce(sum(x.cost), 0) FROM spending x WHERE x.workspace_id = kb.workspace_id
        AND x.api_key_id = kb.api_key_id AND x.window_day = greatest(kb.window_day, t.window_day))
  FROM (SELECT workspace_id, api_key_id, max(held) AS held, sum(hold)::bigint AS hold, max(window_day) AS window_day
        FROM spending GROUP BY 1, 2) t
  WHERE kb.workspace_id = t.workspace_id AND kb.api_key_id = t.api_key_id),
ev AS (
  INSERT INTO billing_usage_event (id, request_id, workspace_id, api_key_id, charge_no, minute_no, weight, model_id,
    chain_id, provider_id, endpoint_id, upstream_model, attempts, stream, status, http_status, error_code,
    finish_reason, usage_source, suspect, price_version_id, multipliers, cost, provider_cost, hold, ttfb_ms,
    latency_ms, tag, admitted_at, {TOKEN_COLUMNS})
  SELECT m.request_id, m.request_id, m.workspace_id, m.api_key_id, l.charge_no, m.minute_no, m.weight - m.returned,
    coalesce(nullif(m.served_model, 0), m.model_id), coalesce(nullif(m.served_chain, 0), m.chain_id), m.provider_id, m.endpoint_id, m.upstream_model, m.attempts, m.stream, m.status, m.http_status,
    m.error_code, m.finish_reason, m.usage_source, m.suspect,
    coalesce(nullif(m.served_price, 0), m.price_version_id), m.multipliers, m.cost,
    m.provider_cost, m.hold, m.ttfb_ms, m.latency_ms, m.tag, m.admitted_at, {TOKEN_COLUMNS}
  FROM moved m JOIN l USING (workspace_id)
  RETURNING workspace_id, cost),
tried AS (
  INSERT INTO billing_attempt (id, request_id, workspace_id, number, provider_id, endpoint_id, upstream_model,
    outcome, http_status, started_at, milliseconds)
  SELECT * FROM unnest($34::uuid[], $35::uuid[], $36::bigint[], $37::smallint[], $38::bigint[], $39::bigint[],
    $40::text[], $41::text[], $42::int[], $43::timestamptz[], $44::int[])
  ON CONFLICT DO NOTHING),
acc AS (
  UPDATE billing_account a
  SET held = l.held - t.hold, unbilled = a.unbilled + t.cost, open_streams = a.open_streams - t.n,
    minute_count = greatest(0, a.minute_count - t.minute), hour_count = greatest(0, a.hour_count - t.hour),
    day_count = greatest(0, a.day_count - t.day)
  FROM (SELECT workspace_id, sum(hold)::bigint hold, sum(cost)::bigint cost, sum(n)::int n,
          sum(minute)::int AS minute, sum(hour)::int AS hour, sum(day)::int AS day
        FROM (SELECT m.workspace_id, m.hold, 0::bigint cost, m.stream::int n,
                CASE WHEN m.minute_no = l.minute_no THEN m.returned ELSE 0 END AS minute,
                CASE WHEN m.minute_no / 60 = l.minute_no / 60 THEN m.returned ELSE 0 END AS hour,
                CASE WHEN m.minute_no / 1440 = l.minute_no / 1440 THEN m.returned ELSE 0 END AS day
              FROM moved m JOIN l USING (workspace_id)
              UNION ALL SELECT workspace_id, 0, cost, 0, 0, 0, 0 FROM ev) x GROUP BY 1) t
  JOIN l ON l.workspace_id = t.workspace_id
  WHERE a.workspace_id = t.workspace_id)
SELECT request_id FROM moved"""


def parameters(batch: Sequence[Settlement]) -> list[Any]:
    """Return the parameters of SETTLE for a batch."""
    tries = [(item, failed) for item in batch for failed in item.failed_attempts]
    return [
        literal([item.request_id for item in batch]),
        literal([item.workspace_id for item in batch]),
        words([item.status for item in batch]),
        literal([item.http_status for item in batch]),
        words([item.error_code for item in batch]),
        words([item.finish_reason for item in batch]),
        words([item.usage_source for item in batch]),
        literal([item.suspect for item in batch]),
        literal([item.cost for item in batch]),
        words([item.multipliers for item in batch]),
        literal([item.provider_cost for item in batch]),
        literal([item.provider_id for item in batch]),
        literal([item.endpoint_id for item in batch]),
        words([item.upstream_model for item in batch]),
        literal([item.attempts for item in batch]),
        literal(["NULL" if item.ttfb_ms is None else item.ttfb_ms for item in batch]),
        literal([item.latency_ms for item in batch]),
        *(literal([getattr(item.counts, name) for item in batch]) for name in CLASSES),
        literal([item.model_id for item in batch]),
        literal([item.chain_id for item in batch]),
        literal([item.price_version_id for item in batch]),
        literal([item.returned for item in batch]),
        *_attempt_parameters(tries),
    ]


def _attempt_parameters(tries: Sequence[tuple[Settlement, FailedAttempt]]) -> list[Any]:
    return [
        literal([ids.revision_id(item.request_id, failed.number) for item, failed in tries]),
        literal([item.request_id for item, _ in tries]),
        literal([item.workspace_id for item, _ in tries]),
        literal([failed.number for _, failed in tries]),
        literal([failed.provider_id for _, failed in tries]),
        literal([failed.endpoint_id for _, failed in tries]),
        words([failed.upstream_model for _, failed in tries]),
        words([failed.outcome for _, failed in tries]),
        literal(["NULL" if failed.http_status is None else failed.http_status for _, failed in tries]),
        literal([f'"{failed.started_at.isoformat()}"' for _, failed in tries]),
        literal([failed.milliseconds for _, failed in tries]),
    ]
