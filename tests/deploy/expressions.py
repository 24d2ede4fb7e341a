"""What an expression of Prometheus names: metrics with the labels that it selects, groups and joins them by."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.metrics import families

__all__ = ["Selector", "grouped", "selectors", "wrong"]

OF_TARGETS = {"instance", "job"}
"""What Prometheus itself adds."""
_SELECTOR = re.compile(r"\b(?P<name>tollway_\w+|up)\b(?:\{(?P<matchers>[^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORDS = re.compile(r"\b[a-z_]+\b(?=\s*(?:\(|by\b))")
_KNOWN = {
    *("sum", "max", "min", "by", "rate", "increase", "histogram_quantile", "absent", "vector"),
    *("and", "or", "on", "ignoring"),
}


@dataclass(frozen=True)
class Selector:
    """A metric by the name of its family, and the labels with what they are compared to."""

    family: str
    ending: str
    matchers: Mapping[str, str]


def selectors(expression: str) -> Iterator[Selector]:
    """Yield what is selected. Raises KeyError for a metric that there is not."""
    known = families()
    for found in _SELECTOR.finditer(expression):
        name, ending = found["name"], ""
        if name not in known:
            name, _, ending = name.rpartition("_")
            if known[name][0] != "histogram" or ending not in ("bucket", "sum", "count"):
                raise KeyError(found["name"])
        yield Selector(name, ending, dict(_MATCHER.findall(found["matchers"] or "")))


def grouped(expression: str) -> set[str]:
    """Return the labels that it groups and joins by."""
    return {word for group in _GROUPED.findall(expression) for word in re.findall(r"\w+", group)}


def wrong(expression: str) -> list[str]:
    """Return what of an expression cannot be: metrics and labels that there are not, and functions nobody looked at."""
    try:
        found = list(selectors(expression))
    except KeyError as error:
        return [f"there is no {error}"]
    if not found:
        return ["it asks for no metric"]
    problems = []
    labels: set[str] = set()
    for each in found:
        own = {*families()[each.family][2], *OF_TARGETS, *(["le"] if each.ending == "bucket" else [])}
        problems += [f"{each.family} has no label {name}" for name in each.matchers.keys() - own]
        labels |= own
    problems += [f"nothing has a label {name}" for name in grouped(expression) - labels]
    bare = _STRINGS.sub('""', expression)
    problems += [f"{word} is unknown here" for word in set(_WORDS.findall(bare)) - _KNOWN]
    return problems + ([] if bare.count("(") == bare.count(")") else ["its parentheses do not close"])
