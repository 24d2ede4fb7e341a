"""YAML as a tree in which every value knows its path and its line, and in which nothing is guessed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

__all__ = ["MOST_BYTES", "Branch", "Leaf", "Node", "Problem", "Problems", "Refused", "Twigs", "parse"]

MOST_BYTES = 4 * 1024 * 1024
MOST_NODES = 400_000  # aliases count each time they are used
MOST_DEPTH = 40
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in a file that cannot be taken: where, and what to do about it."""

    line: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.path}: {self.text}" if self.path else f"{where}{self.text}"


class Refused(Exception):
    """A file that is not taken, with every problem in it, in the order of its lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value as it is written; `kind` is what YAML takes it for: str, int, float, bool, null or timestamp."""

    path: str
    line: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Twigs:
    """A list."""

    path: str
    line: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping by its keys, in their order."""

    path: str
    line: int
    items: Mapping[str, "Node"]


Node = Leaf | Twigs | Branch


@dataclass
class Problems:
    """What is wrong with a file, gathered while it is read, so that all of it can be told at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, node: Node, text: str) -> None:
        """Note a problem with a node."""
        self.found.append(Problem(node.line, node.path, text))

    def raise_any(self) -> None:
        """Raise Refused if there is any problem."""
        if self.found:
            raise Refused(self.found)


def parse(text: str, problems: Problems) -> Node | None:
    """Return the one document of a text as a tree, or None where it has none or is no YAML.

    Duplicate keys, keys that are no text, and more than the bounds above are problems; no tag makes an object.
    """
    if len(text.encode()) > MOST_BYTES:
        problems.found.append(Problem(0, "", f"the file is larger than {MOST_BYTES} bytes"))
        return None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        problems.found.append(_broken(error))
        return None
    if root is None:
        problems.found.append(Problem(0, "", "the file is empty"))
        return None
    try:
        return _Gardener(problems).grow(root, "", 0)
    except _TooLarge as error:
        problems.found.append(Problem(error.line, "", str(error)))
        return None


class _TooLarge(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class _Gardener:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._left = MOST_NODES

    def grow(self, raw: yaml.Node, path: str, depth: int, line: int = 0) -> Node:
        """Return the node of the tree; `line` is that of its key, where it has one."""
        line = line or raw.start_mark.line + 1
        self._bound(line, depth)
        if isinstance(raw, yaml.MappingNode):
            return Branch(path, line, self._entries(raw, path, depth))
        if isinstance(raw, yaml.SequenceNode):
            items = (self.grow(item, f"{path}[{number}]", depth + 1) for number, item in enumerate(raw.value))
            return Twigs(path, line, tuple(items))
        return Leaf(path, line, raw.value, raw.tag.rpartition(":")[2])

    def _bound(self, line: int, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooLarge(line, f"the file has more than {MOST_NODES} values")
        if depth > MOST_DEPTH:
            raise _TooLarge(line, f"the file is nested more than {MOST_DEPTH} deep")

    def _entries(self, raw: yaml.MappingNode, path: str, depth: int) -> dict[str, Node]:
        self._bound(raw.start_mark.line + 1, depth)  # a mapping may merge itself
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in raw.value:
            if key.tag == _MERGE:
                for source in _sources(value):
                    for name, node in self._entries(source, path, depth + 1).items():
                        merged.setdefault(name, node)
                continue
            here = Leaf(f"{path}.{_shown(key)}".lstrip("."), key.start_mark.line + 1, "", "str")
            if not isinstance(key, yaml.ScalarNode):
                self._problems.add(here, "a key must be text")
            elif key.value in entries:
                self._problems.add(here, "this key is there twice")
            else:
                entries[key.value] = self.grow(value, here.path, depth + 1, here.line)
        return merged | entries


def _sources(value: yaml.Node) -> Iterator[yaml.MappingNode]:
    for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if isinstance(source, yaml.MappingNode):
            yield source


def _shown(key: yaml.Node) -> str:
    if not isinstance(key, yaml.ScalarNode):
        return "?"
    # Model ids have dots, and a path is read by people.
    return f'"{key.value}"' if "." in key.value else str(key.value)


def _broken(error: yaml.YAMLError | RecursionError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or "it is nested too deep"
    return Problem(mark.line + 1 if mark else 0, "", f"this is no YAML that can be read: {said}")
