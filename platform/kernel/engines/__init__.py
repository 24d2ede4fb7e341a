"""The embedded engines: our own PostgreSQL and Valkey, for development and tests, when no URL names others."""

from kernel.engines.external import check_external
from kernel.engines.homes import EnginesError, Urls, home, state_file, urls
from kernel.engines.lifetime import Engines, EnginesBusy, Event, borrowed, missing, running, start

__all__ = [
    "Engines",
    "EnginesBusy",
    "EnginesError",
    "Event",
    "Urls",
    "borrowed",
    "check_external",
    "home",
    "missing",
    "running",
    "start",
    "state_file",
    "urls",
]
