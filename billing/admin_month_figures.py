"""The figures of a month in words, to the nano: as a table of the operator's page and as lines of a file."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.ledger import Kind
from billing.month_end.counting import Figures
from billing.templatetags.figures import money
from catalog.admin_page import NOTHING, table
from kernel import money as usd
from kernel import spreadsheets

__all__ = ["compared", "file_lines", "lines", "moved_now"]

# How movements on workspaces' accounts are called, in the order of a statement.
_CALLED = {
    Kind.TOP_UP: "Top-ups",
    Kind.REFUND: "Refunds",
    Kind.DISPUTE: "Disputes",
    Kind.GRANT: "Credit granted",
    Kind.EXPIRY: "Credit expired",
    Kind.ADJUSTMENT: "Adjustments",
    Kind.REVERSAL: "Reversals",
    Kind.USAGE: "Usage",
}


def lines(of: Figures) -> Iterator[tuple[str, int]]:
    """Yield each figure's name and nano-USD, in the order of a statement."""
    yield "Prepaid balances carried in", of.opening
    for kind, called in _CALLED.items():
        yield called, of.moved(kind)
    yield "Prepaid balances carried out", of.closing
    yield "Revenue", of.revenue
    yield "Upstream cost", of.provider_cost
    yield "Margin", of.margin
    for account, amount in of.house.items():
        yield f"House account {account}", amount


def moved_now(now: Figures) -> SafeString:
    """Return a table of the figures of a month that is open."""
    return _scrolling(("", "USD"), ((name, money(amount, 9)) for name, amount in lines(now)))


def compared(closed: Figures, now: Figures) -> SafeString:
    """Return a table of the figures as they were closed, as they are now, and what came later."""
    cells = (
        (name, money(then, 9), money(at, 9), money(at - then, 9) if at != then else NOTHING)
        for name, then, at in _both(closed, now)
    )
    return _scrolling(("", "At the close", "Now", "Came later"), cells)


def file_lines(month: str, closed: Figures | None, now: Figures) -> Iterator[tuple[str, str, str, str]]:
    """Yield month, figure and USD now and at the close, for a spreadsheet; of an open month the last is empty."""
    for name, then, at in _both(closed or Figures.read({}), now):
        yield month, name, _usd(at), _usd(then) if closed is not None else ""


def _both(closed: Figures, now: Figures) -> Iterator[tuple[str, int, int]]:
    kept, found = dict(lines(closed)), dict(lines(now))
    for name in dict.fromkeys((*kept, *found)):
        yield name, kept.get(name, 0), found.get(name, 0)


def _scrolling(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString:
    return format_html('<div class="wide-slip">{}</div>', table(heads, rows))


def _usd(nano: int) -> str:
    return spreadsheets.Figure(usd.show(nano))
