"""The strip of figures on Home: sums of a range, the change against the range before, and their lines."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from billing import figures
from billing.statements import DailyRow

__all__ = ["Tile", "tiles"]

_WIDTH, _HEIGHT = 100, 24


@dataclass(frozen=True)
class Tile:
    """A figure; money is in nano-USD, text is what else there is to show; points draw the line."""

    label: str
    text: str = ""
    money: int | None = None
    change: str = ""
    earlier: str = ""
    earlier_money: int | None = None
    points: str = ""


def tiles(
    rows: Sequence[DailyRow], *, days: Sequence[date], before: Sequence[date], label: str
) -> list[Tile]:
    """Return spend, requests, tokens and errors of the days, compared with the days before if there are any."""
    now, then = _of(rows, days), _of(rows, before)
    spend, requests, tokens, failed = _sums(now)
    old_spend, old_requests, old_tokens, old_failed = _sums(then)
    had = old_requests > 0
    return [
        Tile(
            label=f"Spend {label}",
            money=spend,
            change=_change(spend, old_spend),
            earlier_money=old_spend if had and old_spend else None,
            points=_line(now, days, lambda row: row.cost),
        ),
        Tile(
            label="Requests",
            text=figures.compact(requests),
            change=_change(requests, old_requests),
            earlier=figures.compact(old_requests) if had else "",
            points=_line(now, days, lambda row: row.requests),
        ),
        Tile(
            label="Tokens",
            text=figures.compact(tokens),
            change=_change(tokens, old_tokens),
            earlier=figures.compact(old_tokens) if had and old_tokens else "",
            points=_line(now, days, lambda row: row.input_tokens + row.output_tokens),
        ),
        Tile(
            label="Errors",
            text=figures.percent(failed, requests, decimals=2),
            change=f"{figures.count(failed)} failed" if failed else "",
            earlier=figures.percent(old_failed, old_requests, decimals=2) if had else "",
            points=_line(now, days, lambda row: row.failed),
        ),
    ]


def _of(rows: Iterable[DailyRow], days: Sequence[date]) -> list[DailyRow]:
    wanted = set(days)
    return [row for row in rows if row.day in wanted]


def _sums(rows: Iterable[DailyRow]) -> tuple[int, int, int, int]:
    cost = requests = tokens = failed = 0
    for row in rows:
        cost += row.cost
        requests += row.requests
        tokens += row.input_tokens + row.output_tokens
        failed += row.failed
    return cost, requests, tokens, failed


def _change(new: int, old: int) -> str:
    """Return +10.0 %; nothing where there was nothing to compare with."""
    if old <= 0:
        return ""
    return ("+" if new >= old else "") + figures.percent(new - old, old)


def _line(rows: Iterable[DailyRow], days: Sequence[date], value: Callable[[DailyRow], int]) -> str:
    """Return the points of a line over the days, in a box of 100 by 24; nothing for fewer than two days."""
    if len(days) < 2:
        return ""
    daily = dict.fromkeys(days, 0)
    for row in rows:
        daily[row.day] += value(row)
    top = max(*daily.values(), 1)
    step = _WIDTH / (len(days) - 1)
    return " ".join(
        f"{place * step:.1f},{_HEIGHT - max(sum_, 0) * (_HEIGHT - 2) / top - 1:.1f}"
        for place, sum_ in enumerate(daily.values())
    )
