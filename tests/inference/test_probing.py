"""Checks of quiet providers: one cheap call each, whose answer says whether they are there and take our key."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from catalog import credentials
from catalog.models import Endpoint, Provider
from inference import probing, tasks
from kernel import clock
from tests.fakes.cast import model
from tests.fakes.gateway import Gateway
from tests.fakes.ports import free_port
from tests.fakes.scripted import Hold, answer, scripted
from tests.fakes.sweeping import running_worker

pytestmark = pytest.mark.usefixtures("committed", "alone")

MODELS = answer({"object": "list", "data": []})


@pytest.fixture
def alone(committed: None) -> Iterator[None]:
    """Nothing but what the test puts there is in use: other tests leave models whose upstreams are gone."""
    others = list(Provider.objects.filter(active=True).values_list("pk", flat=True))
    Provider.objects.filter(pk__in=others).update(active=False)
    yield
    Provider.objects.filter(pk__in=others).update(active=True)


def upstream(base_url: str, *, dialect: str = "openai", key: str | None = None) -> int:
    """Save a model at a provider of its own and return the provider's id."""
    name = model((base_url, "m"))
    provider = Provider.objects.get(endpoints__hops__chain__model__public_id=name)
    provider.dialect, provider.headers = dialect, {"X-Title": "Tollway"}
    provider.save()
    if key is not None:
        endpoint = Endpoint.objects.get(provider=provider)
        endpoint.needs_credential = True
        endpoint.save()
        credentials.store(endpoint, key)
    return provider.pk


def counts(provider: int) -> tuple[int, int, int] | None:
    """Return checks, failed ones and refused keys of a provider's minutes; None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT sum(checks)::int, sum(checks_failed)::int, sum(checks_refused)::int FROM billing_health
               WHERE span = 1 AND model_id = 0 AND provider_id = %s HAVING count(*) > 0""",
            [provider],
        )
        found = cursor.fetchone()
    return tuple(found) if found else None


def test_ask_for_the_list_of_models_with_our_key() -> None:
    with scripted(MODELS) as place:
        provider = upstream(place.base_url, key="sk-ours")
        assert tasks.check_quiet_providers() == 1
        (seen,) = place.seen
    assert (seen.method, seen.path, seen.body) == ("GET", "/v1/models", b"")
    assert seen.headers["authorization"] == "Bearer sk-ours"
    assert (seen.headers["user-agent"], seen.headers["x-title"]) == ("tollway", "Tollway")
    assert counts(provider) == (1, 0, 0)


def test_prove_whose_they_are_as_the_dialect_does() -> None:
    with scripted(MODELS) as place:
        upstream(place.base_url, dialect="anthropic", key="sk-ant")
        tasks.check_quiet_providers()
        (seen,) = place.seen
    assert seen.headers["x-api-key"] == "sk-ant"
    assert "anthropic-version" in seen.headers
    assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    ("status", "counted"),
    [
        (200, (1, 0, 0)),
        (404, (1, 0, 0)),  # no such list, but somebody is there
        (429, (1, 0, 0)),
        (401, (1, 0, 1)),
        (402, (1, 0, 1)),
        (403, (1, 0, 1)),
        (302, (1, 1, 0)),
        (500, (1, 1, 0)),
        (503, (1, 1, 0)),
    ],
)
def test_tell_by_the_status(status: int, counted: tuple[int, int, int]) -> None:
    # A redirect is not followed: the provider would hear of it.
    with scripted(answer({}, status=status, headers={"Location": "/elsewhere"})) as place:
        provider = upstream(place.base_url)
        tasks.check_quiet_providers()
    assert counts(provider) == counted


def test_fail_where_nobody_listens() -> None:
    provider = upstream(f"http://127.0.0.1:{free_port()}/v1")
    tasks.check_quiet_providers()
    assert counts(provider) == (1, 1, 0)


def test_wait_no_longer_than_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "CHECK_SECONDS", 0.3)
    held = Hold()
    with scripted((held,)) as place:
        provider = upstream(place.base_url)
        began = time.monotonic()
        tasks.check_quiet_providers()
        assert time.monotonic() - began < 3
        held.event.set()
    assert counts(provider) == (1, 1, 0)


def test_go_only_where_calls_may_go() -> None:
    with scripted() as place:  # fails if it is asked
        provider = upstream(place.base_url)
        Provider.objects.filter(pk=provider).update(private=False)
        tasks.check_quiet_providers()
    assert counts(provider) == (1, 1, 0)


def test_leave_those_alone_that_are_called() -> None:
    with scripted() as place:
        provider = upstream(place.base_url)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO billing_health VALUES (1, %s, %s, 0, 1, 0, 0, 0, 0, 0, 0, 0, '{}', '{}')",
                [clock.minute_number(), provider],
            )
        assert tasks.check_quiet_providers() == 0


def test_are_made_once_a_minute_whoever_makes_them() -> None:
    minute = clock.minute_number()
    with scripted(MODELS, MODELS) as place:
        upstream(place.base_url)
        assert [probing.check_quiet(each) for each in (minute, minute, minute + 1)] == [1, 0, 1]


def test_are_made_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "AT_ONCE", 2)
    held = Hold()
    with scripted(*[(held, *MODELS)] * 5) as place:
        for _ in range(5):
            upstream(place.base_url)
        at_once: list[int] = []

        def look() -> None:
            while len(place.seen) < 2:
                time.sleep(0.01)
            time.sleep(0.3)
            at_once.append(len(place.seen))
            held.event.set()

        looking = threading.Thread(target=look)
        looking.start()
        assert tasks.check_quiet_providers() == 5
        looking.join()
        assert (at_once, len(place.seen)) == ([2], 5)


def test_are_made_by_celery(tmp_path: Path) -> None:
    with scripted(MODELS) as place, running_worker(tmp_path / "beat"):
        provider = upstream(place.base_url)
        tasks.check_quiet_providers.delay()
        Gateway.eventually(lambda: counts(provider) == (1, 0, 0), within=120)


def test_turn_down_a_provider_whose_keys_are_all_set_aside() -> None:
    with scripted() as place:
        provider = upstream(place.base_url, key="sk-ours")
        Endpoint.objects.get(provider=provider).keys.update(
            set_aside_at=clock.now(), set_aside_reason="refused (401)"
        )
        tasks.check_quiet_providers()
    assert counts(provider) == (1, 0, 1)
