"""Which models a request means: the one it names, those it falls back on, or what `auto` stands for."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.callers import Caller
from catalog.snapshot import Catalogue, Offer, Terms

from .ask import ChatAsk
from .dialects import Ask, Dialect
from .errors import Failure
from .wishes import AUTO, Sort, parted

__all__ = ["Named", "Wanted", "named", "wanted"]

# What a chat may set that not every model knows; limits of output are kept by all.
_PARAMETERS = frozenset(
    (
        "frequency_penalty", "include_reasoning", "logit_bias", "logprobs", "min_p", "parallel_tool_calls",
        "presence_penalty", "reasoning", "reasoning_effort", "repetition_penalty", "response_format", "seed", "stop",
        "temperature", "tool_choice", "tools", "top_a", "top_k", "top_logprobs", "top_p", "verbosity",
        "web_search_options",
    )
)  # fmt: skip
_DECISIVE = frozenset(("tools", "response_format"))


@dataclass(frozen=True, slots=True)
class Named:
    """A model that may serve, and the order of providers that its name asks for.

    Of those that `auto` stands for the first that can be had is taken, and no other.
    """

    offer: Offer
    sort: Sort | None
    automatic: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name in a request: the field that has it, its model, None for `auto`, and the order that it asks for."""

    field: str
    offer: Offer | None
    sort: Sort | None


def wanted(catalogue: Catalogue, ask: Ask, dialect: Dialect) -> list[Wanted]:
    """Return the models that a request names, the first choice first. Raises Failure for a name that is unknown."""
    names = [("model", ask.model), *((f"models[{n}]", name) for n, name in enumerate(ask.wishes.models))]
    return [_wanted(catalogue, field, name, ask, dialect) for field, name in names]


def _wanted(catalogue: Catalogue, field: str, name: str, ask: Ask, dialect: Dialect) -> Wanted:
    base, sort = (name, None) if catalogue.find(name) is not None else parted(name)
    if base == AUTO:
        return Wanted(field, None, sort)
    offer = catalogue.find(base)
    if offer is None or offer.capability != dialect.capability:
        raise Failure("INVALID_MODEL", f"There is no {dialect.capability} model {name[:128]!r}.", param=field)
    lacking = ask.chat.needs - set(offer.supported_parameters) if ask.chat is not None else ()
    if lacking:
        said = f"{offer.public_id} does not support {', '.join(sorted(lacking))}, which this route needs."
        raise Failure("INVALID_MODEL", said, param=field)
    return Wanted(field, offer, sort)


def named(
    names: list[Wanted], catalogue: Catalogue, caller: Caller, terms: Terms, ask: Ask, dialect: Dialect
) -> list[Named]:
    """Return the models that a request means; of `auto` those that can do what is asked.

    Raises Failure for a model that plan or key do not allow.
    """
    found: dict[str, Named] = {}
    for each in names:
        automatic = each.offer is None
        offers = [each.offer] if each.offer else _automatic(catalogue, caller, terms, ask, dialect)
        for offer in offers:
            _check_allowed(catalogue, caller, terms, offer, each.field)
            found.setdefault(offer.public_id, Named(offer, each.sort, automatic))
    _check_parameters(found, ask)
    return list(found.values())


def _automatic(catalogue: Catalogue, caller: Caller, terms: Terms, ask: Ask, dialect: Dialect) -> list[Offer]:
    offers = [
        offer
        for name in terms.auto_models
        if (offer := catalogue.find(name)) is not None
        and offer.capability == dialect.capability
        and terms.allows(offer.public_id, offer.tier)
        and (caller.allowed_models is None or offer.public_id in caller.allowed_models)
        and _can(offer, ask)
    ]
    if not offers:
        raise Failure(
            "INVALID_MODEL",
            f"The plan {terms.name} has no model for {AUTO!r} that can do what is asked: name one.",
            param="model",
        )
    return offers


def _can(offer: Offer, ask: Ask) -> bool:
    chat = ask.chat
    if chat is None:
        return True
    wanted = _DECISIVE & _set(chat) | chat.needs
    sees = not chat.prompt_images or "image" in offer.input_modalities
    return sees and wanted <= set(offer.supported_parameters) and ask.prompt_extra < offer.context_length


def _check_allowed(catalogue: Catalogue, caller: Caller, terms: Terms, offer: Offer, field: str) -> None:
    if caller.allowed_models is not None and offer.public_id not in caller.allowed_models:
        raise Failure("MODEL_NOT_ALLOWED", f"This key may not use {offer.public_id}.", param=field)
    if not terms.allows(offer.public_id, offer.tier):
        lowest = catalogue.lowest_plan(offer)
        including = f" The lowest plan that includes it is {lowest.name}." if lowest else ""
        raise Failure(
            "MODEL_NOT_ALLOWED",
            f"{offer.public_id} is not included in the plan {terms.name}.{including}",
            param=field,
        )


def _check_parameters(found: dict[str, Named], ask: Ask) -> None:
    if not ask.wishes.require_parameters or ask.chat is None:
        return
    wanted = _set(ask.chat)
    missing = {name: wanted - set(each.offer.supported_parameters) for name, each in found.items()}
    for name in [name for name, lacking in missing.items() if lacking]:
        del found[name]
    if not found:
        lacking = ", ".join(sorted(next(iter(missing.values()))))
        raise Failure(
            "VALIDATION_ERROR", f"No provider supports {lacking} here.", param="provider.require_parameters"
        )


def _set(chat: ChatAsk) -> frozenset[str]:
    return frozenset(_given(chat))


def _given(chat: ChatAsk) -> Iterator[str]:
    for name, value in chat.body.items():
        if name in _PARAMETERS and value is not None and value != []:
            yield name
