"""What days cost adds up: the page's total, the rows of its file and the entries of the ledger are one sum."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from playwright.sync_api import Browser, expect

from billing import ledger
from billing.models import LedgerTransaction
from kernel import clock, money
from tests.billing import rows
from tests.billing.paper.issuing import charge
from tests.billing.paper.test_statement import use
from tests.customer.town import Town, Walker
from tests.fakes import cast
from tests.operator.stories.place import apart, customers_session

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DAYS = 6
COSTS = (333_333_333, 1, 7_777_777_777, 100_000_007)


def days() -> Iterator[date]:
    """Yield the days with usage, the newest first."""
    for back in range(DAYS):
        yield clock.utc_day(clock.now()) - timedelta(days=back)


def used(workspace: int) -> None:
    """Use something on each day: two models, three tags, in sums that no cent divides."""
    models = [rows.price(input=1)[0] for _ in range(2)]
    for place, day in enumerate(days()):
        for number, cost in enumerate(COSTS):
            model, tag = models[number % 2], ("", "batch", "=1+1")[number % 3]
            use(workspace, day, cost * (place + 1), model_id=model, tag=tag, input_tokens=number)
    charge(workspace)


def booked(workspace: int, first: date, last: date) -> Decimal:
    """Return what the ledger charged for days, in USD."""
    of_days = LedgerTransaction.objects.filter(workspace_id=workspace, kind="usage", day__range=(first, last))
    found = ledger.entries(workspace).filter(transaction_id__in=of_days.values("id"))
    return Decimal(money.show(-found.aggregate(Sum("amount"))["amount__sum"]))


@pytest.mark.parametrize("by", ["model", "tag", "key"])
def test_page_file_and_ledger_are_one_sum_over_chosen_days(browser: Browser, town: Town, by: str) -> None:
    who = apart(cast.customer)
    number = who.workspace.pk
    apart(lambda: used(number))
    _, last, _, first, *_ = days()
    walker = town.walker(browser, sessionid=apart(lambda: customers_session(who.workspace)))
    walker.goes("/dashboard/")
    walker.follows("Activity")
    walker.page.get_by_label("by", exact=True).select_option(by)
    choose(walker, first, last)
    shown = total(walker)
    walker.page.locator("summary", has_text="Export").click()
    lines = list(csv.DictReader(io.StringIO(walker.takes("^CSV").decode())))
    assert {line["begins"][:10] for line in lines} == {str(day) for day in days() if first <= day <= last}
    assert sum(Decimal(line["usd_exact"]) for line in lines) == shown
    assert apart(lambda: booked(number, first, last)) == shown
    assert shown == Decimal(sum(COSTS) * (2 + 3 + 4)) / money.NANO_PER_USD
    assert walker.complaints == []


def choose(walker: Walker, first: date, last: date) -> None:
    """Choose days by the form of the page."""
    page = walker.page
    page.locator("summary", has_text="Days").click()
    page.get_by_label("From").fill(str(first))
    page.get_by_label("To", exact=True).fill(str(last))
    page.get_by_role("button", name="Show these days").click()
    page.wait_for_url("**range=days**")


def total(walker: Walker) -> Decimal:
    """Return the total as it is written to the last digit, which the page holds against the ledger."""
    said = walker.page.locator(".exact")
    expect(said).to_contain_text("equals the export and the ledger to the last digit")
    return Decimal((said.locator(".money").get_attribute("title") or "").removeprefix("$"))
