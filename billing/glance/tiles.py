"""The two rows of figures on the home, traffic and money: each with its change, what it was before, its line, its list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from billing import figures
from billing.beats import Beats
from kernel import money

from .pulse import Pulse, added_ms, first_token_ms
from .refused import Refused
from .span import Span
from .usage import Measured, Usage

__all__ = ["ERRORS_WORSE", "MARGIN_WORSE", "Tile", "added_row", "money_row", "points", "traffic_row"]

ERRORS_WORSE = 10
"""Hundredths of a percent point by which the share of errors must have grown to be shown in red."""
MARGIN_WORSE = 50
"""Hundredths of a percent point by which the margin must have fallen to be shown in red."""
WIDTH, HEIGHT = 100, 24
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its change and what it was before; `worse` marks a change that needs a look.

    `nano` is the figure where it is money, `nano_before` what it was; `note` says why there is no figure.
    """

    label: str
    url: str
    figure: str = ""
    nano: int | None = None
    change: str = ""
    before: str = ""
    nano_before: int | None = None
    worse: bool = False
    line: str = ""
    note: str = ""


def traffic_row(span: Span, used: Usage, refused: Refused, pulse: Pulse) -> list[Tile]:
    """Return requests, errors, first token and refusals."""
    now, before = used.now, used.before
    slots = used.slots[: span.whole]
    day = "today" if span.by_hour else ""
    requests = reverse("admin:billing_usageevent_changelist")
    return [
        Tile(
            "Requests",
            f"{requests}?day={day}" if day else requests,
            figures.compact(now.requests),
            change=_growth(now.requests, before.requests),
            before=figures.compact(before.requests),
            line=points([each.requests for each in slots]),
        ),
        _errors(now, before, slots, f"{requests}?status__exact=failed" + ("&day=today" if day else "")),
        _first_token(span, pulse),
        Tile(
            "Refused",
            reverse("admin:billing_refusal_changelist"),
            figures.compact(refused.now),
            change=_growth(refused.now, refused.before),
            before=figures.compact(refused.before),
            line=points(refused.slots[: span.whole]),
        ),
    ]


def money_row(span: Span, used: Usage) -> list[Tile]:
    """Return revenue, what upstreams charge, and the margin."""
    now, before = used.now, used.before
    slots = used.slots[: span.whole]
    days = reverse("admin:billing_dailyusage_changelist") + ("?day=today" if span.by_hour else "")
    return [
        _money("Revenue", days, now.revenue, before.revenue, [each.revenue for each in slots]),
        _money("Upstream cost", days, now.cost, before.cost, [each.cost for each in slots]),
        _margin(now, before, slots),
    ]


def added_row(span: Span, pulse: Pulse) -> list[Tile]:
    """Return what we add to the way of a request, until its first token."""
    return [_timed("Added latency p50", span, pulse, added_ms, _tenths)]


def points(values: Sequence[float | None]) -> str:
    """Return the points of a line from left to right, in a box of 100 by 24; nothing for fewer than two.

    What was not measured is left out.
    """
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    top = max(max(value for _, value in known), 1e-9)
    step = WIDTH / (len(values) - 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT - 1 - max(value, 0) * (HEIGHT - 2) / top:.1f}" for place, value in known
    )


def _errors(now: Measured, before: Measured, slots: Sequence[Measured], url: str) -> Tile:
    change = _moved(_share(now.failed, now.requests), _share(before.failed, before.requests))
    return Tile(
        "Errors",
        url,
        figures.percent(now.failed, now.requests, decimals=2),
        change="" if change is None else _signed(change, " pts"),
        before=figures.percent(before.failed, before.requests, decimals=2) if before.requests else "",
        worse=change is not None and change >= ERRORS_WORSE,
        line=points([each.failed / each.requests if each.requests else 0 for each in slots]),
    )


def _first_token(span: Span, pulse: Pulse) -> Tile:
    return _timed("First token p95", span, pulse, first_token_ms, _milliseconds)


def _timed(
    label: str,
    span: Span,
    pulse: Pulse,
    measure: Callable[[Beats], float | None],
    write: Callable[[float], str],
) -> Tile:
    now, before = measure(pulse.now), measure(pulse.before) if pulse.kept else None
    return Tile(
        label,
        reverse("admin:catalog_provider_changelist"),
        "—" if now is None else write(now),
        change="" if now is None or before is None else _moved_by(now - before, write),
        before="" if before is None else write(before),
        line=points([measure(beats) for beats in pulse.slots[: span.whole]]),
        note="" if pulse.kept else "kept for 30 days",
    )


def _money(label: str, url: str, now: int, before: int, slots: Sequence[int]) -> Tile:
    return Tile(label, url, nano=now, change=_growth(now, before), nano_before=before, line=points(slots))


def _margin(now: Measured, before: Measured, slots: Sequence[Measured]) -> Tile:
    change = _moved(_share(now.margin, now.revenue), _share(before.margin, before.revenue))
    return Tile(
        "Margin",
        reverse("admin:catalog_priceversion_changelist"),
        figures.percent(now.margin, now.revenue),
        change="" if change is None else _signed(change, " pts"),
        before=figures.percent(before.margin, before.revenue) if before.revenue else "",
        worse=change is not None and change <= -MARGIN_WORSE,
        line=points([each.margin / each.revenue if each.revenue else None for each in slots]),
    )


def _share(part: int, whole: int) -> int | None:
    """Return a share in hundredths of a percent; None of nothing."""
    return money.half_up(part * 10_000, whole) if whole else None


def _moved(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before


def _signed(hundredths: int, unit: str) -> str:
    sign = _MINUS if hundredths < 0 else "+" if hundredths else "±"
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02}{unit}"


def _moved_by(moved: float, write: Callable[[float], str]) -> str:
    sign = _MINUS if moved < 0 else "+" if moved else "±"
    return f"{sign}{write(abs(moved))}"


def _milliseconds(value: float) -> str:
    return figures.milliseconds(round(value))


def _tenths(value: float) -> str:
    """Return 3.4 ms; from 10 on without the tenth, which would be more than is known."""
    return f"{value:.1f}\u00a0ms" if value < 10 else _milliseconds(value)


def _growth(now: int, before: int) -> str:
    """Return +8.2 %; nothing where there was nothing before."""
    if before <= 0:
        return ""
    return ("+" if now >= before else "") + figures.percent(now - before, before)
