"""One application of a file under way: its moment, what it changed so far, and what it will be refused for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .tree import Node, Problems

__all__ = ["Change", "Run"]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the diff: `+` for what is new, `~` for what becomes different."""

    sign: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {self.path}{': ' if self.text else ''}{self.text}"


@dataclass
class Run:
    """The state of one application; `moment` (UTC) is the database's, from which new prices are in force."""

    moment: datetime
    environment: Mapping[str, str]
    problems: Problems = field(default_factory=Problems)
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def added(self, node: Node, text: str = "", *, part: str = "") -> None:
        """Note something new."""
        self.changes.append(Change("+", node.path + part, text))

    def changed(self, node: Node, text: str, *, part: str = "") -> None:
        """Note something that is different now."""
        self.changes.append(Change("~", node.path + part, text))

    def note(self, node: Node, text: str) -> None:
        """Note what the file says and what was not done, though nothing is wrong with it."""
        self.notes.append(f"line {node.line}: {node.path}: {text}")
