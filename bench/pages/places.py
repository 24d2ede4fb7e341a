"""What is asked for: an address, what it is, and how many milliseconds it may take."""

from dataclasses import dataclass

__all__ = ["CUSTOMERS_MS", "OPERATORS_MS", "Place", "largest"]

OPERATORS_MS, CUSTOMERS_MS = 1000.0, 300.0


@dataclass(frozen=True)
class Place:
    """One address; `page` is whose, `what` is how it is asked for."""

    page: str
    what: str
    url: str


def largest() -> int:
    """Return the workspace with the most requests, or 0 where there are none."""
    from django.db.models import Sum

    from billing.models import DailyUsage

    rows = DailyUsage.objects.values("workspace_id").annotate(n=Sum("requests")).order_by("-n")
    return int(rows[0]["workspace_id"]) if rows else 0
