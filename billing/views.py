"""The customer's pages: Home, and the choice of appearance."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Member
from billing import home as home_page
from billing.seats import frame, members

__all__ = ["home", "theme"]

_THEMES = ("light", "dark")
_YEAR = 365 * 24 * 3600  # seconds


@require_GET
@members
def home(request: HttpRequest, member: Member) -> HttpResponse:
    """Show usage and balance of the signed-in person's workspace; ?range=today, 7d or 30d."""
    chosen = home_page.RANGES.get(request.GET.get("range", "30d"))
    if chosen is None:
        raise Http404(f"range: choose one of {', '.join(home_page.RANGES)}")
    page = home_page.home(member.workspace, chosen=chosen)
    context = frame(member, here="home", balance=page.balance) | {
        "page": page,
        "ranges": home_page.RANGES.values(),
        "base_url": request.build_absolute_uri("/v1"),
    }
    return render(request, "billing/home.html", context)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of light, dark or system in a cookie and go back to Home."""
    choice = request.POST.get("theme")
    if choice not in (*_THEMES, "system"):
        return HttpResponseBadRequest("theme: choose light, dark or system")
    response = redirect("dashboard:home")
    if choice == "system":
        response.delete_cookie("theme", samesite="Lax")
    else:
        response.set_cookie(
            "theme",
            choice,
            max_age=_YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
