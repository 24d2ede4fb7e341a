"""Makes a release: the version in pyproject.toml, the changelog's section closed with its day, a commit and a tag.

    python scripts/release.py 0.2.0

Refuses a tree with changes, a version that is not greater than the last, a tag that is there, and a changelog that has
nothing to tell. Nothing is pushed.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

VERSION = re.compile(r'^version = "(?P<version>\d+\.\d+\.\d+)"$', re.M)
OPEN = "## Unreleased"
SECTION = re.compile(rf"^{OPEN}\n(?P<told>.*?)(?=^## |\Z)", re.M | re.S)


class Refused(Exception):
    """Why no release is made."""


def parts(version: str) -> tuple[int, ...]:
    """Return the numbers of a version. Raises Refused for what is none."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"{version!r} is no version such as 1.2.3.")
    return tuple(map(int, version.split(".")))


def bumped(project: str, version: str) -> str:
    """Return pyproject.toml with the version. Raises Refused where it has none, or one that is not smaller."""
    found = VERSION.search(project)
    if found is None:
        raise Refused("pyproject.toml has no line with a version.")
    if parts(version) <= parts(found["version"]):
        raise Refused(f"{version} is not greater than {found['version']}.")
    return VERSION.sub(f'version = "{version}"', project, count=1)


def closed(changelog: str, version: str, day: date) -> str:
    """Return the changelog with its open section under the version, and an empty open one. Raises Refused if that is empty."""
    found = SECTION.search(changelog)
    if found is None:
        raise Refused(f"CHANGELOG.md has no section {OPEN!r}.")
    if not re.search(r"^- \S", found["told"], re.M):
        raise Refused(f"The section {OPEN!r} of CHANGELOG.md is empty: there is nothing to release.")
    heading = f"{OPEN}\n\n## {version}, {day.isoformat()}\n"
    return changelog[: found.start()] + heading + found["told"] + changelog[found.end() :]


def release(root: Path, version: str, day: date) -> str:
    """Write, commit and tag; return the tag. Raises Refused before anything was changed."""
    tag = f"v{version}"
    if _git(root, "status", "--porcelain"):
        raise Refused("The tree has changes that are not committed.")
    if _git(root, "tag", "--list", tag):
        raise Refused(f"The tag {tag} is there already.")
    project, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    told = bumped(project.read_text(), version), closed(changelog.read_text(), version, day)
    project.write_text(told[0])
    changelog.write_text(told[1])
    _git(root, "commit", "--quiet", "--all", "--message", f"release: Make {version}.")
    _git(root, "tag", "--annotate", tag, "--message", f"Tollway {version}")
    return tag


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def main() -> int:
    """Make the release that is asked for, or say why not."""
    asked = argparse.ArgumentParser(description="Make a release.")
    asked.add_argument("version", help="such as 1.2.3, greater than the last")
    try:
        tag = release(
            Path(__file__).resolve().parents[1], asked.parse_args().version, datetime.now(UTC).date()
        )
    except Refused as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(f"{tag} is committed and tagged here. To publish it: git push --follow-tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
