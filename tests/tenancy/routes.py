"""Every route of the site as its resolver has it; what is added there later is asked by these tests too."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

__all__ = ["DASHBOARD", "EVERY", "NAMING", "PLAIN", "filled"]

_ELSEWHERE = ("/admin/", "/accounts/")
"""Operators' pages have their matrix in tests/operator, those of one's own person name nobody else's rows."""


def _declared(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    for each in resolver.url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield path
        else:
            yield from _declared(each, path)


EVERY = sorted({path for path in _declared(get_resolver()) if not path.startswith(_ELSEWHERE)})
"""The routes, by their paths as they are declared."""
DASHBOARD = [path for path in EVERY if path.startswith("/dashboard/")]
NAMING = [path for path in DASHBOARD if "<" in path]
"""Those that name something by an id."""
PLAIN = [path for path in DASHBOARD if "<" not in path]


def filled(path: str, named: object) -> str:
    """Return the address of a route with an id in the place for it."""
    return re.sub("<[^>]+>", str(named), path)
