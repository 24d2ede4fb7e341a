"""Which requests are looked for, read from an address and written back to it: each condition can be taken away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import quote_plus, urlencode
from zoneinfo import ZoneInfo

from billing import figures
from billing.exploring.question import Asked
from kernel import money

__all__ = ["CUSTOM", "STANDING", "STATUSES", "STRETCHES", "Sought", "read"]

STANDING, CUSTOM = "1h", "span"
STRETCHES: Mapping[str, str] = {"1h": "Last hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}
STATUSES: Mapping[str, str] = {
    "ok": "complete",
    "cut": "cut",
    "failed": "failed",
    "refused": "refused",
    "open": "open now",
}
_BACK = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_MOST_NAMED, _LONGEST, _GREATEST = 20, 128, 10**18
_LISTS = ("status", "model", "key", "provider", "tag", "code")
_FIELDS = {
    "status": "Status",
    "model": "Model",
    "key": "Key",
    "provider": "Upstream",
    "tag": "Tag",
    "code": "Code",
}


@dataclass(frozen=True, slots=True)
class Sought:
    """Requests that ended from `begins` up to `ends`, None being still to come, and fit all that is named.

    `cost` in nano-USD, `slower` in milliseconds and `tokens` are least figures. With a `charge` number the time does
    not count.
    """

    stretch: str
    begins: datetime
    ends: datetime | None
    zone: ZoneInfo
    text: str = ""
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cost: int | None = None
    slower: int | None = None
    tokens: int | None = None
    charge: int | None = None

    @property
    def live(self) -> bool:
        """Whether more can come to it."""
        return self.ends is None and self.charge is None

    def pairs(self) -> list[tuple[str, str]]:
        """Return the address as names and values, without what goes without saying."""
        said = [("range", self.stretch)] if self.stretch != STANDING else []
        if self.stretch == CUSTOM and self.ends is not None:
            said += [("from", _written(self.begins)), ("to", _written(self.ends))]
        said += [("q", self.text)] if self.text else []
        said += [(name, each) for name in _LISTS for each in self.lists.get(name, ())]
        return said + list(self._figures())

    def _figures(self) -> list[tuple[str, str]]:
        cost = "" if self.cost is None else f"{money.to_usd(self.cost).normalize():f}"
        numbers = {"slower": self.slower, "tokens": self.tokens, "charge": self.charge}
        written = {"cost": cost, **{name: "" if n is None else str(n) for name, n in numbers.items()}}
        return [(name, text) for name, text in written.items() if text]

    def address(self, **more: str) -> str:
        """Return the query string, with more names and values."""
        return "?" + urlencode([*self.pairs(), *more.items()])

    def less(self, name: str, value: str = "") -> "Sought":
        """Return what is left when a condition is taken away."""
        if name not in _LISTS:
            return replace(self, **{{"q": "text"}.get(name, name): "" if name == "q" else None})  # type: ignore[arg-type]
        kept = tuple(each for each in self.lists.get(name, ()) if each != value)
        return replace(self, lists={**self.lists, name: kept})

    def parted(self, moments: Sequence[datetime]) -> list[str]:
        """Return the query strings of the same from each moment to the next."""
        kept = [pair for pair in self.pairs() if pair[0] not in ("range", "from", "to")]
        more = f"&{urlencode(kept)}" if kept else ""
        written = [quote_plus(_written(moment)) for moment in moments]
        return [f"?range={CUSTOM}&from={begins}&to={ends}{more}" for begins, ends in pairwise(written)]

    def of_status(self, status: str) -> "Sought":
        """Return the same of one status."""
        return replace(self, lists={**self.lists, "status": (status,)})

    @property
    def named(self) -> list[tuple[str, str, str, str]]:
        """What is named: the name and value in the address, and the field and the value as they are read."""
        found = [(name, each, _FIELDS[name], each) for name in _LISTS for each in self.lists.get(name, ())]
        if self.text:
            found.append(("q", self.text, "Search", self.text))
        if self.cost is not None:
            found.append(("cost", "", "Charge", f"from ${money.to_usd(self.cost).normalize():f}"))
        if self.slower is not None:
            found.append(("slower", "", "Took", f"{figures.milliseconds(self.slower)} or more"))
        if self.tokens is not None:
            found.append(("tokens", "", "Tokens", f"{figures.count(self.tokens)} or more"))
        if self.charge is not None:
            found.append(("charge", "", "Charge number", figures.count(self.charge)))
        return found


def read(asked: Asked, *, zone: ZoneInfo, now: datetime) -> Sought:
    """Return what an address asks for; moments without an offset are of the zone. Raises ValueError, naming the field."""
    stretch = asked.get("range", STANDING)
    begins, ends = _time(stretch, asked, zone=zone, now=now)
    return Sought(
        stretch=stretch,
        begins=begins,
        ends=ends,
        zone=zone,
        text=asked.get("q", "").strip()[:_LONGEST],
        lists={name: found for name in _LISTS if (found := _list(asked, name))},
        cost=_money(asked.get("cost", "")),
        slower=_number(asked.get("slower", ""), "slower"),
        tokens=_number(asked.get("tokens", ""), "tokens"),
        charge=_number(asked.get("charge", ""), "charge"),
    )


def _time(stretch: str, asked: Asked, *, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime | None]:
    if stretch in _BACK:
        # A whole minute more would be a bar more.
        minute = now.astimezone(zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        # Taken off in UTC: on the day of a change of clocks an hour on the wall is not an hour.
        return (minute.astimezone(UTC) - _BACK[stretch]).astimezone(zone), None
    if stretch != CUSTOM:
        raise ValueError(f"range: choose one of {', '.join((*STRETCHES, CUSTOM))}")
    begins, ends = _moment(asked.get("from", ""), "from", zone), _moment(asked.get("to", ""), "to", zone)
    if ends <= begins:
        raise ValueError("to: it must be after from")
    return begins, ends


def _moment(text: str, name: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        return found.astimezone(zone)
    except (ValueError, OverflowError):
        raise ValueError(f"{name}: a moment is written 2026-11-22T14:08") from None


def _written(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _list(asked: Asked, name: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(each[:_LONGEST] for each in asked.getlist(name) if each))
    if len(named) > _MOST_NAMED:
        raise ValueError(f"{name}: at most {_MOST_NAMED} at a time")
    if name == "status" and not set(named) <= set(STATUSES):
        raise ValueError(f"status: choose of {', '.join(STATUSES)}")
    return named


def _money(text: str) -> int | None:
    try:
        nano = money.from_usd(text) if text else None
    except ValueError:
        raise ValueError("cost: an amount of USD is written 0.01") from None
    if nano is not None and not 0 <= nano < _GREATEST:
        raise ValueError("cost: it must not be below zero, nor beyond what anything costs")
    return nano


def _number(text: str, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise ValueError(f"{name}: give a whole number")
    return int(text)
