"""The cache in which allauth counts tries: nothing that passed is forgotten while Redis is slow or away."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.core.internal.ratelimit import CACHE_LOCK_TIMEOUT
from django.conf import settings

from accounts import tries
from accounts.tries import SharedTries


class Line:
    """A line to Redis on which questions arrive, and answers only while it is not `held`."""

    def __init__(self) -> None:
        self.held = threading.Event()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where Redis is, by this line."""
        real = urlsplit(settings.REDIS_URL)
        number = parse_qs(real.query).get("db", [real.path.strip("/") if real.scheme != "unix" else ""])[0]
        who = f":{real.password}@" if real.password else ""
        return f"redis://{who}127.0.0.1:{self._listener.getsockname()[1]}/{number or 0}"

    def close(self) -> None:
        """Hang up."""
        for end in (self._listener, *self._ends):
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = _to_redis()
                self._ends += [near, far]
                threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not (answers and self.held.is_set()):
                    target.sendall(data)


def _to_redis() -> socket.socket:
    real = urlsplit(settings.REDIS_URL)
    if real.scheme == "unix":
        far = socket.socket(socket.AF_UNIX)
        far.connect(real.path)
        return far
    return socket.create_connection((real.hostname or "127.0.0.1", real.port or 6379))


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def opened(line: Line) -> SharedTries:
    return SharedTries(line.url, {"KEY_PREFIX": "tries"})


def name() -> str:
    return secrets.token_hex(8)


def test_processes_share_what_is_counted(line: Line) -> None:
    one, other, key = opened(line), opened(line), name()
    one.set(key, [2.5, 1.5], 60)
    assert other.get(key) == [2.5, 1.5]
    assert not other.add(key, True, timeout=60)
    assert other.delete(key)
    assert one.get(key, []) == []


def test_what_passed_is_known_while_redis_is_slow_and_the_answer_is_lost(line: Line) -> None:
    tried, key, used = opened(line), name(), name()
    tried.set(key, [1.5], 60)
    assert tried.add(used, True, timeout=60)
    line.held.set()
    assert tried.get(key) == [1.5]
    tried.set(key, [2.5, 1.5], 60)
    assert tried.get(key) == [2.5, 1.5]
    assert not tried.add(used, True, timeout=60)
    assert tried.delete(key)
    assert tried.get(key, []) == []


def test_a_lock_that_redis_took_without_saying_so_is_over_when_it_is_asked_again() -> None:
    assert tries._PATIENCE_SECONDS > CACHE_LOCK_TIMEOUT


def test_redis_is_asked_again_after_a_while(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "_PATIENCE_SECONDS", 0.5)
    tried, key = opened(line), name()
    line.held.set()
    tried.set(key, [1.5], 60)
    line.held.clear()
    time.sleep(0.6)
    tried.set(key, [2.5], 60)
    assert opened(line).get(key) == [2.5]
