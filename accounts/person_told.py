"""What people do to their own sign-in, told to the trail as allauth signals it: password, address, second factor."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.dispatch import Signal
from django.http import HttpRequest

from kernel.deeds import Deed, tell

from .models import User
from .trail_asker import watched

__all__ = ["listen"]

_SAID: dict[Signal, str] = {
    account.password_changed: "Changed their password.",
    account.password_set: "Set a password.",
    account.password_reset: "Set a new password by a link in the mail.",
    account.email_changed: "Changed their address.",
    account.user_signed_up: "Made an account.",
    mfa.authenticator_added: "Added a second factor: {factor}.",
    mfa.authenticator_removed: "Took a second factor away: {factor}.",
    mfa.authenticator_reset: "Made new recovery codes.",
}


def listen() -> None:
    """Tell the trail from now on; called once, when the apps are ready."""
    for signal in _SAID:
        signal.connect(_heard, dispatch_uid="person told")


def _heard(signal: Signal, request: HttpRequest, user: User, **named: Any) -> None:
    factor = named.get("authenticator")
    said = _SAID[signal].format(factor=factor.get_type_display() if factor else "")
    with watched(request, user):
        tell(Deed("change", user, said))
