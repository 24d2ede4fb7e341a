"""`manage.py down`: stops the `up` of this checkout and waits for its end."""

import os
import signal
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand

from config.supervisor.state import holder, is_up

WAIT_SECONDS = 180.0


class Command(BaseCommand):
    """Ask the running `up` to stop as Ctrl-C does; nothing running is fine too."""

    help = "Stop Tollway as it was started by up, and wait until it has stopped."
    requires_system_checks: list[str] = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        if not is_up():
            self.stdout.write("Tollway is not up.")
            return
        pid = holder()
        if pid is None or not _stop(pid):
            self.stderr.write(f"Tollway (process {pid}) did not stop within {WAIT_SECONDS:.0f} s.")
            sys.exit(1)
        self.stdout.write("Tollway is down.")


def _stop(pid: int) -> bool:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + WAIT_SECONDS
    while is_up():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
