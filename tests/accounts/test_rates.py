"""Limits of tries a minute: shared by all processes, and kept by each alone while Redis is away."""

import secrets
import time
from collections.abc import Iterator

import pytest
import redis
from django.conf import LazySettings, settings

from accounts import rates


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for Redis on a busy machine; how soon it is given up is not what is tested."""
    monkeypatch.setattr(rates, "_WAIT_SECONDS", 10.0)
    rates._shared.cache_clear()
    yield
    rates._shared.cache_clear()


@pytest.fixture(autouse=True)
def within_one_minute() -> None:
    seconds = time.time() % 60
    if seconds > 55:
        time.sleep(60 - seconds)


def test_what_is_within_the_limit_passes_and_what_is_beyond_waits_for_the_next_minute() -> None:
    who = secrets.token_hex(8)
    for _ in range(3):
        rates.take("test", who, limit=3)
    with pytest.raises(rates.TooOften) as refused:
        rates.take("test", who, limit=3)
    assert 1 <= refused.value.retry_after <= 60


def test_each_is_counted_alone() -> None:
    who = secrets.token_hex(8)
    rates.take("test", who, limit=1)
    rates.take("test", who + "x", limit=1)
    rates.take("other", who, limit=1)


def test_a_count_is_seen_by_every_process_and_ends_by_itself() -> None:
    who = secrets.token_hex(8)
    rates.take("test", who, limit=5)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        (name,) = list(client.scan_iter(f"rate:test:{who}:*"))
        assert client.get(name) == b"1"
        assert 0 < int(client.ttl(name)) <= 120
        client.incrby(name, 4)
    with pytest.raises(rates.TooOften):
        rates.take("test", who, limit=5)


def test_without_redis_this_process_counts_and_nobody_waits_long(settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    who = secrets.token_hex(8)
    began = time.monotonic()
    for _ in range(3):
        rates.take("test", who, limit=3)
    with pytest.raises(rates.TooOften):
        rates.take("test", who, limit=3)
    assert time.monotonic() - began < 1


def test_what_passed_before_redis_went_is_not_forgotten(settings: LazySettings) -> None:
    who = secrets.token_hex(8)
    for _ in range(3):
        rates.take("test", who, limit=3)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(rates.TooOften):
        rates.take("test", who, limit=3)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_a_network_is_what_one_customer_of_it_has(address: str, counted: str) -> None:
    assert rates.network(address) == counted
