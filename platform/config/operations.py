"""The door of orchestrators and Prometheus: they come to a process by its address, whatever hosts the site is known by."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.utils.decorators import sync_and_async_middleware

__all__ = ["PATHS", "by_address"]

PATHS = frozenset({"/livez", "/readyz", "/metrics"})
_Answering = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def by_address(get_response: _Answering) -> _Answering:
    """Answer these routes before anything looks at the host's name, or sends the caller on to TLS."""
    if not iscoroutinefunction(get_response):

        def middleware(request: HttpRequest) -> HttpResponseBase:
            answer: HttpResponseBase = (_found(request) or get_response)(request)
            return answer

        return middleware

    async def asynchronous(request: HttpRequest) -> HttpResponseBase:
        found = _found(request)
        asked: Awaitable[HttpResponseBase] = sync_to_async(found)(request) if found else get_response(request)
        return await asked

    return asynchronous


def _found(request: HttpRequest) -> _Answering | None:
    return resolve(request.path_info).func if request.path_info in PATHS else None
