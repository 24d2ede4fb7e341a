"""An operator at a browser: signs in, walks by the sidebar, fills in what is labelled, and answers dialogs."""

import re
from datetime import datetime

from playwright.sync_api import Browser, Locator, Page, expect

from tests.operator.stories.place import PASSWORD, Place

__all__ = ["Clerk"]

WAIT_MS = 15_000


class Clerk:
    """Who does what the stories tell, with what the browser complained about meanwhile."""

    def __init__(self, browser: Browser, place: Place, email: str) -> None:
        self.browser, self.place, self.complaints = browser, place, list[str]()
        self.page = self._page()
        answer = self.page.goto(f"{place.address}/admin/")
        assert answer, "the browser was sent nowhere"
        assert answer.ok, f"{answer.status}: {self.page.locator('body').inner_text()}"
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(re.compile("/admin/$"))

    def visitor(self, session: str) -> Page:
        """Open the dashboard of a customer, in a browser of their own."""
        page = self._page()
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": self.place.address}])
        page.goto(f"{self.place.address}/dashboard/")
        return page

    def go(self, place: str, tab: str = "") -> None:
        """Follow a line of the sidebar, then the tab beside it."""
        lines = self.page.locator("#nav-sidebar-inner a")
        lines.filter(has_text=re.compile(rf"(^|\s){place}(\s|$)")).first.click()
        if tab:
            self.page.locator("#tabs-items").get_by_role("link", name=tab, exact=True).click()

    def look_for(self, words: str) -> None:
        """Search the list that is open."""
        box = self.page.locator("#searchbar")
        box.fill(words)
        box.press("Enter")
        self.page.wait_for_url(re.compile("[?&]q="))

    def open_first(self) -> None:
        """Open the first row of the list."""
        self.page.locator("#result_list tbody a[href*='/change/']").first.click()
        self.page.wait_for_url(re.compile("/change/"))

    def add(self) -> None:
        """Open the form of a new row of the list that is open."""
        self.page.locator("a.addlink").first.click()
        self.page.wait_for_url(re.compile("/add/"))

    def fill(self, **fields: str) -> None:
        """Fill in fields of the page by their labels, in which a blank is written as _."""
        for label, value in fields.items():
            _put(self.page.locator("#content-main"), label, value)

    def fill_moment(self, name: str, moment: datetime) -> None:
        """Fill in a day and a time of it."""
        self.page.locator(f"#id_{name}_0").fill(f"{moment:%Y-%m-%d}")
        self.page.locator(f"#id_{name}_1").fill(f"{moment:%H:%M:%S}")

    def fill_row(self, formset: str, number: int, **cells: str) -> None:
        """Fill in the cells of one of the rows within a page, which is added if it is not there."""
        if self.page.locator(f"#id_{formset}-{number}-{next(iter(cells))}").count() == 0:
            self.page.locator(f"#{formset}-group a.add-row").first.click()
        for name, value in cells.items():
            _type(self.page.locator(f"#id_{formset}-{number}-{name}"), value)

    def pick(self, field: str, words: str) -> None:
        """Choose in a field that searches as one types."""
        self.page.locator(f"#id_{field} + .select2 .select2-selection").click()
        self.page.locator(".select2-search__field").last.fill(words)
        self.page.locator(".select2-results__option[aria-selected]", has_text=words).first.click()

    def save(self, *, and_go_on: bool = False) -> None:
        """Save the page."""
        name = "Save and continue editing" if and_go_on else "Save"
        self.page.get_by_role("button", name=name, exact=True).click()
        self.hears("successfully")

    def answer(self, question: str, **fields: str) -> None:
        """Open a dialog by its button, fill it in and send it."""
        self.page.wait_for_load_state("load")  # before that a click leads to another page
        offered = self.page.locator("a[hx-get]")
        offered.filter(has_text=re.compile(rf"^\s*{question}\s*$")).first.click()
        dialog = self.page.locator("#dialog")
        for label, value in fields.items():
            _put(dialog, label, value)
        dialog.locator("button[type=submit]").click()

    def hears(self, words: str) -> None:
        """Wait until the page says something."""
        said = self.page.get_by_text(words).locator("visible=true")
        expect(said.first).to_be_visible(timeout=WAIT_MS)

    def lists(self, *words: str) -> None:
        """Wait until the first row of the list that is open has these words."""
        for each in words:
            row = self.page.locator("#result_list tbody tr").first
            expect(row).to_contain_text(each, timeout=WAIT_MS)

    def _page(self) -> Page:
        page = self.browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page


def _put(where: Locator, label: str, value: str) -> None:
    words = re.escape(label.replace("_", " "))
    field = where.get_by_label(re.compile(rf"^\s*{words}[\s:*]*$", re.IGNORECASE))
    _type(field.first, value)


def _type(field: Locator, value: str) -> None:
    kind = field.evaluate("each => each.type")
    if kind == "checkbox":
        field.set_checked(value == "yes")
    elif kind == "select-one":
        field.select_option(value)
    else:
        field.fill(value)
