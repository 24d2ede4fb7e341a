"""Which failpoints the code names, read from the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.fakes.gateway import ROOT

__all__ = ["PLACES", "named"]

PLACES = ("accounts", "billing", "catalog", "inference", "platform")


def named() -> dict[str, str]:
    """Return file and line of each failpoint by its name. Raises ValueError for one without a name, or named twice."""
    found: dict[str, str] = {}
    for path in _modules():
        for call in _calls(ast.parse(path.read_text())):
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            match call.args:
                case [ast.Constant(value=str(name))]:
                    if name in found:
                        raise ValueError(f"{name} is at {found[name]} and at {place}")
                    found[name] = place
                case _:
                    raise ValueError(f"the failpoint at {place} has no literal name")
    return found


def _modules() -> Iterator[Path]:
    return (path for place in PLACES for path in sorted((ROOT / place).rglob("*.py")))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
            yield node
