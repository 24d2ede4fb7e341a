"""Tests of docs/catalogue.md: its example can be applied, and no field of the form is missing there."""

import re
from pathlib import Path

import pytest

from catalog.declared import applying, reading, shape
from catalog.models import TokenClass

PAGE = Path(__file__).resolve().parents[2] / "docs" / "catalogue.md"
EXAMPLE = r"```yaml\n(.*?)```"
PRINTED = r"catalog apply acme\.yaml\n(.*?)\n\n## "


def found(pattern: str) -> str:
    matched = re.search(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert matched is not None
    return matched[1]


@pytest.mark.django_db
def test_the_example_prints_what_the_page_says() -> None:
    outcome = applying.apply(reading.read(found(EXAMPLE)), {"ACME_API_KEY": "sk-aaaaaaaaaaaa"})
    printed = [line.strip() for line in found(PRINTED).splitlines()]
    assert [*map(str, outcome.changes), f"{len(outcome.changes)} changes made"] == printed


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("PROVIDER", ""),
        ("ENDPOINT", ""),
        ("MODEL", ""),
        ("HOP", ""),
        ("PRICE", ""),
        ("PLAN", ""),
        ("TERMS", "terms."),
    ],
)
def test_every_field_is_on_the_page(kind: str, before: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [field.name for field in getattr(shape, kind) if f"`{before}{field.name}`" not in page]
    assert missing == []


def test_every_class_of_a_price_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in TokenClass.values if f"`{name}`" not in page] == []
