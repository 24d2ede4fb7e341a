"""Static files for the client of the tests, which is no asynchronous one: a loop is begun for a file, and not for a page.

ServeStatic's own would begin a loop and change threads twice for each request: a quarter of what a page takes.
"""

from collections.abc import Callable

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_only_middleware
from servestatic.middleware import ServeStaticMiddleware

__all__ = ["without_a_loop"]

Handler = Callable[[HttpRequest], HttpResponseBase]


@sync_only_middleware
def without_a_loop(get_response: Handler) -> Handler:
    """Pass on at once what is no file; a file is served by ServeStatic."""
    served = ServeStaticMiddleware(sync_to_async(get_response))

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in served.files:
            return get_response(request)
        found: HttpResponseBase = async_to_sync(served)(request)
        return found

    return middleware
