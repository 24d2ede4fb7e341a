"""docs/seeds.md has a line for everything the documents name, each with a test that there is."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.seeds.documents import NUMBERS, Facts, facts, kept

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "seeds.md").read_text()
LINK = re.compile(r"\[`(?P<file>[\w/]+\.py)::(?P<test>\w+)`\]\((?P<target>[^)]+)\)")
EXAMPLES = ("curl", "python", "typescript", "json")
# What seed 002 shows twice, under `text` and under `image`, has one line.
WITHIN = re.compile(r"^(?:text|image)\.(?:models\.)?")


def rows(number: str) -> list[tuple[str, str]]:
    """Return the lines of a document's table: what the document says, and what shows it."""
    section = PAGE.partition(f"\n## Seed {number}:")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [(line, shown) for line, _, shown in cells[1:]]


def named(number: str) -> Iterator[str]:
    """Return everything that a document names and that must have a line."""
    told = facts(number)
    yield from (*told.endpoints, *told.headers, *told.errors, *told.units)
    yield from dict.fromkeys(WITHIN.sub("", name) if number == "002" else name for name in told.fields)
    for kind in EXAMPLES:
        yield from (f"{kind} {count}" for count, _ in enumerate(getattr(told, kind), 1))


@cache
def declared(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_kept_is_what_the_document_says(number: str) -> None:
    # Where the documents are not there, what is kept is all that is known.
    assert kept(number) == facts(number), "write it anew: python -m tests.seeds.documents"


def test_every_document_has_something_to_be_held_to() -> None:
    lengths = {number: [len(getattr(kept(number), kind)) for kind in EXAMPLES] for number in NUMBERS}
    assert lengths == {
        "000": [4, 0, 0, 1],
        "001": [1, 3, 1, 3],
        "002": [0, 0, 0, 1],
        "003": [1, 0, 0, 1],
        "004": [1, 0, 0, 0],
    }
    assert all(isinstance(kept(number), Facts) and kept(number).endpoints for number in NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_everything_that_is_named_has_a_line(number: str) -> None:
    said = {word for line, _ in rows(number) for word in re.findall(r"`([^`]+)`", line)}
    assert [name for name in named(number) if name not in said] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_every_line_leads_to_a_test_that_there_is(number: str) -> None:
    for line, shown in rows(number):
        links = list(LINK.finditer(shown))
        assert links, line
        for link in links:
            assert link["target"] == f"../tests/{link['file']}", line
            file = ROOT / "tests" / link["file"]
            assert file.is_file(), link[0]
            assert link["test"].startswith("test_"), link[0]
            assert link["test"] in declared(file), link[0]
