"""The fork server and the stage of the failpoints."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.billing.conftest import till
from tests.fakes.upstream import running_sandbox

from .forkserver import ForkServer, forkserver
from .rig import Rig, rig

__all__ = ["home", "server", "stage", "till"]

WARM = ("config.asgi", "config.urls", "uvicorn", "uvloop", "httptools", "tests.failpoints.warm")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where plans and logs are."""
    return tmp_path_factory.mktemp("failpoints")


@pytest.fixture(scope="module")
def server(django_db_setup: None, home: Path) -> Iterator[ForkServer]:
    """What forks the gateways and the workers."""
    with forkserver(home / "forked.log", *WARM) as running:
        yield running


@pytest.fixture(scope="module")
def stage(server: ForkServer, home: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Rig]:
    """A gateway to be killed, its sandbox and its customers."""
    log = home / "upstream.jsonl"
    with (
        django_db_blocker.unblock(),
        running_sandbox(log) as sandbox,
        rig(server, sandbox, log, home) as made,
    ):
        yield made
