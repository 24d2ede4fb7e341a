"""A request that is only asked about: on what terms it would run, by the walk's own steps; nothing is sent or charged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from asgiref.sync import async_to_sync

from accounts.callers import Caller
from billing import foresight
from billing.admission import Refused
from catalog.snapshot import Price, Unpriced
from kernel import ids

from .. import auth, entry, pipeline, routing
from ..ask import read_object
from ..deal import Deal, terms_of
from ..dialects import Dialect
from ..dialects.chat import CHAT
from ..dialects.embeddings import EMBEDDINGS
from ..dialects.images import IMAGES
from ..dialects.rerank import RERANK
from ..errors import Failure
from ..process import Process
from ..refusing import Sought
from ..wishes import parted
from . import denials

__all__ = ["Foreseen", "Priced", "foresee", "price", "refusal"]

_DIALECTS: Mapping[str, Dialect] = {each.capability: each for each in (CHAT, EMBEDDINGS, RERANK, IMAGES)}
_EMPTY = [{"role": "user", "content": ""}]


@dataclass(frozen=True, slots=True)
class Priced:
    """A model's id and its price for a caller at the provider that would be asked first."""

    model: str
    provider: str
    price: Price


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How far a request would come: what it seeks, its terms, its hold in nano-USD, and why it would be refused."""

    sought: Sought
    deal: Deal | None = None
    hold: int | None = None
    refused: Refused | None = None
    failure: Failure | None = None

    @property
    def model(self) -> str:
        """The model's own id, or what it was called where that is unknown."""
        return self.deal.first.offer.public_id if self.deal is not None else self.sought.model


def price(process: Process, caller: Caller, model: str) -> Priced:
    """Return what a model costs a caller, also one that the plan does not include. Raises Failure."""
    catalogue = process.catalogue
    offer = catalogue.find(model)
    if offer is None:
        raise Failure("INVALID_MODEL", f"There is no model {model[:128]!r}.", param="model")
    terms = terms_of(catalogue, caller)
    first = next(iter(routing.candidates(offer.hops, rank=terms.rank, own_keys=caller.own_keys)), None)
    provider = first.provider if first is not None else None
    try:
        found = catalogue.price(
            offer,
            terms,
            workspace_id=caller.workspace_id,
            provider=provider,
            dialect=CHAT.name,
            own_key=first is not None and first.provider_id in caller.own_keys,
        )
    except Unpriced as error:
        raise Failure(
            "INVALID_MODEL", f"{offer.public_id} has no price and is not sold.", param="model"
        ) from error
    return Priced(offer.public_id, provider or "", found)


def foresee(process: Process, caller: Caller, raw: bytes) -> Foreseen:
    """Return how a request with this body would fare now. Nothing of it is taken, so the next moment may differ.

    The model says which kind of request it is; a chat without messages stands for an empty prompt.
    """
    body = read_object(raw, acted_on=())
    dialect = _dialect(process, body.get("model"))
    if dialect is CHAT and "messages" not in body:
        raw = orjson.dumps({**body, "messages": _EMPTY})
    sought = Sought()
    try:
        auth.check_spends(caller)
        struck: Deal = async_to_sync(pipeline.agree)(process, caller, raw, dialect, sought)
    except Failure as invalid:
        return Foreseen(sought, failure=invalid)
    wish = entry.wide(ids.request_id(), struck, tag="")
    refused = foresight.refusal(wish.taking)
    if refused is not None and entry.worth_counting(refused):
        wish = entry.narrow(wish, refused)
        refused = foresight.refusal(wish.taking)
    failure = entry.worded(refused) if refused is not None else None
    return Foreseen(sought, wish.deal, wish.taking.hold, refused, failure)


def _dialect(process: Process, model: object) -> Dialect:
    offer = process.catalogue.find(parted(model)[0]) if isinstance(model, str) else None
    return _DIALECTS[offer.capability] if offer is not None else CHAT


def refusal(seen: Foreseen) -> dict[str, Any] | None:
    """Return why a request would be refused, as it is told; None if it would be let in."""
    if seen.failure is None:
        return None
    return denials.foreseen(seen.failure, seen.refused, weight=seen.sought.weight)
