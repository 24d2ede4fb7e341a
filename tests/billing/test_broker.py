"""What Redis tells an operator: what waits in its queue, and which places are left alone since when."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from billing import broker
from billing.broker import Left, Said
from kernel.cache import BREAKERS

NOW, DAY = 1_700_000_000.0, 86_400
ONE, TWO, THREE, GONE = range(2**40, 2**40 + 4)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have places that were left alone at different times, by a clock that stands."""
    monkeypatch.setattr("billing.broker.time", SimpleNamespace(time=lambda: NOW))
    told = {
        f"{ONE} vendor/a model": f"{NOW + 30} {NOW - 5}",
        f"{TWO} m": f"{NOW - 9}",
        f"{THREE} m": f"{NOW - DAY + 0.5} {NOW - DAY - 60}",
        f"{GONE} m": f"{NOW - DAY} {NOW - DAY - 60}",
    }
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.hset(BREAKERS, mapping=told)
        yield
        client.hdel(BREAKERS, *told)


@pytest.mark.usefixtures("places")
def test_places_are_told_in_order_for_a_day() -> None:
    said = broker.ask()
    assert said.queued is not None
    assert said.queued >= 0
    assert [place for place in said.places if place.endpoint_id >= ONE] == [
        Left(ONE, "vendor/a model", NOW + 30, NOW - 5),
        Left(TWO, "m", NOW - 9, NOW - 9),  # as it was written once, without since when
        Left(THREE, "m", NOW - DAY + 0.5, NOW - DAY - 60),
    ]


def test_a_redis_that_is_away_says_nothing(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9"
    assert broker.ask() == Said()
