"""Vitals: what all processes counted, read as figures of the last minutes and day, and as states and incidents."""

import psycopg
import pytest

from billing import health, vitals
from billing.beats import State
from billing.health import Checked, Pulse
from billing.vitals import PROVIDER, Vitals, Window
from kernel import clock
from tests.billing.beating import Pool, answered, failing, nobodys, put, told, with_pool

FIVE, HALF, DAY = Window.FIVE_MINUTES, Window.HALF_HOUR, Window.DAY


@pytest.mark.usefixtures("committed")
def test_is_told_of_a_model_and_of_its_provider_in_every_window() -> None:
    provider = nobodys()

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
def test_is_unknown_of_what_nobody_called() -> None:
    found = told()
    nothing = found.at(nobodys(), 1, window=DAY)
    assert (nothing.uptime, nothing.first_byte_ms(), nothing.tokens_per_second()) == (None, None, None)
    assert found.of_model(nobodys(), 1) is State.UNKNOWN


@pytest.mark.usefixtures("committed")
def test_looks_back_as_far_as_each_window(minute: int) -> None:
    provider = nobodys()
    for ago in (0, 5, 6, 30, 31):
        put(provider, ago=ago, calls=1)
    for ago in (0, 24 * 60, 25 * 60):
        put(provider, span=60, ago=ago, calls=10)
    found = told()
    assert [found.at(provider, window=window).calls for window in Window] == [2, 4, 20]


@pytest.mark.usefixtures("committed")
def test_reads_on_where_it_was_read_before_and_forgets_what_is_past(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, minute = nobodys(), clock.minute_number()

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
    provider, minute = nobodys(), clock.minute_number()

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
    provider = nobodys()

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
    provider = nobodys()
    states = [told(failing(provider, "status_500")).state(provider) for _ in range(3)]
    assert states == [State.OPERATIONAL, State.DEGRADED, State.DOWN]
    found = told()
    assert found.of_model(provider, 1) is State.DOWN
    (incident,) = [each for each in found.incidents() if each.provider_id == provider]
    assert (incident.worst, incident.ended, incident.beats.errors) == (State.DOWN, None, 3)
    assert clock.minute_number() - incident.began <= 1


@pytest.mark.usefixtures("committed")
def test_of_an_incident_that_is_over_says_when_it_ended() -> None:
    provider = nobodys()
    for ago in range(100, 90, -1):
        put(provider, ago=ago, calls=4, timeouts=4)
    put(provider, ago=50, calls=100, errors=1)
    (incident,) = [each for each in told().incidents() if each.provider_id == provider]
    now = clock.minute_number()
    assert now - incident.began == pytest.approx(100, abs=1)
    assert now - (incident.ended or 0) == pytest.approx(90, abs=1)


@pytest.mark.usefixtures("committed")
def test_comes_of_checks_where_nobody_called() -> None:
    provider, other = nobodys(), nobodys()
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
    provider = nobodys()
    put(provider, ago=20, calls=5, errors=5)
    assert told().state(provider) is State.DOWN
    health.note_checks([Checked(provider, "ok")], clock.minute_number())
    assert told().state(provider) is State.OPERATIONAL
