"""What each client runs in: the project's own environment, one made for it from a lock file, or Node."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
CACHE = ROOT / ".tollway" / "clients"
UV = Path(sys.executable).parent / "uv"
INSTALL_SECONDS = 300
OLDEST_NODE = 22
SAID_LENGTH = 300


class Unavailable(Exception):
    """This machine lacks what a client needs; the message says what."""


@dataclass(frozen=True)
class Python:
    """A module of `drivers`, run by the project's Python, or by one with what `lock` lists."""

    module: str
    lock: str = ""

    def command(self) -> list[str]:
        """Return how the driver is started, after making its environment if there is none. Raises Unavailable."""
        return [str(self._interpreter()), "-m", f"tests.clients.drivers.{self.module}"]

    def _interpreter(self) -> Path:
        if not self.lock:
            return Path(sys.executable)
        lock = HERE / "locks" / f"{self.lock}.txt"
        place = CACHE / f"{self.lock}-{_digest(lock.read_bytes(), sys.version.encode())}"
        python = place / "bin" / "python"
        with _made_once(place) as missing:
            if missing:
                if not UV.is_file():
                    raise Unavailable(f"{UV} is missing; run `make install`")
                _install([str(UV), "venv", "--quiet", "--python", sys.executable, str(place)])
                pip = [str(UV), "pip", "install", "--quiet", "--system-certs", "--python", str(python)]
                _install([*pip, "--require-hashes", "-r", str(lock)])
        return python


@dataclass(frozen=True)
class Node:
    """A file of `node`, run by the Node that the packages there bring along, or by the machine's own."""

    file: str

    def command(self) -> list[str]:
        """Return how the driver is started, after installing the packages if they are not. Raises Unavailable."""
        source = HERE / "node"
        if shutil.which("npm") is None:
            raise Unavailable("npm is not installed (Debian: apt-get install nodejs npm)")
        files = [source / "package.json", source / "package-lock.json"]
        place = CACHE / f"node-{_digest(*(file.read_bytes() for file in files))}"
        with _made_once(place) as missing:
            if missing:
                place.mkdir(parents=True)
                for file in files:
                    shutil.copy(file, place)
                quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
                _install(["npm", "ci", *quietly], cwd=place)
            # Modules find their packages beside themselves only; a run that is under way may read them.
            for file in (*source.glob("*.mjs"), HERE / "refusals.json"):
                draft = place / f".{file.name}.{os.getpid()}"
                shutil.copy(file, draft)
                draft.replace(place / file.name)
        return [_node(place), str(place / self.file)]


Runtime = Python | Node


def _node(place: Path) -> str:
    own = next(place.glob("node_modules/node-*/bin/node"), None)
    if own is not None:
        return str(own)
    found = shutil.which("node")
    if found is None:
        raise Unavailable(f"Node {OLDEST_NODE} or newer is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise Unavailable(f"Node {OLDEST_NODE} or newer is needed; this is {version}")
    return found


@contextmanager
def _made_once(place: Path) -> Iterator[bool]:
    """Tell whether `place` has still to be made, while no other run makes it; what failed half-way is removed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    done = place / ".done"
    with (CACHE / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            yield False
            return
        shutil.rmtree(place, ignore_errors=True)
        yield True
        done.touch()


def _install(command: Sequence[str], *, cwd: Path = ROOT) -> None:
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{name} took longer than {INSTALL_SECONDS} s") from error
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise Unavailable(f"{name} could not install it: {said[:SAID_LENGTH]}")


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:12]
