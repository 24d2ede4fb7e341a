"""What pages tell while Tollway does without a part: operators all of it on every page, customers what concerns them."""

import os
import secrets
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

from accounts.models import User
from kernel import degraded, modes
from tests.browser.accessibility import complaints
from tests.browser.conftest import Site
from tests.operator.stories.place import apart

pytestmark = pytest.mark.browser

# Where to leave pictures, to be looked at.
PICTURES = os.environ.get("PICTURES")
HOME, LIST = "/admin/", "/admin/catalog/model/"
DASHBOARD = "/dashboard/"


@pytest.fixture(scope="module")
def operator(site: Site, django_db_blocker: DjangoDbBlocker) -> str:
    """Return the session of an operator; a worker may have begun with tests of this file that need none."""
    with django_db_blocker.unblock():
        return apart(operators_session)


def operators_session() -> str:
    client = Client()
    client.force_login(
        User.objects.create_superuser(f"{secrets.token_hex(6)}@operator.example", "long-enough-4")
    )
    return client.cookies["sessionid"].value


def opened(browser: Browser, site: Site, session: str, path: str, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.add_cookies([{"name": "sessionid", "value": session, "url": site.address}])
    page = context.new_page()
    page.goto(site.address + path)
    if PICTURES and degraded.current():
        name = f"{path.strip('/').replace('/', '-')}-{len(degraded.current())}-{scheme}.png"
        page.screenshot(path=str(Path(PICTURES) / name))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_operators_are_told_on_every_page(operator: str, site: Site, browser: Browser, scheme: str) -> None:
    degraded.note(modes.REDIS, held=True)
    degraded.note(modes.WORKER, held=True)
    for path in (HOME, LIST):
        page = opened(browser, site, operator, path, scheme)
        told = page.get_by_label("Degraded")
        assert told.locator("dt").all_inner_texts()[0].startswith("No worker sweeps since")
        assert "within 2 seconds of its first answer" in told.inner_text()
        assert complaints(page, ".degraded") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_customers_are_told_once_what_concerns_them(site: Site, browser: Browser, scheme: str) -> None:
    for mode in (modes.REDIS, modes.WORKER, modes.LATE):
        degraded.note(mode, held=True)
    page = opened(browser, site, site.busy.session, DASHBOARD, scheme)
    assert page.locator(".banner").all_inner_texts() == [modes.LATE.customers]
    assert complaints(page, ".banner") == []


def test_in_health_nobody_is_told_anything(operator: str, site: Site, browser: Browser) -> None:
    assert opened(browser, site, operator, HOME).locator(".degraded").count() == 0
    degraded.note(modes.REDIS, held=True)  # which concerns no customer
    assert opened(browser, site, site.fresh.session, DASHBOARD).locator(".banner").count() == 0
