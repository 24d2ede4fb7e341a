"""The catalogue as one immutable value in the process: offers with hops and prices, plans, multipliers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from kernel import clock

from .included import includes
from .pricing import Factor, RateCard, factors_text
from .timetable import Coming, Timetable, Version
from .told import Told

__all__ = ["Catalogue", "Hop", "Key", "Offer", "Price", "Terms", "Unpriced"]

_SCOPES = ("platform", "dialect", "byok", "provider", "tier", "model", "plan", "workspace")


class Unpriced(Exception):
    """A model without a price in force: it is refused, never given away."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of ours at an endpoint, in clear."""

    id: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hop:
    """One upstream of a chain, with all that is needed to call it.

    Where `needs_key`, no call goes there without one of `keys`, which are those that are not set aside.
    """

    provider_id: int
    provider: str
    dialect: str
    endpoint_id: int
    base_url: str
    keys: tuple[Key, ...]
    needs_key: bool
    configured: bool
    upstream_model: str
    reasoning: str
    developer_role: bool
    private: bool
    headers: Mapping[str, str]
    drain_seconds: int
    min_plan_rank: int
    weight: int
    tool_ids_local: bool
    connect_seconds: int
    first_byte_seconds: int
    idle_seconds: int
    total_seconds: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One model that can be called: its facts, its live chain, its sell prices, and what each provider charges us."""

    model_id: int
    public_id: str
    aliases: tuple[str, ...]
    name: str
    author: str
    description: str
    capability: str
    tier: str
    context_length: int
    max_output_tokens: int
    input_modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    supported_parameters: tuple[str, ...]
    tokenizer: str
    instruct_type: str
    truncates: bool
    created: int
    chain_id: int
    hops: tuple[Hop, ...]
    prices: Timetable
    costs: Mapping[int, Timetable]

    @property
    def cards(self) -> tuple[tuple[datetime, RateCard], ...]:
        """From when on which sell price counts, newest first, times of day left aside."""
        return tuple((start, version.card) for start, version in self.prices.dated)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan version allows; a cap of None is no cap."""

    plan_version_id: int
    slug: str
    name: str
    rank: int
    tiers: frozenset[str]
    minute_cap: int | None
    hour_cap: int | None
    day_cap: int | None
    stream_cap: int
    default_max_tokens: int
    weights: tuple[tuple[str, int], ...]
    auto_models: tuple[str, ...]
    empty_answers_are_free: bool
    version: int = 1
    published_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    public: bool = True
    also_models: tuple[str, ...] = ()
    except_models: tuple[str, ...] = ()
    retention_days: int | None = None

    def allows(self, public_id: str, tier: str) -> bool:
        """Tell whether the plan includes a model of that id and tier."""
        return includes(public_id, tier, tiers=self.tiers, also=self.also_models, without=self.except_models)

    def weight(self, public_id: str, *, otherwise: int = 1) -> int:
        """Return how many requests one call of a model counts as: by the first pattern that matches."""
        return next(
            (weight for pattern, weight in self.weights if fnmatchcase(public_id, pattern)), otherwise
        )


