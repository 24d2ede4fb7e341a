"""What browsers get from static/: libraries as reviewed, tokens alike in both spellings of dark."""

import hashlib
import json
import re
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDOR = STATIC / "vendor"


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    listed = {entry["file"]: entry["sha256"] for entry in manifest}
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == listed


def test_vendored_packages_bring_their_licence() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    packages = {entry["package"] for entry in manifest}
    licensed = {
        entry["package"] for entry in manifest if Path(entry["file"]).stem == "LICENSE" and entry["license"]
    }
    assert packages == licensed != set()


def test_vendored_scripts_point_to_no_map_that_we_do_not_ship() -> None:
    assert not [path for path in VENDOR.glob("*/*.js") if b"sourceMappingURL" in path.read_bytes()]


def test_vendor_free_styles_and_scripts_name_no_other_host() -> None:
    ours = [*(STATIC / "css").glob("*.css"), *(STATIC / "js").glob("*.js")]
    assert ours
    assert not [path.name for path in ours if re.search(r"https?:|url\(\s*['\"]?//", path.read_text())]


def test_dark_by_choice_and_dark_by_system_are_the_same() -> None:
    css = (STATIC / "css" / "tokens.css").read_text()
    system = re.search(r':root:not\(\[data-theme="light"\]\)\s*\{(.*?)\}', css, re.DOTALL)
    choice = re.search(r':root\[data-theme="dark"\]\s*\{(.*?)\}', css, re.DOTALL)
    assert system is not None
    assert choice is not None
    declarations = [
        re.findall(r"(--[\w-]+|color-scheme):\s*([^;]+);", block[1]) for block in (system, choice)
    ]
    assert declarations[0] == declarations[1] != []
