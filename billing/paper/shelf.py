"""What the page Papers lists: what was issued to a workspace, newest first, and the months that can be exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.paginator import Page as Leaf
from django.core.paginator import Paginator

from billing import figures
from billing.models import BillingDetails, Paper
from kernel import clock, money

from . import parties
from .months import Month

__all__ = ["Line", "Shelf", "shelf"]

_PER_PAGE = 25
_MONTHS = 14


@dataclass(frozen=True)
class Line:
    """One paper as it is listed; money in nano-USD."""

    paper: Paper
    kind: str
    of: str
    day: str
    amount: int


@dataclass(frozen=True)
class Shelf:
    """Everything on the page."""

    lines: Sequence[Line]
    leaf: "Leaf[Paper]"
    details: BillingDetails | None
    address: Sequence[str]
    months: Sequence[Month]


def shelf(workspace_id: int, *, page: int, now: datetime, exports_from: date) -> Shelf:
    """Return one page of a workspace's papers, and the months that have a day to export. A page too far is the last."""
    listed = (
        Paper.objects.filter(workspace_id=workspace_id)
        .order_by("-issued_at", "-id")
        .defer("content", "digest")
    )
    leaf = Paginator(listed, _PER_PAGE).get_page(page)
    details = BillingDetails.objects.filter(pk=workspace_id).first()
    return Shelf(
        lines=[_line(paper) for paper in leaf],
        leaf=leaf,
        details=details,
        address=parties.address(details) if details else (),
        months=_months(now, exports_from),
    )


def _line(paper: Paper) -> Line:
    month = Month.of(paper.period_start).words if paper.period_start else ""
    whole = money.from_cents(paper.total_cents)
    return Line(
        paper=paper,
        kind=Paper.Kind(paper.kind).label,
        of=month,
        day=figures.day(paper.issued_at.date(), year=True),
        amount=-whole if paper.kind == Paper.Kind.CREDIT_NOTE else whole,
    )


def _months(now: datetime, since: date) -> Sequence[Month]:
    """Return the present month and up to 13 before it, back to that of a UTC day."""
    months = [Month.of(clock.utc_day(now))]
    while len(months) < _MONTHS and months[-1].first > since:
        months.append(months[-1].before)
    return months
