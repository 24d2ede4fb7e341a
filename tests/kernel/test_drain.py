"""When a process that drains still takes what comes."""

import time

import pytest

from kernel import drain


def test_what_was_sent_before_anybody_could_know_is_taken_and_nothing_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drain, "_begun", False)
    monkeypatch.setattr(drain, "_stop", None)
    assert (drain.stopping(), drain.closed()) == (False, False)
    drain.begin()
    assert (drain.stopping(), drain.closed()) == (True, False)
    monkeypatch.setattr(drain, "_begun_at", time.monotonic() - drain.LAST_CALL_SECONDS - 0.1)
    drain.begin()  # a second signal is no second beginning
    assert (drain.stopping(), drain.closed()) == (True, True)
