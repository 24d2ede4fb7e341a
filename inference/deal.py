"""On what terms a request runs: the plan that allows it, and each way it may be served, priced and in order."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from accounts.callers import Caller
from catalog import pricing
from catalog.snapshot import Catalogue, Hop, Offer, Price, Terms, Unpriced

from . import choosing, naming, routing
from .choosing import Figures, Talk
from .dialects import Ask, Dialect
from .errors import Failure
from .legs import Leg
from .naming import Named
from .sticking import Sticking, conversation

__all__ = ["Deal", "Signs", "strike", "terms_of"]

MOST_LEGS = 32
# How many requests a call counts as, where no pattern of the plan names its model.
_WEIGHTS = {"image": 5}


@dataclass(frozen=True, slots=True)
class Signs:
    """What this process knows of the roads: where conversations went, and how providers fare."""

    sticking: Sticking
    measured: Callable[[Leg], Figures]


@dataclass(frozen=True, slots=True)
class Deal:
    """What a request was let in on; prices are those in force at that moment, and stay. `legs` is never empty.

    `talk` is the conversation it belongs to, where there is a choice to make for it.
    """

    caller: Caller
    terms: Terms
    legs: tuple[Leg, ...]
    talk: Talk | None = None

    @property
    def first(self) -> Leg:
        """The first choice: what the admission is pinned to, until another serves."""
        return self.legs[0]

    @property
    def weight(self) -> int:
        """The most requests that this one may count as; what it does not need comes back when it is settled."""
        return max(leg.weight for leg in self.legs)

    @property
    def open_ended(self) -> bool:
        """Whether more may be written than is held for at first: the caller named no limit."""
        return any(leg.open_ended for leg in self.legs)

    def hold(self, prompt_tokens: Callable[[Ask], int], *, whole: bool = False) -> int:
        """Return the most this request can cost on any of its legs, in nano-USD, for what is held for at first.

        The `whole` is for all that may be written. Raises pricing.Unpriced.
        """
        alike = {(id(leg.price), id(leg.ask), leg.max_tokens, leg.held_tokens): leg for leg in self.legs}
        return max(
            leg.ceiling(prompt_tokens(leg.ask), (leg.max_tokens if whole else leg.held_tokens) * leg.ask.n)
            for leg in alike.values()
        )

    def limited(self, amount: int, prompt_tokens: Callable[[Ask], int]) -> "Deal":
        """Return the deal with no more output than an amount of nano-USD covers, or than is held for at first."""
        return replace(self, legs=tuple(leg.limited(amount, prompt_tokens(leg.ask)) for leg in self.legs))


def strike(catalogue: Catalogue, signs: Signs, caller: Caller, ask: Ask, dialect: Dialect) -> Deal:
    """Return the terms for what a caller asks.

    Raises Failure if a model is unknown or not included, and if none can be had: not priced, not connected, not
    as it is wished.
    """
    names = naming.wanted(catalogue, ask, dialect)
    terms = terms_of(catalogue, caller)
    legs: list[Leg] = []
    first_talk: Talk | None = None
    refusals: list[Failure] = []
    automatic = False
    for each in naming.named(names, catalogue, caller, terms, ask, dialect):
        if each.automatic and automatic:
            continue
        try:
            found = _legs(catalogue, caller, terms, each, ask, dialect)
            talk = _talk(signs.sticking, caller, each.offer, ask) if len(found) > 1 else None
            sort = ask.wishes.sort or each.sort
            ordered = choosing.chosen(found, ask.wishes, sort=sort, talk=talk, measured=signs.measured)
            first_talk = first_talk if legs else talk
            legs += ordered
            automatic |= each.automatic
        except Failure as refusal:
            refusals.append(refusal)
    if not legs:
        raise refusals[0]
    return Deal(caller, terms, tuple(legs[:MOST_LEGS]), first_talk)


def terms_of(catalogue: Catalogue, caller: Caller) -> Terms:
    """Return the terms of the caller's plan. Raises Failure if they are newer than this process's catalogue."""
    try:
        return catalogue.terms(caller.plan_version_id)
    except KeyError as error:
        raise Failure("UNAVAILABLE", "The terms of this plan are not loaded yet.", retry_after=1) from error


def _legs(
    catalogue: Catalogue, caller: Caller, terms: Terms, named: Named, ask: Ask, dialect: Dialect
) -> list[Leg]:
    offer = named.offer
    hops = routing.candidates(offer.hops, rank=terms.rank, own_keys=caller.own_keys)
    if not hops:
        raise Failure("PROVIDER_ERROR", f"No provider of {offer.public_id} is connected at the moment.")
    most = offer.max_output_tokens if dialect.capability == "chat" else 0
    writes = most if ask.limit is None else min(ask.limit, most)
    held = min(terms.default_max_tokens, writes) if ask.limit is None else writes
    weight = terms.weight(offer.public_id, otherwise=_WEIGHTS.get(offer.capability, 1))
    try:
        prices = _prices(catalogue, caller, offer, terms, hops, dialect)
        legs = [
            Leg(
                offer=offer,
                hop=hop,
                price=price,
                cost=catalogue.provider_price(offer, hop.provider_id),
                weight=weight,
                ask=ask,
                max_tokens=writes,
                held_tokens=held,
                own_key=caller.own_keys.get(hop.provider_id),
            )
            for hop, price in zip(hops, prices, strict=True)
        ]
        for price in {id(price): price for price in prices}.values():
            priced = next(leg for leg in legs if leg.price is price)
            priced.ceiling(ask.prompt_bound, priced.output_bound)
    except (Unpriced, pricing.Unpriced) as error:
        raise Failure(
            "INVALID_MODEL", f"{offer.public_id} has no price and is not sold.", param="model"
        ) from error
    return legs


def _prices(
    catalogue: Catalogue, caller: Caller, offer: Offer, terms: Terms, hops: list[Hop], dialect: Dialect
) -> list[Price]:
    shared = functools.partial(
        catalogue.price, offer, terms, workspace_id=caller.workspace_id, dialect=dialect.name
    )
    plain = shared()
    return [
        shared(provider=hop.provider, own_key=hop.provider_id in caller.own_keys)
        if ("provider", hop.provider) in catalogue.multipliers or hop.provider_id in caller.own_keys
        else plain
        for hop in hops
    ]


def _talk(sticking: Sticking, caller: Caller, offer: Offer, ask: Ask) -> Talk | None:
    chat = ask.chat
    if chat is None:
        return None
    name = conversation(chat.body, workspace_id=caller.workspace_id, model=offer.public_id)
    answers = chat.body["messages"][-1]["role"] == "tool"
    return Talk(name, sticking.place(name), answers)
