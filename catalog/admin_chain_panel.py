"""What an operator is told of a version of a chain: its state in a word, what it changes, what speaks against it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel import clock

from .chain_checks import Verdict, examine
from .chain_diff import Added, Changed, Line, Moved, diff
from .models import Chain

__all__ = ["Panel", "Row", "badge", "panel"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of changes: what kind, which hop, and what of it."""

    kind: str
    hop: str
    what: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands beside a version: what it is compared with, what differs, and the verdict on a draft."""

    chain: Chain
    base: Chain | None
    rows: tuple[Row, ...]
    verdict: Verdict | None


def panel(chain: Chain) -> Panel:
    """Return what a version changes: a draft against the live one, others against the one published before."""
    draft = chain.status == Chain.Status.DRAFT
    base = _live(chain) if draft else _before(chain)
    verdict = examine(chain, at=chain.publish_at or clock.now()) if draft else None
    return Panel(chain, base, tuple(map(_row, diff(chain, base))), verdict)


def badge(chain: Chain) -> SafeString:
    """Return a version's state in a word with a mark: draft, scheduled, refused, live or retired."""
    if chain.status == Chain.Status.LIVE:
        return format_html('<span class="badge">{}</span>', "live")
    if chain.status == Chain.Status.RETIRED:
        return format_html('<span class="badge cut">{}</span>', "retired")
    if chain.publish_at is not None:
        title = f"Goes live at {_moment(chain.publish_at)}"
        return format_html('<span class="badge waits" title="{}">{}</span>', title, "scheduled")
    if chain.refusal:
        return format_html('<span class="badge failed" title="{}">{}</span>', chain.refusal, "refused")
    return format_html('<span class="badge begun">{}</span>', "draft")


def _live(chain: Chain) -> Chain | None:
    return Chain.objects.filter(model_id=chain.model_id, status=Chain.Status.LIVE).first()


def _before(chain: Chain) -> Chain | None:
    if chain.published_at is None:
        return None
    earlier = Chain.objects.filter(model_id=chain.model_id, published_at__lt=chain.published_at)
    return earlier.order_by("-published_at", "-version").first()


def _row(line: Line) -> Row:
    match line:
        case Added(hop, place):
            return Row("added", hop, f"in place {place}")
        case Moved(hop, was, place):
            return Row("moved", hop, f"from place {was} to {place}")
        case Changed(hop, field, old, new):
            return Row("changed", hop, f"{field}: {old} → {new}")
    return Row("removed", line.hop, f"was in place {line.place}")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
