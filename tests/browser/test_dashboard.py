"""The dashboard in a real Chromium: signing in, the chart, both themes, phone width, accessibility."""

import re

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.accessibility import complaints
from tests.browser.conftest import Site
from tests.browser.people import PASSWORD, Customer

pytestmark = pytest.mark.browser

WIDE, PHONE, NARROW = (1440, 900), (390, 844), (320, 700)


# The icon is given up where the page is left before it came; a stream that was read to its end may be told as aborted.
ABORTED = ("/favicon.svg", "/v1/chat/completions")


class Visit:
    """A page of the site with what the browser complained about."""

    def __init__(
        self, browser: Browser, site: Site, *, size: tuple[int, int] = WIDE, scheme: str = "light"
    ) -> None:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.address = site.address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED" or not request.url.endswith(ABORTED):
            self.complaints.append(f"{request.url}: {request.failure}")

    def come_home(self, who: Customer) -> None:
        """Open Home with a session that is already open."""
        self.page.context.add_cookies([{"name": "sessionid", "value": who.session, "url": self.address}])
        self.page.goto(self.address + "/dashboard/")

    def assert_clean(self) -> None:
        """No complaint of the browser, none of axe, nothing to scroll sideways, once the page is there."""
        self.page.wait_for_load_state()
        assert self.complaints == []
        assert not self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert complaints(self.page) == []

    def chart(self) -> list[tuple[str, int, str]]:
        """Return name, sum and colour of each series that is drawn."""
        drawn: list[list[object]] = self.page.evaluate(
            """Chart.getChart(document.querySelector("canvas")).data.datasets.map(
                 (set) => [set.label, set.data.reduce((a, b) => a + b, 0), set.backgroundColor])"""
        )
        return [(str(label), int(str(total)), str(colour)) for label, total, colour in drawn]

    def painted(self) -> int:
        """Return how many different colours the canvas shows."""
        return int(
            self.page.evaluate(
                """(() => {
                  const canvas = document.querySelector("canvas");
                  const data = new Uint32Array(
                    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
                  return new Set(data).size;
                })()"""
            )
        )


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("size", [WIDE, (1000, 800), PHONE, NARROW], ids=lambda size: str(size[0]))
def test_dashboard_is_clean_at_every_width_in_both_themes(
    browser: Browser, site: Site, scheme: str, size: tuple[int, int]
) -> None:
    visit = Visit(browser, site, size=size, scheme=scheme)
    visit.come_home(site.busy)
    visit.assert_clean()


def test_dashboard_draws_the_numbers_of_its_table(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.come_home(site.busy)
    table = [
        (row.locator("th").inner_text(), int(row.locator("td").first.inner_text().replace(",", "")))
        for row in visit.page.locator("table.models tbody tr").all()
    ]
    drawn = visit.chart()
    assert [(name, total) for name, total, _ in drawn] == table
    assert len(table) == 7
    assert visit.painted() > 7


def test_dashboard_repaints_when_the_system_turns_dark(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.come_home(site.busy)
    light = [colour for _, _, colour in visit.chart()]
    visit.page.emulate_media(color_scheme="dark")
    visit.page.wait_for_function(
        "was => Chart.getChart(document.querySelector('canvas')).data.datasets[0].backgroundColor !== was",
        arg=light[0],
    )
    assert [colour for _, _, colour in visit.chart()] == [
        visit.page.evaluate(
            f"getComputedStyle(document.documentElement).getPropertyValue('--chart-{name}').trim()"
        )
        for name in (1, 2, 3, 4, 5, 6, "other")
    ]


def test_dashboard_keeps_the_chosen_theme_on_a_dark_system(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site, scheme="dark")
    visit.come_home(site.busy)
    visit.page.get_by_role("button", name="Light").click()
    expect(visit.page.locator("html")).to_have_attribute("data-theme", "light")
    visit.page.wait_for_load_state()
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    visit.assert_clean()


def test_dashboard_changes_its_range_by_links_and_keeps_colours(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.come_home(site.busy)
    colours = {name: colour for name, _, colour in visit.chart()}
    visit.page.get_by_role("link", name="7 days").click()
    visit.page.wait_for_url("**/dashboard/?range=7d")
    assert {name: colour for name, _, colour in visit.chart()}.items() <= colours.items()
    visit.assert_clean()


def test_dashboard_can_be_walked_by_keyboard_past_the_sidebar(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    visit.come_home(site.busy)
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Today"


def test_dashboard_works_without_script(browser: Browser, site: Site) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(site.address + "/dashboard/")
    page.get_by_label("E-mail").fill(site.busy.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Today").click()
    page.wait_for_url("**range=today**")
    expect(page.locator("table.models tfoot")).to_have_text(re.compile(r"^\s*Total"))


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=lambda size: str(size[0]))
def test_dashboard_on_the_first_day_is_clean(
    browser: Browser, site: Site, scheme: str, size: tuple[int, int]
) -> None:
    visit = Visit(browser, site, size=size, scheme=scheme)
    visit.come_home(site.fresh)
    expect(visit.page.get_by_text("Waiting for your first request")).to_be_visible()
    visit.assert_clean()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=lambda size: str(size[0]))
def test_dashboard_door_is_clean_and_says_what_went_wrong(
    browser: Browser, site: Site, scheme: str, size: tuple[int, int]
) -> None:
    visit = Visit(browser, site, size=size, scheme=scheme)
    visit.page.goto(site.address + "/dashboard/")
    visit.assert_clean()
    visit.page.get_by_label("E-mail").fill(site.fresh.email)
    visit.page.get_by_label("Password").fill("wrong")
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.locator(".wrong:visible").wait_for()
    expect(visit.page.locator("#id_password")).to_be_focused()
    visit.assert_clean()
