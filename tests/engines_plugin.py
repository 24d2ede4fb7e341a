"""Gives a test run its own engines, before Django's settings are read; loaded by `-p tests.engines_plugin`.

conftest.py would be too late: pytest-django reads the settings first. The process that starts the run starts the engines
and puts their URLs in its environment, which xdist's workers inherit. A run beside another one gets a home of its own.
"""

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent / "platform")
)  # pytest's own pythonpath comes later

from kernel import engines

HOMES = ("test", *(f"test-{number}" for number in range(2, 10)))
VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}

SECRETS = {
    "TOLLWAY_SECRET_KEY": "of the test run alone: signs its sessions",
    "TOLLWAY_KEY_PEPPER": "of the test run alone: digests its keys",
    "TOLLWAY_CREDENTIAL_KEYS": "b2YgdGhlIHRlc3QgcnVuIGFsb25lOiBzZWFscyBrZXk=",
    "TOLLWAY_HTTPS": "no",
    "TOLLWAY_STAFF_SECOND_FACTOR": "no",
    "TOLLWAY_HOSTS": "localhost,127.0.0.1,testserver",
}

_PARTS = 15  # Redis has 16, and the first is of the process that starts the workers
_started: list[engines.Engines] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Start what no URL in the environment replaces, and give the run secrets of its own."""
    os.environ.update(SECRETS)
    needed = engines.missing()
    if needed:
        try:
            own = _start(needed)
        except engines.EnginesError as error:
            raise pytest.UsageError(str(error)) from None
        _started.append(own)
        for name, url in (("postgres", own.urls.database), ("valkey", own.urls.redis)):
            if name in needed:
                os.environ[VARIABLES[name]] = url
    elif "PYTEST_XDIST_WORKER" in os.environ:
        os.environ[VARIABLES["valkey"]] = _own_part(os.environ[VARIABLES["valkey"]])
    purpose = _started[-1].purpose if _started else HOMES[0]
    os.environ.setdefault("TOLLWAY_JOURNAL_DIR", str(engines.home(purpose) / "journal"))
    return (yield)


def pytest_unconfigure() -> None:
    """Stop what this process started; where this is not reached, the engines end with the process."""
    while _started:
        _started.pop().stop()


def _own_part(redis_url: str) -> str:
    """Return the URL of a part of Redis for this worker of xdist alone, as it has a database of its own.

    The workers' databases number their rows alike: what is counted by them in Redis would be counted together.
    """
    number = 1 + int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) % _PARTS
    return f"{redis_url.removesuffix('?db=0')}?db={number}" if redis_url.endswith("?db=0") else redis_url


def _start(needed: tuple[str, ...]) -> engines.Engines:
    for purpose in HOMES[:-1]:
        try:
            return engines.start(purpose, needed)
        except engines.EnginesBusy:
            continue
    return engines.start(HOMES[-1], needed)
