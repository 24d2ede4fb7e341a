"""Upstreams that need somebody."""

import time

import pytest
import redis
from django.conf import settings

from billing.waiting import upstreams
from billing.waiting.item import Weight
from catalog import demo
from catalog.models import EndpointKey, Hop
from kernel import clock
from kernel.cache import BREAKERS

pytestmark = pytest.mark.django_db

NOW = clock.now()


@pytest.fixture(autouse=True)
def house() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")


@pytest.mark.parametrize(("minutes", "waits"), [(2, False), (16, True)])
def test_a_breaker_waits_once_it_has_been_open_for_minutes(minutes: int, waits: bool) -> None:
    hop = Hop.objects.filter(chain__status="live").select_related("chain__model")[0]
    place = f"{hop.endpoint_id} {hop.upstream_model}"
    with redis.Redis.from_url(settings.REDIS_URL) as told:
        told.hset(BREAKERS, place, f"{time.time() + 44} {time.time() - minutes * 60}")
        try:
            found = [
                item
                for item in upstreams.find_breakers(clock.now())
                if item.key == f"breaker:{place.replace(' ', ':')}"
            ]
        finally:
            told.hdel(BREAKERS, place)
    assert [item.title for item in found] == (["Breaker open 16 min"] if waits else [])


def test_a_key_of_ours_that_was_refused_waits_and_the_last_one_of_its_endpoint_is_grave() -> None:
    key = EndpointKey.objects.create(
        endpoint=Hop.objects.all()[0].endpoint, name="second", sealed=b"x", set_aside_at=NOW, set_aside_reason="401"
    )  # fmt: skip
    EndpointKey.objects.filter(endpoint=key.endpoint).exclude(pk=key.pk).delete()
    [item] = upstreams.find_keys(NOW)
    assert (item.title, item.weight) == ("The last key of an endpoint was refused", Weight.FAILS)
