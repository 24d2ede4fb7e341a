"""The page Keys in a real Chromium: every look, a secret that is copied and tried, and all of it without script."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Street
from tests.browser.street import LOOKS, walk

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=str)
def test_keys_are_clean_in_every_look(
    browser: Browser, street: Street, size: tuple[int, int], scheme: str
) -> None:
    number = street.shop.key
    for path in ("", "/new", f"/{number}", f"/{number}/rotate", f"/{number}/revoke"):
        visit = walk(browser, street, f"/dashboard/keys{path}", size=size, scheme=scheme)
        visit.assert_clean()
        visit.page.close()


def test_a_new_key_is_copied_and_tried_from_where_it_is_shown(browser: Browser, street: Street) -> None:
    visit = walk(browser, street, "/dashboard/keys")
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="New key").click()
    page.get_by_label("Name").fill("release-bot")
    page.get_by_label(street.shop.talker).check()
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("button", name="Copy key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("button", name="Send a test request").click()
    expect(page.locator("[data-told]")).to_have_text(
        re.compile(rf"It works: {street.shop.talker} answered in \d+ ms for \$0\.0"), timeout=10_000
    )
    visit.assert_clean()
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#secret")).to_have_count(0)
    page.wait_for_load_state()
    assert secret not in page.content()


def test_a_row_opens_what_can_be_done_with_its_key(browser: Browser, street: Street) -> None:
    page = walk(browser, street, "/dashboard/keys").page
    row = page.get_by_role("row").filter(has_text="eval-nightly")
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    row.get_by_role("link", name="Revoke").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revoke eval-nightly?")


def test_keys_are_made_and_revoked_without_script(browser: Browser, street: Street) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": street.shop.session, "url": street.address}])
    page = context.new_page()
    page.goto(street.address + "/dashboard/keys/new")
    page.get_by_label("Name").fill("short-lived")
    page.get_by_role("button", name="Make the key").click()
    assert re.fullmatch(r"rk_[0-9a-f]{64}", page.locator("#secret").inner_text())
    row = page.get_by_role("row").filter(has_text="short-lived")
    row.locator("summary").click()
    row.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.locator("main")).to_contain_text("short-lived is revoked.")
