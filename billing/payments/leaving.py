"""Leaving for Stripe: who may, where Stripe sends them back to, and which pages may send them there."""

from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from accounts.models import Member
from billing.seats import View, payers

from . import keys
from .checkout import Pages

__all__ = ["lets_forms_leave", "pages", "paying"]


def paying(view: View) -> View:
    """Let a view be used by those who pay, while payments are set up."""

    @payers
    @wraps(view)
    def used(request: HttpRequest, member: Member) -> HttpResponseBase:
        if not keys.are_set_up():
            raise Http404("card payments are not set up")
        return view(request, member)

    return used


def pages(request: HttpRequest, *, done: str, back: str) -> Pages:
    """Return where Stripe sends a person back to, of paths of ours: when they are done, and when they turn back."""
    return Pages(request.build_absolute_uri(done), request.build_absolute_uri(back))


def lets_forms_leave(answer: HttpResponse) -> HttpResponse:
    """Let the forms of a page lead to Stripe; return the page."""
    # A form's target may redirect only to where its page's policy lets forms go. As django-csp's own decorator does.
    answer._csp_update = {"form-action": settings.STRIPE_PAGES}  # type: ignore[attr-defined]
    return answer
