"""Set-up in a real Chromium: every look, a line to copy, and the first request as it arrives."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Street
from tests.browser.street import LOOKS, walk
from tests.fakes.caller import call

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=str)
def test_set_up_is_clean_in_every_look(
    browser: Browser, street: Street, size: tuple[int, int], scheme: str
) -> None:
    for client in ("openai-python", "cline"):
        visit = walk(browser, street, f"/dashboard/set-up?client={client}", size=size, scheme=scheme)
        visit.assert_clean()
        visit.page.close()


def test_the_first_request_of_a_key_arrives_on_the_page_with_its_charge(
    browser: Browser, street: Street
) -> None:
    visit = walk(browser, street, "/dashboard/keys/new")
    page = visit.page
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("link", name="Set up a client").first.click()
    expect(page.get_by_text("Waiting for your first request")).to_be_visible()
    expect(page.locator("#own-key")).to_contain_text(f'export TOLLWAY_API_KEY="{secret[:9]}…"')
    body = {"model": street.shop.talker, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
    heard = call(f"{street.address}/v1", "/chat/completions", body, headers={"X-API-Key": secret})
    assert heard.status == 200
    expect(page.get_by_text("Your first request arrived")).to_be_visible(timeout=4000)
    expect(page.locator("[data-words]")).to_have_text(
        re.compile(rf"^\d\d:\d\d:\d\d, {street.shop.talker}, .+, \$0\.\d{{9}}$")
    )
    visit.assert_clean()
