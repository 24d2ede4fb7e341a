"""The pages for developers in a real Chromium: both themes, every width, accessibility, copying, the reader's own key."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from playwright.sync_api import Browser, expect
from pytest_django import DjangoDbBlocker

from accounts import keys
from accounts.models import Member
from config.guide import shelf
from tests.browser.conftest import Site
from tests.browser.test_dashboard import NARROW, PHONE, WIDE, Visit

pytestmark = pytest.mark.browser

MIDDLE = (1000, 800)
PATHS = [
    "/",
    "/terms",
    "/privacy",
    "/rankings",
    "/trust",
    "/status",
    "/docs/",
    "/docs/?q=half+up",
    "/docs/?q=nowhere-at-all",
    *(f"/docs/{entry.slug}" for entry in shelf.entries()),
]


@pytest.fixture(scope="module")
def reader(site: Site, django_db_blocker: DjangoDbBlocker) -> Site:
    """The site, whose busy customer has a key. Django wants no rows made beside the browser's loop: a thread has none."""

    def mint() -> None:
        member = Member.objects.select_related("workspace").get(user__email=site.busy.email)
        keys.mint(member.workspace, name="Laptop")
        connections.close_all()

    with django_db_blocker.unblock(), ThreadPoolExecutor(1) as beside:
        beside.submit(mint).result()
    return site


def read(visit: Visit, path: str) -> None:
    """Open a page, noting what is asked of other hosts."""
    elsewhere = visit.complaints
    visit.page.on(
        "request",
        lambda request: elsewhere.append(request.url) if not request.url.startswith(visit.address) else None,
    )
    visit.page.goto(visit.address + path)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_clean_in_both_themes(browser: Browser, site: Site, path: str) -> None:
    for scheme, size in (("light", WIDE), ("dark", PHONE)):
        visit = Visit(browser, site, size=size, scheme=scheme)
        read(visit, path)
        visit.assert_clean()


@pytest.mark.parametrize("size", [MIDDLE, NARROW], ids=lambda size: str(size[0]))
@pytest.mark.parametrize("path", ["/docs/", "/docs/errors", "/docs/coding-agents", "/docs/api"])
def test_pages_hold_at_other_widths(browser: Browser, site: Site, path: str, size: tuple[int, int]) -> None:
    visit = Visit(browser, site, size=size, scheme="dark")
    read(visit, path)
    visit.assert_clean()


def test_a_slash_searches_and_what_is_found_leads_to_its_heading(browser: Browser, site: Site) -> None:
    for size in (WIDE, PHONE):
        visit = Visit(browser, site, size=size)
        read(visit, "/docs/errors")
        visit.page.keyboard.press("/")
        visit.page.keyboard.type("webhook-signature")
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url("**/docs/?q=webhook-signature")
        visit.page.get_by_role("link", name="Webhooks").filter(has_text="Three headers").click()
        expect(visit.page).to_have_url(re.compile("/docs/webhooks#three-headers$"))
        visit.assert_clean()


def test_code_is_copied_as_it_stands_with_the_address_of_this_site(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    read(visit, "/docs/quickstart")
    visit.page.get_by_role("button", name="Copy Shell, example 2").click()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl {site.address}/v1/chat/completions \\\n")
    assert visit.complaints == []


def test_a_reader_who_is_signed_in_sees_which_key_is_meant(browser: Browser, reader: Site) -> None:
    for scheme, size in (("light", PHONE), ("dark", WIDE)):
        visit = Visit(browser, reader, size=size, scheme=scheme)
        cookie = {"name": "sessionid", "value": reader.busy.session, "url": visit.address}
        visit.page.context.add_cookies([cookie])  # type: ignore[list-item]  # a dictionary of Playwright's own
        read(visit, "/docs/quickstart")
        shown = visit.page.locator(".own").inner_text()
        assert re.search(r"Your key rk_\w{6}…\w{4} \(Laptop\) opens", shown)
        visit.assert_clean()


def test_a_page_leads_to_the_next_and_a_phone_to_all(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site, size=PHONE)
    read(visit, "/docs/quickstart")
    visit.page.get_by_role("link", name="Next Keys and sign-in").click()
    visit.page.get_by_text("All pages").click()
    visit.page.get_by_role("navigation", name="All pages").get_by_role("link", name="Errors").click()
    expect(visit.page).to_have_title("Errors · Tollway")
    visit.page.get_by_text("On this page").first.click()
    visit.page.get_by_role("navigation", name="Sections").get_by_role("link", name="Three styles").click()
    expect(visit.page).to_have_url(re.compile("/docs/errors#three-styles$"))
    visit.assert_clean()
