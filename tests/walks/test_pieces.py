"""What is sold by the piece or by its prompt alone, seen by the second reckoning and by our own costs."""

from typing import Any

import pytest
from django.db import connection, transaction

from billing import recomputed
from catalog.models import Model, PriceVersion, Provider, Rate
from kernel import clock
from tests.fakes.caller import Heard, call
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway

pytestmark = pytest.mark.usefixtures("committed")

MICRO = 10**6
ASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "embedding": ("/embeddings", {"input": "A fox in the snow"}),
    "rerank": ("/rerank", {"query": "A fox", "documents": ["A fox in the snow", "A bear"]}),
    "image": ("/images/generations", {"prompt": "A fox in the snow", "n": 3}),
}
SOLD = [
    ("embedding", {"input": 130_001}),
    ("rerank", {"request": 2_000 * MICRO}),
    ("rerank", {"request": 2_000 * MICRO, "input": 130_001}),
    ("image", {"image": 40_000 * MICRO}),
    ("image", {"image": 40_000 * MICRO, "input": 130_001}),
]


def ask(gateway: Gateway, secret: str, name: str, capability: str) -> Heard:
    path, body = ASKS[capability]
    return call(gateway.base_url, path, {"model": name, **body}, headers={"X-API-Key": secret})


@transaction.atomic
def charge_us(name: str, rates: dict[str, int]) -> None:
    """Save what the only provider of a model charges us for it."""
    row = Model.objects.get(public_id=name)
    provider = Provider.objects.get(endpoints__hops__chain__model=row)
    version = PriceVersion.objects.create(model=row, provider=provider, valid_from=clock.now(), source="test")
    for token_class, rate in rates.items():
        Rate.objects.create(price_version=version, token_class=token_class, micro_usd_per_million=rate)


@pytest.mark.parametrize(("capability", "rates"), SOLD)
def test_costs_what_its_counts_and_its_price_say(
    gateway: Gateway, sandbox: str, capability: str, rates: dict[str, int]
) -> None:
    who = customer()
    name = model((sandbox, capability), capability=capability, rates=rates)
    gateway.knows(who.secret, name)
    assert ask(gateway, who.secret, name, capability).status == 200
    (event,) = who.events()
    assert 0 < event["cost"] <= event["hold"]
    with connection.cursor() as cursor:
        outcome = recomputed.check(cursor, workspace_id=who.workspace.pk)
    assert (outcome.compared, outcome.findings) == (1, ())


@pytest.mark.parametrize(
    ("capability", "theirs", "spent"),
    [
        ("rerank", {"request": 1_000 * MICRO}, 1_000_000),
        ("image", {"image": 10_000 * MICRO}, 30_000_000),
        ("image", {"input": 5, "output": 5}, 0),
        ("embedding", {"output": 5}, 0),
    ],
)
def test_is_answered_whatever_we_know_of_our_own_costs(
    gateway: Gateway, sandbox: str, capability: str, theirs: dict[str, int], spent: int
) -> None:
    who = customer()
    rates = {"input": 0, "request": MICRO, "image": MICRO}
    name = model((sandbox, capability), capability=capability, rates=rates)
    charge_us(name, theirs)
    gateway.knows(who.secret, name)
    heard = ask(gateway, who.secret, name, capability)
    (event,) = who.events()
    assert (heard.status, event["status"], event["provider_cost"]) == (200, "ok", spent)
