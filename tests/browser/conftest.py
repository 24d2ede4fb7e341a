"""What a test in a real browser stands on: a Chromium, and the pages served from the committed test database."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from tests.browser import people, shop
from tests.browser.chromium import ARGUMENTS, MISSING, installed
from tests.fakes.gateway import running_gateway
from tests.fakes.upstream import running_sandbox

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """Where the pages are served, a customer with a fortnight of requests, and one with none."""

    address: str
    busy: people.Customer
    fresh: people.Customer


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of an installed Chromium, or skip."""
    found = installed()
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="module")
def site(chromium: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """Commit the customers once and serve the site to them on a free port.

    Django refuses its ORM while Playwright's loop runs in the thread, so all rows are made here, before the browser.
    """
    with django_db_blocker.unblock():
        busy, fresh = people.customer(used=True), people.customer(used=False)
        server = LiveServerThread("127.0.0.1", StaticFilesHandler)
        server.daemon = True
        server.start()
        assert server.is_ready.wait(timeout=10)
        if server.error:
            raise server.error
        yield Site(address=f"http://127.0.0.1:{server.port}", busy=busy, fresh=fresh)
        server.terminate()
        connections.close_all()


@dataclass(frozen=True)
class Street:
    """A gateway that serves the pages too, with a customer who has keys and models to choose among."""

    address: str
    shop: shop.Shop


@pytest.fixture(scope="package")
def street(chromium: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Street]:
    """Serve pages and /v1 as one process does, over a sandbox that answers."""

    def rows(work: Callable[[], T]) -> T:
        # In a thread: a browser of another file may have its loop in this one, where Django refuses rows.
        with django_db_blocker.unblock(), ThreadPoolExecutor(1) as beside:
            return beside.submit(_and_close, work).result()

    with running_sandbox() as sandbox, running_gateway() as gateway:
        others = rows(shop.put_away)
        yield Street(gateway.base_url.removesuffix("/v1"), rows(partial(shop.opened, sandbox)))
        rows(partial(shop.put_back, others))


def _and_close(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        connections.close_all()


@pytest.fixture(scope="module")
def opened(chromium: str, site: Site) -> Iterator[Browser]:
    """Open one browser for the tests of a file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browser(opened: Browser) -> Iterator[Browser]:
    """The browser of a file; a test has contexts of its own, whose pages would go on asking for news after it."""
    yield opened
    for context in opened.contexts:
        context.close()
