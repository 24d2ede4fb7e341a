"""A charge is explained to its last digit: what the page of a request multiplies out to is the entry of the ledger."""

import re
import time
from decimal import ROUND_HALF_UP, Decimal

import pytest
from playwright.sync_api import Browser, Locator, expect

from billing import ledger
from billing.models import LedgerEntry
from catalog.models import Multiplier
from kernel import clock, money
from tests.billing.paper.issuing import charge
from tests.customer.town import Town
from tests.fakes import cast
from tests.operator.stories.place import apart, customers_session

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SPECIAL = 1_234_567
"""Millionths that a workspace is charged; with the model's nine tenths no product of them is a whole nano-dollar."""
SNAPSHOT_S = 2.5
"""After so long every process charges by a multiplier that was saved."""
NANO = Decimal("0.000000001")


def test_a_charge_multiplies_out_to_the_entry_of_the_ledger(browser: Browser, town: Town) -> None:
    who = apart(special)
    town.gateway.knows(who.secret, town.dear)
    time.sleep(SNAPSHOT_S)
    heard = town.gateway.chat(who.secret, town.dear, max_tokens=20)
    assert heard.status == 200, heard.body
    number = who.workspace.pk
    event = apart(lambda: who.event(heard.headers["x-request-id"]))
    apart(lambda: charge(number))

    walker = town.walker(browser, sessionid=apart(lambda: customers_session(who.workspace)))
    walker.goes("/dashboard/")
    walker.follows("Logs")
    walker.page.locator("td.when a").first.click()
    pane = walker.page.locator(".pane")
    expect(pane.get_by_role("heading", name="How this charge came about")).to_be_visible()
    exact = built_up(pane.locator(".receipt table"))
    charged = usd(pane.locator(".receipt tfoot .money"))
    assert charged == exact.quantize(NANO, ROUND_HALF_UP) != exact

    entry = apart(lambda: entry_of(number))
    assert charged == usd(pane.locator("h2.figure .money")) == Decimal(money.show(event["cost"]))
    assert charged == Decimal(money.show(-entry.amount))
    expect(pane).to_contain_text(f"entry {entry.seq:,} of the ledger")
    assert Decimal(heard.headers["x-tollway-cost"]) == charged
    assert walker.complaints == []


def special() -> cast.Customer:
    """Save a customer with a multiplier of their own."""
    made = cast.customer()
    Multiplier.objects.create(
        scope="workspace",
        target=str(made.workspace.pk),
        factor_ppm=SPECIAL,
        valid_from=clock.now(),
        reason="a walk",
    )
    return made


def built_up(table: Locator) -> Decimal:
    """Return what the lines and the multipliers come to, worked out anew from what is printed; check every step."""
    total = Decimal(0)
    rows = table.locator("tbody tr").all()
    for row in rows[:-2]:
        units, price = (row.locator("td").nth(place).inner_text() for place in (0, 1))
        amount = int(units.replace(",", "")) * per_token(price)
        assert amount == usd(row.locator(".money"))
        total += amount
    summed, multiplied = rows[-2], rows[-1]
    assert usd(summed.locator(".money")) == total
    factor = Decimal(multiplied.locator("td").nth(1).inner_text().replace("×", "").strip())
    assert factor == Decimal(SPECIAL) * 9 / 10_000_000
    assert usd(multiplied.locator(".money")) == total * factor
    return total * factor


def per_token(price: str) -> Decimal:
    found = re.search(r"\$([0-9.]+) / M$", price.strip())
    assert found is not None, price
    return Decimal(found[1]) / 1_000_000


def usd(amount: Locator) -> Decimal:
    """Return an amount as it is written to the last digit."""
    return Decimal((amount.get_attribute("title") or "").replace("$", "").replace("−", "-"))


def entry_of(workspace: int) -> LedgerEntry:
    """Return the entry that charged all that a workspace used."""
    found = ledger.entries(workspace).filter(amount__lt=0)
    return found.get()
