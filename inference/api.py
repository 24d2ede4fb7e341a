"""The routes of the inference door, and nothing else."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from . import auth, counting, pipeline, process
from .arrival import Arrival
from .desk.api import api as desk
from .dialects.chat import CHAT
from .dialects.completions import COMPLETIONS
from .dialects.embeddings import EMBEDDINGS
from .dialects.images import IMAGES
from .dialects.messages import MESSAGES
from .dialects.rerank import RERANK
from .dialects.responses import RESPONSES
from .errors import Failure
from .openapi import serving
from .shelf import views as shelf

__all__ = ["api"]

READING = ["GET", "HEAD"]


class _Door(NinjaAPI):
    """An API whose views answer for themselves, and never set a header on the response that ninja keeps for that."""

    _unused = HttpResponse()

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """Return the response that nobody uses, instead of a new one for each request."""
        return self._unused


api = _Door(title="Tollway", version="1", urls_namespace="v1", docs_url=None, openapi_url=None)


def _arrival(request: HttpRequest) -> Arrival:
    if not isinstance(request, Arrival):
        raise TypeError("inference routes are served by inference.handler")
    return request


@api.api_operation(READING, "/models")
async def models(request: HttpRequest) -> HttpResponseBase:
    """List the models the caller's plan includes; without a credential, those of the free plan."""
    return await shelf.models(process.current(), _arrival(request))


@api.api_operation(READING, "/models.rss")
async def model_changes(request: HttpRequest) -> HttpResponseBase:
    """Tell as RSS which models were added, cost something else, or leave."""
    return await shelf.changes(process.current(), _arrival(request))


@api.api_operation(READING, "/models/count")
async def model_count(request: HttpRequest) -> HttpResponseBase:
    """Count the models of the list, with the same filters."""
    return await shelf.count(process.current(), _arrival(request))


@api.api_operation(READING, "/models/{path:name}/endpoints")
async def model_endpoints(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show who serves a model. Uptime, latency and throughput are null until they are measured."""
    return await shelf.model_endpoints(process.current(), _arrival(request), name)


@api.api_operation(READING, "/models/{path:name}")
async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show one model, by its id or an alias, and whether the caller may call it."""
    return await shelf.model(process.current(), _arrival(request), name)


@api.api_operation(READING, "/providers")
async def providers(request: HttpRequest) -> HttpResponseBase:
    """List the providers that serve models."""
    return await shelf.providers(process.current(), _arrival(request))


@api.api_operation(READING, "/pricing")
async def pricing(request: HttpRequest) -> HttpResponseBase:
    """List what every model costs, by the list and for the caller."""
    return await shelf.prices(process.current(), _arrival(request))


@api.api_operation(READING, "/status")
async def status(request: HttpRequest) -> HttpResponseBase:
    """Tell how the service is; health is unknown until it is measured."""
    return await shelf.state(process.current(), _arrival(request))


@api.api_operation(READING, "/settings")
async def settings(request: HttpRequest) -> HttpResponseBase:
    """Tell the platform's factor on list prices, and what a credit is worth in USD."""
    return await shelf.settings(process.current(), _arrival(request))


@api.api_operation(READING, "/openapi.json")
async def described(request: HttpRequest) -> HttpResponseBase:
    """Describe every route of /v1 in OpenAPI 3.1."""
    return await serving.answer(process.current(), _arrival(request), api, desk)


@api.post("/chat/completions")
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """Answer a chat, whole or as a stream."""
    return await pipeline.serve(process.current(), _arrival(request), CHAT)


@api.post("/responses")
async def responses(request: HttpRequest) -> HttpResponseBase:
    """Answer with a response, whole or as a stream."""
    return await pipeline.serve(process.current(), _arrival(request), RESPONSES)


@api.api_operation(["GET", "POST", "DELETE"], "/responses/{path:rest}")
async def kept_responses(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Tell whoever has a credential that no response is kept."""
    await auth.caller(process.current().directory, _arrival(request))
    raise Failure("NOT_FOUND", "Responses are not stored here: there are none to read, change or delete.")


# Anthropic's SDKs add /v1 themselves, so a base URL that has it already asks for it twice.
@api.post("/messages")
@api.post("/v1/messages")
async def messages(request: HttpRequest) -> HttpResponseBase:
    """Answer with a message, whole or as a stream."""
    return await pipeline.serve(process.current(), _arrival(request), MESSAGES)


@api.post("/messages/count_tokens")
@api.post("/v1/messages/count_tokens")
async def count_tokens(request: HttpRequest) -> HttpResponseBase:
    """Count the tokens of a message's prompt."""
    return await counting.message_tokens(process.current(), _arrival(request))


@api.post("/completions")
async def completions(request: HttpRequest) -> HttpResponseBase:
    """Go on from a prompt, whole or as a stream."""
    return await pipeline.serve(process.current(), _arrival(request), COMPLETIONS)


@api.post("/embeddings")
async def embeddings(request: HttpRequest) -> HttpResponseBase:
    """Turn texts into vectors."""
    return await pipeline.serve(process.current(), _arrival(request), EMBEDDINGS)


@api.post("/rerank")
async def rerank(request: HttpRequest) -> HttpResponseBase:
    """Order documents by how well they answer a query."""
    return await pipeline.serve(process.current(), _arrival(request), RERANK)


@api.post("/images/generations")
async def images(request: HttpRequest) -> HttpResponseBase:
    """Make pictures from a description."""
    return await pipeline.serve(process.current(), _arrival(request), IMAGES)
