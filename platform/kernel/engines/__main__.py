"""The engines by hand: `python -m kernel.engines start|status|clean [--purpose run|test]`."""

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from kernel.engines.binaries import COPY_PREFIX
from kernel.engines.homes import PURPOSES, EnginesError, base, sockets, urls
from kernel.engines.lifetime import running, start

WATCH_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 1 when it cannot be done, with one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m kernel.engines", description=__doc__)
    parser.add_argument("action", choices=["start", "status", "clean"])
    parser.add_argument("--purpose", choices=["run", "test"])
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "start":
            _start(chosen.purpose or "run")
        elif chosen.action == "status":
            _status([chosen.purpose] if chosen.purpose else ["run", "test"])
        else:
            _clean(chosen.purpose)
    except EnginesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _start(purpose: str) -> None:
    """Run the engines in the foreground until SIGTERM or Ctrl-C."""
    ended = False

    def end(*_signal: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with start(purpose) as engines:
        sys.stdout.write(f"DATABASE_URL={engines.urls.database}\nREDIS_URL={engines.urls.redis}\n")
        sys.stdout.flush()
        while not ended:
            for event in engines.watch():
                sys.stdout.write(f"{event.engine}: {event.text}\n")
                sys.stdout.flush()
            time.sleep(WATCH_SECONDS)


def _status(purposes: list[str]) -> None:
    for purpose in purposes:
        state = "running" if running(purpose) else "not running"
        sys.stdout.write(f"{purpose}: {state}\n  {urls(purpose).database}\n  {urls(purpose).redis}\n")


def _clean(purpose: str | None) -> None:
    """Remove the homes of one purpose or of all, and what belongs to none; refuses where something runs."""
    top = base()
    homes = [path for path in sorted(top.glob("*")) if PURPOSES.fullmatch(path.name)]
    if purpose is not None:
        homes = [path for path in homes if path.name.split("-")[0] == purpose]
    held = [_hold(path) for path in homes]
    for path in homes:
        shutil.rmtree(sockets(path.name), ignore_errors=True)
        shutil.rmtree(path)
    for lock in held:
        os.close(lock)
    if purpose is None and top.is_dir():
        for copy in top.glob(f"{COPY_PREFIX}*"):
            shutil.rmtree(copy)
        if not any(top.iterdir()):
            top.rmdir()


def _hold(path: Path) -> int:
    """Take the lock of a home that is about to go; raises EnginesError when its engines run."""
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise EnginesError(
            f"The engines in {path} are running; stop them before cleaning (manage.py down)."
        ) from None
    return lock


if __name__ == "__main__":
    sys.exit(main())
