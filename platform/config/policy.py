"""The content security policies: strict for customers' pages, one of its own for the admin, whose theme needs eval."""

from collections.abc import Callable, Sequence
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

__all__ = ["CUSTOMERS", "OPERATORS", "customers", "operators_policy"]

CUSTOMERS: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
OPERATORS: dict[str, Any] = {
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
}


def customers(places: Sequence[str]) -> dict[str, Any]:
    """Return the customers' policy where forms may lead to other places too: those that people sign in by."""
    directives = CUSTOMERS["DIRECTIVES"]
    return {"DIRECTIVES": {**directives, "form-action": [*directives["form-action"], *places]}}


def operators_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Replace the script and style rules on the admin's pages; stands below django-csp's middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_replace = OPERATORS  # type: ignore[attr-defined]  # as django-csp's own decorator does
        return response

    return middleware
