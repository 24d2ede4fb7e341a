"""Health: what comes of calls is counted, written apart from them, read as figures, and dropped in time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection, transaction
from psycopg_pool import AsyncConnectionPool

from billing import health, tasks, vitals
from billing.beats import COUNTS, State
from billing.health import Checked, Pulse
from billing.histograms import ERROR
from billing.vitals import PROVIDER, Health, Vitals, Window
from kernel import clock, postgres

FIVE, HALF, DAY = Window.FIVE_MINUTES, Window.HALF_HOUR, Window.DAY
_numbers = itertools.count(10**12)  # providers that nobody else calls
Pool = AsyncConnectionPool[Any]


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> int:
    """The present minute, which does not end while the test runs."""
    present = clock.minute_number()
    real = clock.minute_number
    monkeypatch.setattr(
        clock, "minute_number", lambda seconds=None: present if seconds is None else real(seconds)
    )
    return present


def with_pool(work: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        conninfo = postgres.conninfo()
        async with AsyncConnectionPool(conninfo, min_size=1, open=False, kwargs={"autocommit": True}) as pool:
            await work(pool)

    async_to_sync(run)()


def told(*notes: Callable[[Pulse], None]) -> Health:
    """Note calls, each in a process of its own, write them, and return what one more process then reads."""
    read: list[Health] = []

    async def work(pool: Pool) -> None:
        for note in notes:
            pulse = Pulse(pool)
            note(pulse)
            await pulse.write()
        copy = Vitals(pool)
        await copy.refresh()
        read.append(copy.current)

    with_pool(work)
    return read[0]


def answered(pulse: Pulse, provider: int, model: int = 1, **told: Any) -> None:
    pulse.answered(
        provider_id=provider,
        model_id=model,
        **{"first_byte_ms": 200, "output_tokens": 100, "seconds": 2.0, **told},
    )


def failing(provider: int, *outcomes: str, model: int = 1) -> Callable[[Pulse], None]:
    def note(pulse: Pulse) -> None:
        for outcome in outcomes:
            pulse.failed(provider_id=provider, model_id=model, outcome=outcome)

    return note


def kept(provider: int) -> list[tuple[int, int, int, int]]:
    """Return span, beginning, model and calls of each row of a provider, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT span, begins, model_id, calls FROM billing_health WHERE provider_id = %s ORDER BY 1, 2, 3",
            [provider],
        )
        return cursor.fetchall()


def put(provider: int, *, span: int = 1, ago: int = 0, model: int = PROVIDER, **counts: Any) -> None:
    """Save a row that began so many minutes ago; of an hour, the hour that holds that minute."""
    begins = clock.minute_number() - ago
    row = {
        **dict.fromkeys(COUNTS, 0),
        **{"first_byte": [], "speed": [], **counts},
        **{"span": span, "begins": begins - begins % span, "provider_id": provider, "model_id": model},
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO billing_health ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )


@pytest.mark.usefixtures("committed")
def test_is_told_of_a_model_and_of_its_provider_in_every_window() -> None:
    provider = next(_numbers)

    def note(pulse: Pulse) -> None:
        for _ in range(3):
            answered(pulse, provider, 1)
        answered(pulse, provider, 2)

    found = told(note, failing(provider, "timeout", model=2))
    for window in Window:
        one, two = found.at(provider, 1, window=window), found.at(provider, 2, window=window)
        whole = found.at(provider, window=window)
        assert (one.calls, one.uptime) == (3, 1.0)
        assert (two.calls, two.timeouts, two.uptime) == (2, 1, 0.5)
        assert (whole.calls, whole.uptime) == (5, 0.8)
        assert sum(whole.first_byte) == sum(whole.speed) == 4
    figures = found.figures(HALF)
    assert (figures[provider, PROVIDER].calls, figures[provider, 2].calls) == (5, 2)


@pytest.mark.usefixtures("committed")
def test_adds_up_over_processes_and_over_seconds() -> None:
    provider = next(_numbers)
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
def test_is_unknown_of_what_nobody_called() -> None:
    found = told()
    nothing = found.at(next(_numbers), 1, window=DAY)
    assert (nothing.uptime, nothing.first_byte_ms(), nothing.tokens_per_second()) == (None, None, None)
    assert found.of_model(next(_numbers), 1) is State.UNKNOWN


@pytest.mark.usefixtures("committed")
def test_counts_each_failure_by_its_kind() -> None:
    provider = next(_numbers)
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
    provider = next(_numbers)

    def note(pulse: Pulse) -> None:
        answered(pulse, provider, output_tokens=health.LEAST_TOKENS - 1)
        answered(pulse, provider, seconds=0.0)
        answered(pulse, provider, first_byte_ms=None)

    found = told(note).at(provider, 1, window=FIVE)
    assert (found.calls, sum(found.speed), sum(found.first_byte)) == (3, 1, 2)


@pytest.mark.usefixtures("committed")
def test_waits_for_a_connection_and_is_written_at_the_end() -> None:
    provider = next(_numbers)

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
    provider = next(_numbers)

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
    provider = next(_numbers)

    def note(pulse: Pulse) -> None:
        for model in range(1, 6):
            answered(pulse, provider, model)
            answered(pulse, provider, model)

    found = told(note)
    assert [found.at(provider, model, window=FIVE).calls for model in range(1, 6)] == [2, 2, 2, 0, 0]


