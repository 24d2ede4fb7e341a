"""An operator turns a chain round and publishes it, in a real Chromium."""

import secrets
from collections.abc import Iterator

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django import DjangoDbBlocker

from accounts.models import User
from catalog.models import Chain
from tests.browser.chromium import ARGUMENTS
from tests.browser.conftest import chromium
from tests.fakes import chained

__all__ = ["chromium"]

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def house() -> None:
    """Do without the demo: what the browser is to see must be committed."""


@pytest.fixture
def draft(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Chain:
    with django_db_blocker.unblock():
        model = chained.model()
        chained.live(model, chained.hop(upstream_model="first"), chained.hop(upstream_model="second"))
        first, second = (chained.endpoint(name=name) for name in ("First", "Second"))
        return chained.draft(
            model, chained.hop(first, upstream_model="first"), chained.hop(second, upstream_model="second")
        )


@pytest.fixture
def page(chromium: str, draft: Chain, django_db_blocker: DjangoDbBlocker) -> Iterator[Page]:
    """Open the draft's page as an operator; rows are made before, since the ORM refuses to work beside a browser."""
    with django_db_blocker.unblock():
        client = Client()
        client.force_login(
            User.objects.create_superuser(f"{secrets.token_hex(6)}@operator.example", "long-enough-4")
        )
        server = LiveServerThread("127.0.0.1", StaticFilesHandler)
        server.daemon = True
        server.start()
        assert server.is_ready.wait(timeout=10)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            context = browser.new_context(viewport={"width": 1440, "height": 1000})
            address = f"http://127.0.0.1:{server.port}"
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}]
            )
            opened = context.new_page()
            opened.goto(f"{address}/admin/catalog/chain/{draft.pk}/change/")
            yield opened
            browser.close()
        server.terminate()
        connections.close_all()


def test_hops_are_dragged_saved_and_published(page: Page) -> None:
    complaints: list[str] = []
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    handles = page.locator("#hops-group tbody.original [x-sort\\:handle]")
    handles.nth(1).drag_to(handles.nth(0))
    assert [page.locator(f"#id_hops-{place}-position").input_value() for place in (0, 1)] == ["1", "0"]
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("was changed successfully").wait_for()
    first = page.locator("#hops-group tbody.original .field-upstream_model input").first
    expect(first).to_have_value("second")
    page.get_by_text("Publish", exact=True).first.click()
    page.locator("#dialog-form input[name=note]").fill("second is cheaper")
    page.locator("#dialog button[type=submit]").click()
    page.get_by_text("is live; the version before it is retired").wait_for()
    assert complaints == []
