"""T02, T03 and T13 over the dashboard: no page lists, counts, sums or keeps for others what is of another workspace."""

from decimal import Decimal
from itertools import product
from urllib.parse import quote, unquote

import pytest

from kernel import clock, money
from tests.billing import rows
from tests.tenancy.home import Home, home
from tests.tenancy.routes import DASHBOARD, PLAIN, filled
from tests.tenancy.test_ids import ROUTES, choose

pytestmark = pytest.mark.django_db

ASKED = {"/dashboard/papers/requests.csv": f"?month={clock.utc_day(clock.now()):%Y-%m}"}
"""What a page must be told so that it shows anything."""
ALONE = {"/dashboard/theme"}
"""Of the browser, and of nobody's workspace."""


def questions(of: Home) -> list[str]:
    """Return what an address can name of a workspace, as each page may read it."""
    named = [
        f"key={of.place.key.pk}",
        f"key={quote(of.place.key.name)}",
        f"q={of.request}",
        f"charge={of.number}",
    ]
    named += [
        f"q={quote(of.place.key.name)}",
        f"tag={quote(f'tag of {of.place.workspace.slug}')}",
        "before=999999999",
    ]
    named += [
        f"workspace={of.number}",
        f"month={clock.utc_day(clock.now()):%Y-%m}",
        "range=30d",
        "page=1",
        "by=tag",
    ]
    return ["", "by=key", f"terms={of.place.workspace.plan_version_id}", "since=-~-", *named]


def test_no_page_shows_anything_of_another_workspace() -> None:
    theirs, stranger = home(), home()
    choose(stranger, theirs.number)
    for path, question in product(sorted(set(PLAIN) - ALONE), questions(theirs)):
        text = read(stranger, f"{path}?{question}")
        echoed = unquote(question)
        assert [mark for mark in theirs.marks if mark in text and mark not in echoed] == [], (path, question)


def read(of: Home, address: str) -> str:
    """Return what a page shows. A file that is written while it is sent reads what is committed: nothing of this test."""
    answer = of.browser.get(address)
    assert answer.status_code in (200, 302, 400, 403, 404, 405), address
    return "" if answer.streaming else str(answer.content.decode(errors="replace"))


@pytest.mark.parametrize("by", ["model", "key", "provider", "tag", "none"])
def test_sums_are_of_ones_own_requests_alone(by: str) -> None:
    theirs, stranger = home(), home()
    for cost in (11, 13):
        rows.settle(stranger.number, cost=cost, tag=f"tag of {theirs.place.workspace.slug}")
    told = stranger.browser.get(f"/dashboard/activity.json?by={by}&range=7d").json()
    own = 7 + 5_557_000_000 + 11 + 13
    assert sum(money.from_usd(str(Decimal(row["usd_exact"]))) for row in told["rows"]) == own
    page = stranger.browser.get(f"/dashboard/activity?by={by}&range=7d").content.decode()
    assert money.show(own) in page


def test_only_the_pages_of_the_dashboard_that_are_nobodys_may_be_kept() -> None:
    mine = home()
    kept = []
    for path in DASHBOARD:
        address = filled(path, ROUTES[path].names(mine)) if path in ROUTES else f"{path}{ASKED.get(path, '')}"
        if "<" in address or path in ALONE:
            continue
        answer = mine.browser.get(address)
        if answer.status_code != 200:
            continue
        said, vary = answer.get("Cache-Control", ""), answer.get("Vary", "")
        if not ("no-store" in said and "private" in said and "Cookie" in vary):
            kept.append((path, said, vary))
    assert kept == []
