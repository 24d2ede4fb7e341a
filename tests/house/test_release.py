"""scripts/release.py on a small repository of its own."""

import runpy
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "release.py"))
DAY = date(2026, 11, 23)
PROJECT = '[project]\nname = "x"\nversion = "0.1.0"\ndependencies = ["y>=0.1.0"]\n'
CHANGELOG = "# Changelog\n\nWhat a user notices.\n\n## Unreleased\n\n- A thing.\n\n## 0.1.0, 2026-01-01\n\n- The first.\n"
Release = Callable[[Path, str, date], str]


def git(folder: Path, *words: str) -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    done = subprocess.run(["git", "-C", folder, *named, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a version and a changelog, whose commits have an author."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "a")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.com")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin.")
    return tmp_path


def release(folder: Path, version: str) -> str:
    make: Release = SCRIPT["release"]
    return make(folder, version, DAY)


def test_a_release_has_its_version_its_day_and_its_tag(scratch: Path) -> None:
    assert release(scratch, "0.2.0") == "v0.2.0"
    assert (scratch / "pyproject.toml").read_text() == PROJECT.replace(
        'version = "0.1.0"', 'version = "0.2.0"'
    )
    said = (scratch / "CHANGELOG.md").read_text()
    assert "## Unreleased\n\n## 0.2.0, 2026-11-23\n\n- A thing.\n\n## 0.1.0, 2026-01-01\n" in said
    assert git(scratch, "status", "--porcelain") == ""
    assert git(scratch, "describe", "--exact-match") == "v0.2.0"
    assert git(scratch, "log", "-1", "--format=%s") == "release: Make 0.2.0."


@pytest.mark.parametrize(
    ("version", "why"),
    [("0.1.0", "not greater"), ("0.0.9", "not greater"), ("1.0", "no version"), ("v1.0.0", "no version")],
)
def test_a_version_that_is_none_or_not_greater_is_refused(scratch: Path, version: str, why: str) -> None:
    with pytest.raises(SCRIPT["Refused"], match=why):
        release(scratch, version)


def test_a_tree_with_changes_is_refused(scratch: Path) -> None:
    (scratch / "new").write_text("x")
    with pytest.raises(SCRIPT["Refused"], match="not committed"):
        release(scratch, "0.2.0")


@pytest.mark.parametrize(
    "said", ["## Unreleased\n\n## 0.1.0\n\n- The first.\n", "## Unreleased\n", "# Changelog\n"]
)
def test_a_changelog_that_tells_nothing_is_refused_and_nothing_changes(scratch: Path, said: str) -> None:
    (scratch / "CHANGELOG.md").write_text(said)
    git(scratch, "commit", "--quiet", "--all", "--message", "Tell nothing.")
    with pytest.raises(SCRIPT["Refused"], match=r"CHANGELOG|empty"):
        release(scratch, "0.2.0")
    assert (scratch / "pyproject.toml").read_text() == PROJECT
    assert git(scratch, "tag", "--list") == ""


def test_a_version_is_released_once(scratch: Path) -> None:
    git(scratch, "tag", "v0.2.0")
    with pytest.raises(SCRIPT["Refused"], match="there already"):
        release(scratch, "0.2.0")


def test_our_own_changelog_could_be_released() -> None:
    greater = "999.0.0"
    assert greater in SCRIPT["bumped"]((ROOT / "pyproject.toml").read_text(), greater)
    assert f"## {greater}, 2026-11-23" in SCRIPT["closed"]((ROOT / "CHANGELOG.md").read_text(), greater, DAY)
