"""How long a page of the admin may ask the database, and what it says when that was not enough."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse, TemplateResponse
from psycopg.errors import QueryCanceled

__all__ = ["SECONDS", "bounded", "patient"]

SECONDS = 5
"""How long one statement of a page that only shows something may take."""

View = TypeVar("View", bound=Callable[..., Any])


@contextmanager
def bounded() -> Iterator[None]:
    """Let each statement of the block take SECONDS at most; a longer one raises OperationalError of QueryCanceled."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
        yield


def patient(view: View) -> View:
    """Bound each statement of a method that shows a page; one that takes longer becomes a page that says so.

    What writes is left alone: it has bounds of its own, and half of it must not be told as nothing.
    """

    @wraps(view)
    def shown(page: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET":
            return view(page, request, *args, **kwargs)  # type: ignore[no-any-return]
        try:
            with bounded():
                answer = view(page, request, *args, **kwargs)
                # A template asks too: within the bounds, not after them.
                return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return _too_long(page, request)

    return shown  # type: ignore[return-value]


def _too_long(page: Any, request: HttpRequest) -> TemplateResponse:
    site = page.admin_site
    context = {
        **site.each_context(request),
        "title": "Not loaded",
        "seconds": SECONDS,
        "again": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/too_long.html", context, status=503)
