"""That the judge of every page refuses the one place in a hundred that is not in order."""

import pytest
from playwright.sync_api import Browser

from tests.browser.accessibility import complaints

pytestmark = pytest.mark.browser

_PAGE = """<!doctype html><html lang="en"><head><title>A hundred</title>
<style>body {{color: #222; background: #fff}} .pale {{color: #aaa}} .dark {{background: #333}}</style></head>
<body><main><h1>A hundred</h1><ol>{items}</ol></main></body></html>"""
_ITEM = "<li><p>A line like all others</p></li>"
_BESIDE = """<li style="position: relative; z-index: 0"><p>A line like all others</p>
<div style="position: absolute; inset: 0; background: #333; z-index: -1"></div></li>"""


@pytest.mark.parametrize(
    ("odd", "rule", "place"),
    [
        ('<li><p class="pale">A line like all others</p></li>', "color-contrast", ".pale"),
        ('<li class="dark"><p>A line like all others</p></li>', "color-contrast", ".dark > p"),
        (_BESIDE, "color-contrast", "li:nth-child(71) > p"),
        (
            '<li style="opacity: .4"><p>A line like all others</p></li>',
            "color-contrast",
            "li:nth-child(71) > p",
        ),
        ('<li><p><a href="#"></a>A line</p></li>', "link-name", "a"),
    ],
    ids=["its colour", "what is behind it", "what lies under it", "what is around it", "its name"],
)
def test_one_of_a_hundred_is_refused(browser: Browser, odd: str, rule: str, place: str) -> None:
    page = browser.new_context().new_page()
    page.set_content(_PAGE.format(items=_ITEM * 70 + odd + _ITEM * 29))
    assert complaints(page) == [(rule, place)]
    assert complaints(page, "h1") == []


def test_what_is_in_order_is_not_complained_of(browser: Browser) -> None:
    page = browser.new_context().new_page()
    page.set_content(_PAGE.format(items=_ITEM * 100))
    assert complaints(page) == []
