"""How the findings of a run are shown: a table for the terminal, and one in Markdown for the documentation."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tests.clients.capabilities import GROUPS
from tests.clients.clients import CLIENTS

__all__ = ["markdown", "text"]

MISS_LENGTH = 200


class Found(Protocol):
    """What is shown of a finding."""

    @property
    def client(self) -> str: ...
    @property
    def capability(self) -> str: ...
    @property
    def ok(self) -> bool | None: ...
    @property
    def detail(self) -> str: ...


_SIGNS = {True: "✓", False: "✗", None: "skipped"}


def text(findings: Sequence[Found]) -> str:
    """Return the table for a terminal, each miss with what was seen, and a last line that counts."""
    clients, cells = _cells(findings)
    lines = []
    for group, rows in _groups(cells):
        lines += [f"\n{group:<56}" + "".join(f"  {name}" for name in clients)]
        for title, name in rows:
            signs = [_SIGNS[cells[name, who].ok] if (name, who) in cells else "·" for who in clients]
            widths = [len(name) + 2 for name in clients]
            cells_of_row = (sign.rjust(width) for sign, width in zip(signs, widths, strict=True))
            lines.append(f"  {title:<54}" + "".join(cells_of_row))
    missed = [each for each in findings if each.ok is False]
    if missed:
        lines.append("\nMissed")
        lines += [f"  {each.client} {each.capability}: {each.detail[:MISS_LENGTH]}" for each in missed]
    for client, reason in _not_run(findings).items():
        lines.append(f"\nNot run: {client}: {reason}")
    return "\n".join([*lines, "", _count(findings)]) + "\n"


def markdown(findings: Sequence[Found]) -> str:
    """Return the page of the documentation."""
    clients, cells = _cells(findings)
    lines = [
        "# Conformance",
        "",
        "Published clients, as their registries have them, against a running gateway and its sandbox. The tables are",
        'what `make conformance` found; `make conformance ARGS="--write docs/conformance.md"` writes them anew.',
        "✓ works, ✗ does not, an empty cell: the client has no such thing, or another column shows it.",
        "",
        _count(findings),
    ]
    for group, rows in _groups(cells):
        asked = [who for who in clients if any((name, who) in cells for _, name in rows)]
        heads = " | ".join(CLIENTS[who].title for who in asked)
        lines += ["", f"## {group}", "", f"| | {heads} |", "|---|" + ":-:|" * len(asked)]
        for title, name in rows:
            signs = [_SIGNS[cells[name, who].ok] if (name, who) in cells else "" for who in asked]
            lines.append(f"| {title} | " + " | ".join(signs) + " |")
    return "\n".join(lines) + "\n"


def _cells(findings: Iterable[Found]) -> tuple[list[str], Mapping[tuple[str, str], Found]]:
    cells = {(each.capability, each.client): each for each in findings}
    return [name for name in CLIENTS if any(who == name for _, who in cells)], cells


def _groups(cells: Mapping[tuple[str, str], Found]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the groups that anybody was asked for, with the titles and names of their rows."""
    asked = {name for name, _ in cells}
    found = [
        (group, [(title, name) for name, title in rows.items() if name in asked])
        for group, rows in GROUPS.items()
    ]
    return [(group, rows) for group, rows in found if rows]


def _not_run(findings: Iterable[Found]) -> dict[str, str]:
    return {each.client: each.detail for each in findings if each.ok is None}


def _count(findings: Sequence[Found]) -> str:
    shown, asked = sum(each.ok is True for each in findings), sum(each.ok is not None for each in findings)
    return f"{shown} of {asked} shown."
