"""What the routes of the shelf answer: models, their prices, who serves them, and the state of the service."""

from collections.abc import Mapping

from billing.beats import State
from catalog.quote import FIELDS
from kernel.modes import MODES

from ...shelf.endpoints import PERCENTILES, STATUS, UPTIMES
from ...shelf.status import INCIDENT_STATES
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
    open_record,
    record,
    whole,
)

__all__ = ["ANSWERS", "SCHEMAS"]

_JSON = "application/json"
_NULL: Schema = {"type": "null"}
_WORDS = listed(WORD)
_ARCHITECTURE = record(
    input_modalities=_WORDS,
    output_modalities=_WORDS,
    modality=TEXT,
    tokenizer=TEXT,
    instruct_type=nullable(TEXT),
)
_PRICING = record(
    **dict.fromkeys(
        (
            *("prompt", "completion", "request", "image"),
            *("web_search", "internal_reasoning", "input_cache_read", "input_cache_write"),
        ),
        USD_TEXT,
    )
)
_ITEM: Mapping[str, Schema] = {
    "id": WORD,
    "object": fixed("model"),
    "created": whole(),
    "owned_by": TEXT,
    "tier": WORD,
    "capability": choice(["chat", "embedding", "rerank", "image"]),
    "name": TEXT,
    "canonical_slug": WORD,
    "description": TEXT,
    "context_length": whole(),
    "max_output_tokens": whole(),
    "architecture": _ARCHITECTURE,
    "pricing": _PRICING,
    "top_provider": record(context_length=whole(), max_completion_tokens=whole(), is_moderated=FLAG),
    "supported_parameters": _WORDS,
    "default_parameters": _NULL,
    "per_request_limits": _NULL,
    "expiration_date": nullable({"type": "string", "format": "date"}),
    "limit": record(context=whole(), output=whole()),
    "modalities": record(input=_WORDS, output=_WORDS),
}
_SPREAD = nullable(record(**dict.fromkeys(PERCENTILES, NUMBER)))
_ENDPOINT = record(
    name=WORD,
    model_id=WORD,
    model_name=TEXT,
    provider_name=WORD,
    tag=WORD,
    context_length=whole(),
    max_completion_tokens=whole(),
    max_prompt_tokens=_NULL,
    pricing=_PRICING,
    quantization=_NULL,
    supported_parameters=_WORDS,
    status=whole(min(STATUS.values()), 0),
    **dict.fromkeys(UPTIMES, nullable({"type": "number", "minimum": 0, "maximum": 100})),
    latency_last_30m=_SPREAD,
    throughput_last_30m=_SPREAD,
)
_HOUSE = record(
    name=WORD,
    slug=WORD,
    privacy_policy_url=nullable(WORD),
    terms_of_service_url=nullable(WORD),
    status_page_url=nullable(WORD),
)
_PRICES = list(FIELDS.values())
_OVERRIDE = record(_PRICES, min_prompt_tokens=whole(), **dict.fromkeys(_PRICES, USD_TEXT))
_YOURS = record(_PRICES, overrides=listed(_OVERRIDE), **dict.fromkeys(_PRICES, USD_TEXT))
_BY_PROVIDER: Schema = {"type": "object", "additionalProperties": _YOURS}
_PRICE_ROW = record(
    (*_PRICES, "your_price_by_provider"),
    model=WORD,
    display_name=TEXT,
    tier=WORD,
    **dict.fromkeys(_PRICES, NUMBER),
    your_price=_YOURS,
    your_price_by_provider=_BY_PROVIDER,
)
_HEALTH = choice([state.value for state in State])
_INCIDENT = record(
    id=WORD,
    provider=WORD,
    title=TEXT,
    description=TEXT,
    severity=choice([State.DEGRADED.value, State.DOWN.value]),
    status=choice(list(INCIDENT_STATES)),
    created_at=MOMENT,
    resolved_at=nullable(MOMENT),
)
_STATUS = record(
    providers=listed(record(name=WORD, status=_HEALTH, latency_ms=nullable(NUMBER))),
    models=listed(record(id=WORD, name=TEXT, provider=nullable(WORD), tier=WORD, status=_HEALTH)),
    incidents=listed(_INCIDENT),
    degraded=listed(record(mode=choice(list(MODES)), description=TEXT, since=MOMENT)),
    last_updated=MOMENT,
)
SCHEMAS: Mapping[str, Schema] = {
    "Model": record(**_ITEM),
    "ModelDetail": record(
        **{**_ITEM, "tier": choice(["lite", "premium"]), "allowed": FLAG, "providers": _WORDS}
    ),
    "ModelEndpoints": record(
        **{name: _ITEM[name] for name in ("id", "name", "created", "description", "architecture")},
        endpoints=listed(_ENDPOINT),
    ),
    "Provider": _HOUSE,
    "Price": _PRICE_ROW,
    "Status": _STATUS,
}
_FEED: Mapping[str, Schema] = {"application/rss+xml": {"type": "string", "description": "RSS 2.0."}}
ANSWERS: Mapping[str, Mapping[str, Schema]] = {
    "api.models": {_JSON: record(object=fixed("list"), data=listed(named("Model"))), **_FEED},
    "api.model_changes": _FEED,
    "api.model_count": {_JSON: record(data=record(count=whole()))},
    "api.model_endpoints": {_JSON: record(data=named("ModelEndpoints"))},
    "api.model": {_JSON: named("ModelDetail")},
    "api.providers": {_JSON: record(data=listed(named("Provider")))},
    "api.pricing": {_JSON: record(models=listed(named("Price")))},
    "api.status": {_JSON: named("Status")},
    "api.settings": {_JSON: record(cost_multiplier=NUMBER, credit_unit=USD_TEXT)},
    "api.described": {_JSON: open_record(openapi=WORD, paths=open_record())},
}
