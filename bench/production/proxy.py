"""Caddy in front of web processes of this machine, with the file that compose runs it with."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.deploy.site import Deployed
from tests.fakes.ports import free_port
from tests.house.test_rules import ROOT

__all__ = ["Missing", "Proxy"]

CADDYFILE = ROOT / "deploy/caddy/Caddyfile"
RELOAD_SECONDS = 60
_ADDRESS = "{$SITE_ADDRESS:localhost}"
_FOUND_BY_NAME = re.compile(r"dynamic a web 8000 \{[^}]*\}")


class Missing(Exception):
    """There is no Caddy on this machine."""


class Proxy:
    """Caddy on a port of its own, without TLS."""

    def __init__(self, deployed: Deployed, webs: list[int]) -> None:
        self._deployed, self._caddy = deployed, _program()
        self.port, self._admin = free_port(), free_port()
        self._file = deployed.base / "Caddyfile"
        self._file.write_text(_adapted(CADDYFILE.read_text(), self.port, self._admin, webs))
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            deployed.environment[name] = str(deployed.base / "caddy")

    @property
    def address(self) -> str:
        """Where callers come in."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; whoever needs it waits until a web process answers through it."""
        self._deployed.start("proxy", [self._caddy, "run", *self._configured()])

    def reload(self) -> None:
        """Have it read its file anew, though nothing changed. Raises CalledProcessError with its words if it does not."""
        line = [self._caddy, "reload", "--force", "--address", f"127.0.0.1:{self._admin}"]
        subprocess.run(
            [*line, *self._configured()],
            env=self._deployed.environment,
            check=True,
            capture_output=True,
            timeout=RELOAD_SECONDS,
        )

    def version(self) -> str:
        """Return what it calls itself."""
        said = subprocess.run([self._caddy, "version"], capture_output=True, text=True, check=True)
        return f"Caddy {said.stdout.split()[0]}"

    def _configured(self) -> list[str]:
        return ["--config", str(self._file), "--adapter", "caddyfile"]


def _program() -> str:
    found = shutil.which("caddy")
    if found is None:
        raise Missing("the run needs Caddy: apt-get install caddy, or put its program on the PATH")
    return str(Path(found))


def _adapted(text: str, port: int, admin: int, webs: list[int]) -> str:
    """Return the file with the addresses of this machine; every bound stays.

    Raises ValueError where it does not say what is to be put in another's place.
    """
    if _ADDRESS not in text or not _FOUND_BY_NAME.search(text):
        raise ValueError(f"{CADDYFILE} names neither the site nor web as it is known here")
    to = " ".join(["to", *(f"127.0.0.1:{web}" for web in webs)])
    text = _FOUND_BY_NAME.sub(to, text).replace(_ADDRESS, f"http://127.0.0.1:{port}")
    return text.replace("{\n", f"{{\n\tadmin 127.0.0.1:{admin}\n", 1)
