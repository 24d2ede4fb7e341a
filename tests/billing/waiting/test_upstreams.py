"""Upstreams that need somebody."""

import time
from datetime import timedelta

import pytest
import redis
from django.conf import settings

from billing import broker
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


def left(place: Hop, *, minutes: float = 16, until: float = 44, model: str = "") -> broker.Left:
    now = NOW.timestamp()
    return broker.Left(place.endpoint_id, model or place.upstream_model, now + until, now - minutes * 60)


@pytest.mark.parametrize(
    ("minutes", "until", "title"),
    [
        (5, 44, "Breaker open 5 min"),
        (4.99, 44, None),
        (119.9, 44, "Breaker open 119 min"),
        (120, 44, "Breaker open 2 h"),
        (16, -3599, "Breaker open 16 min"),
        (16, -3600, None),
    ],
)
def test_a_breaker_that_is_open_for_five_minutes_is_told_until_an_hour_after(
    minutes: float, until: float, title: str | None
) -> None:
    hop = Hop.objects.filter(chain__status="live").select_related("chain__model")[0]
    found = upstreams.find_breakers(NOW, said=broker.Said(0, (left(hop, minutes=minutes, until=until),)))
    assert [item.title for item in found] == ([title] if title else [])


def test_a_breaker_names_the_models_that_go_there() -> None:
    hop = Hop.objects.filter(chain__status="live").select_related("chain__model", "endpoint__provider")[0]
    names = sorted(
        set(
            Hop.objects.filter(
                chain__status="live", endpoint=hop.endpoint_id, upstream_model=hop.upstream_model
            ).values_list("chain__model__public_id", flat=True)
        )
    )
    places = (left(hop), left(hop, model="nobody's"), broker.Left(-1, "m", NOW.timestamp() + 9, 0.0))
    served, idle = upstreams.find_breakers(NOW, said=broker.Said(0, places))
    where = f"{hop.endpoint.provider.name}, {hop.endpoint.name}"
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    assert served.detail == f"{where}: {', '.join(names[:2])}{more}"
    assert (served.verb, served.measure) == ("Switch chain", 16)
    assert served.url.endswith(f"?q={names[0]}")
    assert (idle.detail, idle.verb) == (f"{where}: no live chain", "Look")
    assert idle.url == f"/admin/catalog/provider/{hop.endpoint.provider_id}/change/"


def test_a_place_is_left_alone_until_its_moment() -> None:
    hop = Hop.objects.all()[0]
    ahead, over = left(hop, until=1), left(hop, until=0)
    assert upstreams.open_places(broker.Said(0, (ahead, over)), NOW) == [ahead]


def test_a_key_that_was_refused_is_less_grave_where_another_serves() -> None:
    endpoint = Hop.objects.all()[0].endpoint
    EndpointKey.objects.filter(endpoint=endpoint).delete()
    EndpointKey.objects.create(endpoint=endpoint, name="serves", sealed=b"x")
    for minutes, name, active in ((2, "later", True), (1, "first", True), (0, "off", False)):
        EndpointKey.objects.create(
            endpoint=endpoint, name=name, sealed=b"x", active=active, set_aside_reason="401",
            set_aside_at=NOW + timedelta(minutes=minutes),
        )  # fmt: skip
    found = upstreams.find_keys(NOW)
    assert [item.detail.split(", ")[2] for item in found] == ["first: 401", "later: 401"]
    assert {(item.title, item.weight) for item in found} == {("A key of ours was refused", Weight.WARNS)}
