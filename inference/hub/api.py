"""The hub's routes of the inference door: the list of models, and the two ways to talk."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from .. import process
from ..arrival import Arrival
from . import listing, talking

__all__ = ["api"]

api = NinjaAPI(title="Tollway's hub", version="1", urls_namespace="hub", docs_url=None, openapi_url=None)


def _arrival(request: HttpRequest) -> Arrival:
    if not isinstance(request, Arrival):
        raise TypeError("inference routes are served by inference.handler")
    return request


@api.api_operation(["GET", "HEAD"], "/models")
async def models(request: HttpRequest) -> HttpResponseBase:
    """List the models that the caller may chat with, priced in credits."""
    return await listing.models(process.current(), _arrival(request))


@api.post("/chat")
async def chat(request: HttpRequest) -> HttpResponseBase:
    """Answer a chat, as a stream unless it is wanted whole."""
    return await talking.serve(process.current(), _arrival(request), tools=False)


@api.post("/code")
async def code(request: HttpRequest) -> HttpResponseBase:
    """Answer a chat of a model that may call the caller's tools."""
    return await talking.serve(process.current(), _arrival(request), tools=True)
