"""Activity in a real Chromium: the chart draws its table, the view is in the address, clean in both themes at every width."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_dashboard import PHONE, WIDE, Visit

pytestmark = pytest.mark.browser
PATH = "/dashboard/activity"


def come(browser: Browser, site: Site, path: str = PATH, **shown: object) -> Visit:
    visit = Visit(browser, site, **shown)  # type: ignore[arg-type]
    visit.page.context.add_cookies([{"name": "sessionid", "value": site.busy.session, "url": site.address}])
    visit.page.goto(site.address + path)
    return visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=lambda size: str(size[0]))
def test_activity_is_clean_at_every_width_in_both_themes(
    browser: Browser, site: Site, scheme: str, size: tuple[int, int]
) -> None:
    visit = come(browser, site, f"{PATH}?compare=1", size=size, scheme=scheme)
    visit.assert_clean()
    visit.page.evaluate("document.querySelectorAll('main details').forEach((menu) => { menu.open = true; })")
    visit.assert_clean()


def test_activity_draws_the_numbers_of_its_table(browser: Browser, site: Site) -> None:
    visit = come(browser, site, f"{PATH}?metric=requests")
    table = [
        (row.locator("th").inner_text(), int(row.locator("td.num").first.inner_text().replace(",", "")))
        for row in visit.page.locator(".explored-table tbody tr").all()
    ]
    assert [(name, total) for name, total, _ in visit.chart()] == table
    assert len(table) == 7
    assert visit.painted() > 7


def test_activity_keeps_colours_when_it_is_narrowed(browser: Browser, site: Site) -> None:
    visit = come(browser, site)
    colours = {name: colour for name, _, colour in visit.chart()}
    visit.page.locator(".explored-table tbody th a").nth(2).click()
    visit.page.wait_for_url(re.compile(r"\?model="))
    assert len(visit.chart()) == 1
    assert {name: colour for name, _, colour in visit.chart()}.items() <= colours.items()


def test_activity_changes_as_soon_as_a_choice_is_made_and_goes_back(browser: Browser, site: Site) -> None:
    visit = come(browser, site)
    visit.page.get_by_label("Figure").select_option("Error rate")
    visit.page.wait_for_url(re.compile("metric=errors"))
    visit.page.get_by_label(re.compile("Compare with")).check()
    visit.page.wait_for_url(re.compile("metric=errors.*compare=1"))
    visit.page.get_by_role("link", name="week").click()
    visit.page.wait_for_url(re.compile("per=week"))
    expect(visit.page.get_by_role("heading", name=re.compile("Error rate by model per week"))).to_have_count(
        1
    )
    visit.page.go_back()
    visit.assert_clean()


def test_activity_works_without_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": site.busy.session, "url": site.address}])
    page = context.new_page()
    page.goto(site.address + PATH)
    page.get_by_label("Figure").select_option("Requests")
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Tag").fill("nightly")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".chip", has_text="nightly")).to_have_count(1)
    expect(page.get_by_text("No request of these days fits")).to_be_visible()
    expect(page).to_have_url(re.compile("metric=requests"))
