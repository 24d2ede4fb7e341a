"""The pages of a team and of a person in a real Chromium: clean in both themes and at phone width, usable by keyboard."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.people import PASSWORD
from tests.browser.test_dashboard import PHONE, WIDE, Visit

pytestmark = pytest.mark.browser

PAGES = (
    "dashboard/team",
    "dashboard/team/changes",
    "dashboard/workspace",
    "dashboard/workspace/delete",
    "dashboard/team/leave",
)
PERSONAL = (
    "accounts/profile/",
    "accounts/email/",
    "accounts/password/change/",
    "accounts/2fa/",
    "accounts/sessions/",
    "accounts/delete/",
)


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")], ids=str)
def test_team_and_account_are_clean(browser: Browser, site: Site, size: tuple[int, int], scheme: str) -> None:
    visit = Visit(browser, site, size=size, scheme=scheme)
    visit.come_home(site.fresh)
    for page in (*PAGES, *PERSONAL):
        visit.page.goto(f"{site.address}/{page}")
        assert visit.page.locator("h1").count() == 1, page
        visit.assert_clean()


def test_team_switcher_opens_by_keyboard_and_leads_to_settings(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.come_home(site.fresh)
    visit.page.locator("summary.workspace").focus()
    visit.page.keyboard.press("Enter")
    visit.assert_clean()
    visit.page.get_by_role("link", name="Workspace settings").click()
    visit.page.wait_for_url("**/dashboard/workspace")


def test_team_invites_and_takes_back(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.come_home(site.fresh)
    visit.page.goto(f"{site.address}/dashboard/team")
    visit.page.get_by_label("E-mail").fill("new@northwind.example")
    visit.page.locator("#id_role").select_option("billing")
    visit.page.get_by_role("button", name="Invite").click()
    row = visit.page.get_by_role("row", name="new@northwind.example")
    expect(row).to_contain_text("Billing")
    visit.assert_clean()
    row.get_by_role("button", name="Take back").click()
    visit.page.get_by_text("was taken back").wait_for()


def test_a_passkey_is_added_and_signs_in(browser: Browser, site: Site) -> None:
    """Browsers take localhost, and no number, for a name that passkeys can be bound to."""
    visit = Visit(browser, site)
    page, address = visit.page, site.address.replace("127.0.0.1", "localhost")
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": key | {"isUserVerified": True}})
    page.goto(f"{address}/accounts/login/?next=/accounts/2fa/webauthn/add/")
    page.get_by_label("E-mail").fill(site.fresh.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/accounts/reauthenticate/**")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url(lambda address: "/accounts/2fa/" in address and "/add/" not in address)
    page.context.clear_cookies()
    page.goto(f"{address}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/dashboard/")
    assert visit.complaints == []
