"""The pages under /docs/: their list, and one page with its neighbours and its reader's own key."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import ApiKey, Member, User
from billing.first_day import first_day
from kernel import origin

from . import rendering, shelf
from .rendering import MODEL, Page

__all__ = ["index", "page"]


@dataclass(frozen=True)
class Reader:
    """What the examples are filled in with for somebody who is signed in: a key in use, a model it may call."""

    key: ApiKey | None = None
    model: str = MODEL


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """List all pages."""
    return render(request, "docs/index.html", {"sections": _sections(), "origin": origin.of(request)})


@require_safe
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one page."""
    pages = [rendering.page(entry) for entry in shelf.entries()]
    place = next((place for place, each in enumerate(pages) if each.entry.slug == slug), None)
    if place is None:
        raise Http404(f"there is no page {slug}")
    shown, reader = pages[place], _reader(request)
    context = {
        "sections": _sections(),
        "page": shown,
        "body": shown.at(origin.of(request), model=reader.model),
        "before": pages[place - 1] if place else None,
        "after": pages[place + 1] if place + 1 < len(pages) else None,
        "key": reader.key if shown.uses_key else None,
    }
    return render(request, "docs/page.html", context)


def _sections() -> list[tuple[str, list[Page]]]:
    return [(name, [rendering.page(entry) for entry in pages]) for name, pages in shelf.SECTIONS.items()]


def _reader(request: HttpRequest) -> Reader:
    if not isinstance(request.user, User):
        return Reader()
    member = (
        Member.objects.filter(user=request.user)
        .select_related("workspace__plan_version")
        .order_by("joined_at", "pk")
        .first()
    )
    if member is None:
        return Reader()
    first = first_day(member.workspace)
    return Reader(first.key, first.model or MODEL)
