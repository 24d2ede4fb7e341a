"""Template tags that set figures: money with strong and dim digits, counts, shares."""

from decimal import Decimal

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from billing import figures

register = template.Library()
register.filter("count", figures.count)
register.filter("compact", figures.compact)


@register.simple_tag
def money(nano: int, decimals: int) -> SafeString:
    """Set nano-USD with that many decimals; the exact value is in the title.

    Groups of three are parted by a margin, not by a character, so a copied or spoken figure stays whole.
    """
    return _amount(figures.amount(nano, decimals=decimals))


@register.simple_tag
def usd(amount: Decimal) -> SafeString:
    """Set an exact amount of USD with all the decimals it has, nine at least."""
    return _amount(figures.exact(amount))


def _amount(amount: figures.Amount) -> SafeString:
    point = "." if amount.strong else ""
    dim = format_html('<span class="dim">{}</span>', _set(amount.dim)) if amount.dim else ""
    return format_html(
        '<span class="money" title="{}${}">{}${}{}{}{}</span>',
        "−" if amount.exact.startswith("-") else "",
        amount.exact.lstrip("-"),
        amount.sign,
        amount.whole,
        point,
        _set(amount.strong),
        dim,
    )


def _set(pieces: tuple[figures.Piece, ...]) -> SafeString:
    if not pieces:
        return mark_safe("")
    return format_html_join(
        "",
        "{}",
        ((format_html('<span class="gap">{}</span>', p.digits) if p.gap else p.digits,) for p in pieces),
    )
