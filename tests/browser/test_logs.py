"""Logs in a real Chromium: a request opens beside the list, keys walk it, what is new is told and moves nothing."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from playwright.sync_api import Browser, expect
from pytest_django import DjangoDbBlocker

from accounts.models import Member
from tests.billing.logs.listing import ago, refuse
from tests.browser.conftest import Site
from tests.browser.test_activity import come
from tests.browser.test_dashboard import PHONE, WIDE, Visit

pytestmark = pytest.mark.browser
PATH = "/dashboard/logs"


@pytest.fixture(scope="module")
def refused(site: Site, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[int, str]]:
    """Refuse a request of the busy customer, before the browser; return their workspace and the request."""
    with django_db_blocker.unblock():
        workspace = Member.objects.get(user__email=site.busy.email).workspace_id
        yield (
            workspace,
            str(refuse(workspace, ago(minutes=2), "CREDITS_HELD", required=9, available=5, held=7)),
        )


def assert_clean(visit: Visit) -> None:
    """As anywhere; but a page that is left while it asks for news breaks that off."""
    visit.complaints = [each for each in visit.complaints if "/logs/new?" not in each]
    visit.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, (1000, 800), PHONE], ids=lambda size: str(size[0]))
def test_logs_are_clean_at_every_width_in_both_themes(
    refused: tuple[int, str], browser: Browser, site: Site, scheme: str, size: tuple[int, int]
) -> None:
    visit = come(browser, site, PATH, size=size, scheme=scheme)
    assert_clean(visit)
    visit.page.goto(f"{site.address}{PATH}/{refused[1]}")
    assert_clean(visit)
    visit.page.goto(site.address + PATH)
    visit.page.locator("td.when a").nth(2).click()
    visit.page.locator(".pane").wait_for()
    assert_clean(visit)


def test_logs_open_a_request_beside_the_list_and_close_it_by_keyboard(
    refused: tuple[int, str], browser: Browser, site: Site
) -> None:
    visit = come(browser, site, PATH)
    page = visit.page
    page.locator("td.when a").nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".pane").wait_for()
    expect(page.locator("#request")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/dashboard/logs/[0-9a-f-]{36}\?$"))
    expect(page.locator("tr[aria-selected]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"{PATH}\??$"))
    expect(page.locator(".pane")).to_have_count(0)
    page.wait_for_function("document.activeElement.closest('tr')?.rowIndex === 3")
    page.go_back()
    expect(page.locator("#request")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()


def test_logs_tell_what_is_new_and_move_no_row(
    refused: tuple[int, str], browser: Browser, site: Site
) -> None:
    visit = come(browser, site, PATH)
    assert visit.page.locator(".badge.refused").count() == 0
    first = visit.page.locator("td.when time").first.inner_text()
    assert visit.page.get_by_text("Live", exact=True).is_visible()
    told = visit.page.locator("[data-news] a")
    refuse_apart(refused[0])
    expect(told).to_have_text("1 new", timeout=15_000)
    assert visit.page.locator("td.when time").first.inner_text() == first
    told.click()
    expect(visit.page.locator(".badge.refused")).to_have_count(1)


def refuse_apart(workspace: int) -> None:
    """Refuse a request in a thread of its own: Django refuses its ORM while Playwright's loop runs in this one."""

    def refuse_now() -> None:
        refuse(workspace, ago(seconds=1))
        connection.close()

    with ThreadPoolExecutor(1) as apart:
        apart.submit(refuse_now).result()


def test_logs_rest_when_they_are_told_to(refused: tuple[int, str], browser: Browser, site: Site) -> None:
    visit = come(browser, site, PATH)
    visit.page.get_by_role("button", name="Pause").click()
    expect(visit.page.get_by_text("Paused")).to_be_visible()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.wait_for_timeout(4_000)
    assert asked == []


def test_logs_narrow_to_a_stretch_of_the_bars(refused: tuple[int, str], browser: Browser, site: Site) -> None:
    visit = come(browser, site, PATH)
    visit.page.locator("[data-bars]").focus()
    visit.page.keyboard.press("ArrowLeft")
    for _ in range(4):
        visit.page.keyboard.press("Shift+ArrowLeft")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(re.compile("range=span"))
    expect(visit.page.locator("[data-bars] g")).to_have_count(5)


def test_logs_work_without_script(refused: tuple[int, str], browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": site.busy.session, "url": site.address}])
    page = context.new_page()
    page.goto(site.address + PATH)
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Status").select_option("refused")
    page.get_by_role("button", name="Add").click()
    page.locator("td.when a").first.click()
    expect(page.get_by_role("heading", name="Nothing was charged")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(page.locator(".pane")).to_have_count(0)
    expect(page).to_have_url(re.compile("status=refused"))
