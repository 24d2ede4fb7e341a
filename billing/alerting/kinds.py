"""The kinds of alerts: what each measures, in which unit, on which side of its threshold it holds, and what that means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import AlertRule
from billing.waiting import customers, payments, prices, proof, upstreams
from billing.waiting.item import Item

from . import machinery, money
from .reading import Find, Reading, Unit

__all__ = ["EASED", "KINDS", "Kind"]

EASED = 0.1
"""A share of the threshold: what began ends only that far back behind it, so that a value at its edge does not flap."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `says` completes the sentence "Holds while …"; `below` is for what must not fall."""

    find: Find
    unit: Unit
    says: str
    below: bool = False

    def level(self, threshold: float) -> float:
        """Return the value from which on what has begun goes on."""
        return threshold * (1 + EASED if self.below else 1 - EASED)

    def beyond(self, value: float, threshold: float) -> bool:
        """Tell whether a value is at a threshold or beyond it."""
        return value <= threshold if self.below else value >= threshold


def _of_items(find: Callable[[datetime], Sequence[Item]], only: str = "") -> Find:
    """Return a kind's reading of what the desk finds: a thing without a measure counts as one."""

    def found(now: datetime, level: float) -> Sequence[Reading]:
        items = [item for item in find(now) if item.key.startswith(only)]
        return [reading for reading in map(_reading, items) if reading.value >= level]

    return found


def _reading(item: Item) -> Reading:
    value = item.number if item.measure is None else item.measure
    return Reading(item.key, value, item.title, item.detail, item.url)


def _breakers(now: datetime, level: float) -> Sequence[Reading]:
    said = machinery.redis_said()
    return [
        _reading(item) for item in upstreams.find_breakers(now, open_for=machinery.minutes(level), said=said)
    ]


def _spending(now: datetime, level: float) -> Sequence[Reading]:
    return [_reading(item) for item in customers.find_spending(now, times=level)]


_Of = AlertRule.Kind
KINDS: dict[str, Kind] = {
    _Of.AUDIT: Kind(_of_items(proof.find_audits), Unit.COUNT, "an audit has so many findings, or none was made for 15 minutes"),
    _Of.LAG: Kind(machinery.lag, Unit.SECONDS, "the oldest settled request waits so long for the ledger"),
    _Of.DEGRADED: Kind(machinery.degraded, Unit.COUNT, "so many processes say that a part is away"),
    _Of.JOURNAL: Kind(machinery.journal, Unit.COUNT, "so many settlements, or kept files, wait on a disk"),
    _Of.BREAKER: Kind(_breakers, Unit.MINUTES, "an upstream is left alone for so long"),
    _Of.ERRORS: Kind(machinery.errors, Unit.PERCENT, "so much of an upstream's calls of 5 minutes fails, of 20 at least"),
    _Of.KEYS: Kind(_of_items(upstreams.find_keys), Unit.COUNT, "a provider refuses a key of ours"),
    _Of.UNPRICED: Kind(_of_items(prices.find_gaps, "gaps:unpriced"), Unit.COUNT, "so many models on sale have no price"),
    _Of.MARGIN: Kind(money.margins, Unit.PERCENT, "a model leaves us no more of its revenue, today and yesterday", below=True),
    _Of.SPENDING: Kind(_spending, Unit.TIMES, "a workspace spends so many times what it does on other days by this time"),
    _Of.REFUSALS: Kind(machinery.refusals, Unit.COUNT, "so many requests were refused in 10 minutes"),
    _Of.WEBHOOKS: Kind(money.unheard_events, Unit.COUNT, "so many events of Stripe of the last hour did nothing"),
    _Of.DISPUTES: Kind(_of_items(payments.find_disputes), Unit.COUNT, "a dispute waits for an answer"),
    _Of.PAYMENTS: Kind(_of_items(payments.find_alerts), Unit.COUNT, "a payment alert is open"),
}  # fmt: skip
