"""Models and prices in a real Chromium: every look, filters that stay in the address, the way to the playground."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Street
from tests.browser.street import LOOKS, walk
from tests.browser.test_dashboard import PHONE

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=str)
def test_models_are_clean_in_every_look(
    browser: Browser, street: Street, size: tuple[int, int], scheme: str
) -> None:
    name = street.shop.talker
    for path in (
        "/dashboard/models",
        f"/dashboard/models/{name}",
        "/catalog/models",
        f"/catalog/models/{name}",
    ):
        visit = walk(browser, street, path, size=size, scheme=scheme)
        visit.assert_clean()
        visit.page.close()


def test_filters_are_sent_as_an_address_that_shows_them_again(browser: Browser, street: Street) -> None:
    page = walk(browser, street, "/dashboard/models").page
    page.get_by_label("Model or author").fill(street.shop.talker)
    page.get_by_label("Only on my plan").check()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile("mine=1"))
    expect(page.locator("table.models tbody tr")).to_have_count(1)
    expect(page.get_by_label("Model or author")).to_have_value(street.shop.talker)
    expect(page.get_by_label("Only on my plan")).to_be_checked()


def test_a_model_leads_to_the_playground(browser: Browser, street: Street) -> None:
    page = walk(browser, street, f"/dashboard/models/{street.shop.talker}").page
    page.get_by_role("link", name="Try it").click()
    expect(page.get_by_label("Model", exact=True)).to_have_value(street.shop.talker)


def test_phones_reach_models_from_more(browser: Browser, street: Street) -> None:
    page = walk(browser, street, "/dashboard/keys", size=PHONE).page
    page.get_by_role("link", name="More", exact=True).click()
    page.get_by_role("navigation", name="More pages").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models and prices")
