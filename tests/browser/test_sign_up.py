"""Signing up in a real Chromium: from the form over the code in the mail to a workspace with its first key."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core import mail
from playwright.sync_api import Browser, expect
from pytest_django import DjangoDbBlocker

from catalog.models import Plan
from tests.accounts.rows import plan
from tests.browser.conftest import Site
from tests.browser.test_dashboard import PHONE, WIDE, Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def begun_on(site: Site, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open sign-up, on a plan without a price."""
    before = settings.SIGN_UP, settings.SIGN_UP_PLAN
    with django_db_blocker.unblock():
        version = plan()
        Plan.objects.filter(pk=version.plan_id).update(public=True)
        settings.SIGN_UP, settings.SIGN_UP_PLAN = True, version.plan.slug
    yield
    settings.SIGN_UP, settings.SIGN_UP_PLAN = before


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (PHONE, "light")], ids=str)
def test_signing_up_ends_in_a_workspace_with_a_key(
    browser: Browser, site: Site, size: tuple[int, int], scheme: str
) -> None:
    visit = Visit(browser, site, size=size, scheme=scheme)
    page = visit.page
    page.goto(f"{site.address}/accounts/signup/")
    visit.assert_clean()
    page.get_by_label("E-mail").fill(f"new-{size[0]}@northwind.example")
    page.get_by_label("Password").fill("a long road to drive")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_label("Code").wait_for()
    visit.assert_clean()
    found = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None
    page.get_by_label("Code").fill(found[0])
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Open a workspace").click()
    page.get_by_label("Name").wait_for()
    visit.assert_clean()
    page.get_by_label("Name").fill("Northwind")
    page.get_by_role("button", name="Open the workspace").click()
    assert re.fullmatch(r"rk_[0-9a-f]{64}", page.locator("#secret").inner_text())
    visit.assert_clean()
    page.get_by_role("link", name="Go to Home").click()
    expect(page.locator("summary.workspace")).to_contain_text("Northwind")
