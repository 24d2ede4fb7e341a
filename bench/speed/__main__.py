"""The bench's command line.

PYTHONPATH=.:platform python -m bench.speed [--quick] [--no-peers] [--only loads] [--events 1000000] [--write FILE]

The exit code is 1 if an answer was not right or the metering could not be proved; a goal that is missed is told, no more.
"""

import argparse
import contextlib
import dataclasses
import os
import platform
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.page import commit, written

from . import admitting, charging, charts, fairness, metering, meters, peers, rounds, standing, targets
from .figures import Run
from .report import told
from .rounds import Scale
from .site import Site, database, running
from .targets import Target

PARTS = ("loads", "admission", "charging")
QUICK = Scale(
    rounds=1, seconds=2, waves=1, open_streams=300, events=100_000, workspaces=200, trickle_seconds=10
)


def main() -> int:
    """Play, tell, write; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # what was started ends too
    asked = _options()
    scale, run, at = _scale(asked), Run(), commit()  # of the code that is started
    with database():
        _play(asked, scale, run)
        head = _head(at, scale)
    print(told(run, head))
    if asked.write is not None:
        pictures = charts.draw(run, asked.write.parent / "pictures")
        asked.write.write_text(written(asked.write.read_text(), told(run, head, pictures)))
    return 0 if run.clean else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, without peers")
    parser.add_argument("--no-peers", action="store_true", help="neither LiteLLM nor Portkey")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be repeated")
    for field in dataclasses.fields(Scale):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=type(field.default), help=f"({field.default})")
    parser.add_argument("--write", type=Path, help="put the report into this page, between its marks")
    asked = parser.parse_args()
    for field in dataclasses.fields(Scale):
        if (given := getattr(asked, field.name)) is not None and not 0 < given <= 10**7:
            parser.error(f"--{field.name.replace('_', '-')}: more than 0, at most 10,000,000")
    return asked


def _scale(asked: argparse.Namespace) -> Scale:
    given = {
        field.name: value
        for field in dataclasses.fields(Scale)
        if (value := getattr(asked, field.name)) is not None
    }
    return dataclasses.replace(QUICK if asked.quick else Scale(), **given)


def _play(asked: argparse.Namespace, scale: Scale, run: Run) -> None:
    parts = asked.only or PARTS
    if "loads" in parts:
        with _standing(run, with_peers=not (asked.quick or asked.no_peers)) as (found, site):
            standing.play(found[1:], found[1:3], streams=scale.open_streams, run=run)
            rounds.play(rounds.warm(found, run), scale, run)
            fairness.play(site, scale, run)
            metering.prove(site, run)
    if "admission" in parts:
        admitting.play(workspaces=scale.workspaces, seconds=scale.seconds, run=run)
    if "charging" in parts:
        charging.play(most=scale.events, workspaces=scale.workspaces, run=run)


@contextlib.contextmanager
def _standing(run: Run, *, with_peers: bool) -> Iterator[tuple[list[Target], Site]]:
    """Have everything that is compared: the upstream, the bare relay, Tollway, and the peers that can be had."""
    with contextlib.ExitStack() as open_:
        upstream = open_.enter_context(targets.upstream())
        bare = open_.enter_context(targets.relay(upstream.port))
        site = open_.enter_context(running(upstream.port))
        found = [upstream, bare, site.target]
        for name, start in ((peers.PORTKEY, peers.portkey), (rounds.LITELLM, peers.litellm)):
            if not with_peers:
                continue
            try:
                found.append(open_.enter_context(start(upstream.port)))
            except peers.Missing as reason:
                run.left_out[name] = str(reason)
        yield found, site


def _head(at: str, scale: Scale) -> str:
    from django.db import connection

    from kernel import clock

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        [server] = cursor.fetchone() or ("?",)
    command = " ".join(["python -m bench.speed", *sys.argv[1:]])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = meters.cores()
    apart = "" if cores.gateway is None else f", gateways on core {cores.gateway}, load on core {cores.load}"
    return (
        f"`{command}` on {clock.now():%Y-%m-%d}, commit `{at}`; {os.cpu_count()} cores{apart}, {memory:.0f} GiB,"
        f" {platform.system()} {platform.release().split('-')[0]}; Python {platform.python_version()},"
        f" PostgreSQL {server.split()[0]}. Rounds: {scale.rounds} of {scale.seconds:g} s; {scale.paced:,} paced streams,"
        f" {scale.open_streams:,} open ones, {scale.workspaces:,} workspaces where many are meant.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
