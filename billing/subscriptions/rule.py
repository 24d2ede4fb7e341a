"""What a change of plan comes to: from when it counts, which period follows, and which credits come with it.

An upgrade counts at once. Where the new plan has the same kind of period, the period goes on and the difference of the
credits is granted for the days that are left of it, the present one included, rounded down to the cent. Where it has
another kind, a new period begins with its whole credits. What is left of credits granted before stays until its own
end. A downgrade counts from the end of the period, which is paid for. What costs more in a year is the upgrade; at
the same price, what grants more; then the higher rank.
"""

from dataclasses import dataclass
from datetime import date

from catalog.models import PlanVersion
from kernel import money

from . import periods
from .periods import Period, Span

__all__ = ["Course", "Now", "Step", "course", "worth"]

_PER_YEAR = {Period.MONTH: 12, Period.WEEK: 52, Period.NONE: 0}


@dataclass(frozen=True, slots=True)
class Now:
    """Where a workspace stands: its standing terms, and the period that runs, if one does."""

    terms: PlanVersion
    period: Span | None
    next_terms: PlanVersion | None = None


class Step:
    """What is done: nothing, a scheduled change is dropped, a change at once, or one at the period's end."""

    NONE = "none"
    KEEP = "keep"
    AT_ONCE = "at once"
    AT_END = "at the end of the period"


@dataclass(frozen=True, slots=True)
class Course:
    """What a change comes to; `period` is the one that runs from then on, `credits` nano-USD that come at once.

    Where `begins`, it is a new period with the whole credits of the new plan, else the present one goes on.
    """

    step: str
    on: date
    period: Span | None = None
    begins: bool = False
    credits: int = 0


def worth(terms: PlanVersion) -> tuple[int, int, int]:
    """Return what orders terms: price and credits of a year, in nano-USD, and rank."""
    times = _PER_YEAR[Period(terms.period)]
    return terms.price_nano * times, terms.credits_nano * times, terms.plan.rank


def course(now: Now, to: PlanVersion, *, today: date, at_once: bool = False) -> Course:
    """Return what a change to other terms comes to on a UTC day; `at_once` lets a downgrade count at once too."""
    if to.pk == now.terms.pk:
        return Course(Step.KEEP if now.next_terms else Step.NONE, today, now.period)
    if now.period is not None and not at_once and worth(to) < worth(now.terms):
        return Course(Step.AT_END, now.period.end)
    if not to.is_paid_for:
        return Course(Step.AT_ONCE, today)
    if now.period is not None and to.period == now.terms.period:
        return Course(Step.AT_ONCE, today, now.period, credits=_difference(now, to, now.period, today))
    period = None if to.period == Period.NONE else periods.span(today, 0, to.period)
    return Course(Step.AT_ONCE, today, period, begins=True, credits=to.credits_nano)


def _difference(now: Now, to: PlanVersion, period: Span, today: date) -> int:
    left = (period.end - max(today, period.start)).days
    more = max(0, to.credits_nano - now.terms.credits_nano) * max(0, left)
    return more // period.days // money.NANO_PER_CENT * money.NANO_PER_CENT
