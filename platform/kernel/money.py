"""Money as integers of nano-USD: how it is parsed, shown and rounded, and the only place that rounds."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

__all__ = [
    "NANO_PER_CENT",
    "NANO_PER_USD",
    "PICO_PER_NANO",
    "from_cents",
    "from_usd",
    "half_up",
    "show",
    "to_usd",
]

NANO_PER_USD = 1_000_000_000
NANO_PER_CENT = 10_000_000
PICO_PER_NANO = 1_000


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator ÷ denominator rounded half up (towards +∞ at a tie), exactly.

    Raises ValueError if the denominator is not positive.
    """
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    return (2 * numerator + denominator) // (2 * denominator)


def from_usd(text: str | int | Decimal) -> int:
    """Parse a decimal amount of USD to nano-USD.

    Raises ValueError if it is no number, not finite, or finer than a nano-dollar: nothing is rounded away on entry.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount of USD") from error
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not a finite amount of USD")
    nano = Fraction(amount) * NANO_PER_USD
    if nano.denominator != 1:
        raise ValueError(f"{text!r} is finer than a nano-dollar")
    return nano.numerator


def from_cents(cents: int) -> int:
    """Return nano-USD of an amount in cents, the unit in which payments are made."""
    return cents * NANO_PER_CENT


def to_usd(nano: int) -> Decimal:
    """Return nano-USD as an exact Decimal of USD with nine decimals."""
    # Built from text: arithmetic on a Decimal would round to the digits of its context.
    return Decimal(f"{nano}E-9")


def show(nano: int, *, decimals: int = 9) -> str:
    """Return nano-USD as a plain decimal string of USD with 0 to 9 decimals, rounded half up.

    Raises ValueError if decimals is outside 0..9.
    """
    if not 0 <= decimals <= 9:
        raise ValueError("decimals must be between 0 and 9")
    units = half_up(abs(nano), 10 ** (9 - decimals))
    whole, part = divmod(units, 10**decimals)
    sign = "-" if nano < 0 and units else ""
    return f"{sign}{whole}.{part:0{decimals}d}" if decimals else f"{sign}{whole}"
