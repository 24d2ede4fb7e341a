"""What the price book waits for."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from billing.waiting import prices
from catalog import demo
from catalog.models import Chain, Model, Proposal, Provider
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db

NOW = clock.now()


@pytest.fixture(autouse=True)
def house() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")


def test_proposals_wait_as_one_thing() -> None:
    assert prices.find_proposals(NOW) == []
    for name in ("a", "b", "c"):
        Proposal.objects.create(
            provider=Provider.objects.all()[0], source="genai", kind="new", upstream_model=name, figure=name
        )
    [item] = prices.find_proposals(NOW)
    assert (item.title, item.detail, item.number) == ("3 price proposals", "a and 2 more", 3)


def test_a_model_on_sale_without_a_price_waits() -> None:
    assert [item.key for item in prices.find_gaps(NOW)] == []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_model SELECT (jsonb_populate_record(m, jsonb_build_object('id', 0, 'public_id', 'n/p'))).*"
            " FROM catalog_model m LIMIT 1"
        )
    Chain.objects.create(
        model=Model.objects.get(public_id="n/p"), version=1, status=Chain.Status.LIVE, published_at=NOW
    )
    [item] = prices.find_gaps(NOW)
    assert (item.key, item.title) == ("gaps:unpriced", "1 model without a price")
    assert item.detail == "n/p, refused until priced"


def proposed(name: str, minutes: int, **facts: Any) -> None:
    Proposal.objects.create(
        provider=Provider.objects.all()[0], source="genai", kind="new", upstream_model=name, figure=name,
        raised_at=NOW + timedelta(minutes=minutes), **facts,
    )  # fmt: skip


def test_proposals_are_called_by_the_oldest_that_is_open() -> None:
    proposed("over", -9, status="withdrawn", decided_at=NOW, reason="gone")
    proposed("one", 3, first_by=1, first_at=NOW, first_reason="yes")
    [only] = prices.find_proposals(NOW)
    assert (only.title, only.detail, only.since) == (
        "1 price proposal", "one, 1 for a second person", NOW + timedelta(minutes=3),
    )  # fmt: skip
    proposed("older", 1)
    [both] = prices.find_proposals(NOW)
    assert (both.title, both.detail, both.since, both.number) == (
        "2 price proposals", "older and 1 more, 1 for a second person", NOW + timedelta(minutes=1), 2,
    )  # fmt: skip


def test_requests_charged_as_plain_tokens_are_called_by_the_model_of_most_of_them() -> None:
    workspace = rows.workspace()
    few, many = Model.objects.order_by("pk")[:2]
    rows.settle(workspace, model_id=few.pk, suspect=True)
    [one] = prices.find_gaps(NOW)
    assert (one.key, one.title, one.measure) == ("gaps:suspect", "1 request charged as plain tokens", 1)
    assert one.detail == f"{few.public_id}, last 7 days"
    for _ in range(2):
        rows.settle(workspace, model_id=many.pk, suspect=True)
    [both] = prices.find_gaps(NOW)
    assert (both.title, both.measure) == ("3 requests charged as plain tokens", 3)
    assert both.detail == f"{many.public_id} and 1 more, last 7 days"
    assert both.url.endswith("?kind__exact=suspect")
