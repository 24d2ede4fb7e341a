"""The pages of models and prices: for a workspace with its own prices, for anybody with list prices, and as CSV."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers, patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.models import Member
from billing import rankings, uptime
from billing.seats import frame, members
from kernel import clock, spreadsheets
from kernel.spreadsheets import Figure

from ..shelf.visible import Shelf
from . import asking, buying, goods, one, service
from . import front as first_page
from .asking import Asked
from .goods import Good
from .rankings import places

__all__ = [
    "for_anybody",
    "for_browsers",
    "front",
    "model",
    "models",
    "public_model",
    "ranked",
    "status",
    "table",
]

_CHOICES = {
    "abilities": asking.ABILITIES,
    "contexts": asking.CONTEXTS,
    "prices": asking.PRICES,
    "sorts": asking.SORTS,
}


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Show a stranger what this is; lead who is signed in to their own home."""
    if request.user.is_authenticated:
        return _kept_a_minute(request, redirect("dashboard:home"))
    context = {"front": first_page.front(), "base_url": request.build_absolute_uri("/v1")}
    return _kept_a_minute(request, render(request, "showcase/front.html", context))


@require_safe
@members
def models(request: HttpRequest, member: Member) -> HttpResponse:
    """Show every model in sale with the price that the workspace pays; the filters are those of GET /v1/models."""
    shelf = buying.of(member.workspace)
    context = _list(request, shelf)
    return render(request, "showcase/models.html", frame(member, here="models") | context)


@require_safe
@members
def table(request: HttpRequest, member: Member) -> HttpResponse:
    """Give the same list as CSV: a row for each price of each model that the filters let through."""
    shelf, wanted = buying.of(member.workspace), asking.asked(request)
    heads = ("model", "name", "price", "your_price_usd", "list_price_usd", "on_my_plan", "context_length")
    rows = [row for each in _chosen(shelf, wanted)[0] for row in _cells(each)]
    answer = HttpResponse(spreadsheets.rows([heads, *rows]), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="tollway-prices.csv"'
    return answer


@require_safe
@members
def model(request: HttpRequest, member: Member, name: str) -> HttpResponse:
    """Show one model: every price, how it came about, how it was, and who serves it."""
    shelf = buying.of(member.workspace)
    context = {"page": _one(shelf, name, zone=member.workspace.time_zone), "public": False}
    return render(request, "showcase/model.html", frame(member, here="models") | context)


@require_safe
def for_anybody(request: HttpRequest) -> HttpResponse:
    """Show every model in sale with its list price."""
    context = _list(request, buying.nobodys()) | {"public": True}
    return _kept_a_minute(request, render(request, "showcase/public_models.html", context))


@require_safe
def public_model(request: HttpRequest, name: str) -> HttpResponse:
    """Show one model with its list prices."""
    page = _one(buying.nobodys(), name, zone="UTC")
    answer = render(request, "showcase/public_model.html", {"page": page, "public": True})
    return _kept_a_minute(request, answer)


@require_safe
def ranked(request: HttpRequest) -> HttpResponse:
    """Show which models are used most, to anybody; ?days= says over how many."""
    asked = request.GET.get("days", str(rankings.SPANS[0]))
    if asked not in map(str, rankings.SPANS):
        raise Http404(f"days: one of {', '.join(map(str, rankings.SPANS))}")
    context = {
        "days": int(asked),
        "spans": rankings.SPANS,
        "least": rankings.LEAST_WORKSPACES,
        "places": places(buying.nobodys(), int(asked)),
    }
    return _kept_a_minute(request, render(request, "showcase/rankings.html", context))


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show how the service is and was, to anybody."""
    told = service.service(buying.nobodys(), uptime.record())
    answer = render(request, "showcase/service.html", {"service": told, "at": clock.now(), "public": True})
    return _kept_a_minute(request, answer)


@require_safe
def for_browsers(request: HttpRequest) -> HttpResponse:
    """Lead a browser from /models to the page; the address is an API's, which other callers look for."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        answer: HttpResponse = redirect("showcase:public_models")
    else:
        answer = HttpResponseNotFound("There is nothing here.", content_type="text/plain; charset=utf-8")
    patch_vary_headers(answer, ["Accept"])
    return answer


def _kept_a_minute(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Let anybody keep what nobody in particular asked for; its frame tells whether somebody is signed in."""
    if request.user.is_authenticated:
        add_never_cache_headers(answer)
    else:
        patch_cache_control(answer, public=True, max_age=60)
    patch_vary_headers(answer, ["Cookie"])
    return answer


def _list(request: HttpRequest, shelf: Shelf) -> dict[str, object]:
    wanted = asking.asked(request)
    found, known = _chosen(shelf, wanted)
    return {
        "asked": wanted,
        "goods": found,
        "known": known,
        "chain": goods.common(found) if shelf.caller else None,
        "changed": max(found, key=lambda each: each.since, default=None),
        **_CHOICES,
    }


def _chosen(shelf: Shelf, wanted: Asked) -> tuple[list[Good], int]:
    on_sale, record = list(shelf.all()), uptime.record()
    chosen = wanted.choice.page(on_sale) if wanted.choice is not None else on_sale
    found = [goods.good(listed, shelf, record) for listed in chosen]
    return [each for each in found if each.included or not wanted.mine], len(on_sale)


def _cells(each: Good) -> list[tuple[str, ...]]:
    mine = each.mine.prices if each.mine else {}
    plan = "yes" if each.included else f"from {each.from_plan}" if each.from_plan else "no"
    facts = (plan, Figure(str(each.offer.context_length)))
    return [
        (each.offer.public_id, each.offer.name, field, Figure(mine.get(field, "")), Figure(price), *facts)
        for field, price in each.listed.prices.items()
    ]


def _one(shelf: Shelf, name: str, *, zone: str) -> one.Page:
    listed = shelf.find(name)
    if listed is None:
        raise Http404("there is no such model")
    return one.page(listed, shelf, uptime.record(), zone=zone)
