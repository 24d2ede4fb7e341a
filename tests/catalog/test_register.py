"""Tests of catalog.register."""

import asyncio
import secrets
from datetime import date

import psycopg
import pytest
from django.db import connections

from catalog.models import CatalogRevision, Model, PriceVersion, Provider
from catalog.register import Register, Registrar
from kernel import clock, postgres

pytestmark = pytest.mark.usefixtures("committed")


def revision() -> int:
    return CatalogRevision.objects.get().number


def read() -> Register:
    return asyncio.run(Registrar().at(revision()))


def ending(*, priced: bool, active: bool = True) -> str:
    """Save a model with a last day and return its id."""
    model = Model.objects.create(
        public_id=f"route/{secrets.token_hex(6)}",
        name="Old",
        author="test",
        tier="free",
        context_length=9,
        max_output_tokens=1,
        created_at=clock.now(),
        expires_on=date(2031, 5, 6),
        active=active,
    )
    if priced:
        PriceVersion.objects.create(model=model, valid_from=clock.now(), source="test")
    return model.public_id


def ending_in_a_thread() -> None:
    try:
        ending(priced=True)
    finally:
        connections.close_all()


def test_knows_providers_by_name() -> None:
    slug = f"p-{secrets.token_hex(6)}"
    Provider.objects.create(slug=slug, name="House & Sons", status_page_url="https://status.example")
    house = read().houses[slug]
    assert (house.slug, house.name, house.status_page_url) == (slug, "House & Sons", "https://status.example")


def test_knows_the_last_day_of_what_was_sold_even_if_it_is_off() -> None:
    on, off, never = ending(priced=True), ending(priced=True, active=False), ending(priced=False)
    endings = read().endings
    assert (endings[on].on, endings[on].name) == (date(2031, 5, 6), "Old")
    assert off in endings
    assert never not in endings


def test_reads_again_only_for_a_later_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    real = postgres.conninfo

    def counted() -> str:
        nonlocal reads
        reads += 1
        return real()

    monkeypatch.setattr("kernel.postgres.conninfo", counted)

    now = revision()

    async def ask() -> tuple[Register, Register]:
        registrar = Registrar()
        first = await asyncio.gather(*(registrar.at(now) for _ in range(20)))
        assert len({id(each) for each in first}) == reads == 1
        assert await registrar.at(first[0].revision) is first[0]
        await asyncio.to_thread(ending_in_a_thread)
        return first[0], await registrar.at(first[0].revision + 1)

    before, after = asyncio.run(ask())
    assert reads == 2
    assert after.revision > before.revision
    assert len(after.endings) == len(before.endings) + 1


def test_says_that_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.postgres.conninfo", lambda: "host=127.0.0.1 port=1 connect_timeout=1")
    with pytest.raises(psycopg.OperationalError):
        asyncio.run(Registrar().at(1))
