"""What the desk answers: keys, credit, receipts, usage, reasons."""

from collections.abc import Mapping

from ...errors import TABLE
from ..schemas import (
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    USD_TEXT,
    WORD,
    Schema,
    choice,
    fixed,
    listed,
    named,
    nullable,
    record,
    whole,
)
from .charges import ATTEMPTS, MULTIPLIERS, PARTS, SETTLED, VERSION

__all__ = ["ANSWERS", "SCHEMAS"]

_JSON = "application/json"
_COUNT = whole()
_USD: Schema = {"type": "number", "description": "USD, with all nine decimals."}
_NULL: Schema = {"type": "null"}
_DATE: Schema = {"type": "string", "format": "date"}
_UUID: Schema = {"type": "string", "format": "uuid"}

_GENERATION = record(
    id=WORD,
    request_id=_UUID,
    workspace_id=_COUNT,
    model=WORD,
    provider_name=nullable(WORD),
    key=nullable(TEXT),
    tag=TEXT,
    created_at=MOMENT,
    **dict.fromkeys(
        (
            *("tokens_prompt", "tokens_completion", "native_tokens_prompt", "native_tokens_completion"),
            *("native_tokens_reasoning", "native_tokens_cached", "native_tokens_cache_write"),
            *("native_tokens_completion_images", "num_images", "num_search_results"),
            *("latency", "generation_time", "request_weight"),
        ),
        _COUNT,
    ),
    time_to_first_byte=nullable(_COUNT),
    finish_reason=nullable(TEXT),
    streamed=FLAG,
    cancelled=FLAG,
    status=WORD,
    http_status=_COUNT,
    error_code=nullable(TEXT),
    total_cost=_USD,
    usage=_USD,
    is_byok=fixed(False),
    attempts=ATTEMPTS,
    usage_source=TEXT,
    usage_suspect=FLAG,
    charge=record(**SETTLED),
)
_LIMIT = record(
    window=choice(["minute", "hour", "day", "streams"]),
    limit=_COUNT,
    used=_COUNT,
    remaining=_COUNT,
    weight=_COUNT,
    resets_at=nullable(MOMENT),
    seconds_left=nullable(_COUNT),
)
_CREDIT = record(required=USD_TEXT, available=USD_TEXT, held=USD_TEXT, shortfall=USD_TEXT)
_BUDGET = record(
    limit=USD_TEXT, used=USD_TEXT, remaining=USD_TEXT, required=USD_TEXT, resets_at=nullable(MOMENT)
)
_REFUSAL = record(
    status=_COUNT,
    code=choice(TABLE),
    message=TEXT,
    retryable=FLAG,
    limit=nullable(_LIMIT),
    credit=nullable(_CREDIT),
    budget=nullable(_BUDGET),
)
_DENIAL: Schema = {
    "anyOf": [
        record(request_id=_NULL, model=TEXT, denied=FLAG, refusal=nullable(named("Refusal"))),
        record(
            request_id=_UUID,
            model=TEXT,
            denied=fixed(True),
            refusal=named("Refusal"),
            refused_at=MOMENT,
            key=nullable(TEXT),
            alike_in_that_minute=_COUNT,
        ),
    ]
}
_HOP = record(position=whole(1), model=WORD, provider_name=WORD, left_alone=FLAG, multipliers=MULTIPLIERS)
_SIMULATION = record(
    model=TEXT,
    admitted=FLAG,
    refusal=nullable(named("Refusal")),
    hops=nullable(listed(_HOP)),
    terms=nullable(
        record(
            plan=WORD,
            plan_tier=TEXT,
            model_tier=WORD,
            request_weight=_COUNT,
            max_tokens=_COUNT,
            context_length=_COUNT,
            requests_per_minute=nullable(_COUNT),
            requests_per_hour=nullable(_COUNT),
            requests_per_day=nullable(_COUNT),
            streams=nullable(_COUNT),
        )
    ),
    price=nullable(
        record(
            **VERSION,
            rates=listed(record(**{"class": WORD}, above_prompt_tokens=_COUNT, rate_per_million=USD_TEXT)),
        )
    ),
    messages_dropped=nullable(_COUNT),
    hold=nullable(USD_TEXT),
)
_BYOK = ("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly")
_BUDGET_TOLD: Mapping[str, Schema] = {
    "limit": nullable(_USD),
    "limit_remaining": nullable(_USD),
    "limit_reset": nullable(choice(["daily", "weekly", "monthly"])),
}
_OWN_KEY = record(
    label=WORD,
    name=TEXT,
    **_BUDGET_TOLD,
    **dict.fromkeys(("usage", "usage_daily", "usage_weekly", "usage_monthly"), _USD),
    **dict.fromkeys(_BYOK, NUMBER),
    include_byok_in_limit=FLAG,
    created_at=MOMENT,
    expires_at=nullable(MOMENT),
    allowed_models=nullable(listed(WORD)),
    default_tag=TEXT,
    is_free_tier=FLAG,
    is_management_key=FLAG,
    is_provisioning_key=FLAG,
    plan=WORD,
    plan_tier=TEXT,
    is_upgraded=FLAG,
    upgrade_expires_at=nullable(MOMENT),
)
_KEY: Mapping[str, Schema] = {
    "id": WORD,
    "key_prefix": WORD,
    "last_four": WORD,
    "name": TEXT,
    "plan_tier": TEXT,
    "created_at": MOMENT,
    "last_used_at": nullable(MOMENT),
    "expires_at": nullable(MOMENT),
    "default_tag": TEXT,
    "allowed_models": nullable(listed(WORD)),
    **_BUDGET_TOLD,
}
_SECRET: Schema = {
    "type": "string",
    "pattern": "^rk_[0-9a-f]{64}$",
    "description": "Shown here and never again.",
}
_WINDOWS = (
    *("requests_used_today", "requests_limit_today", "requests_remaining"),
    *("requests_used_this_hour", "requests_limit_this_hour", "requests_remaining_this_hour"),
    *("requests_used_this_minute", "requests_limit_per_minute", "requests_remaining_this_minute"),
)
_MODEL_USE = record(
    requests=_COUNT,
    input_tokens=_COUNT,
    output_tokens=_COUNT,
    cost=_USD,
    image_requests=_COUNT,
    is_image_model=FLAG,
)
_DAY = record(
    date=_DATE,
    model=WORD,
    provider_name=TEXT,
    key=TEXT,
    usage=_USD,
    requests=_COUNT,
    prompt_tokens=_COUNT,
    completion_tokens=_COUNT,
    reasoning_tokens=_COUNT,
)
_USED: Mapping[str, Schema] = {
    "others": _COUNT,
    "usage": _USD,
    **dict.fromkeys(
        ("requests", "failed", "prompt_tokens", "completion_tokens", "reasoning_tokens"),
        _COUNT,
    ),
}
_GROUPED = [
    listed(record(date=_DATE, **{name: nullable(TEXT)}, **_USED))
    for name in ("model", "provider_name", "key", "tag")
]
_ACTIVITY: Schema = {
    "anyOf": [
        record(data=listed(_DAY)),
        *(record(data=rows, zone=WORD) for rows in (listed(_DAY), *_GROUPED)),
    ]
}
_MODELS_USED: Schema = {"type": "object", "additionalProperties": _MODEL_USE}
SCHEMAS: Mapping[str, Schema] = {
    "Key": record(**_KEY),
    "Generation": _GENERATION,
    "Charge": record(request_id=_UUID, model=WORD, **SETTLED),
    "WouldBeCharge": record(request_id=_NULL, model=WORD, **PARTS),
    "Refusal": _REFUSAL,
    "RouteSimulation": _SIMULATION,
    "OwnKey": _OWN_KEY,
}
_ANSWERS: Mapping[str, Schema] = {
    "keys.create": record(**_KEY, key=_SECRET),
    "keys.everything": record(data=listed(named("Key"))),
    "keys.revoke_all": record(message=TEXT),
    "keys.revoke": record(message=TEXT),
    "keys.limit": record(**_KEY),
    "keys.rotate": record(**_KEY, key=_SECRET, previous_key_valid_until=nullable(MOMENT)),
    "streams.kill": record(killed_streams=_COUNT),
    "self.key": record(data=named("OwnKey")),
    "self.credit": record(data=record(total_credits=_USD, total_usage=_USD, balance=_USD, held=_USD)),
    "self.user": record(
        id=WORD,
        email=WORD,
        name=TEXT,
        plan_tier=TEXT,
        email_verified=FLAG,
        credits=_USD,
        is_upgraded=FLAG,
        upgrade_expires_at=nullable(MOMENT),
    ),
    "self.user_credits": record(
        credits=_USD, credits_monthly=_USD, credits_used=_USD, plan_tier=TEXT, payg_enabled=FLAG
    ),
    "usage.by_day": _ACTIVITY,
    "usage.of_period": record(
        total_requests=_COUNT,
        total_input_tokens=_COUNT,
        total_output_tokens=_COUNT,
        total_cost=_USD,
        models=_MODELS_USED,
    ),
    "usage.requests": record(**dict.fromkeys(_WINDOWS, _COUNT), plan_tier=TEXT),
    "usage.requests_this_hour": record(limit=_COUNT, used=_COUNT, remaining=_COUNT, plan_tier=TEXT),
    "receipts.generation": record(data=named("Generation")),
    "explain.charge": record(data={"anyOf": [named("Charge"), named("WouldBeCharge")]}),
    "explain.denial": record(data=_DENIAL),
    "simulate.simulate": record(data=named("RouteSimulation")),
}
ANSWERS: Mapping[str, Mapping[str, Schema]] = {view: {_JSON: schema} for view, schema in _ANSWERS.items()}
