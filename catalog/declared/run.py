"""One application of a file under way: its moment, what it changed so far, and what it will be refused for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from catalog.models import CatalogRevision

from .tree import Node, Problems

__all__ = ["Change", "Run", "hold"]

_PATIENCE = "10s"  # for another change of the catalogue that is under way


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
    """The state of one application; `moment` (UTC) is the database's, from which new prices are in force.

    `confirm_jumps` takes prices that move further than is plausible.
    """

    moment: datetime
    environment: Mapping[str, str]
    confirm_jumps: bool = False
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


def hold() -> datetime:
    """Keep everybody else from changing the catalogue until the transaction ends; return the database's moment, in UTC.

    Raises django.db.OperationalError if another change holds it for 10 s.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        # Every change of the catalogue raises this row.
        CatalogRevision.objects.select_for_update().get()
        cursor.execute("SELECT statement_timestamp()")
        (moment,) = cursor.fetchone() or (None,)
    if not isinstance(moment, datetime):
        raise TypeError("the database has no clock")
    return moment
