"""The routes of the shelf: who asks, what they may see of it, and in which form it goes out."""

from typing import Any

import orjson
import psycopg
from django.core.exceptions import DisallowedHost
from django.http.response import HttpResponseBase

from catalog.register import Registrar

from .. import answers, auth
from ..answers import Answer
from ..arrival import Arrival
from ..errors import TABLE, Failure
from ..process import Process
from . import endpoints, feed, filters, freshness, items, pricing, status
from .filters import Choice
from .visible import Listed, Shelf, shelf

__all__ = [
    "as_met",
    "changes",
    "count",
    "model",
    "model_endpoints",
    "models",
    "prices",
    "providers",
    "settings",
    "state",
]

_registrar = Registrar()


async def as_met(process: Process, request: Arrival, *, anybody: bool = False) -> Shelf:
    """Return the shelf as whoever asks meets it. Raises Failure; without `anybody` also where nobody is named."""
    ask = auth.caller_or_nobody if anybody else auth.caller
    caller = await ask(process.directory, request)
    catalogue = process.catalogue
    try:
        register = await _registrar.at(catalogue.revision)
    except (psycopg.Error, TimeoutError) as error:
        raise Failure("UNAVAILABLE", "The catalogue cannot be read right now.", retry_after=2) from error
    return shelf(catalogue, register, caller)


async def models(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with the models of the caller's plan, or of the free plan for nobody. Raises Failure."""
    seen = await as_met(process, request, anybody=True)
    choice = filters.read(request)
    if choice.rss:
        return await _feed(request, seen, choice)
    data = [items.item(listed, seen) for listed in choice.page(seen.included())]
    body = orjson.dumps({"object": "list", "data": data})
    return freshness.answer(request, body, public=seen.caller is None)


async def changes(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with what changed on the whole shelf, for anybody. Raises Failure."""
    seen = await as_met(process, request, anybody=True)
    return await _feed(request, seen, filters.read(request))


async def model(process: Process, request: Arrival, name: str) -> HttpResponseBase:
    """Answer with one model, by its id or an alias. Raises Failure."""
    seen = await as_met(process, request)
    listed = seen.find(name)
    if listed is None:
        return _no_such_model(request)
    return await _object(request, items.detail(listed, seen))


async def model_endpoints(process: Process, request: Arrival, name: str) -> HttpResponseBase:
    """Answer with the upstreams of one model. Raises Failure."""
    seen = await as_met(process, request)
    listed = seen.find(name)
    if listed is None:
        return _no_such_model(request)
    return await _object(request, {"data": endpoints.endpoints(listed, seen, process.pulse.health)})


async def count(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with how many models the list has for the same filters, on all its pages. Raises Failure."""
    seen = await as_met(process, request)
    number = len(filters.read(request).matching(seen.included()))
    return await _object(request, {"data": {"count": number}})


async def providers(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with the providers that serve models in sale. Raises Failure."""
    seen = await as_met(process, request)
    return await _object(request, {"data": endpoints.houses(seen)})


async def prices(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with the price of every model in sale, of whatever plan, and with what the caller pays. Raises Failure."""
    seen = await as_met(process, request)
    caller, terms = seen.customer()
    rows = [pricing.row(listed, seen, caller=caller, terms=terms) for listed in seen.all()]
    return await _object(request, {"models": rows})


async def state(process: Process, request: Arrival) -> Answer:
    """Answer with the state of the service, for anybody. Raises Failure."""
    seen = await as_met(process, request, anybody=True)
    return freshness.whole(
        request, orjson.dumps(status.status(seen, process.pulse.health)), public=seen.caller is None
    )


async def settings(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with the settings of money, for anybody. Raises Failure."""
    caller = await auth.caller_or_nobody(process.directory, request)
    body = orjson.dumps(status.settings(process.catalogue))
    return freshness.answer(request, body, public=caller is None)


async def _object(request: Arrival, value: dict[str, Any]) -> HttpResponseBase:
    return freshness.answer(request, orjson.dumps(value), public=False)


async def _feed(request: Arrival, seen: Shelf, choice: Choice) -> HttpResponseBase:
    """Answer with the changes of all plans: what is for sale is no secret, only who may call it differs."""
    found: list[Listed] = choice.matching(seen.all())
    ids = {listed.offer.public_id for listed in found}
    # A model that is no longer sold passes no test; it is told to those who asked for everything.
    endings = [ending for name, ending in seen.register.endings.items() if name in ids or not choice.tests]
    news = feed.changes(found, endings, moment=seen.moment)
    body = feed.render(news, site=_site(request))
    return freshness.answer(request, body, kind=feed.RSS, public=seen.caller is None)


def _site(request: Arrival) -> str:
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost as error:
        raise Failure("VALIDATION_ERROR", "This host name is not served.", param="Host") from error


def _no_such_model(request: Arrival) -> Answer:
    # The one refusal whose body is the same for every kind of caller.
    headers = [("X-Error-Code", "NOT_FOUND"), ("x-should-retry", "false")]
    return Answer(
        TABLE["NOT_FOUND"].status,
        [answers.JSON, *headers, *answers.standing(request)],
        orjson.dumps({"error": "Model not found"}),
    )
