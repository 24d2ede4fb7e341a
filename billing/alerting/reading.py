"""What a kind of alert reads: things of which something is measured, and in which unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

__all__ = ["Find", "Reading", "Unit", "Unread", "shown"]


class Unread(Exception):
    """What is to be measured did not answer: nothing is known, neither that it holds nor that it ended."""


class Unit(StrEnum):
    """What a value counts."""

    COUNT = ""
    SECONDS = "s"
    MINUTES = "min"
    PERCENT = "%"
    TIMES = "×"


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing and its value; `subject` names it for as long as it lasts, `url` is a path of the admin."""

    subject: str
    value: float
    title: str
    detail: str
    url: str


Find = Callable[[datetime, float], Sequence[Reading]]
"""Returns what is at a level or beyond it at a moment. Raises Unread and DatabaseError."""


def shown(value: Decimal | float, unit: Unit) -> str:
    """Write a value with its unit: 20 %, 10 min, 5.5 ×, 1,000."""
    figure = f"{float(value):,.2f}".rstrip("0").rstrip(".")
    return f"{figure}\u00a0{unit}" if unit else figure
