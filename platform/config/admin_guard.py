"""Who is let near the admin: from which addresses, with a second factor, and for what only after a fresh proof of who asks."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from accounts import second_factor
from catalog.admin_page import go_to

__all__ = ["SENSITIVE", "SENSITIVE_FORMS", "AdminGuard"]

PLACE = "/admin/"
OPEN = {"admin:login", "admin:logout"}

SENSITIVE = {
    # Money
    *("billing_account_move", "accounts_workspace_move_money", "billing_ledgertransaction_undo", "billing_move_approve", "billing_usageevent_credit"),
    *("billing_topup_refund", "billing_refundrequest_approve", "billing_reprice_apply", "billing_voucherbatch_redeem"),
    # Secrets and rights
    *("accounts_workspace_set_own_key", "accounts_workspace_take_own_key", "catalog_endpointkey_take_up"),
    *("auth_user_password_change", "mfa_authenticator_delete", "accounts_user_sign_out"),
}  # fmt: skip
"""Dialogs that are opened, and sent, only within 15 minutes of a proof of who asks."""
SENSITIVE_FORMS = {
    *("accounts_user_add", "accounts_user_change", "auth_group_add", "auth_group_change", "auth_group_delete"),
    *("account_emailaddress_add", "account_emailaddress_change", "billing_voucherbatch_add"),
    *("catalog_endpoint_add", "catalog_endpoint_change", "catalog_endpointkey_change", "catalog_endpointkey_delete"),
}  # fmt: skip
"""Pages that can be read at any time, and saved only then."""

View = Callable[..., HttpResponseBase]


class AdminGuard:
    """Middleware: below the one that knows the person, above the one that opens the transaction."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let a request through. Raises Http404 where its address is none of the operators'."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        """Send away whoever is not let in, or not yet."""
        if not request.path_info.startswith(PLACE):
            return None
        if not _may_come_from(request.META.get("REMOTE_ADDR", "")):
            raise Http404  # as where there is no admin
        match = request.resolver_match
        name = match.view_name if match else ""
        if name in OPEN or not request.user.is_staff or not settings.STAFF_SECOND_FACTOR:
            return None
        return _proof(request) or _fresh_proof(request, name.removeprefix("admin:"))


def _may_come_from(address: str) -> bool:
    networks = settings.STAFF_NETWORKS
    try:
        return not networks or any(ip_address(address) in network for network in networks)
    except ValueError:
        return False


def _proof(request: HttpRequest) -> HttpResponse | None:
    """Return the way to show a second factor, or to have one; None once it was shown."""
    if second_factor.was_shown(request):
        return None
    if second_factor.is_enrolled(request.user):  # type: ignore[arg-type]  # is_staff: no stranger
        return go_to(request, _then("mfa_reauthenticate", request))
    messages.info(request, "Operators need a second factor: set one up, then go on.")
    return go_to(request, reverse("mfa_activate_totp"))


def _fresh_proof(request: HttpRequest, name: str) -> HttpResponse | None:
    unsafe = request.method not in {"GET", "HEAD", "OPTIONS"}
    if name not in SENSITIVE and not (name in SENSITIVE_FORMS and unsafe):
        return None
    if second_factor.is_recent(request):
        return None
    messages.info(request, "This takes a fresh proof that it is you. Nothing was done yet.")
    return go_to(request, _then("mfa_reauthenticate", request))


def _then(name: str, request: HttpRequest) -> str:
    """Return an address that leads back: to the page that a dialog was opened on, else to what was asked for."""
    shown = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    safe = request.method == "GET" and not request.headers.get("HX-Request")
    back = request.get_full_path() if safe else urlsplit(shown).path
    return f"{reverse(name)}?{urlencode({'next': back if back.startswith(PLACE) else PLACE})}"


def to_the_door(request: HttpRequest) -> HttpResponse:
    """Lead the theme's own sign-in to the site's, which asks for a second factor."""
    wanted = request.GET.get("next", PLACE)
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")
