"""Template tags that set figures: money with strong and dim digits, counts, shares."""

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
    strong, dim = _places(amount.strong), _places(amount.dim)
    point = f".{strong}" if strong else ""
    rest = f'<span class="dim">{dim}</span>' if dim else ""
    return format_html(
        f'<span class="money" title="{{}}${{}}">{{}}${{}}{point}{rest}</span>',
        "−" if amount.exact.startswith("-") else "",
        amount.exact.lstrip("-"),
        amount.sign,
        amount.whole,
        *(piece.digits for piece in (*amount.strong, *amount.dim)),
    )


def _places(pieces: tuple[figures.Piece, ...]) -> str:
    """Return what the digits of some pieces are put into."""
    return "".join('<span class="gap">{}</span>' if piece.gap else "{}" for piece in pieces)
