"""The wire to Stripe: which time a call may take, and which ways it can fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings

from .keys import API_VERSION

if TYPE_CHECKING:
    from stripe import StripeClient

__all__ = ["Away", "Declined", "Missing", "Unusable", "client"]

CONNECT_SECONDS, READ_SECONDS, RETRIES = 3.0, 8.0, 1


class Away(Exception):
    """Stripe did not answer, or is in trouble itself. The same call may be made again, under the same key."""


class Unusable(Exception):
    """Stripe refused the call itself: a wrong key, something that is not there, another call under the same key."""


class Missing(Unusable):
    """Stripe has no such thing under our key."""


class Declined(Exception):
    """The card was not charged; `code` is Stripe's word for why, `payment_intent` the try that is kept there."""

    def __init__(self, code: str, payment_intent: str) -> None:
        super().__init__(f"the card was declined: {code}")
        self.code, self.payment_intent = code, payment_intent


@contextmanager
def client() -> Iterator["StripeClient"]:
    """Give a client whose connections end with the block. Raises Away, Declined or Unusable."""
    import stripe  # 17 MB: only where a payment is made

    stripe.enable_telemetry = False
    wire = stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS))
    try:
        yield stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            stripe_version=API_VERSION,
            base_addresses={"api": settings.STRIPE_API_BASE},
            max_network_retries=RETRIES,
            http_client=wire,
        )
    except stripe.CardError as error:
        kept = error.error.payment_intent if error.error else None
        raise Declined(error.code or "declined", kept.id if kept else "") from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise Away(str(error)) from error
    except stripe.StripeError as error:
        if error.http_status is None or error.http_status >= 500 or error.http_status == 409:
            raise Away(str(error)) from error
        if error.http_status == 404:
            raise Missing(str(error)) from error
        raise Unusable(str(error)) from error
    finally:
        wire.close()  # type: ignore[no-untyped-call]
