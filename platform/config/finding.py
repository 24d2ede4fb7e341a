"""The search that opens on every page of the admin: pages by their titles, and rows by what a caller names of them.

It stands in the place of the theme's, which keeps what it found for five minutes: longer than a permission may last.
"""

import time
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.dataclasses import SearchResult

from billing import finding

from .navigation import GROUPS

__all__ = ["search"]

_ICONS = {
    "accounts.workspace": "group",
    "accounts.user": "person",
    "accounts.apikey": "key",
    "billing.paper": "description",
    "billing.usageevent": "list",
    "billing.admission": "hourglass_empty",
    "billing.refusal": "block",
    "billing.ledgertransaction": "receipt_long",
    "billing.move": "swap_horiz",
}
_MOST_PAGES = 10


def search(request: HttpRequest) -> HttpResponse:
    """Answer the search box with rows first, then pages; only what the operator may see."""
    began, term = time.monotonic(), request.GET.get("s", "").strip()
    if not term:
        return HttpResponse()
    hits = finding.find(term, may=request.user.has_perm) if "extended" in request.GET else []
    pages = list(_pages(request, term.lower()))[:_MOST_PAGES]
    results = [*map(_shown, hits), *pages]
    paginator = Paginator(results, max(len(results), 1))
    name = "command_results" if "extended" in request.GET else "search_results"
    context = {
        "page_obj": paginator,
        "results": paginator.page(1),
        "page_counter": 0,
        "execution_time": time.monotonic() - began,
    }
    return TemplateResponse(request, f"unfold/helpers/{name}.html", context, headers={"HX-Trigger": "search"})


def _shown(hit: finding.Hit) -> SearchResult:
    address = reverse(f"admin:{hit.model.replace('.', '_')}_change", args=[hit.key])
    return SearchResult(title=hit.title, description=hit.about, link=address, icon=_ICONS[hit.model])


def _pages(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    for group, places in GROUPS.items():
        for place in places:
            for page in place.pages:
                if term in f"{place.title} {page.title}".lower() and page.seen(request):
                    yield SearchResult(page.title, f"{group}, {place.title}", str(page.link), place.icon)
