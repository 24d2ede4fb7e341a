"""Which degraded modes hold now: those this process met itself, and those it was told of by others."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from . import clock
from .modes import MODES, Mode

__all__ = ["HEADER", "Held", "current", "headers", "holds", "learn", "mine", "note"]

HEADER = "X-Tollway-Degraded"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Held:
    """A mode that holds, and since when this process knows."""

    mode: Mode
    since: datetime


_lock = threading.Lock()
_mine: dict[str, datetime] = {}
_others: dict[str, datetime] = {}
_headers: list[tuple[str, str]] = []


def note(mode: Mode, *, held: bool) -> None:
    """Say whether a mode holds, as this process itself found; may be called from any thread, as often as one likes."""
    if held == (mode.name in _mine):
        return
    with _lock:
        if held:
            _mine[mode.name] = clock.now()
        else:
            _mine.pop(mode.name, None)
        _renew()
    if held:
        log.error("degraded", mode=mode.name, meaning=mode.operators)
    else:
        log.info("no longer degraded", mode=mode.name)


def learn(names: Iterable[str]) -> None:
    """Take over which modes other processes say they are in; names that this release does not know are left out."""
    told = {name for name in names if name in MODES}
    if told == _others.keys():
        return
    with _lock:
        now = clock.now()
        kept = {name: _others.get(name, now) for name in told}
        _others.clear()
        _others.update(kept)


def holds(mode: Mode) -> bool:
    """Tell whether this process itself is in a mode."""
    return mode.name in _mine


def mine() -> list[str]:
    """Return the names of the modes that this process itself is in, the gravest first."""
    return [name for name in MODES if name in _mine]


def current() -> list[Held]:
    """Return every mode that this process is in or was told of, the gravest first."""
    with _lock:
        since = {**_others, **_mine}
    return [Held(mode, since[name]) for name, mode in MODES.items() if name in since]


def headers() -> list[tuple[str, str]]:
    """Return the header that names the modes this process is in; nothing in health."""
    return _headers


def _renew() -> None:
    global _headers
    names = mine()
    _headers = [(HEADER, ", ".join(names))] if names else []
