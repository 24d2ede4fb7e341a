"""What each walk stands on: a site over TCP that takes test payments and sends mail, and browsers that come to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from tests.billing.payments.till import SECRET
from tests.browser.chromium import ARGUMENTS
from tests.browser.conftest import chromium
from tests.customer.town import Town, on_sale
from tests.fakes.gateway import running_gateway
from tests.fakes.letterbox import BACKEND, PLACE
from tests.fakes.stripe_server import running_stripe
from tests.fakes.upstream import running_sandbox
from tests.operator.stories.place import apart

__all__ = ["chromium"]


@pytest.fixture(scope="package")
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database of the run; what a walk saves there stays."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture(scope="package")
def town(chromium: str, database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Serve pages and /v1 as one process does, over a sandbox that answers, with payments in test mode."""
    letters: Path = tmp_path_factory.mktemp("letters")
    with running_sandbox() as sandbox, running_stripe() as stripe:
        sold = apart(lambda: on_sale(sandbox))
        environment: dict[str, Any] = {
            **{"TOLLWAY_SIGN_UP": "1", "TOLLWAY_SIGN_UP_PLAN": sold["plan"]},
            **{"TOLLWAY_EMAIL_BACKEND": BACKEND, PLACE: str(letters)},
            **{"STRIPE_SECRET_KEY": "sk_test_0123456789abcdef", "STRIPE_WEBHOOK_SECRET": SECRET},
            **{"STRIPE_API_BASE": stripe.url, "STRIPE_PAGES": stripe.url},
        }
        with running_gateway(**environment) as gateway:
            yield Town(gateway, stripe, letters, **sold)


@pytest.fixture(scope="package")
def browser(chromium: str, town: Town) -> Iterator[Browser]:
    """Open one browser for all walks; each walker has a context of their own."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()
