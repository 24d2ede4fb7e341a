"""The running product that the clients are tried on: engines, gateway and sandbox, with a scene for each client."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.mirror import running_mirror
from tests.clients.runtimes import ROOT
from tests.clients.stalling import stalling_way
from tests.fakes.site import Site, new_site

KNOWN_WITHIN_S = 60


@dataclass(frozen=True)
class Stage:
    """A running gateway, the file with keys and models of each client, and a way on which bodies are lost."""

    base_url: str
    scenes: dict[str, dict[str, Any]]
    folder: Path
    stalling: str

    def arguments(self, client: str) -> list[str]:
        """Return what a driver is started with: base URL, key, and the file of its scene."""
        file = self.folder / f"{client}.json"
        file.write_text(json.dumps({**self.scenes[client], "stalling": self.stalling}))
        return [self.base_url, self.scenes[client]["keys"]["main"], str(file)]


@contextmanager
def new_stage(clients: Sequence[str]) -> Iterator[Stage]:
    """Start the whole product on engines of its own and make the clients' rows; everything ends with the block."""
    with running_mirror() as mirror, new_site() as site:
        site.up()
        sandbox = f"http://127.0.0.1:{site.state['sandbox_port']}/v1"
        base_url = f"http://127.0.0.1:{site.state['port']}/v1"
        scenes = _scenes(site, sandbox, mirror, clients)
        _until_known(base_url, scenes[clients[-1]])
        with stalling_way(base_url) as stalling:
            yield Stage(base_url, scenes, site.base.parent, stalling)


def _scenes(site: Site, sandbox: str, mirror: str, clients: Sequence[str]) -> dict[str, dict[str, Any]]:
    made = subprocess.run(
        [sys.executable, "-m", "tests.clients.scene", sandbox, mirror, *clients],
        cwd=ROOT,
        env={**site.environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if made.returncode != 0:
        raise RuntimeError(made.stderr)
    scenes: dict[str, dict[str, Any]] = json.loads(made.stdout)
    return scenes


def _until_known(base_url: str, scene: dict[str, Any]) -> None:
    """Wait until the gateway has noticed the rows that were made last."""
    request = urllib.request.Request(
        f"{base_url}/models", headers={"Authorization": f"Bearer {scene['keys']['main']}"}
    )
    deadline = time.monotonic() + KNOWN_WITHIN_S
    wanted = set(scene["models"].values())
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                if wanted <= {model["id"] for model in json.load(answer)["data"]}:
                    return
        except urllib.error.HTTPError as error:
            error.close()  # terms that are newer than the gateway's catalogue: 503 for a moment
        time.sleep(0.1)
    raise RuntimeError("the gateway did not notice the models made for this run")
