"""What each story stands on: a site over TCP, a sandbox as upstream, and an operator who has signed in with a browser."""

from collections.abc import Iterator

import pytest
from django.db import connections
from playwright.sync_api import sync_playwright
from pytest_django import DjangoDbBlocker

from tests.browser.chromium import ARGUMENTS
from tests.browser.conftest import chromium
from tests.fakes.gateway import running_gateway
from tests.fakes.upstream import running_sandbox
from tests.operator.stories.clerk import Clerk
from tests.operator.stories.place import Place, apart, saved_operator

__all__ = ["chromium"]


@pytest.fixture(autouse=True)
def house() -> None:
    """Do without the demo: what the browser is to see must be committed."""


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database of the run; what a story saves there stays."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture
def place(chromium: str, database: None) -> Iterator[Place]:
    """Serve pages and /v1 as one process does, over a sandbox that answers."""
    with running_sandbox() as sandbox, running_gateway() as gateway:
        yield Place(gateway, sandbox)


@pytest.fixture
def clerk(chromium: str, place: Place) -> Iterator[Clerk]:
    """Sign an operator in; at the end no page may have failed in the browser."""
    email = apart(saved_operator)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        arrived = Clerk(browser, place, email)
        yield arrived
        browser.close()
    assert arrived.complaints == []
