"""How single values are written in the file, and how they are read: exactly, or not at all."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, localcontext
from typing import Any

from catalog.quote import PER_UNIT, decimal_text
from catalog.timetable import MINUTES_PER_DAY, WEEKDAYS

from .tree import Branch, Leaf, Node, Problems, Twigs

__all__ = ["BAD", "Reader", "moment_text", "rate_text"]

BAD: Any = object()  # what a reader returns after noting a problem
Reader = Callable[[Node, Problems], Any]

_WHOLE = re.compile(r"0|[1-9][0-9]*(_[0-9]+)*", re.ASCII)
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_CLOCK = re.compile(r"([0-2][0-9]):([0-5][0-9])", re.ASCII)
_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
MOST_WHOLE = 2**31 - 1
_FACTOR_DIGITS = 6
_MOST_RATE = 10**15
_MOST_DIGITS = 40


def text(most: int | None = None, *, empty: bool = False) -> Reader:
    """Read text of a greatest length; a number or a date must be put in quotes to be text."""

    def read(node: Node, problems: Problems) -> Any:
        if not isinstance(node, Leaf) or node.kind != "str":
            return _bad(node, problems, "must be text; put it in quotes if it looks like something else")
        if not node.text and not empty:
            return _bad(node, problems, "must not be empty")
        if most is not None and len(node.text) > most:
            return _bad(node, problems, f"has {len(node.text)} characters; at most {most} fit")
        if "\0" in node.text:
            return _bad(node, problems, "must not have null characters")
        return node.text

    return read


def choice(known: Iterable[str]) -> Reader:
    """Read one of some words."""
    words = tuple(known)

    def read(node: Node, problems: Problems) -> Any:
        if not isinstance(node, Leaf) or node.text not in words:
            return _bad(node, problems, f"must be one of {', '.join(words)}")
        return node.text

    return read


def flag(node: Node, problems: Problems) -> Any:
    """Read true or false, and no other spelling of them."""
    if isinstance(node, Leaf) and node.kind == "bool" and node.text in ("true", "false"):
        return node.text == "true"
    return _bad(node, problems, "must be true or false")


def whole(least: int = 0, most: int = MOST_WHOLE, *, null: bool = False) -> Reader:
    """Read a whole number within bounds; with `null` also null, as None."""

    def read(node: Node, problems: Problems) -> Any:
        if null and isinstance(node, Leaf) and node.kind == "null":
            return None
        if isinstance(node, Leaf) and node.kind == "int" and _WHOLE.fullmatch(node.text):
            number = int(node.text)
            if least <= number <= most:
                return number
        return _bad(
            node,
            problems,
            f"must be a whole number from {least} to {most}{', or null for none' if null else ''}",
        )

    return read


def dollars(node: Node, problems: Problems) -> Any:
    """Read an amount of USD as nano-USD."""
    return _exact(node, problems, 9, 2**62, "an amount of USD with at most nine decimals, such as '20'")


def dollars_or_none(node: Node, problems: Problems) -> Any:
    """Read an amount of USD above zero as nano-USD, or null for none."""
    if isinstance(node, Leaf) and node.kind == "null":
        return None
    amount = dollars(node, problems)
    return _bad(node, problems, "must be more than zero, or null for none") if amount == 0 else amount


def factor(node: Node, problems: Problems) -> Any:
    """Read a factor as millionths."""
    return _exact(node, problems, _FACTOR_DIGITS, 10**9, "a factor with at most six decimals, such as '1.4'")


def rate(token_class: str, node: Node, problems: Problems) -> Any:
    """Read a price in USD per million tokens, or per unit of what is counted singly, as micro-USD per million."""
    digits = _rate_digits(token_class)
    said = f"USD per {'unit' if token_class in PER_UNIT else 'million tokens'} with at most {digits} decimals"
    return _exact(node, problems, digits, _MOST_RATE, f"{said}, such as '0.15'")


def rate_text(token_class: str, micro: int) -> str:
    """Return a rate (micro-USD per million) as the decimal that `rate` reads."""
    return decimal_text(micro, decimals=_rate_digits(token_class))


def factor_text(ppm: int) -> str:
    """Return millionths as the decimal that `factor` reads."""
    return decimal_text(ppm, decimals=_FACTOR_DIGITS)


def dollars_text(nano: int) -> str:
    """Return nano-USD as the decimal that `dollars` reads."""
    return decimal_text(nano, decimals=9)


def moment(node: Node, problems: Problems) -> Any:
    """Read a moment with its zone, or a day, which begins at midnight UTC."""
    if isinstance(node, Leaf) and node.kind in ("str", "timestamp"):
        try:
            day = date.fromisoformat(node.text) if len(node.text) == 10 else None
            found = datetime.combine(day, time(), UTC) if day else datetime.fromisoformat(node.text)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    return _bad(node, problems, "must be a moment with its zone, such as 2026-12-01T00:00:00Z, or a day")


def moment_text(found: datetime) -> str:
    """Return a moment as `moment` reads it."""
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day(node: Node, problems: Problems) -> Any:
    """Read a day, or null for none."""
    if isinstance(node, Leaf) and node.kind == "null":
        return None
    if isinstance(node, Leaf) and node.kind in ("str", "timestamp") and len(node.text) == 10:
        try:
            return date.fromisoformat(node.text)
        except ValueError:
            pass
    return _bad(node, problems, "must be a day, such as 2026-12-31, or null for none")


def minute(node: Node, problems: Problems) -> Any:
    """Read a time of the UTC day as its minute; 24:00 is the end of it."""
    matched = _CLOCK.fullmatch(node.text) if isinstance(node, Leaf) and node.kind == "str" else None
    found = int(matched[1]) * 60 + int(matched[2]) if matched else MINUTES_PER_DAY + 1
    if found > MINUTES_PER_DAY:
        return _bad(node, problems, "must be a time of the UTC day in quotes, such as '22:00'")
    return found


def minute_text(found: int) -> str:
    """Return a minute of the day as `minute` reads it."""
    return f"{found // 60:02d}:{found % 60:02d}"


def weekdays(node: Node, problems: Problems) -> Any:
    """Read a list of weekdays as their bits, Monday's first."""
    found = listed(choice(WEEKDAYS))(node, problems)
    if found is BAD:
        return BAD
    return sum(1 << WEEKDAYS.index(day) for day in found) or _bad(node, problems, "must name a weekday")


