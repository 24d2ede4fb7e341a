"""How each upstream does: what share of calls it answered, how soon, how much of the traffic it has, and its breaker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.urls import reverse

from billing import broker, figures
from billing.beats import DEGRADED_BELOW, DEGRADED_FAILURES, Beats
from catalog.models import Provider

from .pulse import first_token_ms
from .usage import Measured

__all__ = ["SHOWN", "Row", "Upstreams", "upstreams"]

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One upstream. `breaker` is empty where no place of it is left alone; `worse` marks that too few were answered."""

    name: str
    url: str
    answered: str
    first_token: str
    share: str
    breaker: str
    worse: bool


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The rows that are shown, how many upstreams there are, and whether breakers could be asked for."""

    rows: Sequence[Row]
    number: int
    asked: bool


def upstreams(
    used: Mapping[int, Measured], beats: Mapping[int, Beats], said: broker.Said, now: datetime
) -> Upstreams:
    """Return how active upstreams do, those with an open breaker first, then by their share. One query."""
    endpoints = ArrayAgg("endpoints__pk", default=[])
    known = list(Provider.objects.filter(active=True).values_list("pk", "name", endpoints))
    owners = {endpoint: number for number, _, theirs in known for endpoint in theirs}
    open_until = _open(said, owners, now)
    whole = sum(each.requests for number, each in used.items() if number)
    ranked = sorted(
        known,
        key=lambda at: (at[0] not in open_until, -used.get(at[0], Measured()).requests, at[1]),
    )
    rows = [
        _row(number, name, used.get(number, Measured()), beats.get(number, Beats()), whole, open_until, now)
        for number, name, _ in ranked[:SHOWN]
    ]
    return Upstreams(rows, len(ranked), said.queued is not None)


def _open(said: broker.Said, owners: Mapping[int, int], now: datetime) -> Mapping[int, tuple[int, float]]:
    """Return, by provider, how many places are left alone and until when the last of them is."""
    found: dict[int, tuple[int, float]] = {}
    for place in said.places:
        owner = owners.get(place.endpoint_id)
        if owner is not None and place.until > now.timestamp():
            places, until = found.get(owner, (0, 0.0))
            found[owner] = places + 1, max(until, place.until)
    return found


def _row(
    number: int,
    name: str,
    used: Measured,
    beats: Beats,
    whole: int,
    open_until: Mapping[int, tuple[int, float]],
    now: datetime,
) -> Row:
    first = first_token_ms(beats)
    breaker = ""
    if number in open_until:
        places, until = open_until[number]
        left = figures.span(int(until - now.timestamp()))
        breaker = f"open, tried in {left}" if places == 1 else f"{places} open, tried in {left}"
    uptime = beats.uptime
    return Row(
        name=name,
        url=reverse("admin:catalog_provider_change", args=[number]),
        answered=figures.percent(beats.calls - beats.failures, beats.calls, decimals=2),
        first_token="—" if first is None else figures.milliseconds(round(first)),
        share=figures.percent(used.requests, whole, decimals=0) if used.requests else "—",
        breaker=breaker,
        worse=uptime is not None and uptime < DEGRADED_BELOW and beats.failures >= DEGRADED_FAILURES,
    )
