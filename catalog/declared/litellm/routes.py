"""How groups of deployments become chains: those of the first order share the load, the others follow, then fallbacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, gcd
from typing import Any

from catalog.declared.tree import Node

from .config import Config, Deployment
from .places import Place

__all__ = ["Stop", "chain", "followers"]

_SHARES = ("weight", "rpm", "tpm")
_MOST_WEIGHT = 1000
_MOST_SECONDS = 32_767


@dataclass(frozen=True, slots=True)
class Stop:
    """A deployment and where it leads."""

    one: Deployment
    place: Place
    capability: str


def chain(
    config: Config, stops: Sequence[Stop], further: Sequence[Stop]
) -> list[tuple[Stop, dict[str, Any]]]:
    """Return the hops of a model in order, each with its deployment; a place is taken once."""
    ordered = sorted(stops, key=lambda stop: _order(config, stop))
    first = [stop for stop in ordered if _order(config, stop) == _order(config, ordered[0])]
    shares = _weights(_once(config, first))
    hops: dict[tuple[str, str], tuple[Stop, dict[str, Any]]] = {}
    for stop, share in sorted(shares, key=lambda pair: pair[1] == 0):
        _append(config, hops, stop, share if sum(1 for _, each in shares if each) > 1 else 0)
    for stop in [*ordered[len(first) :], *further]:
        _append(config, hops, stop, 0)
    return list(hops.values())


def followers(config: Config, name: str, groups: Mapping[str, Sequence[Stop]], capability: str) -> list[Stop]:
    """Return the deployments that a model falls back to, where they do the same kind of work."""
    own = [(node, aims) for node, source, aims in config.fallbacks if source == name]
    every = [(node, aims) for node, source, aims in config.fallbacks if source == "*"]
    found: list[Stop] = []
    for node, aims in own or every:
        for aim in aims:
            if aim != name:
                found += _follower(config, node, aim, groups, capability)
    return found


def _follower(
    config: Config, node: Node, aim: str, groups: Mapping[str, Sequence[Stop]], capability: str
) -> Iterable[Stop]:
    named = [
        stop for stops in groups.values() for stop in stops if config.text(stop.one.info.get("id")) == aim
    ]
    stops = groups.get(aim) or groups.get(config.aliases.get(aim, (node, ""))[1]) or named
    fitting = [stop for stop in stops if stop.capability == capability]
    if not fitting:
        why = "is not carried over itself" if not stops else f"does no {capability}"
        config.leave(node, f"the fallback {aim} {why}")
    return fitting


def _append(
    config: Config, hops: dict[tuple[str, str], tuple[Stop, dict[str, Any]]], stop: Stop, weight: int
) -> None:
    key = (stop.place.to, stop.place.upstream)
    if key in hops:
        return
    waits = {
        name: seconds
        for name, written in (("first_byte", "stream_timeout"), ("total", "timeout"))
        if (seconds := _seconds(config, stop.one, written)) is not None
    }
    hops[key] = (
        stop,
        {
            "to": stop.place.to,
            "model": stop.place.upstream,
            **({"weight": weight} if weight else {}),
            **({"waits": waits} if waits else {}),
        },
    )


def _order(config: Config, stop: Stop) -> Decimal:
    order = config.number(stop.one.params.get("order"))
    return Decimal(10**9) if order is None else order


def _once(config: Config, stops: Sequence[Stop]) -> list[tuple[Stop, Decimal]]:
    """Return each place once with its share: by weight, else by the requests or tokens a minute, else evenly."""

    def number(stop: Stop, name: str) -> Decimal | None:
        return config.number(stop.one.params.get(name))

    by = next((name for name in _SHARES if any(number(stop, name) is not None for stop in stops)), None)
    seen: dict[tuple[str, str], tuple[Stop, Decimal]] = {}
    for stop in stops:
        share = (number(stop, by) or Decimal(0)) if by else Decimal(1)
        key = (stop.place.to, stop.place.upstream)
        known = seen.get(key)
        seen[key] = (known[0], known[1] + share) if known else (stop, share)
    return list(seen.values())


def _weights(shares: Sequence[tuple[Stop, Decimal]]) -> list[tuple[Stop, int]]:
    """Return shares as whole numbers up to a thousand, in proportion as near as those are; none becomes zero."""
    ratios = [share.as_integer_ratio() for _, share in shares]
    scale = 1
    for _, denominator in ratios:
        scale *= denominator // gcd(scale, denominator)
    whole = [numerator * (scale // denominator) for numerator, denominator in ratios]
    divisor = gcd(*whole) or 1
    whole = [number // divisor for number in whole]
    most = max(whole, default=0)
    if most > _MOST_WEIGHT:
        whole = [max(1, number * _MOST_WEIGHT // most) if number else 0 for number in whole]
    return [(stop, number) for (stop, _), number in zip(shares, whole, strict=True)]


def _seconds(config: Config, one: Deployment, name: str) -> int | None:
    seconds = config.number(one.params.get(name))
    return None if not seconds else min(ceil(seconds), _MOST_SECONDS)
