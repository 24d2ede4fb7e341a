"""A price change: announced in the price book for tomorrow, seen by a customer today, who still pays today's price."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kernel import clock
from tests.fakes import cast
from tests.operator.stories.clerk import Clerk
from tests.operator.stories.place import Place, apart, customers_session

pytestmark = pytest.mark.browser

COMING = re.compile(r"From .+ on the list price is another: input \$2\.5\d*, output \$9[.\d]*\.")


def test_a_price_is_scheduled_seen_before_it_holds_and_taken_back(clerk: Clerk, place: Place) -> None:
    customer = apart(cast.customer)
    model = apart(lambda: cast.model((place.sandbox, "words")))
    place.gateway.knows(customer.secret, model)
    dashboard = clerk.visitor(apart(lambda: customers_session(customer.workspace)))

    clerk.go("Price book")
    clerk.add()
    clerk.pick("model", model)
    clerk.fill(Source="dearer from tomorrow on")
    clerk.fill_moment("valid_from", clock.now().replace(hour=0, minute=0, second=0) + timedelta(days=1))
    for number, (name, price) in enumerate(
        {"input": "2.5", "cached": "0.5", "output": "9", "reasoning": "9"}.items()
    ):
        clerk.fill_row("rates", number, token_class=name, price=price)
    clerk.save()
    reads(dashboard, f"{place.address}/dashboard/models/{model}", COMING, there=True)

    heard = place.gateway.chat(customer.secret, model, max_tokens=20)
    event = apart(lambda: customer.event(heard.headers["x-request-id"]))
    assert event["cost"] == event["input_tokens"] * 2_000 + event["output_tokens"] * 8_000 > 0

    clerk.look_for(model)
    clerk.open_first()
    clerk.answer("End", Why="it was announced too early")
    clerk.hears("It ends at")
    reads(dashboard, f"{place.address}/dashboard/models/{model}", COMING, there=False)


def reads(page: Page, address: str, words: re.Pattern[str], *, there: bool) -> None:
    """Open a page again and again until it says something, or no longer; the catalogue is at most seconds old."""
    for _ in range(10):
        page.goto(address)
        if (page.get_by_text(words).count() > 0) == there:
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text(words)).to_have_count(1 if there else 0)
