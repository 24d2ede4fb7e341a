"""Which models a caller sees: those in sale that the plan includes and the key allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.callers import Caller
from catalog.pricing import RateCard
from catalog.register import Register
from catalog.snapshot import Catalogue, Hop, Offer, Terms
from kernel import clock

from .. import routing
from ..deal import terms_of

__all__ = ["Listed", "Shelf", "shelf"]

FREE = "free"


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in sale with the list price in force."""

    offer: Offer
    card: RateCard


@dataclass(frozen=True, slots=True)
class Shelf:
    """The catalogue at one moment, as one caller meets it; nobody meets it as a customer of the free plan does."""

    catalogue: Catalogue
    register: Register
    caller: Caller | None
    terms: Terms | None
    moment: datetime

    def all(self) -> Iterator[Listed]:
        """Give every model in sale, of whatever plan, in the order of their ids; without a price none is sold."""
        for offer in self.catalogue.offers:
            listed = self._listed(offer)
            if listed is not None:
                yield listed

    def included(self) -> Iterator[Listed]:
        """Give the models that the caller may call."""
        return (listed for listed in self.all() if self.allows(listed.offer))

    def find(self, name: str) -> Listed | None:
        """Return the model in sale with this id or alias, or None."""
        offer = self.catalogue.find(name)
        return self._listed(offer) if offer is not None else None

    def allows(self, offer: Offer) -> bool:
        """Tell whether the caller's plan and key include a model."""
        if self.terms is None or not self.terms.allows(offer.public_id, offer.tier):
            return False
        named = self.caller.allowed_models if self.caller is not None else None
        return named is None or offer.public_id in named

    def hops(self, offer: Offer) -> list[Hop]:
        """Return the upstreams that would be tried for the caller, in order."""
        rank = self.terms.rank if self.terms is not None else 0
        own_keys = self.caller.own_keys if self.caller is not None else {}
        return routing.candidates(offer.hops, rank=rank, own_keys=own_keys)

    def customer(self) -> tuple[Caller, Terms]:
        """Return the caller and their terms. Raises TypeError for nobody, who is quoted no price."""
        if self.caller is None or self.terms is None:
            raise TypeError("prices are quoted to callers only")
        return self.caller, self.terms

    def _listed(self, offer: Offer) -> Listed | None:
        version = offer.prices.at(self.moment)
        return Listed(offer, version.card) if version is not None else None


def shelf(catalogue: Catalogue, register: Register, caller: Caller | None) -> Shelf:
    """Return what a caller, or nobody, meets now. Raises Failure if the caller's terms are not loaded yet."""
    terms = terms_of(catalogue, caller) if caller is not None else _terms_for_nobody(catalogue)
    return Shelf(catalogue, register, caller, terms, clock.now())


def _terms_for_nobody(catalogue: Catalogue) -> Terms | None:
    try:
        return catalogue.public_terms(FREE)
    except KeyError:
        return None  # without a free plan nothing is on show
