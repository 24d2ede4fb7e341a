"""Health: what comes of calls is counted, written apart from them, and dropped in time."""

import asyncio
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import health, tasks, vitals
from billing.health import Pulse
from billing.histograms import ERROR
from billing.vitals import PROVIDER, Window
from kernel import clock
from tests.billing.beating import Pool, answered, failing, kept, nobodys, put, told, with_pool
from tests.billing.plans import assert_index_bound

FIVE, HALF = Window.FIVE_MINUTES, Window.HALF_HOUR


@pytest.mark.usefixtures("committed")
def test_adds_up_over_processes_and_over_seconds() -> None:
    provider = nobodys()
    found = told(
        lambda pulse: answered(pulse, provider, first_byte_ms=100),
        lambda pulse: answered(pulse, provider, first_byte_ms=5_000),  # a longer histogram on a shorter
        lambda pulse: answered(pulse, provider, first_byte_ms=100),
    ).at(provider, 1, window=HALF)
    assert found.calls == 3
    assert found.first_byte_ms() == pytest.approx(100, rel=ERROR)
    assert found.first_byte_ms(0.99) == pytest.approx(5_000, rel=ERROR)
    assert found.tokens_per_second() == pytest.approx(50, rel=ERROR)


@pytest.mark.usefixtures("committed")
def test_counts_each_failure_by_its_kind() -> None:
    provider = nobodys()
    outcomes = {
        "timeouts": ["timeout", "connect_timeout"],
        "rate_limited": ["status_429"],
        "refused_keys": ["status_401", "status_402", "status_403"],
        "errors": ["status_500", "connect_error", "disconnected", "bad_body"],
    }
    names = [name for kind in outcomes.values() for name in kind]
    found = told(failing(provider, *names, "unsupported", "open")).at(provider, 1, window=FIVE)
    assert {kind: getattr(found, kind) for kind in outcomes} == {
        kind: len(names) for kind, names in outcomes.items()
    }
    assert found.calls == found.failures == len(names)


@pytest.mark.usefixtures("committed")
def test_takes_no_speed_from_short_answers_and_no_first_byte_from_whole_ones() -> None:
    provider = nobodys()

    def note(pulse: Pulse) -> None:
        answered(pulse, provider, output_tokens=health.LEAST_TOKENS - 1)
        answered(pulse, provider, output_tokens=health.LEAST_TOKENS)
        answered(pulse, provider, seconds=0.0)
        answered(pulse, provider, first_byte_ms=None)

    found = told(note).at(provider, 1, window=FIVE)
    assert (found.calls, sum(found.speed), sum(found.first_byte)) == (4, 2, 3)


@pytest.mark.usefixtures("committed")
def test_keeps_what_was_added_where_it_is_known() -> None:
    provider = nobodys()

    def note(pulse: Pulse) -> None:
        answered(pulse, provider)
        for milliseconds in (3.4, 3.4, 50.0):
            answered(pulse, provider, added_ms=milliseconds)

    found = told(note).at(provider, 1, window=FIVE)
    assert sum(found.added) == 3
    assert found.added_ms() == pytest.approx(3.4, rel=ERROR)


@pytest.mark.usefixtures("committed")
def test_waits_for_a_connection_and_is_written_at_the_end() -> None:
    provider = nobodys()

    async def work(pool: Pool) -> None:
        pulse = Pulse(pool)
        async with pool.connection():  # the only one
            answered(pulse, provider)
            await pulse.write()
        pulse.start()
        await pulse.stop()

    with_pool(work)
    assert {(span, model): calls for span, _, model, calls in kept(provider)} == {
        (1, PROVIDER): 1,
        (1, 1): 1,
        (60, PROVIDER): 1,
        (60, 1): 1,
    }


@pytest.mark.usefixtures("committed")
def test_is_written_within_a_second_and_read_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "EVERY_SECONDS", 0.5)
    provider = nobodys()

    async def work(pool: Pool) -> None:
        pulse = Pulse(pool)
        answered(pulse, provider)
        pulse.start()
        deadline = asyncio.get_running_loop().time() + 3
        while not pulse.health.at(provider, 1, window=HALF).calls:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.1)
        await pulse.stop()

    with_pool(work)


@pytest.mark.usefixtures("committed")
def test_keeps_no_more_places_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_MOST_PLACES", 3)
    provider = nobodys()

    def note(pulse: Pulse) -> None:
        for model in range(1, 6):
            answered(pulse, provider, model)
            answered(pulse, provider, model)

    found = told(note)
    assert [found.at(provider, model, window=FIVE).calls for model in range(1, 6)] == [2, 2, 2, 0, 0]


@pytest.mark.usefixtures("committed")
def test_is_checked_by_one_worker_a_minute_and_only_where_it_is_quiet(minute: int) -> None:
    quiet, busy = nobodys(), nobodys()
    put(busy, ago=3, calls=1)
    put(quiet, ago=6, calls=1)
    put(quiet, ago=1, checks=1)
    assert health.claim_quiet([quiet, busy], minute) == {quiet}
    assert health.claim_quiet([quiet, busy], minute) == set()
    assert health.claim_quiet([quiet, busy], minute + 1) == {quiet}
    assert health.claim_quiet([quiet, busy], minute) == set()  # a late worker
    assert health.claim_quiet([], minute + 2) == set()


@pytest.mark.django_db
def test_is_dropped_when_it_is_kept_no_longer(minute: int) -> None:
    provider, hour, day = nobodys(), 60, 24 * 60
    for ago in (hour, 2 * hour + 2, 2 * day - 2, 2 * day + 2):
        put(provider, ago=ago, model=1, calls=1)
        put(provider, ago=ago, calls=2)
    for ago in (29 * day + minute % hour, 30 * day + 1):
        put(provider, span=60, ago=ago, model=1, calls=3)
    tasks.make_partitions()
    left = [(span, model, (minute - begins) // hour) for span, begins, model, _ in kept(provider)]
    assert sorted(left) == [(1, 0, 1), (1, 0, 2), (1, 0, 47), (1, 1, 1), (60, 1, 29 * 24)]


@pytest.mark.django_db
def test_takes_no_row_that_contradicts_itself() -> None:
    wrong: list[dict[str, Any]] = [
        {"calls": 1, "errors": 2},
        {"calls": -1},
        {"checks": 1, "checks_failed": 1, "checks_refused": 1},
        {"model": 3, "checks": 1},
        {"first_byte": [0] * 41},
        {"span": 5},
    ]
    for counts in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            put(nobodys(), **counts)


@pytest.mark.usefixtures("committed")
def test_of_ten_thousand_calls_is_a_few_rows() -> None:
    provider = nobodys()

    async def work(pool: Pool) -> None:
        pulse = Pulse(pool)
        for _ in range(10_000):
            answered(pulse, provider)
        await pulse.write()

    with_pool(work)
    found = kept(provider)
    assert len(found) <= 8  # two minutes and two hours at most, each for the model and for the provider
    assert sum(calls for span, _, model, calls in found if (span, model) == (1, 1)) == 10_000


@pytest.mark.django_db
def test_that_is_old_is_found_by_the_key() -> None:
    with CaptureQueriesContext(connection) as queries:
        health.drop_old(clock.now())
        health.claim_quiet([nobodys()], clock.minute_number())
    assert_index_bound(queries)