@pytest.mark.usefixtures("committed")
def test_looks_back_as_far_as_each_window(minute: int) -> None:
    provider = next(_numbers)
    for ago in (0, 5, 6, 30, 31):
        put(provider, ago=ago, calls=1)
    for ago in (0, 24 * 60, 25 * 60):
        put(provider, span=60, ago=ago, calls=10)
    found = told()
    assert [found.at(provider, window=window).calls for window in Window] == [2, 4, 20]


@pytest.mark.usefixtures("committed")
def test_reads_on_where_it_was_read_before_and_forgets_what_is_past(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, minute = next(_numbers), clock.minute_number()

    async def work(pool: Pool) -> None:
        copy, pulse = Vitals(pool), Pulse(pool)
        answered(pulse, provider)
        await pulse.write()
        await copy.refresh()
        first = copy.current
        answered(pulse, provider)
        await pulse.write()
        await copy.refresh()
        assert first.at(provider, window=HALF).calls == 1  # a copy does not change
        assert copy.current.at(provider, window=HALF).calls == 2
        monkeypatch.setattr(clock, "minute_number", lambda seconds=None: minute + 29)
        await copy.refresh()
        assert copy.current.at(provider, window=FIVE).calls == 0
        assert copy.current.at(provider, window=HALF).calls == 2
        monkeypatch.setattr(clock, "minute_number", lambda seconds=None: minute + 32)
        await copy.refresh()
        assert copy.current.at(provider, window=HALF).calls == 0
        assert copy.current.at(provider, window=DAY).calls == 2

    with_pool(work)


@pytest.mark.usefixtures("committed")
def test_reads_after_an_outage_what_others_wrote_late(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, minute = next(_numbers), clock.minute_number()

    async def work(pool: Pool) -> None:
        copy, other = Vitals(pool), Pulse(pool)
        await copy.refresh()
        answered(other, provider)  # noted now, and not written for ten minutes
        monkeypatch.setattr(clock, "minute_number", lambda seconds=None: minute + 10)
        await copy.refresh()
        await other.write()
        await copy.refresh()
        assert copy.current.at(provider, window=HALF).calls == 1

    with_pool(work)


@pytest.mark.usefixtures("committed")
def test_is_told_for_five_minutes_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = next(_numbers)

    async def work(pool: Pool) -> None:
        copy, pulse = Vitals(pool), Pulse(pool)
        answered(pulse, provider)
        await pulse.write()
        await copy.refresh()
        await pool.close()
        with pytest.raises(psycopg.Error):
            await copy.refresh()
        assert copy.current.at(provider, window=HALF).calls == 1
        monkeypatch.setattr(vitals, "OLDEST_SECONDS", -1.0)
        assert copy.current.at(provider, window=HALF).calls == 0

    with_pool(work)


@pytest.mark.usefixtures("committed")
def test_of_a_provider_that_fails_is_degraded_then_down_and_an_incident() -> None:
    provider = next(_numbers)
    states = [told(failing(provider, "status_500")).state(provider) for _ in range(3)]
    assert states == [State.OPERATIONAL, State.DEGRADED, State.DOWN]
    found = told()
    assert found.of_model(provider, 1) is State.DOWN
    (incident,) = [each for each in found.incidents() if each.provider_id == provider]
    assert (incident.worst, incident.ended, incident.beats.errors) == (State.DOWN, None, 3)
    assert clock.minute_number() - incident.began <= 1


@pytest.mark.usefixtures("committed")
def test_of_an_incident_that_is_over_says_when_it_ended() -> None:
    provider = next(_numbers)
    for ago in range(100, 90, -1):
        put(provider, ago=ago, calls=4, timeouts=4)
    put(provider, ago=50, calls=100, errors=1)
    (incident,) = [each for each in told().incidents() if each.provider_id == provider]
    now = clock.minute_number()
    assert (now - incident.began, now - (incident.ended or 0)) == (
        pytest.approx(100, abs=1),
        pytest.approx(90, abs=1),
    )


@pytest.mark.usefixtures("committed")
def test_comes_of_checks_where_nobody_called() -> None:
    provider, other = next(_numbers), next(_numbers)
    minute = clock.minute_number()
    health.note_checks([Checked(provider, "ok"), Checked(other, "refused_key")], minute)
    for _ in range(2):
        health.note_checks([Checked(other, "failed")], minute)
    health.note_checks([], minute)
    found = told()
    assert (found.state(provider), found.state(other)) == (State.OPERATIONAL, State.DOWN)
    assert found.at(provider, window=FIVE).uptime is None
    beats = found.at(other, window=DAY)
    assert (beats.checks, beats.checks_failed, beats.checks_refused) == (3, 2, 1)
    assert found.of_model(other, 7) is State.DOWN
    assert found.of_model(provider, 7) is State.UNKNOWN  # that it answers says nothing of a model there


@pytest.mark.usefixtures("committed")
def test_of_the_last_half_hour_counts_where_the_last_minutes_are_quiet() -> None:
    provider = next(_numbers)
    put(provider, ago=20, calls=5, errors=5)
    assert told().state(provider) is State.DOWN
    health.note_checks([Checked(provider, "ok")], clock.minute_number())
    assert told().state(provider) is State.OPERATIONAL


@pytest.mark.usefixtures("committed")
def test_is_checked_by_one_worker_a_minute_and_only_where_it_is_quiet(minute: int) -> None:
    quiet, busy = next(_numbers), next(_numbers)
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
    provider, hour, day = next(_numbers), 60, 24 * 60
    for ago in (hour, 2 * hour + 2, 2 * day - 2, 2 * day + 2):
        put(provider, ago=ago, model=1, calls=1)
        put(provider, ago=ago, calls=2)
    for ago in (29 * day + minute % hour, 31 * day):
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
            put(next(_numbers), **counts)
