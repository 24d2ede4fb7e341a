"""The first page: what a stranger is told, that the figures are the catalogue's, and what it costs to ask for it."""

import re

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from billing import uptime
from billing.announcing import notices
from billing.models import AuditRun
from catalog import at_hand, pricing
from catalog.models import Model
from catalog.pricing import Counts
from inference.showcase import front
from kernel import clock, money
from tests.billing.test_views import read
from tests.inference.showcase.test_service import lately
from tests.inference.showcase.test_views import client_of, place, sold

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 12


def page() -> str:
    answer = Client().get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def alone() -> None:
    """Take every other model off the shelf."""
    Model.objects.update(active=False)


@override_settings(SIGN_UP=True)
def test_tells_a_stranger_what_it_is_and_where_to_begin() -> None:
    text = page()
    assert "Every model on one key, every cent explained." in text
    assert 'href="/accounts/signup/"' in text
    for led in ("/catalog/models", "/docs/quickstart", "/docs/interruptions", "/trust", "/status"):
        assert f'href="{led}"' in text


@override_settings(SIGN_UP=False)
def test_offers_no_account_where_there_is_none_to_be_had() -> None:
    text = page()
    assert "/accounts/signup/" not in text
    assert "No card" not in text


def test_leads_who_is_signed_in_to_their_own_home() -> None:
    answer = client_of(place()).get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    assert "no-store" in answer["Cache-Control"]


def test_shows_the_newest_models_with_their_list_prices() -> None:
    alone()
    for number in range(front.MOST_SHOWN + 1):
        sold(f"Model {number}", rates={"input": 280_000 + number, "cached": 28_000, "output": 420_000})
    sold("Gift", rates={"input": 0, "output": 0})
    sold("Crash test", public_id="sandbox/crash-test")
    sold("Vectors", capability="embedding", rates={"input": 10_000})
    text = page()
    shown = re.findall(r'class="name" href="/catalog/models/[^"]+">([^<]+)<', text)
    assert len(shown) == front.MOST_SHOWN
    assert set(shown) <= {f"Model {number}" for number in range(front.MOST_SHOWN + 1)}
    assert f"All {front.MOST_SHOWN + 4} models" in text
    assert "$0.28000" in re.sub("<[^>]+>", "", text)


def test_the_request_to_try_has_this_address_and_a_model_that_can_be_called() -> None:
    alone()
    name = sold(tier="free")
    text = read(Client().get("/"))
    assert "curl http://testserver/v1/chat/completions" in text
    assert f'{{"model": "{name}",' in text


def test_the_example_is_charged_as_a_request_would_be() -> None:
    alone()
    name = sold()
    offer = at_hand.current().catalogue.find(name)
    assert offer is not None
    version = offer.prices.at(clock.now())
    assert version is not None
    charge = pricing.cost(version.card, Counts(input=6_214, cached=11_776, output=1_204), ())
    assert f'<span class="money" title="${money.show(charge)}">' in page().partition("<tfoot>")[2]


def test_says_in_a_word_how_the_service_is() -> None:
    alone()
    lately(sold("Failing"), calls=50, errors=50)
    assert "1 model does not answer" in page().partition("<footer")[2]


def test_says_what_the_last_check_of_the_books_found() -> None:
    assert "Not checked yet." in page()
    now = clock.now()
    AuditRun.objects.create(
        kind=AuditRun.Kind.WINDOW,
        started_at=now,
        ended_at=now,
        compared=1234,
        broken=0,
        rules=[],
        actor="test",
    )
    front.front.forget()
    text = read(Client().get("/"))
    assert re.search(r"Every charge adds up. Checked \d+ s ago. 1,234 rows", text)


def test_an_empty_shelf_says_so() -> None:
    alone()
    text = page()
    assert "Nothing is on sale yet" in text
    assert "curl" not in text


def test_costs_few_statements_and_none_for_who_comes_soon_after() -> None:
    for number in range(20):
        sold(f"Model {number}")
    at_hand.current()
    uptime.record.forget()
    notices.forget()
    with CaptureQueriesContext(connection) as asked:
        page()
    assert len(asked) <= MOST_STATEMENTS
    with CaptureQueriesContext(connection) as again:
        page()
    assert len(again) == 0


def test_anybody_may_keep_it_for_a_minute() -> None:
    answer = Client().get("/")
    assert answer["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in answer["Vary"]
