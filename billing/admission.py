"""Which requests may begin: caps, stream slots and credit of a workspace, taken all or not at all.

Admission by proposal: requests are grouped by workspace and one conditional statement takes or leaves each
whole group; for a group it left, `decide` picks in order of arrival what still fits, and that is proposed
again. Python proposes, PostgreSQL decides: a wrong pick here can refuse wrongly, it can never overdraw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import clock

from .models import Account

__all__ = ["Ask", "Granted", "Refused", "State", "decide"]

NO_CAP = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that wants in. Hold in nano-USD; a cap of None is no cap."""

    request_id: UUID
    workspace_id: int
    api_key_id: int
    model_id: int
    chain_id: int
    price_version_id: int
    multipliers: str
    hold: int
    weight: int
    stream: bool
    tag: str
    minute_cap: int | None
    hour_cap: int | None
    day_cap: int | None
    stream_cap: int


@dataclass(frozen=True, slots=True)
class Granted:
    """An admission: its minute (since 1970, UTC), the kill generation it began in, and the windows after it."""

    minute_no: int
    kill_generation: int
    minute_used: int
    hour_used: int
    day_used: int


@dataclass(frozen=True, slots=True)
class State:
    """An account as read for deciding. Amounts in nano-USD; `minute` is the database's present minute."""

    status: int
    minute: int
    minute_used: int
    hour_used: int
    day_used: int
    open_streams: int
    funds: int
    held: int


