"""The page Management tokens in a real Chromium: every look, a token that is shown once, used over TCP, and revoked."""

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from accounts.management_tokens import CREATIONS_A_MINUTE
from tests.browser.conftest import Street
from tests.browser.street import LOOKS, walk
from tests.browser.test_dashboard import Visit
from tests.fakes.caller import Heard, call, get
from tests.fakes.minutes import Turns

pytestmark = pytest.mark.browser
TURNS = Turns(CREATIONS_A_MINUTE)


def made(visit: Visit, name: str, scope: str) -> str:
    """Make a token by the form of the page that is open, and return it."""
    TURNS.take()
    visit.page.get_by_label("Name").fill(name)
    visit.page.get_by_label("May").select_option(scope)
    visit.page.get_by_role("button", name="Make the token").click()
    return visit.page.locator("#secret").inner_text()


def revoked(visit: Visit, name: str) -> None:
    visit.page.get_by_role("link", name=f"Revoke {name}").click()
    visit.page.get_by_role("button", name="Revoke token").click()
    expect(visit.page.get_by_text(f"{name} is revoked.")).to_be_visible()


def told(street: Street, secret: str, path: str = "/api/workspace") -> Heard:
    return get(street.address + path, headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=str)
def test_tokens_are_clean_in_every_look(
    browser: Browser, street: Street, size: tuple[int, int], scheme: str
) -> None:
    visit = walk(browser, street, "/dashboard/tokens", size=size, scheme=scheme)
    visit.assert_clean()
    name = f"look-{size[0]}-{scheme}"
    made(visit, name, "read")
    visit.assert_clean()
    visit.page.get_by_role("link", name="Close").click()
    visit.page.get_by_role("link", name=f"Revoke {name}").click()
    visit.assert_clean()
    visit.page.get_by_role("button", name="Revoke token").click()
    expect(visit.page.get_by_role("row").filter(has_text=name)).to_contain_text("Revoked")
    visit.assert_clean()


def test_a_token_is_shown_once_used_and_refused_from_its_end_on(browser: Browser, street: Street) -> None:
    visit = walk(browser, street, "/dashboard/tokens")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = made(visit, "nightly-report", "write")
    assert re.fullmatch(r"rkm_[0-9a-f]{64}", secret)
    visit.page.get_by_role("button", name="Copy token").click()
    expect(visit.page.get_by_role("button", name="Copied")).to_be_visible()
    assert visit.page.evaluate("navigator.clipboard.readText()") == secret

    assert told(street, secret).json["slug"] == street.shop.workspace.slug
    key = call(
        street.address, "/api/keys", {"name": "made by a script"}, headers=as_json_by(secret), patience_s=20
    )
    assert key.status == 201, key.body

    visit.page.get_by_role("link", name="Close").click()
    expect(visit.page.locator("#secret")).to_have_count(0)
    visit.page.wait_for_load_state()
    assert secret not in visit.page.content()
    row = visit.page.get_by_role("row").filter(has_text="nightly-report")
    expect(row).to_contain_text("Active")
    expect(row).not_to_contain_text("Never used")
    revoked(visit, "nightly-report")
    heard = told(street, secret)
    assert (heard.status, json.loads(heard.body)["code"]) == (401, "AUTHENTICATION_ERROR")
    assert visit.complaints == []


def test_a_token_that_may_only_read_changes_nothing(browser: Browser, street: Street) -> None:
    visit = walk(browser, street, "/dashboard/tokens")
    secret = made(visit, "dashboard-reader", "read")
    assert told(street, secret, "/api/keys").status == 200
    heard = call(
        street.address, "/api/keys", {"name": "never made"}, headers=as_json_by(secret), patience_s=20
    )
    assert (heard.status, heard.json["code"]) == (403, "AUTHORIZATION_ERROR")
    visit.page.goto(f"{street.address}/dashboard/keys")
    assert visit.page.get_by_text("never made").count() == 0


def test_tokens_are_made_and_revoked_without_script(browser: Browser, street: Street) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": street.shop.session, "url": street.address}])
    page = context.new_page()
    page.goto(street.address + "/dashboard/tokens")
    page.get_by_label("Name").fill("plain")
    TURNS.take()
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator("#secret").inner_text()
    assert told(street, secret).status == 200
    page.get_by_role("link", name="Revoke plain").click()
    page.get_by_role("button", name="Revoke token").click()
    assert told(street, secret).status == 401


def as_json_by(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
