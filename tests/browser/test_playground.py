"""The playground in a real Chromium, over a gateway that answers: two models, the charge, stopping, text that stays text."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import Street
from tests.browser.street import LOOKS, walk

pytestmark = pytest.mark.browser

FACTS = re.compile(r"^\$\d+\.\d{9} · first token .+ · .+ · \d+ in, \d+ out")


def path(street: Street, *, both: bool = False) -> str:
    second = f"&b={street.shop.seer}" if both else ""
    return f"/dashboard/playground?a={street.shop.talker}{second}"


def answered(page: Page, place: str) -> str:
    """Wait until a talk's answer has its facts, and return what was answered."""
    talk = page.locator(f'[data-talk="{place}"]')
    expect(talk.locator(".told").last).to_have_text(FACTS, timeout=15_000)
    return talk.locator(".answer").last.inner_text()


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=str)
def test_playground_is_clean_in_every_look_before_and_after_an_answer(
    browser: Browser, street: Street, size: tuple[int, int], scheme: str
) -> None:
    visit = walk(browser, street, path(street, both=True), size=size, scheme=scheme)
    visit.assert_clean()
    visit.page.get_by_label("Prompt", exact=True).fill("Say hello.")
    visit.page.get_by_role("button", name="Send").click()
    assert answered(visit.page, "a")
    assert answered(visit.page, "b")
    visit.assert_clean()


def test_what_it_costs_at_most_is_told_before_sending(browser: Browser, street: Street) -> None:
    visit = walk(browser, street, path(street))
    visit.page.get_by_label("Prompt", exact=True).fill("Say hello.")
    expect(visit.page.locator("[data-estimate]")).to_have_text(
        re.compile(r"^at most \$0\.\d{9}\.$"), timeout=10_000
    )
    assert visit.page.locator(".answer").count() == 0
    visit.assert_clean()


def test_markup_in_prompt_and_answer_stays_text(browser: Browser, street: Street) -> None:
    visit = walk(browser, street, path(street))
    visit.page.get_by_label("Prompt", exact=True).fill("<img src=x onerror=alert(1)><b>bold</b>")
    visit.page.get_by_role("button", name="Send").click()
    answered(visit.page, "a")
    assert visit.page.locator(".turns img, .turns b").count() == 0
    assert visit.page.locator(".asked").inner_text() == "<img src=x onerror=alert(1)><b>bold</b>"
    visit.assert_clean()


def test_no_cookie_goes_to_the_api_and_a_conversation_goes_on(browser: Browser, street: Street) -> None:
    visit = walk(browser, street, path(street))
    asked: list[Request] = []
    visit.page.on("request", lambda request: asked.append(request) if "/v1/chat" in request.url else None)
    for prompt in ("Say hello.", "And again."):
        visit.page.get_by_label("Prompt", exact=True).fill(prompt)
        visit.page.get_by_role("button", name="Send").click()
        answered(visit.page, "a")
        expect(visit.page.get_by_role("button", name="Send")).to_be_enabled()
    sent, bodies = (
        [each.all_headers() for each in asked],
        [json.loads(each.post_data or "") for each in asked],
    )
    assert len(sent) == 2
    for headers in sent:
        assert "cookie" not in headers
        assert headers["authorization"].startswith("Bearer eyJ")
    messages = bodies[1]["messages"]
    assert isinstance(messages, list)
    assert [each["role"] for each in messages] == ["user", "assistant", "user"]


def test_the_code_is_the_request_and_changes_with_it(browser: Browser, street: Street) -> None:
    page = walk(browser, street, path(street)).page
    page.get_by_label("Prompt", exact=True).fill("It's a toll.")
    page.get_by_label("Output tokens at most").fill("64")
    code = page.locator("[data-code]")
    expect(code).to_contain_text("It'\\''s a toll.")
    page.get_by_role("button", name="Python").click()
    expect(code).to_contain_text(f'base_url="{street.address}/v1"')
    expect(code).to_contain_text("max_tokens=64,")
    page.get_by_role("button", name="Node").click()
    expect(code).to_contain_text('"max_tokens": 64')


def test_images_go_only_to_models_that_read_them(browser: Browser, street: Street) -> None:
    page = walk(browser, street, path(street)).page
    page.get_by_text("System prompt and image").click()
    expect(page.get_by_label("Image, by its address")).to_be_disabled()
    page.get_by_label("Model", exact=True).select_option(street.shop.seer)
    page.get_by_label("Image, by its address").fill("https://example.com/road.png")
    expect(page.locator("[data-code]")).to_contain_text('"image_url"')


def test_a_refusal_is_told_in_its_own_words(browser: Browser, street: Street) -> None:
    page = walk(browser, street, path(street)).page
    page.get_by_label("Output tokens at most").evaluate("field => { field.type = 'text'; }")
    page.get_by_label("Output tokens at most").fill("0")
    page.get_by_label("Prompt", exact=True).fill("Say hello.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".answer.wrong")).to_contain_text("400 VALIDATION_ERROR", timeout=10_000)
    expect(page.locator(".answer.wrong")).to_contain_text("max_tokens")


def test_without_script_the_page_says_what_to_do(browser: Browser, street: Street) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": street.shop.session, "url": street.address}])
    page = context.new_page()
    page.goto(street.address + path(street))
    assert "which needs script" in page.locator("main").inner_text()
    assert f"curl -N {street.address}/v1/chat/completions" in page.locator("main").inner_text()
