"""The rig's command line.

PYTHONPATH=.:platform python -m bench.chaos [--requests 6000] [--kills 40] [--minutes 14] [--seed 1] [--write FILE] [--keep DIR]

The exit code is 1 if anything was lost, doubled, mismatched, left over, overdrawn, or found by the audit.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.campaign import Scale, run
from tests.chaos.page import commit, written

from .report import told

MOST_REQUESTS, MOST_KILLS, MOST_MINUTES = 1_000_000, 1_000, 24 * 60
# What is charged is posted soon, so that the campaign comes to rest soon; all else is as in production.
CHARGE_AFTER_SECONDS = 5


def main() -> int:
    """Play a campaign and tell; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # what was started ends too
    asked = _options()
    scale = Scale(requests=asked.requests, kills=asked.kills, seconds=asked.minutes * 60, seed=asked.seed)
    at = commit()  # of the code that is started; the checkout may move on meanwhile
    with _place(asked.keep) as home:
        outcome = run(scale, home, TOLLWAY_CHARGE_AFTER_SECONDS=str(CHARGE_AFTER_SECONDS))
    report = told(outcome, at=at)
    print(report)
    if asked.write is not None:
        asked.write.write_text(written(asked.write.read_text(), report))
    return 0 if outcome.clean else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--requests", type=int, default=6_000, help="how many requests (%(default)s)")
    parser.add_argument("--kills", type=int, default=40, help="how many kills (%(default)s)")
    parser.add_argument("--minutes", type=float, default=14.0, help="of load (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="makes the load and the kills (%(default)s)")
    parser.add_argument("--write", type=Path, help="put the table into this page, between its marks")
    parser.add_argument("--keep", type=Path, help="leave the witnesses' logs in this directory")
    asked = parser.parse_args()
    for name, most in (("requests", MOST_REQUESTS), ("kills", MOST_KILLS), ("minutes", MOST_MINUTES)):
        if not 0 < getattr(asked, name) <= most:
            parser.error(f"--{name}: more than 0, at most {most:,}")
    return asked


@contextlib.contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="tollway-chaos-") as place:
            yield Path(place)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if (keep / "clients.jsonl").exists():
        sys.exit(f"--keep: {keep} holds the logs of another run; name an empty directory.")
    yield keep


if __name__ == "__main__":
    sys.exit(main())
