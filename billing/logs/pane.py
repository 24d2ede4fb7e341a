"""One request in full: how it ended, its charge line by line, every attempt, and where it is booked."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import prod
from uuid import UUID

from billing import figures, receipts
from billing.credits.shown import WORDS
from billing.explanations import Explanation, Line
from billing.models import Attempt, UsageEvent
from billing.reach import Reach
from billing.receipts import Charge, Posting, Receipt
from billing.recent import ENDINGS
from billing.waterfall import Waterfall, waterfall
from catalog.models import Model, Provider, TokenClass
from catalog.pricing import Factor
from kernel import ids

from . import told

__all__ = ["Pane", "request"]

_LAST_REVISION = 255
_PPM = 6
_NANO = 9


@dataclass(frozen=True, slots=True)
class Row:
    """One class of the receipt; the amount is exact, in USD."""

    name: str
    units: int
    price: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """How a charge came about: rows → sum → × factor = multiplied → charge; what was not charged is `waived`."""

    rows: tuple[Row, ...]
    units: int
    subtotal: Decimal
    factor: str
    factors: tuple[str, ...]
    multiplied: Decimal
    unrounded: str
    waived: Decimal
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Booked:
    """Where a revision's part of the charge is booked, in words; money in nano-USD."""

    posting: Posting
    paid: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Pane:
    """Everything that is told of a request that has ended; cost and hold in nano-USD."""

    receipt: Receipt
    badge: str
    ending: str
    how: str
    at: datetime
    hold: int
    capability: str
    rate: str
    waterfall: Waterfall
    account: Account | None
    charge: Charge | None
    booked: tuple[Booked, ...]
    counted: str
    rule: str

    @property
    def request_id(self) -> UUID:
        """The request."""
        return self.receipt.request_id

    @property
    def charged(self) -> bool:
        """Whether it was charged at all, if with nothing."""
        return self.badge != "failed" or self.receipt.cost != 0

    @property
    def tokens(self) -> int:
        """All its tokens."""
        return self.receipt.counts.prompt_tokens + self.receipt.counts.completion_tokens


def request(workspace_id: int, request_id: UUID, *, reach: Reach) -> Pane | None:
    """Return what is told of a workspace's request; None if it is unknown, another's, out of reach, or still open."""
    receipt = receipts.find(workspace_id, request_id, reach=reach)
    if receipt is None:
        return None
    events = _events(workspace_id, request_id)
    charge = _charge(receipt)
    account = _account(charge.explanation) if charge else None
    badge, ending = ENDINGS[receipt.status]
    return Pane(
        receipt=receipt,
        badge=badge,
        ending=ending or ("Complete" if badge == "ok" else "Failed"),
        how=told.how(receipt),
        at=events[-1].recorded_at,
        hold=events[0].hold,
        capability=Model.objects.filter(pk=events[-1].model_id).values_list("capability", flat=True).first()
        or "",
        rate=_rate(receipt),
        waterfall=_waterfall(events),
        account=account,
        charge=charge,
        booked=tuple(_booked(posting) for posting in charge.postings) if charge else (),
        counted=told.counted(receipt),
        rule=told.rule(receipt, waived=account is not None and bool(account.waived)),
    )


def _events(workspace_id: int, request_id: UUID) -> list[UsageEvent]:
    span = (request_id, ids.revision_id(request_id, _LAST_REVISION))
    return list(UsageEvent.objects.filter(workspace_id=workspace_id, id__range=span).order_by("id"))


def _waterfall(events: list[UsageEvent]) -> Waterfall:
    newest = events[-1]
    span = (newest.request_id, ids.revision_id(newest.request_id, _LAST_REVISION))
    failed = list(Attempt.objects.filter(workspace_id=newest.workspace_id, id__range=span).order_by("id"))
    tried = {newest.provider_id, *(attempt.provider_id for attempt in failed)}
    return waterfall(newest, failed, dict(Provider.objects.filter(pk__in=tried).values_list("pk", "slug")))


def _charge(receipt: Receipt) -> Charge | None:
    try:
        return receipts.charge(receipt)
    except LookupError:
        return None


def _rate(receipt: Receipt) -> str:
    """Return output tokens a second from the first token on; a whole answer has no such rate."""
    if receipt.ttfb_ms is None or not receipt.stream or receipt.latency_ms <= receipt.ttfb_ms:
        return "—"
    rate = receipt.counts.completion_tokens * 1000 // (receipt.latency_ms - receipt.ttfb_ms)
    return f"{figures.count(rate)} / s"


def _account(explanation: Explanation) -> Account:
    sign, digits, exponent = explanation.exact.as_tuple()
    assert isinstance(exponent, int)
    unrounded = Decimal((sign, digits, exponent + _NANO))
    return Account(
        rows=tuple(_row(line) for line in explanation.lines),
        units=sum(line.units for line in explanation.lines if line.unit == "token"),
        subtotal=explanation.subtotal,
        factor=_product(explanation.factors),
        factors=tuple(_factor(each) for each in explanation.factors),
        multiplied=explanation.exact,
        unrounded=_plain(f"{unrounded:,f}", least=0),
        waived=explanation.waived,
        notes=explanation.notes,
    )


def _row(line: Line) -> Row:
    above = f", prompt over {figures.count(line.above)}" if line.above else ""
    per = "M" if line.unit == "token" else line.unit
    price = f"× ${_plain(f'{line.price:f}', least=2)} / {per}"
    return Row(TokenClass(line.token_class).label + above, line.units, price, line.amount)


def _product(factors: tuple[Factor, ...]) -> str:
    decimals = _PPM * len(factors)
    return _plain(f"{Decimal(f'{prod(each.ppm for each in factors)}E-{decimals}'):f}", least=2)


def _factor(factor: Factor) -> str:
    named = f"{factor.scope} {factor.target}".strip() or f"multiplier {factor.id}"
    return f"{named} {_plain(f'{Decimal(factor.ppm).scaleb(-_PPM):f}', least=2)}"


def _plain(text: str, *, least: int) -> str:
    """Take away zeros at the end of a decimal number that say nothing, but for as many decimals as stand at least."""
    whole, _, part = text.partition(".")
    part = part.rstrip("0").ljust(least, "0")
    return f"{whole}.{part}" if part else whole


def _booked(posting: Posting) -> Booked:
    paid = tuple(
        (WORDS[payment.source].lower() if payment.source else "credit still to come", payment.amount)  # type: ignore[index]
        for payment in posting.paid
    )
    return Booked(posting, paid)
