"""What Tollway is made of, read from its locks: licences as a page, a bill of materials, known holes.

    python scripts/supply.py licences            prints docs/licences.md
    python scripts/supply.py sbom                prints a CycloneDX 1.6 document of what runs in production
    python scripts/supply.py advisories          asks a list of advisories about every pin; says so where it cannot

The licences are those that installed packages declare, so it runs in the environment that the locks make.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import tomllib
import uuid
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"production": "requirements.txt", "development": "requirements-dev.txt"}
PIN = re.compile(r"^(?P<name>[a-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)(?P<rest>(?:[^\n]*\\\n)*[^\n]*)", re.M)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NAMESPACE = uuid.UUID(
    "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
)  # of addresses: the same lock has the same number
ADVISORIES = ("api.osv.dev", 443)
PATIENCE_SECONDS = 5
NOT_SAID = "not said"
PAGE = """# Licences

What Tollway is built on, and under which licences, as the packages declare them. Made by `make licences` from the locks; a test
holds it to them. Packages of other systems or Pythons that a lock names too are left out. What pages bring along for browsers
has its licences beside it, below `static/vendor/`.

Tollway itself is under the MIT licence.
"""


@dataclass(frozen=True)
class Pin:
    """One package of a lock."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """The package's name for machines."""
        return f"pkg:pypi/{self.name}@{self.version}"

    @property
    def licence(self) -> str:
        """What the installed package declares; empty where it is not installed in this version."""
        try:
            said = metadata.metadata(self.name)
        except metadata.PackageNotFoundError:
            return ""
        return _declared(said) if said["Version"] == self.version else ""


def pins(lock: str) -> list[Pin]:
    """Return the packages of a lock file in its order."""
    text = (ROOT / lock).read_text()
    return [
        Pin(found["name"], found["version"], tuple(HASH.findall(found["rest"])))
        for found in PIN.finditer(text)
    ]


def licences() -> str:
    """Return the page of licences."""
    production = {pin.name for pin in pins(LOCKS["production"])}
    apart = {
        "In production": [pin for pin in pins(LOCKS["production"]) if pin.licence],
        "To develop and test": [
            pin for pin in pins(LOCKS["development"]) if pin.licence and pin.name not in production
        ],
    }
    return PAGE + "".join(_table(title, found) for title, found in apart.items())


def sbom() -> dict[str, Any]:
    """Return the bill of materials of what runs in production, in CycloneDX 1.6."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / LOCKS["production"]).read_text()
    found = pins(LOCKS["production"])
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    own = {"type": "application", "bom-ref": root, "name": project["name"], "version": project["version"]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, root + lock)}",
        "version": 1,
        "metadata": {"component": {**own, "licenses": [{"license": {"id": project["license"]}}]}},
        "components": [_component(pin) for pin in found],
        "dependencies": [
            {"ref": root, "dependsOn": [pin.purl for pin in found]},
            *({"ref": pin.purl} for pin in found),
        ],
    }


def advisories() -> int:
    """Ask about every pin, and return the exit code: 0 where nothing is known, or where nobody could be asked."""
    try:
        socket.create_connection(ADVISORIES, timeout=PATIENCE_SECONDS).close()
    except OSError as error:
        print(f"advisories: skipped, {ADVISORIES[0]} cannot be reached from here ({error}).")
        return 0
    wanted = {f"{pin.name}=={pin.version}" for lock in LOCKS.values() for pin in pins(lock) if pin.licence}
    said = "".join(f'#   "{each}",\n' for each in sorted(wanted))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "pins.py"
        script.write_text(
            f'# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n{said}# ]\n# ///\n'
        )
        uv = Path(sys.executable).parent / "uv"
        return subprocess.run([uv, "audit", "--script", script], check=False).returncode


def _declared(said: Any) -> str:
    """Return the licence that a package's metadata has, in the newest of the three ways to say it."""
    if said["License-Expression"]:
        return str(said["License-Expression"])
    classified = [
        line.split(" :: ")[-1] for line in said.get_all("Classifier") or () if line.startswith("License ::")
    ]
    named = [each for each in classified if each != "OSI Approved"]
    written = str(said["License"] or "").strip()
    return " OR ".join(named) or (written if 0 < len(written) < 60 and "\n" not in written else NOT_SAID)


def _table(title: str, found: list[Pin]) -> str:
    lines = [f"| `{pin.name}` | {pin.version} | {pin.licence} |" for pin in found]
    return "\n".join(
        ["", f"## {title}", "", "| Package | Version | Licence |", "| --- | --- | --- |", *lines, ""]
    )


def _component(pin: Pin) -> dict[str, Any]:
    known: dict[str, Any] = {"type": "library", "bom-ref": pin.purl, "name": pin.name, "version": pin.version}
    known["purl"] = pin.purl
    known["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in pin.hashes]
    if pin.licence not in ("", NOT_SAID):
        known["licenses"] = [{"license": {"name": pin.licence}}]
    return known


def main() -> int:
    """Print what is asked for."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("what", choices=["licences", "sbom", "advisories"])
    what = asked.parse_args().what
    if what == "advisories":
        return advisories()
    print(
        licences() if what == "licences" else json.dumps(sbom(), indent=2),
        end="" if what == "licences" else "\n",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