class Refused(Exception):
    """A request that may not begin; it consumed nothing. Money in nano-USD."""

    def __init__(
        self,
        code: str,
        *,
        limit: int = 0,
        used: int = 0,
        resets_at: datetime | None = None,
        required: int = 0,
        available: int = 0,
        held: int = 0,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.limit = limit
        self.used = used
        self.resets_at = resets_at
        self.required = required
        self.available = available
        self.held = held


def decide(asks: Sequence[Ask], state: State) -> list[Refused | None]:
    """Say for each request, in order of arrival, why it cannot be taken, or None if it fits with those before it."""
    verdicts: list[Refused | None] = []
    for ask in asks:
        refusal = _refusal(ask, state)
        verdicts.append(refusal)
        if refusal is None:
            state = _after(ask, state)
    return verdicts


def _after(ask: Ask, state: State) -> State:
    return State(
        status=state.status,
        minute=state.minute,
        minute_used=state.minute_used + ask.weight,
        hour_used=state.hour_used + ask.weight,
        day_used=state.day_used + ask.weight,
        open_streams=state.open_streams + ask.stream,
        funds=state.funds,
        held=state.held + ask.hold,
    )


def _refusal(ask: Ask, state: State) -> Refused | None:
    if state.status != Account.Status.ACTIVE:
        return Refused("WORKSPACE_SUSPENDED")
    windows = (
        ("MINUTE_REQUEST_LIMIT_EXCEEDED", ask.minute_cap, state.minute_used, 1),
        ("HOURLY_REQUEST_LIMIT_EXCEEDED", ask.hour_cap, state.hour_used, 60),
        ("DAILY_REQUEST_LIMIT_EXCEEDED", ask.day_cap, state.day_used, clock.MINUTES_PER_DAY),
    )
    for code, cap, used, minutes in windows:
        if cap is not None and used + ask.weight > cap:
            ends = clock.start_of_minute((state.minute // minutes + 1) * minutes)
            return Refused(code, limit=cap, used=used, resets_at=ends)
    if ask.stream and state.open_streams + 1 > ask.stream_cap:
        return Refused("CONCURRENT_STREAM_LIMIT_EXCEEDED", limit=ask.stream_cap, used=state.open_streams)
    return _short_of_credit(ask, state)


def _short_of_credit(ask: Ask, state: State) -> Refused | None:
    available = state.funds - state.held
    if ask.hold == 0 or available >= ask.hold:
        return None
    code = "CREDITS_HELD" if state.funds >= ask.hold else "INSUFFICIENT_CREDITS"
    return Refused(code, required=ask.hold, available=available, held=state.held)


_MINUTE = "floor(extract(epoch FROM clock_timestamp()) / 60)::int"

# Credit that has lapsed and is still in the ledger, and balance that is withheld, are not there for requests.
_FUNDS = """a.posted - a.unbilled + a.overdraft_limit - a.withheld
    - CASE WHEN t.m >= a.lapse_minute THEN a.lapsing ELSE 0 END"""

# The decision is made on the locked row: ORDER BY + FOR UPDATE in one CTE also keeps the lock order.
TAKE = f"""
WITH g AS (
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[],
                       $9::int[], $10::int[]) g (ws, w, s, h, cm, ch, cd, cs, lo, hi)),
l AS MATERIALIZED (
  SELECT g.*, t.m FROM g JOIN billing_account a ON a.workspace_id = g.ws
  CROSS JOIN (SELECT {_MINUTE} m) t
  WHERE a.status = 0
    AND CASE WHEN a.minute_no >= t.m THEN a.minute_count ELSE 0 END::bigint + g.w <= g.cm
    AND CASE WHEN a.minute_no / 60 >= t.m / 60 THEN a.hour_count ELSE 0 END::bigint + g.w <= g.ch
    AND CASE WHEN a.minute_no / 1440 >= t.m / 1440 THEN a.day_count ELSE 0 END::bigint + g.w <= g.cd
    AND (g.s = 0 OR a.open_streams + g.s <= g.cs)
    AND (g.h = 0 OR {_FUNDS} - a.held >= g.h)
  ORDER BY a.workspace_id FOR UPDATE OF a),
u AS (
  UPDATE billing_account a SET
    minute_count = CASE WHEN a.minute_no >= l.m THEN a.minute_count ELSE 0 END + l.w,
    hour_count = CASE WHEN a.minute_no / 60 >= l.m / 60 THEN a.hour_count ELSE 0 END + l.w,
    day_count = CASE WHEN a.minute_no / 1440 >= l.m / 1440 THEN a.day_count ELSE 0 END + l.w,
    minute_no = greatest(a.minute_no, l.m), open_streams = a.open_streams + l.s, held = a.held + l.h
  FROM l WHERE a.workspace_id = l.ws
  RETURNING a.workspace_id, a.minute_no, a.kill_generation, a.minute_count, a.hour_count, a.day_count, l.lo, l.hi),
i AS (
  INSERT INTO billing_admission (request_id, workspace_id, api_key_id, model_id, chain_id, price_version_id,
    multipliers, hold, weight, stream, tag, minute_no, kill_generation, worker_id)
  SELECT ($11::uuid[])[k], u.workspace_id, ($12::bigint[])[k], ($13::bigint[])[k], ($14::bigint[])[k],
    ($15::bigint[])[k], ($16::text[])[k], ($17::bigint[])[k], ($18::int[])[k], ($19::bool[])[k], ($20::text[])[k],
    u.minute_no, u.kill_generation, $21::uuid
  FROM u, generate_series(u.lo, u.hi) k)
SELECT workspace_id, minute_no, kill_generation, minute_count, hour_count, day_count FROM u"""

READ = f"""
SELECT a.workspace_id, a.status, t.m,
  CASE WHEN a.minute_no >= t.m THEN a.minute_count ELSE 0 END,
  CASE WHEN a.minute_no / 60 >= t.m / 60 THEN a.hour_count ELSE 0 END,
  CASE WHEN a.minute_no / 1440 >= t.m / 1440 THEN a.day_count ELSE 0 END,
  a.open_streams, {_FUNDS}, a.held
FROM billing_account a CROSS JOIN (SELECT {_MINUTE} m) t WHERE a.workspace_id = ANY ($1::bigint[])"""


def literal(values: Sequence[object]) -> str:
    """Return an array literal. Lists of ints would prepare one statement per width of their largest member."""
    return "{" + ",".join(map(str, values)) + "}"


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
        [ask.multipliers for ask in asks],
        literal([ask.hold for ask in asks]),
        literal([ask.weight for ask in asks]),
        literal([ask.stream for ask in asks]),
        [ask.tag for ask in asks],
        worker_id,
    ]
