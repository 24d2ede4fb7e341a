"""How one version of a chain differs from another: hops added, removed, moved, and facts of hops that changed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .models import Chain, Hop

__all__ = ["Added", "Changed", "Line", "Moved", "Removed", "diff"]

FACTS = {
    "upstream_model": "upstream model",
    "plan_ranks_from": "plans from rank",
    "weight": "weight",
    "tool_ids_local": "knows only its own tool ids",
    "first_byte_seconds": "wait for the first byte",
    "idle_seconds": "wait between bytes",
    "total_seconds": "wait in all",
}


@dataclass(frozen=True, slots=True)
class Added:
    """A hop that only the new version has, at this place from 1."""

    hop: str
    place: int


@dataclass(frozen=True, slots=True)
class Removed:
    """A hop that only the old version has, at this place from 1."""

    hop: str
    place: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A hop whose order among those that stay is another; places from 1."""

    hop: str
    was: int
    place: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A fact of a hop that stays; values as people read them."""

    hop: str
    field: str
    old: str
    new: str


Line = Added | Removed | Moved | Changed
Pair = tuple[int, int]


def diff(draft: Chain, live: Chain | None) -> tuple[Line, ...]:
    """Return what publishing the draft changes against the live version, in the order of the draft; removals come first."""
    new, old = _hops(draft), _hops(live) if live is not None else []
    pairs = _pairs(old, new)
    stay_old, stay_new = {was for was, _ in pairs}, {now for _, now in pairs}
    gone = [Removed(_name(hop), place + 1) for place, hop in enumerate(old) if place not in stay_old]
    lines: list[Line] = [*gone]
    settled, former = _in_step(pairs), {now: was for was, now in pairs}
    for place, hop in enumerate(new):
        if place not in stay_new:
            lines.append(Added(_name(hop), place + 1))
            continue
        if place not in settled:
            lines.append(Moved(_name(hop), former[place] + 1, place + 1))
        lines += _changes(old[former[place]], hop)
    return tuple(lines)


def _hops(chain: Chain) -> list[Hop]:
    return list(Hop.objects.filter(chain=chain).select_related("endpoint__provider").order_by("position"))


def _name(hop: Hop) -> str:
    return f"{hop.endpoint.provider.name} ({hop.upstream_model})"


def _pairs(old: Sequence[Hop], new: Sequence[Hop]) -> list[Pair]:
    """Match the hops by place, what is left by endpoint alone, each once; in the order of the new version."""
    found: dict[int, int] = {}
    for keys in (_places, _endpoints):
        taken = set(found.values())
        free = {key: was for was, key in keys(old, without=taken)}
        for now, key in keys(new, without=set(found)):
            if key in free:
                found[now] = free[key]
    return [(found[now], now) for now in sorted(found)]


def _places(hops: Sequence[Hop], *, without: set[int]) -> Iterator[tuple[int, Any]]:
    return _numbered(((at, (hop.endpoint_id, hop.upstream_model)) for at, hop in enumerate(hops)), without)


def _endpoints(hops: Sequence[Hop], *, without: set[int]) -> Iterator[tuple[int, Any]]:
    return _numbered(((at, hop.endpoint_id) for at, hop in enumerate(hops)), without)


def _numbered(keys: Iterable[tuple[int, Any]], without: set[int]) -> Iterator[tuple[int, Any]]:
    """Tell equal keys apart by counting them: a draft may still hold the same place twice."""
    seen: Counter[Any] = Counter()
    for at, key in keys:
        if at not in without:
            seen[key] += 1
            yield at, (key, seen[key])


def _in_step(pairs: Sequence[Pair]) -> set[int]:
    """Return the new places of the longest run of hops whose order is as it was; the others have moved."""
    best: list[list[Pair]] = []
    for was, now in pairs:
        runs = [run for run in best if run[-1][0] < was]
        best.append([*max(runs, key=len, default=[]), (was, now)])
    return {now for _, now in max(best, key=len, default=[])}


def _changes(old: Hop, new: Hop) -> Iterator[Changed]:
    for field, label in FACTS.items():
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Changed(_name(new), label, _said(field, before), _said(field, after))


def _said(field: str, value: Any) -> str:
    if field.endswith("_seconds"):
        return "as the endpoint" if value is None else f"{value} s"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
