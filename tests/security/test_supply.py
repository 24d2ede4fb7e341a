"""S01, S12 and S31 to S33: what Tollway is made of, what runs by itself, and who tests it with which rights."""

import json
import re
import runpy
import site
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

import django
import jsonschema_rs
import pytest
import yaml

from kernel import ids
from tests.house.test_locks import pins, version
from tests.house.test_rules import ROOT

SUPPLY: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "supply.py"))
SAFE_DJANGO = (5, 2, 19)
BY_ITSELF = {"tollway.pth", "_virtualenv.pth", "distutils-precedence.pth"}
"""Files that Python reads at its start: paths of this project, and what makes environments."""
STARTING = ("sitecustomize.py", "usercustomize.py")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXT = {"type": "string", "minLength": 1}
# The parts of the CycloneDX 1.6 schema that such a document has.
BOM: dict[str, Any] = {
    "type": "object",
    "required": [
        "bomFormat",
        "specVersion",
        "serialNumber",
        "version",
        "metadata",
        "components",
        "dependencies",
    ],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "http://cyclonedx.org/schema/bom-1.6.schema.json"},
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {
            "pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
        },
        "version": {"type": "integer", "minimum": 1},
        "metadata": {
            "type": "object",
            "required": ["component"],
            "properties": {"component": {"$ref": "#/$defs/component"}},
        },
        "components": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/component"}},
        "dependencies": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["ref"],
                "additionalProperties": False,
                "properties": {
                    "ref": TEXT,
                    "dependsOn": {"type": "array", "uniqueItems": True, "items": TEXT},
                },
            },
        },
    },
    "$defs": {
        "component": {
            "type": "object",
            "required": ["type", "name"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": ["application", "library"]},
                "bom-ref": TEXT,
                "name": TEXT,
                "version": {"type": "string", "maxLength": 1024},
                "purl": {"type": "string", "pattern": "^pkg:pypi/[a-z0-9._-]+@[^@]+$"},
                "hashes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["alg", "content"],
                        "properties": {"alg": {"const": "SHA-256"}, "content": {"pattern": "^[0-9a-f]{64}$"}},
                    },
                },
                "licenses": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["license"],
                        "properties": {"license": {"oneOf": [{"required": ["id"]}, {"required": ["name"]}]}},
                    },
                },
            },
        }
    },
}


def test_django_is_no_older_than_what_is_safe() -> None:
    assert django.VERSION[:3] >= SAFE_DJANGO
    assert tuple(map(int, version(pins("requirements.txt")["django"]).split("."))) >= SAFE_DJANGO


def test_the_published_form_of_keys_is_the_one_that_is_made() -> None:
    said = re.search(r"`(rkm\?_\[0-9a-f\]\{64\})`", (ROOT / "SECURITY.md").read_text())
    assert said is not None
    for kind in ("rk", "rkm"):
        assert re.fullmatch(said[1], ids.mint_key(kind))
    strangers = [f"rk_live_{'0' * 24}", f"rk_{'A' * 64}", f"rk_{'0' * 63}", "rk_test_51Abc"]
    assert [each for each in strangers if re.fullmatch(said[1], each)] == []


def test_nothing_unknown_runs_when_python_starts() -> None:
    places = {Path(place) for place in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))}
    own = {
        place
        for place in places
        if place.is_relative_to(Path(site.__file__).parent) or "site-packages" in place.parts
    }
    found = {path.name for place in own for path in place.glob("*.pth")}
    assert {
        name for name in found if name not in BY_ITSELF and not name.startswith("__editable__.tollway")
    } == set()
    assert [path for place in own for name in STARTING if (path := place / name).exists()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.name for path in WORKFLOWS])
def test_the_workflow_may_only_read_and_names_actions_by_commit(path: Path) -> None:
    text = path.read_text()
    said = yaml.safe_load(text)
    assert said["permissions"] == {"contents": "read"}
    steps = [step for job in said["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)] == []
    assert [
        step for step in steps if "checkout" in step.get("uses", "") and step["with"]["persist-credentials"]
    ] == []
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert [step["run"] for step in steps if "run" in step][-1] == ".ci/run"
    assert all(0 < job["timeout-minutes"] <= 90 for job in said["jobs"].values())


def test_there_is_a_workflow() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml"]


def test_the_list_of_licences_is_that_of_the_lock() -> None:
    page = (ROOT / "docs" / "licences.md").read_text()
    told = dict(re.findall(r"^\| `([\w.-]+)` \| (\S+) \|", page, re.M))
    locked = {name: version(pin) for name, pin in pins("requirements-dev.txt").items()}
    assert told.keys() <= locked.keys()
    assert {name: told[name] for name in told if locked[name] != told[name]} == {}, "make licences"
    installed = {each.metadata["Name"].lower().replace("_", "-") for each in metadata.distributions()}
    assert {name for name in locked if name in installed} <= told.keys(), "make licences"
    lines = set(SUPPLY["licences"]().splitlines())
    assert [line for line in lines if line.startswith("| `") and line not in page] == []


def test_the_bill_of_materials_lists_the_lock() -> None:
    said = json.loads(json.dumps(SUPPLY["sbom"]()))
    errors = [str(error) for error in jsonschema_rs.validator_for(BOM).iter_errors(said)]
    assert errors == []
    assert {each["name"] for each in said["components"]} == set(pins("requirements.txt"))
    assert all(each["hashes"] for each in said["components"])
    references = [each["ref"] for each in said["dependencies"]]
    assert len(references) == len(set(references)) == len(said["components"]) + 1
    assert SUPPLY["sbom"]() == said, "the same lock gives the same document"


def test_what_is_no_bill_of_materials_is_found() -> None:
    said = SUPPLY["sbom"]()
    validator = jsonschema_rs.validator_for(BOM)
    assert not validator.is_valid({**said, "components": [{"type": "library"}]})
    assert not validator.is_valid({**said, "serialNumber": "1"})
