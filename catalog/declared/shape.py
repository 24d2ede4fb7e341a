"""The form of the file: which fields each kind of row has there, how each is read and written, and which it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.models import Capability, Dialect, PlanVersion, PriceKind, Reasoning, Tier, TokenClass

from . import values
from .values import Reader

__all__ = [
    "CLASSES",
    "ENDPOINT",
    "HOP",
    "HOP_DEFAULTS",
    "MODEL",
    "PLAN",
    "PRICE",
    "PRICE_DEFAULTS",
    "PROVIDER",
    "TERMS",
    "TIERS",
    "VERSION",
    "Field",
]

VERSION = 1
TIERS = tuple(Tier.values)
CLASSES = tuple(TokenClass.values)  # in the order in which rates are written


def _same(value: Any) -> Any:
    return value


def _day_text(value: Any) -> Any:
    return value and value.isoformat()


def _moment_text(value: datetime) -> str:
    return values.moment_text(value)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the file (`group.name` within a group), its column, and how it is read and written."""

    name: str
    column: str
    read: Reader
    write: Callable[[Any], Any] = _same
    needed: bool = False


def _field(name: str, read: Reader, **more: Any) -> Field:
    return Field(name, more.pop("column", name), read, **more)


_SECONDS = values.whole(1, 32_767)
_OWN_SECONDS = values.whole(1, 32_767, null=True)
_CAP = values.whole(0, null=True)
_WORDS = values.listed(values.text(16))
_NAMES = values.listed(values.text(128))

PROVIDER = (
    _field("name", values.text(64), needed=True),
    _field("dialect", values.choice(Dialect.values)),
    _field("reasoning", values.choice(Reasoning.values)),
    _field("developer_role", values.flag),
    _field("private", values.flag),
    _field("headers", values.texts_by_name),
    _field("drain_seconds", values.whole(0, 5)),
    _field("status_page", values.text(200, empty=True), column="status_page_url"),
    _field("active", values.flag),
)
ENDPOINT = (
    _field("base_url", values.text(300, empty=True), needed=True),
    _field("needs_credential", values.flag),
    _field("waits.connect", _SECONDS, column="connect_seconds"),
    _field("waits.first_byte", _SECONDS, column="first_byte_seconds"),
    _field("waits.idle", _SECONDS, column="idle_seconds"),
    _field("waits.total", _SECONDS, column="total_seconds"),
    _field("active", values.flag),
)
MODEL = (
    _field("name", values.text(128), needed=True),
    _field("aliases", _NAMES),
    _field("author", values.text(64), needed=True),
    _field("description", values.text(20_000, empty=True)),
    _field("capability", values.choice(Capability.values)),
    _field("tier", values.choice(Tier.values), needed=True),
    _field("context_length", values.whole(1), needed=True),
    _field("max_output_tokens", values.whole(), needed=True),
    _field("input_modalities", _WORDS, needed=True),
    _field("output_modalities", _WORDS, needed=True),
    _field("supported_parameters", values.listed(values.text(64))),
    _field("tokenizer", values.text(64, empty=True)),
    _field("instruct_type", values.text(64, empty=True)),
    _field("truncates", values.flag),
    _field("active", values.flag),
    _field("created", values.moment, column="created_at", write=_moment_text),
    _field("expires_on", values.day, write=_day_text),
    _field("source", values.text(200, empty=True)),
)
# A hop is compared and replaced as a whole, so what it does not name has the value it has here.
HOP = (
    _field("model", values.text(128), column="upstream_model", needed=True),
    _field("plan_ranks_from", values.whole(0, 32_767)),
    _field("weight", values.whole(0, 1000)),
    _field("tool_ids_local", values.flag),
    _field("waits.first_byte", _OWN_SECONDS, column="first_byte_seconds"),
    _field("waits.idle", _OWN_SECONDS, column="idle_seconds"),
    _field("waits.total", _OWN_SECONDS, column="total_seconds"),
)
HOP_DEFAULTS: Mapping[str, Any] = {
    "plan_ranks_from": 0,
    "weight": 0,
    "tool_ids_local": False,
    "first_byte_seconds": None,
    "idle_seconds": None,
    "total_seconds": None,
}
# Of a price only its end can change, so what the file does not name has the value it has here.
PRICE = (
    _field("valid_from", values.moment, write=_moment_text),
    _field("source", values.text(200)),
    _field("kind", values.choice(PriceKind.values)),
    _field("label", values.text(40)),
    _field("valid_until", values.moment, write=_moment_text),
    _field("daily.from", values.minute, column="daily_from", write=values.minute_text),
    _field("daily.until", values.minute, column="daily_until", write=values.minute_text),
    _field("daily.weekdays", values.weekdays, column="weekdays", write=values.weekdays_text),
    _field("below_cost", values.flag),
    _field("reason", values.text(200)),
)
PRICE_DEFAULTS: Mapping[str, Any] = {
    "source": "catalogue file",
    "kind": PriceKind.STANDARD.value,
    "label": "",
    "valid_until": None,
    "daily_from": None,
    "daily_until": None,
    "weekdays": None,
    "below_cost": False,
    "reason": "",
}
PLAN = (
    _field("name", values.text(64), needed=True),
    _field("rank", values.whole(0, 32_767), needed=True),
    _field("public", values.flag),
)
TERMS = (
    _field("price", values.dollars, column="price_nano", write=values.dollars_text, needed=True),
    _field("credits", values.dollars, column="credits_nano", write=values.dollars_text, needed=True),
    _field("period", values.choice(PlanVersion.Period.values)),
    _field("tiers", values.listed(values.choice(Tier.values)), needed=True),
    _field("also_models", _NAMES),
    _field("except_models", _NAMES),
    _field("caps.minute", _CAP, column="minute_cap"),
    _field("caps.hour", _CAP, column="hour_cap"),
    _field("caps.day", _CAP, column="day_cap"),
    _field("caps.streams", values.whole(), column="stream_cap", needed=True),
    _field("default_max_tokens", values.whole(1)),
    _field("request_weights", values.weights),
    _field("auto_models", _NAMES),
    _field("empty_answers_are_free", values.flag),
    _field("retention_days", values.whole(1, 32_767, null=True)),
    _field(
        "spill_ceiling",
        values.dollars_or_none,
        column="spill_ceiling_nano",
        write=lambda nano: None if nano is None else values.dollars_text(nano),
    ),
)
