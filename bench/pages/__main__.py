"""How long pages take at size.

PYTHONPATH=.:platform python -m bench.pages [--events 10000000] [--workspaces 200] [--days 60] [--runs 20] [--write FILE]
PYTHONPATH=.:platform python -m bench.pages --here    # the installation in use, as it is

Without --here it works in a database of its own, seeded by `manage.py seed_events`, which it drops. The exit code is 1 if
a page takes longer than it may, or fails.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.own_database import own_database

from .places import CUSTOMERS_MS, OPERATORS_MS, Place
from .report import Measured, about, page, shown, summary
from .timing import Took, timed


def main() -> int:
    """Seed unless told not to, measure, tell; the exit code."""
    asked = _options()
    with _base(asked):
        measured = _measured(asked.runs, asked.only)
        there = about()
    for whose, took in measured.items():
        print(f"{whose}: {summary(took)}")
    misses = [each for took in measured.values() for each in took if each.misses]
    for each in misses:
        print(f"  misses {each.goal:.0f} ms or fails:{shown(each)}")
    if asked.write:
        asked.write.write_text(page(measured, there, asked.runs))
    return 1 if misses else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--workspaces", type=int, default=200)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


@contextlib.contextmanager
def _base(asked: argparse.Namespace) -> Iterator[None]:
    if asked.here:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        yield
        return
    with own_database():
        from billing.seeding import run
        from catalog import demo

        demo.load(sandbox_url="http://127.0.0.1:8099/v1")
        run.seed(
            requests=asked.events,
            workspaces=asked.workspaces,
            days=asked.days,
            tell=lambda day, requests, seconds: print(f"{day}: {requests:,} in {seconds:.0f} s", flush=True),
        )
        yield


def _measured(runs: int, only: str) -> Measured:
    from django.test import override_settings
    from django.test.utils import setup_test_environment

    from . import customers, operators

    with contextlib.suppress(RuntimeError):  # a database of its own has it already
        setup_test_environment()  # tells what a page was made of
    # Neither a door nor a phone stands between this process and its own pages.
    with override_settings(ALLOWED_HOSTS=["*"], STAFF_SECOND_FACTOR=False):
        asked = {
            "Operators": (operators.signed_in, operators.places, OPERATORS_MS),
            "Customers": (customers.signed_in, customers.places, CUSTOMERS_MS),
        }
        found = {whose: list(_of(*what, runs=runs, only=only)) for whose, what in asked.items()}
    return {whose: took for whose, took in found.items() if took}


def _of(
    signed_in: Callable[[Any], None],
    places: Callable[[Any], Iterator[Place]],
    goal: float,
    *,
    runs: int,
    only: str,
) -> Iterator[Took]:
    from django.test import Client

    from config import loaded

    client = Client()
    signed_in(client)
    loaded.keep()  # as a server does
    for place in places(client):
        if only in place.page:
            took = timed(client, place, goal=goal, runs=runs)
            print(shown(took), flush=True)
            yield took


if __name__ == "__main__":
    sys.exit(main())
