"""Takes a picture of every page, operators' and customers', light and dark: `make pictures` (OUT=build/pictures).

Starts a whole Tollway in a home of its own, fills it with made-up usage, and ends with 1 where a page does not answer
200 or the browser complains.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.browser import sights
from tests.browser.chromium import ARGUMENTS, MISSING, installed
from tests.fakes.site import Site, new_site

WIDE, PHONE = ViewportSize(width=1440, height=1000), ViewportSize(width=390, height=844)
WAIT_MS = 30_000
SETTLED_MS = 400
"""In this time charts have drawn themselves, and menus have closed."""
UNSTUCK = r".lg\:sticky { position: relative !important }"
"""A bar at the foot of the window would lie across the middle of a long page."""
BESIDE, ROWS = "#nav-sidebar-inner a, #tabs-items a, .page-tabs a", "#result_list tbody a[href*='/change/']"


class Album:
    """A folder of pictures, and what was wrong while they were taken."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.taken, self.complaints = folder, 0, list[str]()
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, path: str, look: str) -> None:
        """Open a page and keep a picture of it."""
        answer = page.goto(path)
        page.wait_for_timeout(SETTLED_MS)
        if answer is None or answer.status != 200:
            self.complaints.append(f"{path}: {answer.status if answer else 'no answer'}")
        name = re.sub(r"[^a-z0-9.]+", "-", path.lower()).strip("-") or "door"
        # Customers' pages have no such bar, and a policy that refuses styles like this.
        style = UNSTUCK if path.startswith("/admin/") else None
        page.screenshot(path=self.folder / f"{name}-{look}.png", full_page=True, style=style)
        self.taken += 1

    def listen(self, page: Page) -> None:
        """Write down what the browser complains about."""
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda told: self.complaints.append(f"{page.url}: {told.text}") if told.type == "error" else None,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; return 1 if something was wrong with a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--only", default="", metavar="WORDS", help="pages with this in their address")
    chromium = installed()
    if chromium is None:
        parser.error(MISSING)
    asked = parser.parse_args(arguments)
    album = Album(asked.folder)
    with filled_site() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        of_operators(album, browser, site, asked.only)
        of_customers(album, browser, site, asked.only)
        of_strangers(album, browser, site, asked.only)
        browser.close()
    lines = [f"{album.taken} pictures in {album.folder}", *album.complaints]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if album.complaints else 0


@contextmanager
def filled_site() -> Iterator[Site]:
    """Start a Tollway in which some customers had weeks of usage, and the nights' work is done."""
    with new_site() as site:
        site.up()
        for command in sights.FILLING:
            done = site.manage(*command)
            if done.returncode:
                raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")
        yield site


def of_operators(album: Album, browser: Browser, site: Site, only: str) -> None:
    """Take every page that sidebar and tabs lead to, and of each list its first row."""
    with signed_in(album, browser, site, "operator") as (light, dark):
        paths = list(sights.OPERATORS)
        for path in paths:
            album.take(light, path, "light")
            album.take(dark, path, "dark")
            found = leads(light, BESIDE) + leads(light, ROWS)[:1]
            paths += [each for each in dict.fromkeys(found) if only in each and each not in paths]


def of_customers(album: Album, browser: Browser, site: Site, only: str) -> None:
    """Take the customers' pages, at the width of a phone too."""
    with signed_in(album, browser, site, "customer") as (light, dark):
        for path in (each for each in sights.CUSTOMERS if only in each):
            in_every_look(album, light, dark, path)


def of_strangers(album: Album, browser: Browser, site: Site, only: str) -> None:
    """Take the pages of who is not signed in."""
    light, dark = (context(browser, site, look).new_page() for look in ("light", "dark"))
    for page in (light, dark):
        album.listen(page)
    for path in (each for each in sights.STRANGERS if only in each):
        in_every_look(album, light, dark, path)
    light.context.close()
    dark.context.close()


def in_every_look(album: Album, light: Page, dark: Page, path: str) -> None:
    """Take a page wide and at the width of a phone, in both themes."""
    for page, look in ((light, "light"), (dark, "dark")):
        page.set_viewport_size(WIDE)
        album.take(page, path, look)
        page.set_viewport_size(PHONE)
        album.take(page, path, f"phone-{look}")


@contextmanager
def signed_in(album: Album, browser: Browser, site: Site, person: str) -> Iterator[tuple[Page, Page]]:
    """Sign a person of the demo in, and give a page in each look."""
    who = site.credentials[person]
    first = context(browser, site, "light")
    page = first.new_page()
    page.goto(who["url"])
    page.get_by_label("E-mail").fill(who["email"])
    page.get_by_label("Password").fill(who["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(who["url"])
    second = context(browser, site, "dark", state=first)
    pages = (page, second.new_page())
    for each in pages:
        each.set_default_timeout(WAIT_MS)
        album.listen(each)
    yield pages
    first.close()
    second.close()


def context(
    browser: Browser, site: Site, look: str, *, state: BrowserContext | None = None
) -> BrowserContext:
    """Open a browser of somebody, who may be signed in already."""
    return browser.new_context(
        base_url=f"http://127.0.0.1:{site.state['port']}",
        viewport=WIDE,
        color_scheme="dark" if look == "dark" else "light",
        storage_state=state.storage_state() if state else None,
    )


def leads(page: Page, selector: str) -> list[str]:
    """Return the operators' addresses that some links of a page lead to."""
    found = page.locator(selector).evaluate_all("links => links.map((each) => each.pathname)")
    return [path for path in found if path.startswith("/admin/") and "logout" not in path]


if __name__ == "__main__":
    sys.exit(main())
