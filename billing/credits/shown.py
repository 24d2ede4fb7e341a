"""What a workspace's credit is made of, as its people read it: each lot with something left, in the order it is spent."""

from dataclasses import dataclass
from datetime import date, timedelta

from billing.models import CreditLot
from kernel import clock

from . import lots
from .lots import Lot, Source

__all__ = ["WORDS", "Part", "of_plan", "parts"]

WORDS = {
    Source.PLAN: "Plan credits",
    Source.GRANT: "Granted credit",
    Source.VOUCHER: "Voucher",
    Source.TOP_UP: "Top-up",
    Source.RECHARGE: "Auto-recharge",
    Source.CORRECTION: "Correction",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One lot: what it is, what is left of it in nano-USD, and the last UTC day it pays for."""

    words: str
    remaining: int
    last_day: date | None


def parts(workspace_id: int) -> list[Part]:
    """Return the lots that can pay today's usage, first spent first."""
    return [_shown(lot) for lot in _usable(workspace_id)]


def of_plan(workspace_id: int, *, balance: int) -> int:
    """Return what is left of the plan's credits in nano-USD; a balance has usage that no lot has paid for yet.

    Plan credits are spent first, so that usage is theirs as far as they reach.
    """
    found = _usable(workspace_id)
    of_plan = sum(lot.remaining for lot in found if lot.source == Source.PLAN)
    unpaid = sum(lot.remaining for lot in found) - balance
    return max(0, of_plan - max(0, unpaid))


def _usable(workspace_id: int) -> list[Lot]:
    rows = CreditLot.objects.filter(workspace_id=workspace_id, remaining__gt=0)
    columns = ("id", "transaction_id", "source", "priority", "remaining", "expires_on", "created_at")
    today = clock.utc_day(clock.now())
    found = lots.in_order(Lot(*row) for row in rows.values_list(*columns))
    return [lot for lot in found if lots.usable(lot, today)]


def _shown(lot: Lot) -> Part:
    last = None if lot.expires_on is None else lot.expires_on - timedelta(days=1)
    return Part(WORDS[Source(lot.source)], lot.remaining, last)
