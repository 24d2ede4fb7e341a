"""Whether card payments are set up, and with which key: the off switch, and what a wrong setting is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

__all__ = ["API_VERSION", "are_set_up", "faults", "live", "payments_are_set_up_whole", "webhook_secrets"]

API_VERSION = "2026-10-28.endive"
"""What we say and read is of this version of Stripe's API, whatever a later library or the account prefers."""

STRIPE = "https://api.stripe.com"
_KEY = re.compile(r"(?:sk|rk)_(test|live)_\w{8,}\Z", re.ASCII)
_SECRET = re.compile(r"whsec_\w{16,}\Z", re.ASCII)


@dataclass(frozen=True)
class Fault:
    """A setting that cannot be meant: its number, what is wrong, what to do."""

    id: str
    message: str
    hint: str


def are_set_up() -> bool:
    """Tell whether payments by card are on: a key and at least one webhook secret."""
    return bool(settings.STRIPE_SECRET_KEY and webhook_secrets())


def live() -> bool:
    """Tell whether the key moves real money; events and rows of the other mode are not ours."""
    found = _KEY.match(settings.STRIPE_SECRET_KEY)
    return bool(found and found[1] == "live")


def webhook_secrets() -> tuple[str, ...]:
    """Return the secrets that Stripe may sign with, without empty ones: an empty secret signs for anybody."""
    return tuple(secret for secret in settings.STRIPE_WEBHOOK_SECRETS if secret.strip())


def faults() -> list[Fault]:
    """Return what is wrong with the settings; nothing while payments are off."""
    key = settings.STRIPE_SECRET_KEY
    if not key:
        return []
    found = []
    if not _KEY.match(key):
        found.append(
            Fault(
                "billing.E001",
                "STRIPE_SECRET_KEY is no secret or restricted key of Stripe.",
                "It begins with sk_test_, sk_live_, rk_test_ or rk_live_.",
            )
        )
    if not webhook_secrets():
        found.append(
            Fault(
                "billing.E002",
                "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRET.",
                "Credit comes by signed webhooks only: set the endpoint's signing secret, or take the key away.",
            )
        )
    if any(not _SECRET.match(secret) for secret in webhook_secrets()):
        found.append(
            Fault(
                "billing.E003",
                "STRIPE_WEBHOOK_SECRET holds something that is no signing secret of Stripe.",
                "Each begins with whsec_; several are separated by commas.",
            )
        )
    if live() and settings.STRIPE_API_BASE != STRIPE:
        found.append(
            Fault(
                "billing.E004",
                "STRIPE_API_BASE sends a live key elsewhere than to Stripe.",
                f"Take it away, or use a test key; live keys go to {STRIPE} only.",
            )
        )
    return found


def payments_are_set_up_whole(
    app_configs: Sequence[AppConfig] | None = None, **_: object
) -> list[CheckMessage]:
    """Return an error for every setting of payments that cannot be meant."""
    return [Error(fault.message, hint=fault.hint, id=fault.id) for fault in faults()]