@dataclass(frozen=True, slots=True)
class DatedFactor:
    """A multiplier with the span it is in force."""

    factor: Factor
    valid_from: datetime
    valid_until: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Tell whether it is in force at a moment."""
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)


@dataclass(frozen=True, slots=True)
class Price:
    """What a request is charged by: a rate card and the chain of factors on it, also as it is stored beside a charge."""

    card: RateCard
    factors: tuple[Factor, ...]
    factors_text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors_text", factors_text(self.factors))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything sold, at one revision."""

    revision: int
    offers: tuple[Offer, ...]
    names: Mapping[str, Offer]
    plans: Mapping[int, Terms]
    multipliers: Mapping[tuple[str, str], tuple[DatedFactor, ...]]
    _told: Told[Price] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_told", Told(self._borders()))

    def find(self, name: str) -> Offer | None:
        """Return the offer with this id or alias; `route/` may be left out where no other id is meant."""
        return self.names.get(name) or self.names.get(f"route/{name}")

    def terms(self, plan_version_id: int) -> Terms:
        """Return the terms of a plan version. Raises KeyError if it is unknown at this revision."""
        return self.plans[plan_version_id]

    def public_terms(self, slug: str) -> Terms:
        """Return the newest published terms of a plan by its slug. Raises KeyError if there are none."""
        moment = clock.now()
        found = None
        for terms in self.plans.values():
            newer = terms.slug == slug and terms.published_at <= moment
            if newer and (found is None or terms.version > found.version):
                found = terms
        if found is None:
            raise KeyError(slug)
        return found

    def lowest_plan(self, offer: Offer) -> Terms | None:
        """Return the lowest public plan that includes a model, for the sentence that names it."""
        moment = clock.now()
        newest: dict[str, Terms] = {}
        for terms in sorted(self.plans.values(), key=lambda terms: terms.version):
            if terms.public and terms.published_at <= moment:
                newest[terms.slug] = terms
        fitting = [terms for terms in newest.values() if terms.allows(offer.public_id, offer.tier)]
        return min(fitting, key=lambda terms: terms.rank, default=None)

    def price(
        self,
        offer: Offer,
        terms: Terms,
        *,
        workspace_id: int,
        provider: str | None = None,
        dialect: str = "openai",
        own_key: bool = False,
    ) -> Price:
        """Return the price in force now for a workspace on these terms.

        `provider` adds that provider's factor, known once it answered; `own_key` that of calls on the workspace's
        own key there. Raises Unpriced without a version in force.
        """
        moment = clock.now()
        if self.names.get(offer.public_id) is not offer:
            return self._price(offer, terms, workspace_id, provider, dialect, own_key, moment)
        told = self._told.at(moment)
        asked = (offer.model_id, terms.plan_version_id, workspace_id, provider, dialect, own_key)
        known = told.get(asked)
        if known is None:
            known = told[asked] = self._price(offer, terms, workspace_id, provider, dialect, own_key, moment)
        return known

    def _price(
        self,
        offer: Offer,
        terms: Terms,
        workspace_id: int,
        provider: str | None,
        dialect: str,
        own_key: bool,  # as the question is kept
        moment: datetime,
    ) -> Price:
        version = offer.prices.at(moment)
        if version is None:
            raise Unpriced(offer.public_id)
        targets = (
            "",
            dialect,
            self._byok_target(provider, moment) if own_key else None,
            provider,
            offer.tier,
            offer.public_id,
            terms.slug,
            str(workspace_id),
        )
        factors = []
        for scope, target in zip(_SCOPES, targets, strict=True):
            factor = self._factor(scope, target, moment)
            if factor is not None:
                factors.append(factor)
        return Price(version.card, tuple(factors))

    def provider_price(self, offer: Offer, provider_id: int) -> RateCard | None:
        """Return what the provider charges us now, or None where no cost is known."""
        known = offer.costs.get(provider_id)
        version = known.at(clock.now()) if known is not None else None
        return version.card if version is not None else None

    def coming(self, offer: Offer) -> Coming | None:
        """Return the next dated change of a model's list price, or None if none is planned."""
        return offer.prices.coming(clock.now())

    def windows(self, offer: Offer) -> tuple[Version, ...]:
        """Return the times of day at which a model has a price of its own these days, newest first."""
        return offer.prices.windows(clock.now())

    def _borders(self) -> Iterable[datetime]:
        for dated in self.multipliers.values():
            for each in dated:
                yield each.valid_from
                if each.valid_until is not None:
                    yield each.valid_until
        for offer in self.offers:
            yield from offer.prices.borders

    def _byok_target(self, provider: str | None, moment: datetime) -> str:
        # A provider's own row goes before the row for all of them.
        return provider if provider and self._factor("byok", provider, moment) else ""

    def _factor(self, scope: str, target: str | None, moment: datetime) -> Factor | None:
        if target is None:
            return None
        dated = self.multipliers.get((scope, target), ())
        return next((each.factor for each in dated if each.holds(moment)), None)
