"""The operator's home as one person may see it: which panels there are, and everything in them, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from billing import broker
from billing.waiting import board
from kernel import clock

from .curve import curve
from .integrity import integrity
from .margins import margins
from .pulse import pulse
from .refused import refused
from .span import Range, Span, span_of
from .tiles import added_row, money_row, traffic_row
from .upstreams import upstreams
from .usage import usage

__all__ = ["BARS", "DESK", "home"]

DESK = 6
"""How many of the things that wait are shown on the home."""
BARS = 6

_RANGES = {Range.TODAY: "Today", Range.WEEK: "7 days", Range.MONTH: "30 days"}


@dataclass(frozen=True, slots=True)
class May:
    """Which panels a person sees: each goes by the permission for the rows behind it."""

    traffic: bool
    money: bool
    margins: bool
    refusals: bool
    upstreams: bool


def home(request: HttpRequest) -> dict[str, Any]:
    """Return what the home shows."""
    now = clock.now()
    may, span = _may(request), span_of(request.GET.get("range", ""), now)
    said = broker.ask()
    waiting, well = board.seen_in(request), integrity(now, said)
    return {
        "greeting": _greeting(request, now),
        "span": span,
        "ranges": [(words, "?" if each is Range.TODAY else f"?range={each}", each is span.range) for each, words in _RANGES.items()],
        "cells": [cell for cell in well.cells if request.user.has_perm(cell.seen_by)],
        "findings": well.findings if request.user.has_perm("billing.view_auditrun") else (),
        "waiting": waiting,
        "desk": waiting.present[:DESK],
        "may": may,
        **_figures(span, may, said),
    }  # fmt: skip


def _figures(span: Span, may: May, said: broker.Said) -> dict[str, Any]:
    used, turned_away, beats = usage(span), refused(span), pulse(span)
    most = max((reason.refusals for reason in turned_away.reasons), default=0)
    return {
        "traffic": traffic_row(span, used, turned_away, beats) if may.traffic else (),
        "money": money_row(span, used) if may.money else (),
        "added": added_row(span, beats) if may.traffic else (),
        "curve": curve(span, used) if may.traffic else None,
        "reasons": [(each, round(100 * each.refusals / most)) for each in turned_away.reasons[:BARS]],
        "reasons_more": len(turned_away.reasons[BARS:]),
        "margins": margins(used.models) if may.margins else None,
        "upstreams": upstreams(used.providers, beats.providers, said, span.now) if may.upstreams else None,
        "refusals_url": reverse("admin:billing_refusal_changelist"),
        "floor": settings.PRICE_MARGIN_FLOOR,
    }


def _may(request: HttpRequest) -> May:
    user = request.user
    money = user.has_perm("billing.view_revenue")
    return May(
        traffic=user.has_perm("billing.view_usageevent"),
        money=money,
        margins=money and user.has_perm("catalog.view_priceversion"),
        refusals=user.has_perm("billing.view_refusal"),
        upstreams=user.has_perm("catalog.view_provider"),
    )


def _greeting(request: HttpRequest, now: datetime) -> str:
    part = "morning" if 4 <= now.hour < 12 else "afternoon" if 12 <= now.hour < 18 else "evening"
    name = str(getattr(request.user, "name", "")).split(" ")[0]
    return f"Good {part}, {name}" if name else f"Good {part}"
