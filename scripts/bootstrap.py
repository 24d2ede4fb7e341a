#!/usr/bin/env python3
"""Makes the checkout's virtual environment from the lock files, then starts Tollway or its tests.

Standard library only: it runs before anything is installed. The lines above the version check must stay
readable to old Pythons, so that they can print the sentence instead of a traceback.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit("tollway: Python 3.11 or newer is needed; this is Python " + sys.version.split()[0] + ".")
if os.name != "posix":
    sys.exit("tollway: Linux or macOS is needed; on Windows use WSL.")

import fcntl  # noqa: E402 - not on Windows
from collections.abc import Iterator, Sequence  # noqa: E402 - not in the oldest Pythons

USAGE = """usage: python3 scripts/bootstrap.py COMMAND [ARGS...]

  run [ARGS...]     install what is locked, then `manage.py up ARGS...`
  test [ARGS...]    install the development lock too, then `pytest ARGS...` (without ARGS: all tests, in parallel)
  install [--dev]   only install"""

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
RUNTIME = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"  # holds every line of RUNTIME too; a house rule tests that
PIP_QUIETLY = ["--quiet", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore"]
PIP_WITH_PYTHON_OPTION = (22, 3)
WHOLE_SUITE = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]


class Stop(Exception):
    """A sentence for the person at the keyboard; the command ends with exit code 1."""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; `run` and `test` replace this process and do not return."""
    command, *rest = arguments or ["help"]
    if command not in {"run", "test", "install"} or (command == "install" and rest not in ([], ["--dev"])):
        print(USAGE)
        return 0 if command in {"help", "-h", "--help"} else 2
    development = command == "test" or (command == "install" and rest == ["--dev"])
    ensure(DEVELOPMENT if development else RUNTIME)
    os.chdir(ROOT)
    # Tollway is a dozen processes and its tests start hundreds; each would compile 1,800 modules for itself.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if command == "run":
        os.execv(PYTHON, [str(PYTHON), "manage.py", "up", *rest])
    if command == "test":
        os.execv(PYTHON, [str(PYTHON), "-m", "pytest", *(rest or WHOLE_SUITE)])
    return 0


def ensure(lock: Path) -> None:
    """Bring `.venv` to what `lock` says; does nothing when its stamp says so already. Raises Stop."""
    with alone():
        version = venv_version()
        if version is None:
            make_venv()
            version = venv_version()
        if version is None:
            raise Stop(f"{PYTHON} does not run; remove {VENV} and try again.")
        if stamp(lock).is_file() and stamp(lock).read_text() == digest(lock, version):
            return
        covered = [RUNTIME, DEVELOPMENT] if lock == DEVELOPMENT else [RUNTIME]
        for each in covered:
            stamp(each).unlink(missing_ok=True)
        install(lock)
        for each in covered:
            stamp(each).write_text(digest(each, version))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the checkout's lock, so that two starts at once do not write one `.venv`; waits for the other."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def stamp(lock: Path) -> Path:
    """Return the file in `.venv` that remembers which content of `lock` is installed."""
    return VENV / f"{lock.stem}.stamp"


def digest(lock: Path, version: str) -> str:
    """Return what the stamp of a finished install says; another place or Python counts as another install."""
    return hashlib.sha256(lock.read_bytes() + f"\n{ROOT}\n{version}".encode()).hexdigest()


