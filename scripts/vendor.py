"""Copies the browser libraries and fonts we ship from npm into static/vendor, with licences and a manifest of hashes.

For developers, when a version changes: python scripts/vendor.py. Neither running nor installing Tollway needs npm.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package: the exact version, npm's own hash of its archive, and the files we ship in which folder."""

    name: str
    folder: str
    version: str
    integrity: str
    license: str
    files: dict[str, str]


PACKAGES = [
    Package(
        name="chart.js",
        folder="chart.js",
        version="4.6.1",
        integrity="sha512-hJyniucsFmq//EvXYvJ6c6mahPoI3kaxdjVH8awTaJ/fDNWeSqqqArixMJWkWNN6fcYvPU3HneSANFNYtRi61g==",
        license="MIT",
        files={"package/dist/chart.umd.min.js": "chart.umd.min.js", "package/LICENSE.md": "LICENSE.md"},
    ),
    # For papers as PDF: Latin, Greek, Cyrillic, Vietnamese and Devanagari in two weights.
    Package(
        name="@expo-google-fonts/noto-sans",
        folder="noto-sans",
        version="0.4.2",
        integrity="sha512-zYD8G2ijWLxqmquoQgghNh/x9p0yxWwArD0oxO1oXY1qx5vOd4t0Kbhnu/Cx8RTy08OgA8RtxuULZFaXwVPnPw==",
        license="OFL-1.1",
        files={
            "package/400Regular/NotoSans_400Regular.ttf": "NotoSans-Regular.ttf",
            "package/600SemiBold/NotoSans_600SemiBold.ttf": "NotoSans-SemiBold.ttf",
            "package/LICENSE_FONT": "LICENSE.txt",
        },
    ),
]


def main() -> None:
    """Fetch, check and copy every package, then write the manifest."""
    if shutil.which("npm") is None:
        sys.exit("npm is needed to refresh static/vendor; install Node.js and try again.")
    manifest = [entry for package in PACKAGES for entry in vendor(package)]
    (TARGET / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{len(manifest)} files in {TARGET}")


def vendor(package: Package) -> list[dict[str, str]]:
    """Copy one package's files; exits if its archive is not the one that was reviewed."""
    folder = TARGET / package.folder
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        subprocess.run(command, cwd=scratch, check=True, timeout=120, stdout=subprocess.DEVNULL)
        (archive,) = Path(scratch).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if package.integrity != f"sha512-{digest}":
            sys.exit(
                f"{package.name} {package.version}: the archive is sha512-{digest}, not {package.integrity}"
            )
        with tarfile.open(archive) as opened:
            for inside, name in package.files.items():
                member = opened.extractfile(inside)
                if member is None:
                    sys.exit(f"{package.name} {package.version}: {inside} is not a file of the archive")
                content = served(member.read(), name)
                (folder / name).write_bytes(content)
                entries.append(
                    {
                        "file": f"{package.folder}/{name}",
                        "sha256": hashlib.sha256(content).hexdigest(),
                        "package": f"{package.name}@{package.version}",
                        "license": package.license,
                    }
                )
    return entries


def served(content: bytes, name: str) -> bytes:
    """Drop a script's last line that points to a source map: we do not ship maps, and Django refuses a dangling one."""
    if not name.endswith(".js"):
        return content
    lines = content.rstrip().split(b"\n")
    if lines[-1].startswith(b"//# sourceMappingURL="):
        lines.pop()
    return b"\n".join(lines) + b"\n"


if __name__ == "__main__":
    main()
