"""A Stripe account for each test, and a gateway that is set up for it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.billing.payments.till import SECRET, Till
from tests.fakes.stripe_server import running_stripe


@pytest.fixture
def till(settings: Settings) -> Iterator[Till]:
    with running_stripe() as stripe:
        settings.STRIPE_SECRET_KEY = "sk_test_0123456789abcdef"
        settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
        settings.STRIPE_API_BASE = stripe.url
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        yield Till(stripe)
