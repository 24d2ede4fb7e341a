"""What agents and tools find by themselves: the guide as text, its lists, and what opencode configures itself from."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from inference.showcase import buying
from kernel import origin

from . import opencode as written
from . import plain, shelf

__all__ = ["everything", "index", "opencode", "page"]

_FRESH_SECONDS = 300


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Give one page of the guide as Markdown."""
    entry = next((each for each in shelf.entries() if each.slug == slug), None)
    if entry is None:
        raise Http404(f"there is no page {slug}")
    return _text(plain.page(entry, origin.of(request)), "text/markdown")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Give the list of pages at /llms.txt."""
    return _text(plain.index(origin.of(request)), "text/plain")


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """Give all pages at /llms-full.txt."""
    return _text(plain.everything(origin.of(request)), "text/plain")


@require_safe
def opencode(request: HttpRequest) -> HttpResponse:
    """Give what `opencode auth login` reads."""
    return _kept(JsonResponse(written.config(buying.nobodys(), origin.of(request))))


def _text(text: str, kind: str) -> HttpResponse:
    return _kept(HttpResponse(text, content_type=f"{kind}; charset=utf-8"))


def _kept(answer: HttpResponse) -> HttpResponse:
    patch_cache_control(answer, public=True, max_age=_FRESH_SECONDS)
    return answer
