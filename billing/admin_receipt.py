"""How a request's charge came about, as operators see it: classes at their price, the factors, one rounding."""

from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing import figures, receipts
from billing.explanations import Explanation, Line
from billing.models import UsageEvent
from billing.reach import UNBOUNDED
from billing.templatetags.figures import money
from catalog import pricing
from catalog.admin_page import NOTHING, table

__all__ = ["receipt_of"]


def receipt_of(event: UsageEvent) -> SafeString | str:
    """Return the receipt of an event's whole request, over all its revisions; nothing where its price is gone."""
    found = receipts.find(event.workspace_id, event.request_id, reach=UNBOUNDED)
    try:
        return NOTHING if found is None else _receipt(receipts.charge(found).explanation, found)
    except LookupError:
        return NOTHING


def _receipt(made: Explanation, found: receipts.Receipt) -> SafeString:
    lines = [
        (_class(line), figures.count(line.units), f"× {line.price.normalize():f}", f"{line.amount:f}")
        for line in made.lines
    ]
    factors = format_html_join(
        " × ",
        '<span class="tag">{} {}</span>',
        ((_factor(each), f"{Decimal(each.ppm).scaleb(-6).normalize():f}") for each in made.factors),
    )
    revisions = ("The sum of all revisions; a correction is a difference to the one before.",)
    notes = (*made.notes, *(revisions if len(found.parts) > 1 else ()))
    return format_html(
        '<div class="receipt">{}<p>Sum at list price <b>{}</b></p><p>Factors {}</p>'
        '<p class="total">Charge <b>{}</b> <span class="dim">from {}, rounded once, half up</span></p>{}</div>',
        table(("Class", "Units", "USD per million, or per unit", "USD"), lines),
        f"{made.subtotal:f}",
        factors or "none",
        money(found.cost, 9),
        f"{made.exact:f}".rstrip("0").rstrip("."),
        format_html_join("", '<p class="note">{}</p>', ((note,) for note in notes)),
    )


def _class(line: Line) -> str:
    above = f", prompt over {figures.count(line.above)}" if line.above else ""
    return line.token_class.replace("_", " ") + above


def _factor(factor: pricing.Factor) -> str:
    return f"{factor.scope} {factor.target}".strip() or f"multiplier {factor.id}"
