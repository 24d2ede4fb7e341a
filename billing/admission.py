"""Which requests may begin: caps, stream slots, the budgets of keys and the credit of a workspace; the pure rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from kernel import clock

from .models import Account

__all__ = ["Ask", "Budget", "Granted", "Refused", "State", "decide"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that wants in. Hold in nano-USD; a cap of None is no cap.

    It wants in only where its hold is at most the `share`-th part of what is available.
    """

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
    share: int = 1


@dataclass(frozen=True, slots=True)
class Granted:
    """An admission: its minute (since 1970, UTC), the kill generation it began in, and what is there after it.

    `free` is the credit in nano-USD that nothing holds.
    """

    minute_no: int
    kill_generation: int
    minute_used: int
    hour_used: int
    day_used: int
    free: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a key may spend and has spent or holds, in nano-USD; `ends` is the minute its window ends, if ever."""

    limit: int
    used: int
    ends: int | None


@dataclass(frozen=True, slots=True)
class State:
    """An account as read for deciding. Amounts in nano-USD; `minute` is the database's present minute.

    `budgets` are those of the keys that have one.
    """

    status: int
    minute: int
    minute_used: int
    hour_used: int
    day_used: int
    open_streams: int
    funds: int
    held: int
    budgets: Mapping[int, Budget] = field(default_factory=dict)


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
    budget = state.budgets.get(ask.api_key_id)
    spent = {ask.api_key_id: replace(budget, used=budget.used + ask.hold)} if budget else {}
    return replace(
        state,
        minute_used=state.minute_used + ask.weight,
        hour_used=state.hour_used + ask.weight,
        day_used=state.day_used + ask.weight,
        open_streams=state.open_streams + ask.stream,
        held=state.held + ask.hold,
        budgets={**state.budgets, **spent},
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
    return _beyond_budget(ask, state) or _short_of_credit(ask, state)


def _beyond_budget(ask: Ask, state: State) -> Refused | None:
    budget = state.budgets.get(ask.api_key_id)
    if budget is None or ask.hold == 0 or budget.used + ask.hold <= budget.limit:
        return None
    ends = clock.start_of_minute(budget.ends) if budget.ends is not None else None
    return Refused(
        "KEY_BUDGET_EXCEEDED",
        limit=budget.limit,
        used=budget.used,
        resets_at=ends,
        required=ask.hold,
        available=max(0, budget.limit - budget.used),
    )


def _short_of_credit(ask: Ask, state: State) -> Refused | None:
    available = state.funds - state.held
    if ask.hold == 0 or available >= ask.hold * ask.share:
        return None
    code = "CREDITS_HELD" if state.funds >= ask.hold else "INSUFFICIENT_CREDITS"
    return Refused(code, required=ask.hold, available=available, held=state.held)
