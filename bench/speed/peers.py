"""The peers: LiteLLM's proxy and Portkey's gateway, each installed beside the checkout and started as its makers say.

What an installation needs comes from the registries of Python and Node; a peer that cannot be had is left out, aloud.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.ports import free_port

from . import meters
from .rounds import LITELLM
from .shapes import MODEL, SHAPES, question
from .targets import ROOT, Target, listening, process, request

__all__ = ["PORTKEY", "Missing", "litellm", "portkey"]

PLACE = ROOT / ".tollway" / "bench"
INSTALL_SECONDS = 900
PORTKEY = "Portkey"
PATH = "/v1/chat/completions"
# Without httptools its server parses in Python, and without opentelemetry an import fails anew with each request.
LITELLM_PACKAGES = (
    "litellm[proxy]==1.106.2",
    "httptools",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp",
)
LITELLM_KEY = "sk-bench"
# Prices from its package, not from the network; and nothing of ours.
LITELLM_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    **dict.fromkeys(("PYTHONPATH", "DATABASE_URL", "REDIS_URL")),
}
# Later versions of the server it stands on break its streams (its issue 1389).
PORTKEY_PACKAGES = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    "overrides": {"@hono/node-server": "1.13.8"},
}


class Missing(Exception):
    """A peer that cannot be installed or started here; says why."""


@contextmanager
def litellm(upstream_port: int) -> Iterator[Target]:
    """Run LiteLLM's proxy with a master key, without a database: it keeps no keys, limits or sums. Raises Missing."""
    place = _litellm_installed()
    config = place / f"config-{os.getpid()}.yaml"
    config.write_text(yaml.safe_dump(_litellm_config(upstream_port)))
    port = free_port()
    command = [str(place / "bin" / "litellm"), "--config", str(config), "--port", str(port)]
    command += ["--host", "127.0.0.1", "--num_workers", "1", "--telemetry", "False"]
    headers = {"Authorization": f"Bearer {LITELLM_KEY}"}
    requests = {name: request(PATH, question(shape, name), headers) for name, shape in SHAPES.items()}
    try:
        with _started(LITELLM, command, port, "/health/liveliness", LITELLM_ENVIRONMENT) as pid:
            yield Target(LITELLM, pid, port, requests)
    finally:
        config.unlink()


@contextmanager
def portkey(upstream_port: int) -> Iterator[Target]:
    """Run Portkey's gateway, which knows neither keys nor metering. Raises Missing."""
    place = _portkey_installed()
    port = free_port()
    server = place / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    command = [_tool("node"), str(server), f"--port={port}", "--headless"]
    with _started(PORTKEY, command, port, "/", {"NODE_ENV": "production", "PYTHONPATH": None}) as pid:
        yield Target(PORTKEY, pid, port, _portkey_requests(upstream_port))


def _litellm_config(upstream_port: int) -> dict[str, Any]:
    # A model whose price it knows: without one it looks for the price anew with each request, and with one of ours too.
    def entry(name: str) -> dict[str, Any]:
        base = f"http://127.0.0.1:{upstream_port}/{name}/v1"
        there = {"model": f"openai/{MODEL}", "api_base": base, "api_key": "none"}
        return {"model_name": name, "litellm_params": there}

    return {
        "model_list": [entry(name) for name in SHAPES],
        "general_settings": {"master_key": LITELLM_KEY},
    }


def _portkey_requests(upstream_port: int) -> dict[str, str]:
    def headers(name: str) -> dict[str, str]:
        return {
            "Authorization": "Bearer none",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{upstream_port}/{name}/v1",
        }

    return {name: request(PATH, question(shape, MODEL), headers(name)) for name, shape in SHAPES.items()}


def _litellm_installed() -> Path:
    place = PLACE / "litellm"
    if not (place / "bin" / "litellm").exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        uv = str(Path(sys.executable).parent / "uv")
        python = str(place / "bin" / "python")
        _install(LITELLM, [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(place)])
        _install(LITELLM, [uv, "pip", "install", "--system-certs", "--python", python, *LITELLM_PACKAGES])
    return place


def _portkey_installed() -> Path:
    place = PLACE / "portkey"
    if not (place / "node_modules" / "@portkey-ai").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text(json.dumps(PORTKEY_PACKAGES))
        _install(PORTKEY, [_tool("npm"), "install", "--prefix", str(place), "--no-audit", "--no-fund"])
    return place


def _install(name: str, command: Sequence[str]) -> None:
    print(f"installing {name}: {' '.join(command)}", flush=True)
    try:
        done = subprocess.run(
            command, cwd=PLACE, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{name} could not be installed: {error}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise Missing(f"{name} could not be installed: {' '.join(last)}")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{PORTKEY} needs {name}, which is not here")
    return found


@contextmanager
def _started(
    name: str, command: Sequence[str], port: int, path: str, environment: Mapping[str, str | None]
) -> Iterator[int]:
    log = PLACE / f"{name.lower()}.log"
    with process(command, core=meters.cores().gateway, environment=environment, log=log) as started:
        try:
            listening(port, started, path)
        except RuntimeError as error:
            raise Missing(f"{name} did not start ({error}); {log.relative_to(ROOT)} says more") from error
        yield started.pid
