"""What is looked for as conditions of SQL: on settled requests, on refusals and on those that are open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing import numbers, sums
from billing.exploring.scope import Scope
from billing.reach import Reach
from billing.recent import ENDINGS
from billing.statements import Only
from kernel import clock

from .sought import Sought

__all__ = ["Conditions", "conditions"]

_NO_END = 2**62
_NO_MINUTE = 2**31 - 1
_OF_EVENTS = {
    "models": "e.model_id = ANY (%(models)s)",
    "keys": "e.api_key_id = ANY (%(keys)s)",
    "providers": "e.provider_id = ANY (%(providers)s)",
    "tags": "e.tag = ANY (%(tags)s)",
    "statuses": "e.status = ANY (%(statuses)s)",
    "codes": "e.error_code = ANY (%(codes)s)",
    "cost": "e.cost >= %(cost)s",
    "slower": "e.latency_ms >= %(slower)s",
    "tokens": f"{sums.PROMPT} + {sums.COMPLETION} >= %(tokens)s",
    "like": "(e.model_id = ANY (%(like_models)s) OR e.api_key_id = ANY (%(like_keys)s))",
}
_OF_REFUSALS = {
    "models": "r.model = ANY (%(model_names)s)",
    "keys": "r.api_key_id = ANY (%(keys)s)",
    "codes": "r.code = ANY (%(codes)s)",
    "like": "(strpos(lower(r.model), %(text)s) > 0 OR r.api_key_id = ANY (%(like_keys)s))",
}
_OF_OPEN = {
    "models": "o.model_id = ANY (%(models)s)",
    "keys": "o.api_key_id = ANY (%(keys)s)",
    "providers": "o.provider_id = ANY (%(providers)s)",
    "tags": "o.tag = ANY (%(tags)s)",
    "like": "(o.model_id = ANY (%(like_models)s) OR o.api_key_id = ANY (%(like_keys)s))",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions over `e`, `r` and `o`; None where no row of that kind can fit. `values` are their parameters."""

    events: str | None
    refusals: str | None
    open: str | None
    values: Mapping[str, Any]
    dimensions: Only
    """What is named of those conditions that sums know too."""
    beside: tuple[str, ...]
    """The names of the conditions that sums do not know."""


def conditions(workspace_id: int, sought: Sought, scope: Scope, *, reach: Reach) -> Conditions:
    """Return what is looked for in a workspace. Raises ValueError for a name that it does not have."""
    only = scope.only(sought.lists)
    named = _named(sought, only, scope)
    statuses = set(sought.lists.get("status", ())) or {"ok", "cut", "failed", "refused", "open"}
    if len(statuses & {"ok", "cut", "failed"}) < 3:
        named["statuses"] = [name for name, (kind, _) in ENDINGS.items() if kind in statuses]
    charged = sought.charge is not None
    return Conditions(
        events=_where(_OF_EVENTS, named) if statuses & {"ok", "cut", "failed"} else None,
        refusals=_fits(_OF_REFUSALS, named, may="refused" in statuses and not charged),
        open=_fits(_OF_OPEN, named, may="open" in statuses and sought.live),
        values={**named, **_span(workspace_id, sought, reach)},
        dimensions=only,
        beside=tuple(
            name for name in ("statuses", "codes", "cost", "slower", "tokens", "like") if name in named
        ),
    )


def _named(sought: Sought, only: Only, scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {
        "models": list(only.models),
        "keys": list(only.keys),
        "providers": list(only.providers),
        "tags": list(only.tags),
        "codes": list(sought.lists.get("code", ())),
        "model_names": list(sought.lists.get("model", ())),
    }
    figures = {"cost": sought.cost, "slower": sought.slower, "tokens": sought.tokens}
    found = {name: value for name, value in found.items() if value}
    found |= {name: value for name, value in figures.items() if value is not None}
    return found | (_like(sought.text, scope) if sought.text else {})


def _like(text: str, scope: Scope) -> dict[str, Any]:
    text = text.lower()
    return {
        "like": True,
        "text": text,
        "like_models": [number for number, name in scope.models.items() if text in name.lower()],
        "like_keys": [number for number, name in scope.keys.items() if text in name.lower()],
    }


def _where(known: Mapping[str, str], named: Mapping[str, Any]) -> str:
    return "".join(f" AND {condition}" for name, condition in known.items() if name in named)


def _fits(known: Mapping[str, str], named: Mapping[str, Any], *, may: bool) -> str | None:
    """Return the conditions of rows that know less than requests do; None if one is asked that they do not know."""
    unknown = set(named) & set(_OF_EVENTS) - set(known) - {"statuses"}
    return _where(known, named) if may and not unknown else None


def _span(workspace_id: int, sought: Sought, reach: Reach) -> dict[str, Any]:
    first_no, last_no = _numbers(workspace_id, sought)
    whole = sought.charge is not None
    begins = clock.start_of_minute(0) if whole else sought.begins
    ends = sought.ends
    return {
        "workspace": workspace_id,
        "first_no": first_no,
        "last_no": last_no,
        "begins": begins,
        "ends": None if whole else ends,
        "near": _day(begins) if not whole else None,
        "reach_minute": reach.first_minute,
        "first_minute": max(clock.minute_number(begins.timestamp()), reach.first_minute),
        "end_minute": _NO_MINUTE if ends is None else clock.minute_number(ends.timestamp()),
    }


def _numbers(workspace_id: int, sought: Sought) -> tuple[int, int]:
    if sought.charge is not None:
        return sought.charge, sought.charge
    # Asked by when requests were admitted, it allows for their settling later; here both ends are of the settling.
    ends = (sought.ends or clock.now()) - numbers.LATEST
    first, last = numbers.between(workspace_id, sought.begins, ends)
    return first, last if sought.ends is not None else _NO_END


def _day(moment: datetime) -> datetime:
    return moment - timedelta(days=2)
