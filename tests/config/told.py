"""What docs/operations.md says of metrics, and what a text of /metrics says, in one shape."""

import re
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from tests.house.test_rules import ROOT

__all__ = ["documented", "families_of", "labels_of", "undocumented"]

_ROW = re.compile(r"^\| `(tollway_\w+)` \|([\w, ]*)\| (.+) \|.*\|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, ...]]:
    """Return the labels of every metric of docs/operations.md by its name."""
    rows = _ROW.findall((ROOT / "docs/operations.md").read_text())
    names = [name for name, *_ in rows]
    assert len(set(names)) == len(names), "a metric is listed twice"
    return {name: tuple(re.findall(r"\w+", labels)) for name, labels, *_ in rows}


def families_of(text: str) -> dict[str, str]:
    """Return the kind of every family of a scrape by its name, that of a counter with its ending."""
    families = text_string_to_metric_families(text)
    return {each.name + ("_total" if each.type == "counter" else ""): each.type for each in families}


def labels_of(text: str) -> Mapping[str, set[tuple[str, ...]]]:
    """Return the labels with which samples of each family come, sorted, by its name; `le` is left out."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        for sample in family.samples:
            found.setdefault(name, set()).add(
                tuple(sorted(label for label in sample.labels if label != "le"))
            )
    return found


def undocumented(text: str) -> dict[str, set[tuple[str, ...]]]:
    """Return the labels of the families of a scrape that are not, or not with them, in docs/operations.md."""
    listed = {name: {tuple(sorted(labels))} for name, labels in documented().items()}
    return {name: labels for name, labels in labels_of(text).items() if labels != listed.get(name)}
