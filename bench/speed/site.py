"""Tollway as it is measured: engines, database, customers, one web worker, and the Celery worker that charges."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.own_database import own_database
from kernel import engines
from tests.engines_plugin import SECRETS

from . import meters
from .shapes import SHAPES, question
from .targets import Target, request

if TYPE_CHECKING:
    from tests.fakes.cast import Customer
    from tests.fakes.gateway import Gateway

__all__ = ["NAME", "Site", "database", "running"]

NAME = "Tollway"
HOME = "test-9"  # engines of its own, not those of a Tollway that runs here
CREDIT_USD = "10000000"
# So many that nobody reaches them, and each is checked all the same.
CAPS = {"minute_cap": 10**9, "hour_cap": 10**9, "day_cap": 10**9, "stream_cap": 10**6}
PATH = "/v1/chat/completions"
AS_IN_PRODUCTION = {"TOLLWAY_CHARGE_AFTER_SECONDS": "60"}


@dataclass(frozen=True)
class Site:
    """A running Tollway: two customers of one gateway, as two targets, and who they are."""

    target: Target
    other: Target
    customers: "tuple[Customer, Customer]"


@contextmanager
def database() -> Iterator[None]:
    """Have Django with an empty database on engines of its own, or on those that the environment names."""
    os.environ.update(SECRETS)
    needed = engines.missing()
    if not needed:
        with own_database():
            yield
        return
    with engines.start(HOME, needed) as own:
        named = {"postgres": ("DATABASE_URL", own.urls.database), "valkey": ("REDIS_URL", own.urls.redis)}
        os.environ.update(named[name] for name in needed)
        os.environ.setdefault("TOLLWAY_JOURNAL_DIR", str(engines.home(HOME) / "journal"))
        with own_database():
            yield


@contextmanager
def running(upstream_port: int) -> Iterator[Site]:
    """Start Tollway in front of the upstream, its web worker on the gateways' core; within `database`."""
    from tests.fakes.cast import customer, model
    from tests.fakes.sweeping import running_worker

    customers = (customer(credit_usd=CREDIT_USD, **CAPS), customer(credit_usd=CREDIT_USD, **CAPS))
    base = f"http://127.0.0.1:{upstream_port}"
    models = {name: model((f"{base}/{name}/v1", name), wait_seconds=120) for name in SHAPES}
    with (
        tempfile.TemporaryDirectory(prefix="tollway-bench-") as place,
        running_worker(Path(place) / "beat", **AS_IN_PRODUCTION),
        _gateway() as gateway,
    ):
        for each in customers:
            gateway.knows(each.secret, *models.values())
        first, second = (_target(gateway, each.secret, models) for each in customers)
        yield Site(first, second, customers)


@contextmanager
def _gateway() -> "Iterator[Gateway]":
    from tests.fakes.gateway import running_gateway

    with ExitStack() as ending:
        with meters.on_core(meters.cores().gateway):
            gateway = ending.enter_context(running_gateway())
        yield gateway


def _target(gateway: "Gateway", secret: str, models: dict[str, str]) -> Target:
    requests = {
        name: request(PATH, question(shape, models[name]), {"Authorization": f"Bearer {secret}"})
        for name, shape in SHAPES.items()
    }
    return Target(NAME, gateway.process.pid, gateway.address[1], requests)
