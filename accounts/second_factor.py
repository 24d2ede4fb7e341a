"""The second factor of a sign-in: whether one is enrolled, was shown, whether a code is right, how secrets are kept."""

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from catalog import credentials
from kernel import clock

from .models import User

__all__ = ["RECENT_SECONDS", "SealedSecrets", "accepts", "is_enrolled", "is_recent", "was_shown"]

_BY_CODE = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
_PERIOD_SECONDS = 30
RECENT_SECONDS = 15 * 60
"""How long after it a proof of who somebody is counts for what is done with money, secrets and rights."""


class SealedSecrets(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Keeps the secrets of authenticators sealed, as the credentials of providers are."""

    def encrypt(self, text: str) -> str:
        """Seal a secret for its row."""
        return credentials.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret of a row. Raises credentials.Unreadable if no listed key fits."""
        return credentials.decrypt(encrypted_text.encode())


def is_enrolled(person: User) -> bool:
    """Tell whether a password alone does not let this person in."""
    factors = Authenticator.objects.filter(user=person)
    return bool(factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())


def was_shown(request: HttpRequest) -> bool:
    """Tell whether a second factor was shown in this session."""
    return any(record.get("method") == "mfa" for record in _records(request))


def is_recent(request: HttpRequest) -> bool:
    """Tell whether in this session somebody proved who they are within RECENT_SECONDS, by signing in or again since."""
    return any(time.time() - record.get("at", 0) < RECENT_SECONDS for record in _records(request))


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    return list(get_authentication_records(request, request.user))


@transaction.atomic
def accepts(person: User, code: str) -> bool:
    """Tell whether a code of the person's app, or an unused recovery code, is right; it is spent then.

    Of the app one code is taken in each of its periods, by whichever process comes first.
    """
    factors = (
        Authenticator.objects.select_for_update().filter(user=person, type__in=_BY_CODE).order_by("-type")
    )
    for factor in factors:
        if _is_spent(factor) or not factor.wrap().validate_code(code):
            continue
        factor.refresh_from_db()
        factor.record_usage()
        return True
    return False


def _is_spent(factor: Authenticator) -> bool:
    if factor.type != Authenticator.Type.TOTP or factor.last_used_at is None:
        return False
    periods = [int(moment.timestamp()) // _PERIOD_SECONDS for moment in (factor.last_used_at, clock.now())]
    return periods[0] == periods[1]
