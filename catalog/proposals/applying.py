"""What an approved proposal does: dated price versions, drafts of chains, facts of models; nothing goes live by it but a price."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog import chains
from catalog.models import (
    Capability,
    Chain,
    Endpoint,
    Hop,
    Model,
    PriceVersion,
    Proposal,
    Provider,
    Rate,
    Tier,
)
from kernel import clock

from . import figures, standing
from .figures import Kept, Rates
from .standing import Priced

__all__ = ["Made", "NewModel", "Refused", "apply", "held_model", "kept_sell"]

Kind = Proposal.Kind


class Refused(Exception):
    """What was asked of a proposal is refused, and nothing has changed; its text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class NewModel:
    """What an operator says of a model that is to be added: as which id, on which tier, and its limits in tokens."""

    public_id: str
    name: str
    tier: Tier
    context_length: int
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Made:
    """What came of an approval."""

    cost_version: PriceVersion | None = None
    sell_version: PriceVersion | None = None
    drafted: Chain | None = None


def held_model(proposal: Proposal) -> None:
    """Lock the proposal's model, so that one at a time changes its prices and chains."""
    if proposal.model_id is not None:
        list(Model.objects.select_for_update(no_key=True).filter(pk=proposal.model_id).values_list("pk"))


def apply(proposal: Proposal, *, sell_too: bool, new: NewModel | None) -> Made:
    """Do what a proposal says, from now on. Raises Refused where the catalogue is no longer what it was compared with."""
    now = clock.now()
    match proposal.kind:
        case Kind.COST:
            return _cost(proposal, now, sell_too=sell_too)
        case Kind.UNPRICED:
            return _unpriced(proposal, now)
        case Kind.CONTEXT:
            return _context(proposal)
        case Kind.GONE:
            return _gone(proposal)
    if new is None:
        raise Refused("A new model needs an id, a tier and its limits.")
    return _new(proposal, new, now)


def kept_sell(proposal: Proposal) -> Kept | None:
    """Return the sell rates that keep today's margin over a cost that is proposed; None where there is no margin yet."""
    before = figures.read_back(proposal.before.get("rates", {}))
    if proposal.kind != Kind.COST or not before or proposal.model is None:
        return None
    sell = standing.in_force([proposal.model], None).get(proposal.model.pk)
    if sell is None:
        return None
    return figures.margin_kept(sell.rates, before, figures.read_back(proposal.after["rates"]))


def _cost(proposal: Proposal, now: datetime, *, sell_too: bool) -> Made:
    model = _model(proposal)
    _check_stands(
        standing.in_force([model], proposal.provider).get(model.pk), proposal.cost_before_id, "cost"
    )
    sell = None
    if sell_too:
        _check_stands(standing.in_force([model], None).get(model.pk), proposal.sell_before_id, "sell price")
        kept = kept_sell(proposal)
        if kept is None:
            raise Refused("There is no margin to keep: the model has no sell price, or had no cost.")
        sell = _version(model, None, kept.rates, now, f"proposal {proposal.pk}: margin kept")
    rates = figures.read_back(proposal.after["rates"])
    return Made(_version(model, proposal.provider, rates, now, _source(proposal)), sell)


def _unpriced(proposal: Proposal, now: datetime) -> Made:
    model = _model(proposal)
    _check_stands(standing.in_force([model], None).get(model.pk), proposal.sell_before_id, "sell price")
    rates = figures.read_back(proposal.after["rates"])
    return Made(
        sell_version=_version(model, None, rates, now, f"proposal {proposal.pk}: classes without a price")
    )


def _context(proposal: Proposal) -> Made:
    model = Model.objects.get(pk=_model(proposal).pk)
    if {"context": model.context_length, "max_output": model.max_output_tokens} != proposal.before:
        raise Refused("The model's limits have changed since. Compare again.")
    model.context_length, model.max_output_tokens = proposal.after["context"], proposal.after["max_output"]
    model.save(update_fields=["context_length", "max_output_tokens"])
    return Made()


def _gone(proposal: Proposal) -> Made:
    """Draft the model's next chain without the hops that lead there."""
    live = Chain.objects.filter(model=proposal.model, status=Chain.Status.LIVE).first()
    if live is None:
        raise Refused("The model has no live chain any more. Compare again.")
    draft = chains.draft_from(
        live, note=f"Without {proposal.upstream_model} at {proposal.provider.slug}, which is gone."
    )
    there = Hop.objects.filter(
        chain=draft, endpoint__provider=proposal.provider, upstream_model=proposal.upstream_model
    )
    if not there.delete()[0]:
        raise Refused("Its live chain does not lead there any more. Compare again.")
    chains.renumber(draft)
    return Made(drafted=draft)


def _new(proposal: Proposal, new: NewModel, now: datetime) -> Made:
    """Add the model switched off, with its cost and a draft of its chain; price and publication are the operator's."""
    if Model.objects.filter(public_id=new.public_id).exists():
        raise Refused(f"There is a model {new.public_id} already.")
    endpoint = Endpoint.objects.filter(provider=proposal.provider).order_by("-active", "pk").first()
    if endpoint is None:
        raise Refused("The provider has no endpoint.")
    model = Model.objects.create(
        public_id=new.public_id,
        name=new.name,
        author=new.public_id.partition("/")[0][:64],
        tier=new.tier,
        capability=Capability.CHAT,
        context_length=new.context_length,
        max_output_tokens=new.max_output_tokens,
        input_modalities=["text"],
        output_modalities=["text"],
        active=False,
        created_at=now,
        source=_source(proposal),
    )
    draft = Chain.objects.create(model=model, version=1, note=f"Proposal {proposal.pk}")
    Hop.objects.create(chain=draft, position=1, endpoint=endpoint, upstream_model=proposal.upstream_model)
    rates = figures.read_back(proposal.after.get("rates", {}))
    cost = _version(model, proposal.provider, rates, now, _source(proposal)) if rates else None
    return Made(cost, drafted=draft)


def _version(
    model: Model, provider: Provider | None, rates: Rates, now: datetime, source: str
) -> PriceVersion:
    version = PriceVersion.objects.create(model=model, provider=provider, valid_from=now, source=source[:200])
    Rate.objects.bulk_create(
        [
            Rate(
                price_version=version,
                token_class=name,
                min_prompt_tokens=minimum,
                micro_usd_per_million=amount,
            )
            for name, steps in rates.items()
            for minimum, amount in steps
        ]
    )
    return version


def _model(proposal: Proposal) -> Model:
    if proposal.model is None:
        raise Refused("It names no model of ours.")
    return proposal.model


def _check_stands(now: Priced | None, compared_with: int | None, what: str) -> None:
    if (now.version.pk if now is not None else None) != compared_with:
        raise Refused(f"The {what} has changed since. Compare again.")


def _source(proposal: Proposal) -> str:
    evidence: Mapping[str, Any] = proposal.evidence
    said = evidence.get("source") or f"{proposal.provider.slug}'s own list"
    return f"proposal {proposal.pk}: {said}"
