"""Our keys at an endpoint: in turn, at rest after a refusal, given up after three in a row."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import psycopg
import pytest
from structlog.testing import capture_logs

from catalog import endpoint_keys
from catalog.models import Endpoint, EndpointKey, Provider
from catalog.snapshot import Hop, Key
from inference.keyring import REST_SECONDS, Keyring
from kernel import drain
from tests.fakes.hops import ONE

A, B, C = (Key(number, f"sk-secret-{number}-0123456789") for number in (1, 2, 3))
HOP = replace(ONE, keys=(A, B, C), needs_key=True)
LONE = replace(ONE, keys=(A,), needs_key=True)


@dataclass
class Scene:
    """A keyring with a clock to turn and a record of what it gave up."""

    now: float = 1000.0
    given_up: list[tuple[int, str, int]] = field(default_factory=list)
    database_away: bool = False

    def __post_init__(self) -> None:
        self.ring = Keyring(clock=lambda: self.now, set_aside=self._set_aside)

    async def _set_aside(self, key_id: int, *, reason: str, failures: int) -> bool:
        if self.database_away:
            raise psycopg.OperationalError
        self.given_up.append((key_id, reason, failures))
        return True

    def picks(self, hop: Hop = HOP, times: int = 6) -> list[int]:
        found = (self.ring.pick(hop) for _ in range(times))
        return [key.id for key in found if key is not None]

    def refuse(
        self, key: Key = A, status: int = 401, *, hop: Hop = HOP, retry_after: float | None = None
    ) -> None:
        self.ring.refused(hop, key, status=status, retry_after=retry_after)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def within(walk: Callable[[], None]) -> None:
    """Run something in a loop, and wait for what it owes."""

    async def run() -> None:
        walk()
        assert await drain.settled(within=5)

    asyncio.run(run())


def test_takes_keys_in_turn(scene: Scene) -> None:
    assert scene.picks() == [1, 2, 3, 1, 2, 3]
    scene.refuse(B, 429, retry_after=1)
    assert scene.picks(times=3) == [1, 3, 1]
    scene.now += 1
    assert scene.picks(times=4) == [2, 3, 1, 2]


def test_takes_another_one_than_the_one_just_tried(scene: Scene) -> None:
    for _ in range(4):
        assert scene.ring.pick(HOP, besides=A) != A
    assert scene.ring.pick(LONE, besides=A) is None


@pytest.mark.parametrize("status", [401, 402, 403])
def test_rests_a_refused_key_and_takes_it_again_later(scene: Scene, status: int) -> None:
    scene.refuse(A, status)
    assert set(scene.picks()) == {2, 3}
    assert scene.picks(LONE) == []
    assert scene.ring.wait(LONE).seconds is None
    scene.now += REST_SECONDS
    assert set(scene.picks()) == {1, 2, 3}


def test_rests_a_limited_key_as_long_as_it_was_told(scene: Scene) -> None:
    scene.refuse(A, 429, retry_after=7)
    assert set(scene.picks()) == {2, 3}
    assert scene.ring.wait(LONE).seconds == 7
    scene.now += 7
    assert set(scene.picks()) == {1, 2, 3}


@pytest.mark.parametrize(("said", "seconds"), [(None, 1), (3600, 60)])
def test_rests_a_limited_key_a_second_when_not_told_and_a_minute_at_most(
    scene: Scene, said: float | None, seconds: float
) -> None:
    scene.refuse(A, 429, retry_after=said)
    assert scene.ring.wait(LONE).seconds == seconds


def test_gives_a_key_up_after_three_refusals_in_a_row(scene: Scene) -> None:
    def walk() -> None:
        for _ in range(3):
            scene.refuse(A, 401)
            scene.now += REST_SECONDS

    with capture_logs() as logs:
        within(walk)
    assert scene.given_up == [(1, "refused (401)", 3)]
    (said,) = logs
    assert (said["log_level"], said["key_id"], said["hint"], said["provider"]) == ("error", 1, "…6789", "one")
    assert A.secret not in str(logs)


def test_counts_calls_that_were_under_way_together_as_one_refusal(scene: Scene) -> None:
    def walk() -> None:
        for _ in range(50):
            scene.refuse(A)

    within(walk)
    assert scene.given_up == []


def test_counts_only_refusals_in_a_row(scene: Scene) -> None:
    def walk() -> None:
        for _ in range(5):
            scene.refuse(A)
            scene.now += REST_SECONDS
            scene.refuse(A)
            scene.now += REST_SECONDS
            scene.ring.worked(A)

    within(walk)
    assert scene.given_up == []


def test_takes_a_resting_key_up_as_soon_as_it_works(scene: Scene) -> None:
    scene.refuse(A)
    scene.ring.worked(A)
    assert set(scene.picks()) == {1, 2, 3}


def test_never_gives_a_key_up_for_rate_limits(scene: Scene) -> None:
    def walk() -> None:
        for _ in range(10):
            scene.refuse(A, 429, retry_after=1)
            scene.now += 1

    within(walk)
    assert scene.given_up == []


def test_takes_no_key_from_all_for_a_prompt_that_a_provider_forbids(scene: Scene) -> None:
    def walk() -> None:
        for _ in range(10):
            scene.ring.worked(A)
            for _ in range(5):
                scene.now += 10
                scene.refuse(A, 403)
                assert 1 in scene.picks()

    within(walk)
    assert scene.given_up == []


def test_tries_again_to_give_a_key_up_that_could_not_be_written(scene: Scene) -> None:
    def walk() -> None:
        for _ in range(3):
            scene.refuse(A)
            scene.now += REST_SECONDS

    scene.database_away = True
    within(walk)
    assert scene.given_up == []
    scene.database_away = False
    within(scene.refuse)
    assert scene.given_up == [(1, "refused (401)", 4)]


@pytest.mark.usefixtures("committed")
def test_gives_a_key_up_for_all_processes_until_an_operator_takes_it_up() -> None:
    provider = Provider.objects.create(slug=f"p-{secrets.token_hex(6)}", name="test")
    row = EndpointKey(endpoint=Endpoint.objects.create(provider=provider, name="e"))
    endpoint_keys.put_secret(row, "sk-real-0123456789")
    row.save()
    now = 1000.0
    ring, key = Keyring(clock=lambda: now), Key(row.pk, "sk-real-0123456789")

    def walk() -> None:
        nonlocal now
        for _ in range(3):
            ring.refused(LONE, key, status=402, retry_after=None)
            now += REST_SECONDS

    with capture_logs() as logs:
        within(walk)
    row.refresh_from_db()
    assert (row.set_aside_reason, row.failures) == ("its account is empty (402)", 3)
    assert len(logs) == 1


def test_shows_no_secret_of_a_hop() -> None:
    assert A.secret not in repr(HOP)
