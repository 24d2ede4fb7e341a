"""The routes of the inference door, and nothing else."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from . import listing, pipeline, process
from .arrival import Arrival
from .dialects.chat import CHAT

__all__ = ["api"]

api = NinjaAPI(title="Tollway", version="1", urls_namespace="v1", docs_url=None, openapi_url=None)


def _arrival(request: HttpRequest) -> Arrival:
    if not isinstance(request, Arrival):
        raise TypeError("inference routes are served by inference.handler")
    return request


@api.get("/models")
async def models(request: HttpRequest) -> HttpResponseBase:
    """List the models the caller's plan includes; without a credential, those of the free plan."""
    return await listing.models(process.current(), _arrival(request))


@api.post("/chat/completions")
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """Answer a chat, whole or as a stream."""
    return await pipeline.serve(process.current(), _arrival(request), CHAT)
