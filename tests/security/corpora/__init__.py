"""What attackers send, one file a kind, a line each; a line is JSON where what is sent holds line breaks or bytes."""

import json
from pathlib import Path
from typing import Any

__all__ = ["lines", "written"]


def lines(name: str) -> list[str]:
    """Return the lines of a corpus, those that say what follows left out."""
    text = (Path(__file__).parent / f"{name}.txt").read_text()
    return [line for line in text.splitlines() if line and not line.startswith("## ")]


def written(name: str) -> list[Any]:
    """Return what the lines of a corpus say in JSON."""
    return [json.loads(line) for line in lines(name)]