def weekdays_text(found: int) -> list[str]:
    """Return the bits of weekdays as `weekdays` reads them."""
    return [name for bit, name in enumerate(WEEKDAYS) if found >> bit & 1]


def listed(read: Reader) -> Reader:
    """Read a list without repetitions."""

    def read_list(node: Node, problems: Problems) -> Any:
        if not isinstance(node, Twigs):
            return _bad(node, problems, "must be a list")
        found = [read(item, problems) for item in node.items]
        if BAD in found:
            return BAD
        if len(set(found)) < len(found):
            return _bad(node, problems, "has something twice")
        return found

    return read_list


def texts_by_name(node: Node, problems: Problems) -> Any:
    """Read a mapping of texts."""
    if not isinstance(node, Branch):
        return _bad(node, problems, "must be a mapping")
    found = {name: text(1000, empty=True)(item, problems) for name, item in node.items.items()}
    return BAD if BAD in found.values() else found


def weights(node: Node, problems: Problems) -> Any:
    """Read request weights: a list of pairs of a pattern and a whole number."""
    if not isinstance(node, Twigs):
        return _bad(node, problems, 'must be a list of pairs, such as [["route/qwen*", 2]]')
    found = []
    for pair in node.items:
        if not isinstance(pair, Twigs) or len(pair.items) != 2:
            found.append(_bad(pair, problems, "must be a pair of a pattern and a whole number"))
            continue
        found.append([text(128)(pair.items[0], problems), whole(0, 10_000)(pair.items[1], problems)])
    return BAD if any(pair is BAD or BAD in pair for pair in found) else found


def variable(node: Node, problems: Problems) -> Any:
    """Read where a secret is: env:NAME. What is in the file itself is refused, and not repeated."""
    matched = _VARIABLE.fullmatch(node.text) if isinstance(node, Leaf) else None
    if matched is None:
        return _bad(node, problems, "must be env:NAME; a secret is never written in the file itself")
    return matched[1]


def _exact(node: Node, problems: Problems, digits: int, most: int, said: str) -> Any:
    if (
        isinstance(node, Leaf)
        and node.kind in ("str", "int", "float")
        and len(node.text) <= _MOST_DIGITS
        and _DECIMAL.fullmatch(node.text)
    ):
        with localcontext(prec=2 * _MOST_DIGITS):  # so that no digit is rounded away
            scaled = Decimal(node.text).scaleb(digits)
            if scaled <= most and scaled == scaled.to_integral_value():
                return int(scaled)
    return _bad(node, problems, f"must be {said}")


def _rate_digits(token_class: str) -> int:
    return 12 if token_class in PER_UNIT else 6


def _bad(node: Node, problems: Problems, said: str) -> Any:
    problems.add(node, said)
    return BAD
