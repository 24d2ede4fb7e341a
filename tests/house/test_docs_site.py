"""The site of documents has every document once, below the readers it is for; `make site` finds what is broken in it."""

import runpy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from tests.house.test_rules import ROOT, tracked

DOCS = ROOT / "docs"
HOOKS = runpy.run_path(str(ROOT / "scripts" / "docs_site.py"))
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def named(nav: Any) -> Iterator[str]:
    """Return the documents of a navigation."""
    if isinstance(nav, str):
        yield nav
    for inner in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from named(inner)


def test_has_every_document_once() -> None:
    opened = HOOKS["on_config"]({"nav": SITE["nav"], "docs_dir": str(DOCS)})["nav"]
    kept = {
        path.relative_to(DOCS).as_posix()
        for path in tracked()
        if path.suffix == ".md" and path.is_relative_to(DOCS)
    }
    counts = Counter(named(opened))
    assert kept - counts.keys() == set()
    assert [name for name, number in counts.items() if number != 1 or not (DOCS / name).is_file()] == []


def test_groups_documents_by_who_reads_them() -> None:
    groups = [next(iter(each)) for each in SITE["nav"] if isinstance(each, dict)]
    assert groups == ["Operators", "Customers", "Contributors", "Proofs"]


def test_keeps_the_words_of_links_that_leave_the_documents() -> None:
    class Page:
        class file:
            src_uri = "guide/x.md"

    said = "[`a`](../../README.md#x), [b](../prices.md), [c](https://a.example/../..), ![d](../dashboard.png)"
    kept = "`a`, [b](../prices.md), [c](https://a.example/../..), ![d](../dashboard.png)"
    assert HOOKS["on_page_markdown"](said, page=Page) == kept
