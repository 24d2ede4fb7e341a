"""The lock files: hashed, complete, and the development lock holding every runtime pin."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.txt", "requirements-extras.txt", "requirements-dev.txt", "requirements-docs.txt"]
ENTRY = re.compile(
    r"^(?P<pin>[a-z0-9][^\s#]*==[^\\\n]+?)\s*(?P<hashes>(?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s*)*)$", re.M
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, Requirement]:
    """Return the pinned requirements of a lock file by canonical name."""
    found = [Requirement(entry["pin"]) for entry in ENTRY.finditer((ROOT / lock).read_text())]
    return {canonicalize_name(pin.name): pin for pin in found}


def version(pin: Requirement) -> str:
    """Return the one version that a pin allows."""
    [only] = pin.specifier
    return only.version


def unmet(wanted: list[str], lock: str) -> list[str]:
    """Return the requirements that the lock's pin does not satisfy, or that it lacks."""
    locked = pins(lock)
    return [
        line
        for line in wanted
        if (name := canonicalize_name(Requirement(line).name)) not in locked
        or not Requirement(line).specifier.contains(version(locked[name]))
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_one_version_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    bare = [entry["pin"] for entry in ENTRY.finditer(text) if not entry["hashes"]]
    starts = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert not bare
    # A package whose versions part by the Python they are for has an entry for each.
    assert len(starts) == len(list(ENTRY.finditer(text))) >= len(pins(lock)) > 20


def test_runtime_lock_satisfies_the_declared_dependencies() -> None:
    assert not unmet(PROJECT["project"]["dependencies"], "requirements.txt")


@pytest.mark.parametrize("group", ["dev", "docs"])
def test_a_groups_lock_satisfies_what_it_declares(group: str) -> None:
    assert not unmet(PROJECT["dependency-groups"][group], f"requirements-{group}.txt")


def test_development_lock_holds_every_runtime_pin() -> None:
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    differing = [
        name
        for name in runtime
        if name not in development or version(runtime[name]) != version(development[name])
    ]
    assert not differing


def test_lock_of_extras_is_the_runtimes_and_what_they_declare_as_in_development() -> None:
    extras = itertools.chain.from_iterable(PROJECT["project"]["optional-dependencies"].values())
    assert not unmet([*PROJECT["project"]["dependencies"], *extras], "requirements-extras.txt")
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    for name, pin in pins("requirements-extras.txt").items():
        assert version(pin) == version(development[name]) == version(runtime.get(name, pin))
    assert runtime.keys() <= pins("requirements-extras.txt").keys()


def test_every_declared_dependency_has_its_reason_written_down() -> None:
    reasons = (ROOT / "docs/decisions/004-dependencies.md").read_text().lower()
    groups = [*PROJECT["dependency-groups"].values(), *PROJECT["project"]["optional-dependencies"].values()]
    declared = [*PROJECT["project"]["dependencies"], *itertools.chain.from_iterable(groups)]
    names = {canonicalize_name(Requirement(line).name) for line in declared}
    assert not {name for name in names if f"`{name}" not in reasons}
