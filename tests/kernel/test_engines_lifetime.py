"""Engines started by us: what they are set to, who may have them, and what survives which death."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from kernel import engines
from kernel.engines.binaries import binaries
from tests.kernel.engine_homes import ROOT, eventually, kill, parent_process, processes_of, temporary_base


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """One base for the module: making a cluster takes a second."""
    with temporary_base() as directory:
        yield directory


@pytest.fixture(autouse=True)
def home(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOLLWAY_HOME", str(base))
    return engines.home("run")


def ask(sql: str) -> object:
    with psycopg.connect(engines.urls("run").database, connect_timeout=5) as connection:
        row = connection.execute(sql).fetchone()
    return row[0] if row else None


def valkey() -> "redis.Redis":
    return redis.Redis.from_url(engines.urls("run").redis)


def remember(word: str) -> None:
    """Commit a word in both engines."""
    with psycopg.connect(engines.urls("run").database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
        connection.execute("INSERT INTO memory VALUES (%s)", [word])
    with valkey() as client:
        client.set("word", word)


def remembers(word: str) -> bool:
    return ask(f"SELECT count(*) FROM memory WHERE word = '{word}'") == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", ""),
        ("max_connections", "200"),
        ("autovacuum_naptime", "10s"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("unix_socket_permissions", "0700"),
    ],
)
def test_postgres_is_set(running: engines.Engines, setting: str, value: str) -> None:
    assert ask(f"SHOW {setting}") == value


@pytest.fixture
def running() -> Iterator[engines.Engines]:
    with engines.start("run") as started:
        yield started


def test_postgres_sorts_by_code_point_on_every_machine(running: engines.Engines) -> None:
    found = ask(
        "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = current_database()"
    )
    assert found == "b C.UTF-8"


def test_role_may_make_test_databases_but_is_no_superuser(running: engines.Engines) -> None:
    assert ask("SELECT rolcreatedb AND NOT rolsuper FROM pg_roles WHERE rolname = current_user") is True


def test_valkey_keeps_a_journal_and_evicts_nothing(running: engines.Engines) -> None:
    with valkey() as client:
        wanted = {"appendonly": "yes", "maxmemory-policy": "noeviction", "port": "0", "unixsocketperm": "700"}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_second_copy_is_refused_by_the_name_of_the_first(running: engines.Engines) -> None:
    with pytest.raises(engines.EnginesBusy, match=f"in use by process {os.getpid()}"):
        engines.start("run")
    assert ask("SELECT 1") == 1


def test_environment_meant_for_other_servers_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    with engines.start("run"):
        assert ask("SELECT 1") == 1


def test_data_are_there_after_a_stop() -> None:
    with engines.start("run"):
        remember("stopped")
    assert not engines.running("run")
    with engines.start("run"), valkey() as client:
        assert remembers("stopped")
        assert client.get("word") == b"stopped"


def test_engines_die_with_a_killed_parent_and_recover(base: Path) -> None:
    with parent_process(base) as parent:
        remember("parent killed")
        assert len(processes_of(base)) > 3
        kill(parent.pid)
        assert eventually(lambda: not processes_of(base), seconds=5), processes_of(base)
    with engines.start("run"):
        assert remembers("parent killed")


def test_engines_die_with_a_killed_keeper_and_come_back_when_watched(
    base: Path, running: engines.Engines
) -> None:
    remember("keeper killed")
    before = processes_of(base)
    keeper = int(subprocess.check_output(["ps", "-o", "ppid=", "-p", str(running.pids["postgres"])]))
    kill(keeper)
    assert eventually(lambda: not processes_of(base) & before - {keeper}, seconds=5)
    assert [event.engine for event in running.watch()] == ["keeper"]
    assert remembers("keeper killed")


@pytest.mark.parametrize("engine", ["postgres", "valkey"])
def test_killed_engine_is_back_on_its_socket_within_seconds(running: engines.Engines, engine: str) -> None:
    remember(f"{engine} killed")
    with contextlib.closing(psycopg.connect(engines.urls("run").database)) as idle:
        idle.execute("SELECT 1")
        time.sleep(1.1)  # Valkey's journal reaches the disk once a second
        killed = running.pids[engine]
        kill(killed)
        assert eventually(lambda: told(running, engine), seconds=10)
    assert running.pids[engine] != killed
    with valkey() as client:
        assert client.get("word") == f"{engine} killed".encode()
    assert remembers(f"{engine} killed")


def told(running: engines.Engines, engine: str) -> bool:
    """Whether the watcher has heard that the engine is ready again."""
    return any(event.engine == engine and "ready" in event.text for event in running.watch())


def test_killed_postgres_with_a_busy_backend_is_back_within_seconds(running: engines.Engines) -> None:
    spin = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"  # never waits, so it cannot notice that its server died
    with contextlib.closing(psycopg.connect(engines.urls("run").database, autocommit=True)) as busy:
        busy.pgconn.send_query(spin.encode())
        busy.pgconn.flush()
        assert eventually(
            lambda: ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'") == 1, seconds=5
        )
        kill(running.pids["postgres"])
        assert eventually(lambda: told(running, "postgres"), seconds=10)
    assert ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'") == 0


def test_restart_replaces_the_process(running: engines.Engines) -> None:
    before = running.pids["postgres"]
    running.restart("postgres")
    assert eventually(lambda: told(running, "postgres"), seconds=10)
    assert running.pids["postgres"] != before
    assert ask("SELECT 1") == 1


def test_stale_pid_file_that_names_a_stranger_does_not_bar_the_start(home: Path) -> None:
    with engines.start("run"):
        owner = (home / "postgres" / "data").stat()
    stranger = subprocess.Popen(
        ["sleep", "60"],
        user=owner.st_uid if ROOT else None,
        group=owner.st_gid if ROOT else None,
        extra_groups=[] if ROOT else None,
    )
    try:
        stale = home / "postgres" / "data" / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{home}/postgres/data\n0\n5432\n\n\n\nready\n")
        with engines.start("run"):
            assert ask("SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.send_signal(signal.SIGTERM)
        stranger.wait()


def test_server_without_a_keeper_is_ended_before_the_start(home: Path) -> None:
    with engines.start("run"):
        owner = (home / "postgres" / "data").stat()
    orphan = subprocess.Popen(
        [
            str(binaries().postgres),
            "-D",
            str(home / "postgres" / "data"),
            "-k",
            str(home / "sockets"),
            "-c",
            "listen_addresses=",
        ],
        stderr=subprocess.DEVNULL,
        cwd=home / "postgres",
        user=owner.st_uid if ROOT else None,
        group=owner.st_gid if ROOT else None,
        extra_groups=[] if ROOT else None,
    )
    try:
        pid_file = home / "postgres" / "data" / "postmaster.pid"
        assert eventually(lambda: pid_file.exists() and b"ready" in pid_file.read_bytes(), seconds=10)
        with engines.start("run"):
            assert ask("SELECT 1") == 1
        assert orphan.wait(5) == 0
    finally:
        orphan.kill()
        orphan.wait()


def test_engine_that_cannot_live_is_named_with_its_log(home: Path) -> None:
    with engines.start("run"):
        pass
    control = home / "postgres" / "data" / "global" / "pg_control"
    control.rename(control.with_name("pg_control.away"))
    try:
        with pytest.raises(engines.EnginesError, match=r"embedded postgres .*logs/postgres\.log.*pg_control"):
            engines.start("run")
    finally:
        control.with_name("pg_control.away").rename(control)
    with engines.start("run"):
        assert ask("SELECT 1") == 1


def test_borrowing_starts_engines_and_stops_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    with engines.borrowed("run"):
        assert engines.running("run")
    assert not engines.running("run")


def test_borrowing_from_a_running_start_leaves_it_running(
    running: engines.Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    with engines.borrowed("run"):
        assert ask("SELECT 1") == 1
    assert ask("SELECT 1") == 1


def test_borrowing_with_both_urls_given_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/tollway")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example/0")
    with engines.borrowed("run"):
        assert not engines.running("run")


def test_borrowing_starts_only_what_no_url_replaces(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/tollway")
    monkeypatch.delenv("REDIS_URL", raising=False)
    with engines.borrowed("run"):
        assert engines.running("run", ("valkey",))
        assert not engines.running("run", ("postgres",))
