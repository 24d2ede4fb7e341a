"""The run's command line.

PYTHONPATH=.:platform python -m bench.production [--minutes 30] [--seed 1] [--write FILE] [--keep DIR]

The exit code is 1 if a request failed, a witness does not agree, a limit or a total is not exact, or memory grew.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.page import commit, written

from .proxy import Missing
from .report import told
from .run import Run, play
from .site import Site, running

MOST_MINUTES = 24 * 60


def main() -> int:
    """Play, tell, write; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # what was started ends too
    asked, at = _options(), commit()  # of the code that is started
    try:
        run = _played(asked)
    except Missing as reason:
        sys.exit(f"{reason}.")
    report = told(run, at=at)
    print(report)
    if asked.write is not None:
        asked.write.write_text(written(asked.write.read_text(), report))
    return 0 if run.clean else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.production", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of load (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="makes the load (%(default)s)")
    parser.add_argument("--write", type=Path, help="put the report into this page, between its marks")
    parser.add_argument("--keep", type=Path, help="leave the logs in this directory")
    asked = parser.parse_args()
    if not 0 < asked.minutes <= MOST_MINUTES:
        parser.error(f"--minutes: more than 0, at most {MOST_MINUTES:,}")
    if asked.keep is not None and asked.keep.exists() and any(asked.keep.iterdir()):
        parser.error(f"--keep: {asked.keep} is not empty")
    return asked


def _played(asked: argparse.Namespace) -> Run:
    with tempfile.TemporaryDirectory(prefix="tollway-production-") as place, running() as site:
        _have_django(site)
        try:
            return play(site, minutes=asked.minutes, seed=asked.seed, home=Path(place))
        finally:
            if asked.keep is not None:
                _keep([Path(place), site.deployed.base], asked.keep)


def _have_django(site: Site) -> None:
    """Have Django in this process on the site's own engines: customers are saved, and rows read, through it."""
    os.environ.update(site.deployed.environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()


def _keep(places: list[Path], keep: Path) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    for place in places:
        for log in (*place.glob("*.log"), *place.glob("*.jsonl")):
            shutil.copy(log, keep)


if __name__ == "__main__":
    sys.exit(main())
