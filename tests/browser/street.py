"""A visit to the pages that the gateway serves, signed in as the shop's owner."""

from playwright.sync_api import Browser

from tests.browser.conftest import Site, Street
from tests.browser.people import Customer
from tests.browser.test_dashboard import PHONE, WIDE, Visit

__all__ = ["LOOKS", "walk"]

LOOKS = [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")]
"""Sizes and schemes in which every page is looked at."""


def walk(
    browser: Browser, street: Street, path: str, *, size: tuple[int, int] = WIDE, scheme: str = "light"
) -> Visit:
    """Open a page."""
    owner = Customer("", street.shop.session)
    visit = Visit(browser, Site(street.address, owner, owner), size=size, scheme=scheme)
    visit.page.context.add_cookies([{"name": "sessionid", "value": owner.session, "url": street.address}])
    visit.page.goto(street.address + path)
    return visit
