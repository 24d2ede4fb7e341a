"""The second factor of a sign-in for tokens: whether one is enrolled, whether a code is right, how secrets are kept."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from catalog import credentials
from kernel import clock

from .models import User

__all__ = ["SealedSecrets", "accepts", "is_enrolled"]

_BY_CODE = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
_PERIOD_SECONDS = 30


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
