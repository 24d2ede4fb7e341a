"""The page Alerts in a real Chromium: clean in both themes and at phone width, a walk from nothing to a test that is sent."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_dashboard import NARROW, PHONE, WIDE, Visit

pytestmark = pytest.mark.browser

PAGES = ("", "?kind=spend", "?kind=key", "?kind=errors", "/messages")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE, NARROW], ids=lambda size: str(size[0]))
def test_alerts_are_clean_at_every_width_in_both_themes(
    browser: Browser, site: Site, scheme: str, size: tuple[int, int]
) -> None:
    visit = Visit(browser, site, size=size, scheme=scheme)
    visit.come_home(site.fresh)
    for page in PAGES:
        visit.page.goto(f"{site.address}/dashboard/alerts{page}")
        assert visit.page.locator("h1").count() == 1, page
        visit.assert_clean()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=lambda size: str(size[0]))
def test_alerts_are_added_sent_a_test_and_taken_away(
    browser: Browser, site: Site, size: tuple[int, int]
) -> None:
    visit = Visit(browser, site, size=size)
    page = visit.page
    visit.come_home(site.fresh)
    page.goto(f"{site.address}/dashboard/alerts")
    page.get_by_role("link", name="Low balance").click()
    page.get_by_label("Amount in USD").fill("12.50")
    page.get_by_role("button", name="Add the alert").click()
    page.get_by_text("Balance falls below $12.50").first.wait_for()
    visit.assert_clean()
    page.get_by_label("Address").fill("https://hooks.example/x")
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.locator("#secret")).to_have_text(re.compile("^whsec_"))
    visit.assert_clean()
    page.get_by_role("button", name="Send a test to https://hooks.example/x").click()
    page.get_by_role("heading", name="A test").wait_for()
    visit.assert_clean()
    page.goto(f"{site.address}/dashboard/alerts")
    page.get_by_role("link", name="Delete https://hooks.example/x").click()
    visit.assert_clean()
    page.get_by_role("button", name="Delete the webhook").click()
    page.get_by_text("hooks.example is gone").wait_for()
    page.get_by_role("link", name="Delete Balance falls below $12.50").click()
    visit.assert_clean()
    page.get_by_role("button", name="Delete the alert").click()
    page.get_by_text("No alert yet").wait_for()
    visit.assert_clean()


def test_alerts_work_without_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": site.fresh.session, "url": site.address}])
    page = context.new_page()
    page.goto(f"{site.address}/dashboard/alerts?kind=errors")
    page.get_by_label("Percent").fill("25")
    page.get_by_role("button", name="Add the alert").click()
    page.get_by_role("button", name="Switch off 25 % of requests fail").click()
    page.get_by_text("“25 % of requests fail” is off").wait_for()
    page.get_by_role("link", name="Delete 25 % of requests fail").click()
    page.get_by_role("button", name="Delete the alert").click()
    page.get_by_text("No alert yet").wait_for()
