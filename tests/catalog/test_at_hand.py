"""The catalogue as pages read it: what the gateway reads, and anew after each change."""

import asyncio

import psycopg
import pytest

from catalog import at_hand
from catalog.loading import load
from catalog.models import Model
from catalog.snapshot import Catalogue
from kernel import postgres
from tests.fakes import cast

NOWHERE = "http://127.0.0.1:9"


async def as_the_gateway_reads_it() -> Catalogue:
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
        return await load(connection)


@pytest.mark.usefixtures("committed")
def test_is_what_the_gateway_reads() -> None:
    cast.model((NOWHERE, "m"))
    cast.customer(request_weights=[["route/*", 3]])
    at_hand.forget()
    assert at_hand.current().catalogue == asyncio.run(as_the_gateway_reads_it())


@pytest.mark.usefixtures("committed")
def test_is_kept_until_something_changes() -> None:
    name = cast.model((NOWHERE, "m"), name="Before")
    first = at_hand.current()
    assert at_hand.current() is first
    Model.objects.filter(public_id=name).update(name="After")
    found = at_hand.current().catalogue.find(name)
    assert found is not None
    assert found.name == "After"


@pytest.mark.usefixtures("committed")
def test_gives_up_where_it_changes_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(10_000_000, 20_000_000))
    monkeypatch.setattr(at_hand, "_revision", lambda: next(numbers))
    at_hand.forget()
    with pytest.raises(at_hand.Unsettled):
        at_hand.current()
