"""What every request to the admin passes: what it changes is one transaction, with its rows of the trail."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts import trail
from kernel import served

__all__ = ["AdminDoor"]

PLACE = "/admin/"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
MOST_LOOKED_AT = 100
REASONS = ("reason", "why", "words")
"""What forms call the field in which they ask for a reason."""

View = Callable[..., HttpResponseBase]


class AdminDoor:
    """Middleware: the last before the view, so that a refusal of the others costs nothing here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let a request through."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        """Run what may change something, watched and as one transaction; a view can say that it commits by itself."""
        if not request.path_info.startswith(PLACE) or request.method not in UNSAFE:
            return None
        if not request.user.is_authenticated:
            return None
        alone = bool(getattr(view, "commits_itself", False))
        watch = trail.watching(_asker(request), unnamed=_unnamed(request), at_once=alone)
        with nullcontext() if alone else transaction.atomic(), watch as sight:
            page = getattr(view, "model_admin", None)
            if page is not None:
                sight.look(page.model, _rows_meant(request, kwargs))
            return view(request, *args, **kwargs)


def _asker(request: HttpRequest) -> trail.Asker:
    given = (request.POST.get(name, "").strip() for name in REASONS)
    return trail.Asker(
        actor_id=request.user.pk,
        actor=str(request.user),
        address=request.META.get("REMOTE_ADDR", ""),
        request_id=str(served.request_id() or uuid4()),
        reason=next(filter(None, given), ""),
    )


def _unnamed(request: HttpRequest) -> str:
    match = request.resolver_match
    return f"Changed by {match.view_name if match else request.path_info}."


def _rows_meant(request: HttpRequest, kwargs: Mapping[str, Any]) -> list[Any]:
    """Return the keys of the rows that a request is about: the page's, or those chosen in a list."""
    own = [kwargs["object_id"]] if "object_id" in kwargs else []
    return [*own, *request.POST.getlist(ACTION_CHECKBOX_NAME)[:MOST_LOOKED_AT]]
