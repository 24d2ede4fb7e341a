"""How figures are written for people: money with dim digits, counts, shares, spans and moments."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise

from kernel import money

__all__ = [
    "Amount",
    "Piece",
    "age",
    "amount",
    "compact",
    "count",
    "day",
    "exact",
    "milliseconds",
    "moment",
    "percent",
    "rough",
    "span",
]


@dataclass(frozen=True)
class Piece:
    """Digits of one group of three; a gap stands before it unless it continues a group or comes first."""

    digits: str
    gap: bool


@dataclass(frozen=True)
class Amount:
    """An amount of USD in the pieces it is set in; whole has its commas, exact all nine decimals."""

    sign: str
    whole: str
    strong: tuple[Piece, ...]
    dim: tuple[Piece, ...]
    exact: str


def amount(nano: int, *, decimals: int) -> Amount:
    """Split nano-USD for display with 0 to 9 decimals, rounded half up.

    From one dollar the digits past the cents are dim, below one dollar those past the sixth decimal.
    Raises ValueError if decimals is outside 0..9.
    """
    whole, _, part = money.show(abs(nano), decimals=decimals).partition(".")
    cut = 2 if abs(nano) >= money.NANO_PER_USD else 6
    return Amount(
        sign="−" if nano < 0 and (int(whole) or int(part or "0")) else "",
        whole=f"{int(whole):,}",
        strong=_pieces(part[:cut], offset=0),
        dim=_pieces(part[cut:], offset=cut),
        exact=money.show(nano),
    )


def exact(usd: Decimal) -> Amount:
    """Split USD with all the decimals it has, nine at least: nothing is rounded. Dim as in `amount`."""
    whole, _, part = f"{abs(usd):f}".partition(".")
    part = part.rstrip("0").ljust(9, "0")
    cut = 2 if int(whole) else 6
    return Amount(
        sign="−" if usd < 0 else "",
        whole=f"{int(whole):,}",
        strong=_pieces(part[:cut], offset=0),
        dim=_pieces(part[cut:], offset=cut),
        exact=f"{'-' if usd < 0 else ''}{whole}.{part}",
    )


def _pieces(digits: str, *, offset: int) -> tuple[Piece, ...]:
    """Cut digits that begin at a decimal position where that position is a multiple of three."""
    first = -offset % 3
    cuts = [0, *range(first or 3, len(digits), 3), len(digits)]
    return tuple(
        Piece(digits[start:end], gap=offset + start > 0 and (offset + start) % 3 == 0)
        for start, end in pairwise(cuts)
        if start < end
    )


def count(number: int) -> str:
    """Write a count with commas: 61,284."""
    return f"{number:,}"


def compact(number: int) -> str:
    """Write a count with commas up to seven digits, then in millions, billions or trillions: 1.94 B."""
    if number < 10_000_000:
        return count(number)
    for limit, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M")):
        if number >= limit:
            scaled = number / limit
            return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}\u00a0{letter}"
    raise AssertionError("a number of eight digits is at least a million")


def rough(number: int) -> str:
    """Write a number of two digits and zeros shorter, from a million on: 7.5 M, 270 M."""
    for limit, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M")):
        if number >= limit:
            scaled = number / limit
            return f"{scaled:.{1 if scaled < 10 else 0}f}\u00a0{letter}"
    return count(number)


def percent(part: int, whole: int, *, decimals: int = 1) -> str:
    """Write part of whole as a share: 38.0 %. A whole of zero has no shares and gives a dash."""
    if whole == 0:
        return "—"
    units = money.half_up(part * 100 * 10**decimals, whole)
    sign = "−" if units < 0 else ""
    units = abs(units)
    return (
        f"{sign}{units // 10**decimals}.{units % 10**decimals:0{decimals}d}\u00a0%"
        if decimals
        else f"{sign}{units}\u00a0%"
    )


def span(seconds: int) -> str:
    """Write a time span: 0:52 below an hour, 10 h 51 min above."""
    seconds = max(seconds, 0)
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def milliseconds(value: int) -> str:
    """Write a latency: 412 ms, 1.04 s."""
    return f"{value}\u00a0ms" if value < 1000 else f"{value / 1000:.2f}\u00a0s"


def age(passed: timedelta) -> str:
    """Write how long ago something was: 17 s ago, 4 min ago, 3 h ago."""
    seconds = max(int(passed.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 3600 else f"{seconds // 3600} h ago"


def day(value: date, *, year: bool = False) -> str:
    """Write a date: 3 Nov, or 3 Nov 2026."""
    return f"{value.day} {value:%b %Y}" if year else f"{value.day} {value:%b}"


def moment(at: datetime, *, now: datetime, zone: tzinfo) -> tuple[str, str]:
    """Write a moment in a zone as (clock, age) within a day, else as (date, clock)."""
    local = at.astimezone(zone)
    if now - at < timedelta(days=1):
        return f"{local:%H:%M:%S}", age(now - at)
    return day(local.date(), year=True), f"{local:%H:%M}"
