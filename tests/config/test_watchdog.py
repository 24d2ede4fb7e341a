"""The watchdog: only a worker that hears nothing although it should ends itself."""

import pytest
from pytest_django import Settings

from billing.parts import Heard
from config.watchdog import deaf

LONG, SHORT = 31.0, 29.0


@pytest.fixture(autouse=True)
def deaf_after_thirty_seconds(settings: Settings) -> None:
    settings.WORKER_DEAF_SECONDS = 30


def known(*, sends_for: float | None, beat_silent: float = 1.0, swept: float | None = LONG) -> list[Heard]:
    beat = Heard("beat", "here", 1, beat_silent, {"sends_for": sends_for})
    return [beat, *([] if swept is None else [Heard("sweep", "here", 2, swept)])]


@pytest.mark.parametrize("swept", [LONG, None])
def test_a_worker_that_hears_nothing_while_beat_sends_is_deaf(swept: float | None) -> None:
    assert deaf(known(sends_for=LONG, swept=swept), idle=LONG)


@pytest.mark.parametrize(
    ("heard", "idle"),
    [
        (known(sends_for=LONG), SHORT),  # it was given something lately
        (known(sends_for=SHORT), LONG),  # beat has only just begun
        (known(sends_for=None), LONG),  # the broker is away
        (known(sends_for=LONG, beat_silent=LONG), LONG),
        (known(sends_for=LONG, swept=SHORT), LONG),  # another worker does all the work
        ([], LONG),  # nobody can tell
    ],
)
def test_else_it_is_not(heard: list[Heard], idle: float) -> None:
    assert not deaf(heard, idle=idle)
