"""What tests of the money can ask for."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from kernel import clock
from tests.billing.payments.till import SECRET, Till
from tests.fakes.stripe_server import running_stripe


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> int:
    """The present minute, which does not end while the test runs."""
    present = clock.minute_number()
    real = clock.minute_number
    monkeypatch.setattr(
        clock, "minute_number", lambda seconds=None: present if seconds is None else real(seconds)
    )
    return present


@pytest.fixture
def till(settings: Settings) -> Iterator[Till]:
    """A Stripe account of the test's own, and a gateway that is set up for it."""
    with running_stripe() as stripe:
        settings.STRIPE_SECRET_KEY = "sk_test_0123456789abcdef"
        settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
        settings.STRIPE_API_BASE = stripe.url
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        yield Till(stripe)
