"""The tables of cases say something of every case, and each test that they name is there."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.test_rules import ROOT

SECURITY = "docs/security-cases.md"
TABLES = [SECURITY, "docs/failure-cases.md"]
NAMED = re.compile(r"`(?P<file>[\w/]+\.py)?(?:::(?P<test>\w+)(?:\[[^\]]*\])?)?`")


def rows(page: str) -> list[list[str]]:
    """Return the lines of a page's tables as cells, without their heads."""
    lines = [line for line in (ROOT / page).read_text().splitlines() if line.startswith("| ")]
    cells = [re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |")) for line in lines]
    return [row for row in cells if row[0] != "Case" and not row[0].startswith("---")]


def named(shown: str) -> Iterator[tuple[str, str]]:
    """Return the files that a cell names, each with its test; a test without a file is of the one before."""
    file = ""
    for found in NAMED.finditer(shown):
        file = found["file"] or file
        if file and (found["file"] or found["test"]):
            yield file, found["test"] or ""


@cache
def declared(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("page", TABLES)
def test_every_test_that_a_table_names_is_there(page: str) -> None:
    told = [(row[0], file, test) for row in rows(page) for file, test in named(row[-1])]
    assert len(told) > 50
    missing = [
        (case, file, test)
        for case, file, test in told
        if not (ROOT / "tests" / file).is_file() or (test and test not in declared(file))
    ]
    assert missing == []


def test_every_case_of_security_has_an_answer_and_names_what_shows_it() -> None:
    told = {row[0].split()[0]: row for row in rows(SECURITY)}
    assert set(told) == {f"S{number:02}" for number in range(1, 42)}
    assert [case for case, row in told.items() if len(row) != 3 or not row[1].strip()] == []
    assert [case for case, row in told.items() if not list(named(row[2]))] == []


def test_a_name_without_its_file_is_of_the_file_before() -> None:
    cell = "`a/b.py::test_x[one]`, `::test_y`, `c.py`; campaign [x](x.md)"
    assert list(named(cell)) == [("a/b.py", "test_x"), ("a/b.py", "test_y"), ("c.py", "")]
