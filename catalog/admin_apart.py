"""Pages of the admin that show no one model: each stands at an address of its own, behind the admin's own door."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

__all__ = ["add"]

View = Callable[..., HttpResponseBase]
_pages: list[URLPattern] = []


def add(route: str, view: View, *, name: str) -> None:
    """Serve a view to whom the admin lets in, below the admin's address, as `admin:<name>`.

    What of it an operator may see is the view's to ask. Called while the admin's modules are read.
    """

    def behind_the_door(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        return view(request, *args, **named)

    _pages.append(path(route, admin.site.admin_view(behind_the_door), name=name))
    admin.site.extra_urls = lambda: list(_pages)  # type: ignore[attr-defined]  # the theme's site asks itself for these
