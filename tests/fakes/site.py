"""A whole Tollway in a home of its own: started by `manage.py up`, asked for its credentials, stopped again."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fakes.ports import free_port
from tests.kernel.engine_homes import CHECKOUT, processes_of, temporary_base

SECRETS = ("TOLLWAY_SECRET_KEY", "TOLLWAY_KEY_PEPPER", "TOLLWAY_CREDENTIAL_KEYS")
OURS = {*SECRETS, "DATABASE_URL", "REDIS_URL", "TOLLWAY_HOSTS", "TOLLWAY_HTTPS"}


class Site:
    """One home with what is run in it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = {**kept, "TOLLWAY_HOME": str(base)}

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` in this home."""
        return subprocess.run(
            [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def up(self) -> str:
        """Start it detached; the banner."""
        started = self.manage("up", "--detach", "--port", str(free_port()))
        assert started.returncode == 0, started.stderr + (self.base / "run" / "up.log").read_text()
        return started.stdout

    @property
    def credentials(self) -> dict[str, Any]:
        """What `manage.py credentials --json` prints."""
        return dict(json.loads(self.manage("credentials", "--json").stdout))

    def down(self) -> None:
        """Stop it."""
        stopped = self.manage("down")
        assert stopped.returncode == 0, stopped.stderr

    @property
    def state(self) -> dict[str, int]:
        """The supervisor's process and the port."""
        known: dict[str, int] = json.loads((self.base / "run" / "up.json").read_text())
        return known

    def processes(self) -> set[int]:
        """The supervisor with all it has started, and the engines."""
        listing = subprocess.check_output(["ps", "-eo", "pid=,ppid="], text=True).split()
        parents = dict(zip(map(int, listing[::2]), map(int, listing[1::2]), strict=True))
        found = {self.state["pid"]}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found | processes_of(self.base)


@contextlib.contextmanager
def new_site() -> Iterator[Site]:
    """Give an empty home, in which nothing runs yet; whatever was started there is stopped after."""
    with temporary_base() as base:
        site = Site(base)
        try:
            yield site
        finally:
            site.down()
