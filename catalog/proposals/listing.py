"""What somebody says that a provider offers: its models, their contexts and, where it is told, what they cost us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from .figures import Rates, Steps

__all__ = ["Entry", "Listing", "Tariff", "Uncarried", "exact"]

# A class that is not listed by itself costs as much as another of its side; the first that is listed counts.
_LIKE = (("cached", "input"), ("cache_write_1h", "cache_write"), ("reasoning", "output"))
_GREATEST = 10**15
_DIGITS = 50


class Uncarried(Exception):
    """A price that our classes cannot hold exactly; its text names what of it."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Rates as they are stated. What is not stated by itself is part of what is."""

    stated: Rates

    def over(self, ours: Rates | None) -> dict[str, Steps]:
        """Return whole rates for a price version: what is stated, and for the rest what stands there now.

        What is not stated and was sold as another class goes on as that class, at its new rate.
        """
        whole = {**(ours or {}), **self.stated}
        if "output" in whole:  # who gives nothing out neither thinks nor keeps prompts
            for name, like in _LIKE:
                was_alike = ours is None or name not in ours or ours[name] == ours.get(like)
                if name not in self.stated and like in self.stated and was_alike:
                    whole[name] = self.stated[like]
        return whole


@dataclass(frozen=True, slots=True)
class Entry:
    """One model as it is listed. Without a `tariff`, `refusal` says why; both are empty where no price is told.

    `evidence` is what an operator can look up: words by their names.
    """

    id: str
    name: str = ""
    context: int | None = None
    max_output: int | None = None
    tariff: Tariff | None = None
    refusal: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """All that is listed for one provider. `known_as` leads from what our hops say to ids that differ from it."""

    entries: Mapping[str, Entry]
    known_as: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def find(self, upstream_model: str) -> Entry | None:
        """Return the entry that a hop's name for its model means."""
        return self.entries.get(self.known_as.get(upstream_model, upstream_model))


def exact(amount: Decimal, power: int, what: str) -> int:
    """Return amount × 10^power, a rate in micro-USD per million units. Raises Uncarried unless that is a whole one."""
    if not amount.is_finite() or amount < 0:
        raise Uncarried(f"{what} is no price")
    if abs(amount.adjusted()) > _DIGITS or len(amount.as_tuple().digits) > _DIGITS:
        raise Uncarried(f"{what} is written with more digits than a price has")
    scaled = Fraction(amount) * 10**power
    if scaled.denominator != 1:
        raise Uncarried(f"{what} is finer than a micro-dollar per million")
    if scaled > _GREATEST:
        raise Uncarried(f"{what} is more than any price can be")
    return int(scaled)
