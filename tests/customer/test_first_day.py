"""A first day: an account, a key, the first request as it arrives, credit by card, and the receipt for it."""

import base64
import re
import secrets
import zlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from billing import ledger
from billing.models import Paper, PaperIssuer, UsageEvent
from billing.paper import sweeps
from kernel import money
from tests.billing import rows
from tests.billing.paper.issuing import issuer
from tests.customer.town import Town, Walker, workspace_of
from tests.operator.stories.place import apart

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

IN, OUT = 2_000, 8_000
"""Nano-USD for one token, of which nine tenths are charged."""


@pytest.fixture
def papers(database: None) -> Iterator[None]:
    """Have somebody who issues papers, for as long as the walk lasts."""
    apart(issuer)
    yield
    apart(lambda: PaperIssuer.objects.filter(pk=1).delete())


def test_a_first_day_ends_with_a_receipt_of_what_the_ledger_has(
    browser: Browser, town: Town, papers: None
) -> None:
    email = f"{secrets.token_hex(6)}@northwind.example"
    walker = town.walker(browser)
    secret = come_in(walker, email)
    see_it_arrive(walker, secret)

    credit(walker)
    number = workspace_of(email).pk
    cost = charged(town, number, secret)
    assert apart(lambda: rows.account(number)["unbilled"]) == cost > 0
    assert walker.goes("/dashboard/logs") == 200
    expect(walker.page.locator("main")).to_contain_text(town.dear)

    receipt = walk_to_receipt(walker)
    paper = apart(lambda: Paper.objects.get(workspace_id=number))
    entry = apart(lambda: ledger.entries(number).get(transaction_id=str(paper.transaction_id)))
    assert paper.total_nano == entry.amount == 25 * money.NANO_PER_USD
    assert receipt.startswith(b"%PDF")
    words = written(receipt)
    assert paper.label in words
    assert f"${money.show(entry.amount, decimals=2)}" in words
    assert walker.complaints == []


def come_in(walker: Walker, email: str) -> str:
    """Make an account, prove the address, open a workspace, and return the key that it begins with."""
    page = walker.page
    assert walker.goes("/accounts/signup/") == 200
    walker.signs_up(email)
    page.get_by_label("Code").wait_for()
    code = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", walker.town.letter(email), re.MULTILINE)
    assert code is not None
    page.get_by_label("Code").fill(code[0])
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Open a workspace").click()
    page.get_by_label("Name").fill("Northwind")
    page.get_by_role("button", name="Open the workspace").click()
    secret = page.locator("#secret").inner_text()
    assert re.fullmatch(r"rk_[0-9a-f]{64}", secret)
    return secret


def see_it_arrive(walker: Walker, secret: str) -> None:
    """Watch the first request come, on the page that waits for it and among the logs."""
    page, town = walker.page, walker.town
    page.get_by_role("link", name="Set up a client").first.click()
    expect(page.get_by_text("Waiting for your first request")).to_be_visible()
    heard = town.gateway.chat(secret, town.free, max_tokens=20)
    assert heard.status == 200, heard.body
    expect(page.get_by_text("Your first request arrived")).to_be_visible()
    expect(page.locator("[data-words]")).to_contain_text(town.free)
    walker.follows("Logs")
    expect(page.locator("td.when")).to_have_count(1)
    refused = town.gateway.chat(secret, town.dear, max_tokens=20)
    assert (refused.status, refused.headers["x-error-code"]) == (402, "INSUFFICIENT_CREDITS")


def credit(walker: Walker) -> None:
    """Add credit with a card of the test mode."""
    page = walker.page
    walker.follows("Credit")
    expect(page.get_by_text("Test mode: no money moves.")).to_be_visible()
    page.get_by_label("Another amount in USD").fill("25")
    page.get_by_role("button", name="Add credit").click()
    page.wait_for_url(f"{walker.town.stripe.url}/pay/*")
    page.goto(walker.town.paid(page.url.rpartition("/")[2]))
    expect(page.get_by_text("$25.00 is on your balance")).to_be_visible()


def charged(town: Town, number: int, secret: str) -> int:
    """Ask the model that costs until the credit is known, and return what its one answer is to cost, in nano-USD."""
    town.gateway.eventually(
        lambda: town.gateway.chat(secret, town.dear, max_tokens=20).status == 200, within=10
    )
    event = apart(lambda: UsageEvent.objects.get(workspace_id=number, cost__gt=0))
    exact = (event.input_tokens * IN + event.output_tokens * OUT) * 9
    assert event.cost == (exact + 5) // 10
    return event.cost


def walk_to_receipt(walker: Walker) -> bytes:
    """Take the receipt that the sweep writes, as PDF."""
    for _ in range(20):
        if apart(sweeps.for_payments) == 0:
            break
    walker.follows("Papers")
    return walker.takes("^R-[0-9]+ as PDF$")


def written(pdf: bytes) -> str:
    """Return the words of a paper, in the order in which they are set."""
    words = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\n?endstream", pdf, re.DOTALL):
        try:
            drawn = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
        except (ValueError, zlib.error):
            continue
        words += re.findall(rb"\(((?:\\.|[^()\\])*)\) Tj", drawn)
    return " ".join(each.decode("latin-1") for each in words)
