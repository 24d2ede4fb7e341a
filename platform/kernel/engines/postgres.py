"""How the embedded PostgreSQL is made, started, found ready, and cleared of what a crash left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from kernel.engines.binaries import binaries
from kernel.engines.homes import PORT, EnginesError, dropped_account, home, sockets

__all__ = ["SETTINGS", "argv", "clear_leftovers", "create", "is_ready", "is_served", "provision"]

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
INITDB_SECONDS = 120.0
ORPHAN_SECONDS = 10.0


def data(purpose: str) -> Path:
    return home(purpose) / "postgres" / "data"


def argv(purpose: str) -> list[str]:
    """The command line of the server."""
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    directories = ["-D", str(data(purpose)), "-k", str(sockets(purpose)), "-p", str(PORT)]
    return [str(binaries().postgres), *directories, *options]


def environment() -> dict[str, str]:
    """What an engine may know of our environment: PGPORT and its like must not steer it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def create(purpose: str) -> None:
    """Make the cluster on the first start, complete or not at all; raises EnginesError when initdb fails."""
    target = data(purpose)
    if target.exists():
        _check_version(target)
        return
    fresh = target.with_name("data.new")
    account = dropped_account()
    command = [
        str(binaries().initdb),
        "-D",
        str(fresh),
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
    ]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    try:
        if fresh.exists():
            shutil.rmtree(fresh)
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=INITDB_SECONDS,
            cwd=target.parent,
            env=environment(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise EnginesError(
            f"initdb could not make a database in {target.parent}: {said[-1] if said else error}"
        ) from None
    except subprocess.TimeoutExpired:
        raise EnginesError(
            f"initdb did not finish within {INITDB_SECONDS:.0f} s in {target.parent}."
        ) from None
    fresh.rename(target)


def _check_version(target: Path) -> None:
    made_by = (target / "PG_VERSION").read_text().strip()
    version = subprocess.run(
        [str(binaries().postgres), "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = version.split()[-1].split(".")[0]
    if made_by != major:
        raise EnginesError(
            f"{target} was made by PostgreSQL {made_by} and the installed server is {major}; "
            "dump it with the old version or remove it."
        )


def is_ready(purpose: str, pid: int) -> bool:
    """Whether the server with this process id says in its own pid file that it takes connections."""
    try:
        lines = (data(purpose) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def is_served(purpose: str) -> bool:
    """Whether a server listens on the socket and says that it takes connections."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(sockets(purpose) / f".s.PGSQL.{PORT}"))
            pid = int((data(purpose) / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return False
    return is_ready(purpose, pid)


def clear_leftovers(purpose: str) -> None:
    """Before a start, under the lock: end a server without a keeper and drop pid files that name a stranger.

    PostgreSQL refuses to start when the process id of a stale pid file is in use again by anybody of the same account.
    """
    directory = data(purpose)
    for pid_file in (directory / "postmaster.pid", sockets(purpose) / f".s.PGSQL.{PORT}.lock"):
        try:
            pid = abs(int(pid_file.read_text().splitlines()[0]))
        except FileNotFoundError:
            continue
        except (ValueError, IndexError):
            pid_file.unlink()
            continue
        if _serves(pid, directory):
            os.kill(pid, signal.SIGQUIT)
            _await_end(pid, directory)
        elif _alive(pid):
            pid_file.unlink()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, directory: Path) -> bool:
    """Whether the process is a server of this data directory: a postmaster's working directory is its data."""
    if sys.platform == "linux":
        try:
            return Path(os.readlink(f"/proc/{pid}/cwd")) == directory.resolve()
        except OSError:  # ended, perhaps not yet buried by its parent
            return False
    listed = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return str(directory) in listed.stdout


def _await_end(pid: int, directory: Path) -> None:
    deadline = time.monotonic() + ORPHAN_SECONDS
    while _serves(pid, directory):
        if time.monotonic() > deadline:
            raise EnginesError(
                f"A PostgreSQL left over from an earlier run (process {pid}) does not end; stop it."
            )
        time.sleep(0.05)


def provision(purpose: str) -> None:
    """Make the role and the database that Tollway uses, if they are not there yet."""
    import psycopg

    with psycopg.connect(
        host=str(sockets(purpose)),
        port=PORT,
        user="postgres",
        dbname="postgres",
        autocommit=True,
        connect_timeout=10,
    ) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'tollway'").fetchone():
            connection.execute("CREATE ROLE tollway LOGIN CREATEDB")
            connection.execute("GRANT pg_monitor, pg_checkpoint TO tollway")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'tollway'").fetchone():
            connection.execute("CREATE DATABASE tollway OWNER tollway")
