"""Where engines live: one place per checkout and purpose, closed to others, with sockets that fit their address."""

import os
import stat
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from kernel import engines
from kernel.engines import homes
from tests.kernel.engine_homes import ROOT, temporary_base

as_root = pytest.mark.skipif(not ROOT, reason="only root drops to another account")


def test_home_is_the_same_whatever_the_environment_of_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOLLWAY_HOME", raising=False)
    first = engines.urls("run")
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/elsewhere")
    assert engines.urls("run") == first


def test_purposes_share_nothing() -> None:
    assert engines.home("run") != engines.home("test") != engines.home("test-2")
    assert engines.urls("run") != engines.urls("test")


@pytest.mark.parametrize("purpose", ["", "production", "../run", "run-2", "test-1"])
def test_unknown_purpose_is_refused(purpose: str) -> None:
    with pytest.raises(ValueError, match="no home is kept"):
        engines.home(purpose)


@pytest.mark.parametrize(
    "base",
    [
        "/srv/tollway",
        "/home/a person/our code",
        "/home/" + "deep/" * 40,
        "/srv/käse",
        "/srv/a,b",
        "/srv/a%20b?c#d",
    ],
)
def test_socket_addresses_fit_and_need_no_escaping(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("TOLLWAY_HOME", base)
    where = engines.urls("run")
    directory = parse_qs(urlsplit(where.database).query)["host"][0]
    assert len(os.fsencode(f"{directory}/.s.PGSQL.5432.lock")) <= 107
    assert Path(unquote(urlsplit(where.redis).path)).parent == Path(directory)
    assert unquote(urlsplit(where.redis).path) == urlsplit(where.redis).path


def test_two_long_homes_have_two_socket_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for name in ("a", "b"):
        monkeypatch.setenv("TOLLWAY_HOME", "/home/" + name * 150)
        found.add(homes.sockets("run"))
    assert len(found) == 2


def test_directories_are_closed_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_base() as base:
        monkeypatch.setenv("TOLLWAY_HOME", str(base))
        homes.prepare("run")
        home = engines.home("run")
        for directory in (home, home / "postgres", home / "valkey", home / "sockets", home / "logs"):
            assert directory.stat().st_mode & stat.S_IRWXO == 0


def test_state_file_lies_in_a_home_that_is_made_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_base() as base:
        monkeypatch.setenv("TOLLWAY_HOME", str(base))
        path = engines.state_file("run", "secrets.json")
        assert not path.exists()
        path.write_text("{}")
        assert path.parent == engines.home("run")


def test_link_in_place_of_a_private_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trap").symlink_to(tmp_path)
    with pytest.raises(engines.EnginesError, match="cannot be used as a private directory"):
        homes.private_dir(tmp_path / "trap", os.geteuid(), os.getegid())


@as_root
def test_directory_of_another_account_is_refused(tmp_path: Path) -> None:
    squatted = tmp_path / "sockets"
    squatted.mkdir()
    os.chown(squatted, 12345, 12345)
    with pytest.raises(engines.EnginesError, match=r"belongs to another account \(uid 12345\)"):
        homes.private_dir(squatted, 65534, 65534)


@as_root
def test_root_keeps_what_it_writes_out_of_the_reach_of_the_dropped_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with temporary_base() as base:
        monkeypatch.setenv("TOLLWAY_HOME", str(base))
        homes.prepare("run")
        home = engines.home("run")
        assert [home.stat().st_uid, (home / "logs").stat().st_uid] == [0, 0]
        assert (home / "postgres").stat().st_uid != 0


@as_root
def test_directory_that_the_dropped_account_cannot_enter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("TOLLWAY_HOME", str(tmp_path / "inside"))
    with pytest.raises(engines.EnginesError, match="cannot enter /"):
        homes.prepare("run")


@as_root
@pytest.mark.parametrize(
    ("name", "words"),
    [("nobody-of-that-name", "There is no account"), ("root", "PostgreSQL refuses to run as root")],
)
def test_unusable_account_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    monkeypatch.setenv("TOLLWAY_ENGINE_USER", name)
    with pytest.raises(engines.EnginesError, match=words):
        homes.dropped_account()