def venv_version() -> str | None:
    """Return `.venv`'s Python as "3.11", or None when there is none that runs or it is too old."""
    program = "import sys; print(*sys.version_info[:2], sep='.')"
    try:
        done = subprocess.run([PYTHON, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = done.stdout.strip()
    return version if tuple(map(int, version.split("."))) >= OLDEST else None


def make_venv() -> None:
    """Make `.venv` without pip, which also works where the system's Python has no ensurepip (Debian)."""
    try:
        import venv
    except ImportError as missing:
        raise Stop("This Python lacks the module venv; install the package python3-venv.") from missing
    say("making .venv")
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=False).create(VENV)


def install(lock: Path) -> None:
    """Install `lock` with every hash checked, by uv or else by pip, and put the two import roots on the path."""
    started = time.monotonic()
    pip = pip_command()
    uv = uv_command(pip)
    if not uv and not pip:
        raise Stop(
            "This Python has neither pip nor ensurepip; install the package python3-pip or python3-venv."
        )
    say(f"installing {lock.name} into .venv")
    by_uv = bool(uv) and succeeds([*uv, "--require-hashes", "-r", str(lock)])
    if uv and not by_uv and pip:
        say("uv could not install it (see above); pip tries the same file")
    if not by_uv and not (
        pip and succeeds([*pip, "install", *PIP_QUIETLY, "--require-hashes", "-r", str(lock)])
    ):
        raise Stop(f"{lock.name} could not be installed; the reason stands above.")
    add_import_roots()
    say(f"installed in {time.monotonic() - started:.0f} s")


def pip_command() -> list[str]:
    """Return the start of a pip command that installs into `.venv`, or [] when no pip can be had."""
    outer = getattr(
        sys, "_base_executable", sys.executable
    )  # with a venv active, sys.executable is that venv's
    answer = subprocess.run([outer, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    if found and tuple(map(int, found.groups())) >= PIP_WITH_PYTHON_OPTION:
        return [outer, "-m", "pip", "--python", str(PYTHON)]
    inner = [str(PYTHON), "-m", "pip"]
    subprocess.run([PYTHON, "-m", "ensurepip"], capture_output=True, check=False)
    has_pip = subprocess.run([*inner, "--version"], capture_output=True, check=False).returncode == 0
    return inner if has_pip else []


def uv_command(pip: Sequence[str]) -> list[str]:
    """Return the start of a `uv pip install` for `.venv`, fetching the locked uv by pip first; [] without it."""
    requirement = uv_requirement(DEVELOPMENT.read_text())
    if not has_uv(requirement):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(requirement)
            wanted.flush()
            only_uv = ["--no-deps", "--require-hashes", "-r", wanted.name]
            if not pip:
                return []
            if not succeeds([*pip, "install", *PIP_QUIETLY, *only_uv]):
                say("uv could not be had; pip installs everything, which takes longer")
                return []
    # The interpreter's path, never a folder: uv reads a bare folder name such as `v2` as a version.
    return [str(UV), "pip", "install", "--quiet", "--system-certs", "--python", str(PYTHON)]


def has_uv(requirement: str) -> bool:
    """Tell whether `.venv` holds the very uv that `requirement` pins."""
    if not UV.is_file():
        return False
    answer = subprocess.run([UV, "--version"], capture_output=True, text=True, check=False).stdout.split()
    return answer[:1] == ["uv"] and requirement.startswith(f"uv=={answer[1]} ")


def uv_requirement(lock: str) -> str:
    """Return uv's own entry, with its hashes, out of the text of a lock file. Raises Stop when there is none."""
    entry = re.search(r"^uv==\S+ (?:\\\n\s+--hash=\S+ ?)+", lock, re.MULTILINE)
    if entry is None:
        raise Stop(f"{DEVELOPMENT.name} pins no uv with hashes; run `make lock`.")
    return entry.group().rstrip() + "\n"


def add_import_roots() -> None:
    """Put the checkout and `platform/` on `.venv`'s path by plain lines in a .pth file.

    That is all an editable install would do here, and it needs neither a build back-end nor the network.
    """
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([PYTHON, "-I", "-c", program], capture_output=True, text=True, check=True)
    Path(done.stdout.strip(), "tollway.pth").write_text(f"{ROOT}\n{ROOT / 'platform'}\n", encoding="utf-8")


def succeeds(command: Sequence[str]) -> bool:
    """Run `command` with its words going to the terminal; tell whether it ended well."""
    return subprocess.run(command, check=False, cwd=ROOT).returncode == 0


def say(sentence: str) -> None:
    """Tell the person at the keyboard what is going on, on stderr."""
    print(f"tollway: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as sentence:
        say(str(sentence))
    except OSError as refused:
        say(f"{refused.strerror}: {refused.filename} (does the checkout belong to another account?)")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(1)
