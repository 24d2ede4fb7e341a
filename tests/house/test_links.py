"""Links of the documents lead to files and headings that there are."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.house.test_rules import ROOT, tracked

DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix == ".md")
NAMED = re.compile(r"`((?:docs|tests|deploy|bench)/[\w./-]+\.\w+)`")


def inline(text: str) -> Iterator[tuple[str, str]]:
    """Return the links and pictures of a document as kind and target."""
    for token in MarkdownIt().enable("table").parse(text):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield child.type, str(target)


@cache
def anchors(path: Path) -> set[str]:
    """Return how the headings of a document are linked to; the second of the same words ends in -1."""
    tokens = MarkdownIt().enable("table").parse(path.read_text())
    seen: Counter[str] = Counter()
    found = set()
    for opening, words in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in words.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def wrong(document: Path, target: str) -> bool:
    """Tell whether a link within the project leads nowhere."""
    file, _, anchor = target.partition("#")
    place = document.parent / file if file else document
    if not place.exists():
        return True
    return bool(anchor) and anchor not in (anchors(place) if place.suffix == ".md" else set())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_of_a_document_lead_to_what_there_is(name: str) -> None:
    document = ROOT / name
    inner = [
        target for _, target in inline(document.read_text()) if not re.match(r"https?:|mailto:|/", target)
    ]
    assert [target for target in inner if wrong(document, target)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_a_document_names_are_there(name: str) -> None:
    named = NAMED.findall((ROOT / name).read_text())
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_a_link_to_nowhere_is_found() -> None:
    readme = ROOT / "README.md"
    assert wrong(readme, "docs/none.md")
    assert wrong(readme, "docs/prices.md#none")
    assert not wrong(readme, "docs/prices.md#multipliers")
    assert not wrong(readme, "#two-commands")
