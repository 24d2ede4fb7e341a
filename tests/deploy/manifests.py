"""What the files of a deployment say, read once: compose, Kubernetes, the image and the proxy."""

import re
from functools import cache
from typing import Any

import yaml

from tests.house.test_rules import ROOT

MANIFESTS = ROOT / "deploy/kubernetes"


@cache
def compose() -> dict[str, Any]:
    """Return compose.yaml, with its shared parts merged in."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


@cache
def kustomization() -> dict[str, Any]:
    """Return what `kubectl apply -k` begins with."""
    found: dict[str, Any] = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())
    return found


@cache
def resources() -> dict[tuple[str, str], dict[str, Any]]:
    """Return every object of the manifests by kind and name."""
    documents = [
        document
        for name in kustomization()["resources"]
        for document in yaml.safe_load_all((MANIFESTS / name).read_text())
    ]
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def pods() -> dict[str, dict[str, Any]]:
    """Return the pod of each workload by its name."""
    return {
        name: each["spec"]["template"]["spec"]
        for (kind, name), each in resources().items()
        if kind in {"StatefulSet", "Deployment", "Job"}
    }


def containers() -> dict[str, dict[str, Any]]:
    """Return every container of the manifests by workload and its own name."""
    return {
        f"{name}/{each['name']}": each
        for name, pod in pods().items()
        for each in (*pod.get("initContainers", ()), *pod["containers"])
    }


def of_tollway() -> dict[str, dict[str, Any]]:
    """Return the services of compose.yaml that run our image."""
    return {
        name: each for name, each in compose()["services"].items() if str(each["image"]).find("tollway") >= 0
    }


def seconds(written: str) -> int:
    """Return a duration such as 90s or 2m in seconds. Raises ValueError for another form."""
    found = re.fullmatch(r"(\d+)(s|m)", written)
    if found is None:
        raise ValueError(f"{written} is no duration")
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and what they are given, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def env_files() -> dict[str, list[str]]:
    """Return the variables that each example of a file of secrets names, also those it leaves out."""
    examples = [ROOT / "deploy/compose/example.env", MANIFESTS / "secrets.env.example"]
    return {
        path.name: re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", path.read_text(), re.MULTILINE) for path in examples
    }
