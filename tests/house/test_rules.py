"""The rules of the house that a machine can check, over the files that git tracks."""

import ast
import os
import platform
import re
import subprocess
import sysconfig
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TOP_LEVEL = {
    *(
        "manage.py",
        "pyproject.toml",
        "platform",
        "accounts",
        "catalog",
        "inference",
        "billing",
        "templates",
        "tests",
    ),
    *(
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
        "Dockerfile",
        "compose.yaml",
        "docs",
        "deploy",
        "bench",
    ),
    *("static", "scripts", ".ci", ".github", "mkdocs.yml"),
    *("CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", ".pre-commit-config.yaml"),
    *("requirements.txt", "requirements-extras.txt", "requirements-dev.txt", "requirements-docs.txt"),
    *(".gitignore", ".gitattributes", ".editorconfig", ".dockerignore"),
}
NAMES_THAT_SAY_NOTHING = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "services",
    "managers",
    "base",
    "core",
    "misc",
}
LINES_IN_A_FILE = 300  # lines with something on them
LINES_IN_A_FUNCTION = 70
# Joined from pieces, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    rb"(?<![\w.~-])/(?:" + b"|".join([b"wo" + b"rk", b"ro" + b"ot", b"home/" + rb"\w+"]) + rb")/"
)

LEDGER_ROWS = re.compile(
    r"\bLedger(?:Entry|Transaction)\b|(?i:insert\s+into|update|delete\s+from|truncate)\s+\"?billing_ledger_"
)


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git tracks, or all that an unpacked archive without git holds."""
    # A checkout of another account is still ours to read: git calls that dubious unless told otherwise.
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0 and listing.stdout:
        found = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        found = [path for entry in TOP_LEVEL if (ROOT / entry).exists() for path in (ROOT / entry).rglob("*")]
    return tuple(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def modules(*, of_the_product: bool = False) -> list[Path]:
    """Return the Python files; `of_the_product` leaves out tests, migrations and empty `__init__.py`."""
    python = [path for path in tracked() if path.suffix == ".py" and "migrations" not in path.parts]
    if not of_the_product:
        return python
    return [
        path for path in python if path.relative_to(ROOT).parts[0] != "tests" and path.read_text().strip()
    ]


def shown(paths: list[Path]) -> list[str]:
    """Return `paths` as a reader of a failed test wants them."""
    return [str(path.relative_to(ROOT)) for path in paths]


def test_platform_is_the_standard_librarys() -> None:
    assert Path(platform.__file__).is_relative_to(sysconfig.get_path("stdlib"))


def test_platform_folder_is_a_source_root_without_modules_of_its_own() -> None:
    assert not list((ROOT / "platform").glob("*.py"))
    assert {"config", "kernel"} == {path.parent.name for path in (ROOT / "platform").glob("*/__init__.py")}


def test_test_folders_are_packages_so_that_none_hides_a_product_package() -> None:
    folders = {path.parent for path in modules() if path.relative_to(ROOT).parts[0] == "tests"}
    assert shown([folder for folder in folders if not (folder / "__init__.py").is_file()]) == []


def test_top_level_holds_only_what_the_design_lists() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP_LEVEL


def test_files_are_named_for_what_they_know() -> None:
    assert shown([path for path in modules() if path.stem in NAMES_THAT_SAY_NOTHING]) == []


def test_no_folder_is_named_for_nothing() -> None:
    folders = {parent for path in modules() for parent in path.relative_to(ROOT).parents}
    assert not {str(folder) for folder in folders if folder.name in NAMES_THAT_SAY_NOTHING}


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {path: sum(1 for line in path.read_text().splitlines() if line.strip()) for path in modules()}
    too_long = {
        str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > LINES_IN_A_FILE
    }
    assert not too_long


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LINES_IN_A_FUNCTION
    ]
    assert not too_long


def test_every_module_opens_by_saying_what_it_knows() -> None:
    silent = [
        path for path in modules(of_the_product=True) if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert shown(silent) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert shown([path for path in tracked() if MACHINE_PATHS.search(path.read_bytes())]) == []


@pytest.mark.parametrize("place", ["/wo" + "rk/x", "cd /ro" + "ot/.cache", "/home/" + "ann/x"])
def test_a_place_on_one_machine_is_recognised(place: str) -> None:
    assert MACHINE_PATHS.search(place.encode())


@pytest.mark.parametrize("place", ["a/work/x", "https://a.example/root/x", "/home/<name>/x"])
def test_a_place_in_an_address_or_a_figure_of_speech_is_left_alone(place: str) -> None:
    assert not MACHINE_PATHS.search(place.encode())


def test_storeys_use_only_the_ones_below() -> None:
    checker = Path(sysconfig.get_path("scripts"), "lint-imports")
    verdict = subprocess.run(
        [checker, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_only_the_ledger_and_its_admin_touch_ledger_rows() -> None:
    # The import contract cannot see this: `from billing.models import LedgerEntry` names the package, not the module.
    may = {"billing/ledger.py", "billing/models/__init__.py", "billing/models/ledger.py"}
    may |= {"billing/admin.py", "billing/admin_moves.py"}
    touching = {
        str(path.relative_to(ROOT))
        for path in modules(of_the_product=True)
        if LEDGER_ROWS.search(path.read_text())
    }
    assert touching <= may


@pytest.mark.parametrize(
    "line",
    [
        "from .models import LedgerEntry",
        'LedgerTransaction.objects.create(kind="grant")',
        "insert into billing_ledger_entry (id) values (1)",
        "DELETE FROM billing_ledger_transaction",
    ],
)
def test_a_touch_of_ledger_rows_is_recognised(line: str) -> None:
    assert LEDGER_ROWS.search(line)
