"""How exact amounts become whole cents that still add up: what is below a cent is carried, never lost."""

from collections.abc import Sequence

from kernel.money import NANO_PER_CENT

__all__ = ["carry", "split"]


def carry(nano: int, brought: int) -> tuple[int, int]:
    """Return the whole cents in nano-USD plus what was brought forward, and the remainder (nano-USD) to carry.

    The remainder is 0 or more and less than a cent, also where the amount is negative. Raises ValueError if what is
    brought forward is not.
    """
    if not 0 <= brought < NANO_PER_CENT:
        raise ValueError("brought: a remainder is less than a cent")
    return divmod(nano + brought, NANO_PER_CENT)


def split(amounts: Sequence[int], cents: int) -> list[int]:
    """Return whole cents for amounts in nano-USD that sum to `cents`: the largest remainders are rounded up.

    `cents` is what `carry` makes of the amounts' sum. Of equal remainders the first is rounded up. Raises ValueError
    for a sum that rounding each amount down or up cannot reach.
    """
    down = [amount // NANO_PER_CENT for amount in amounts]
    missing = cents - sum(down)
    if not 0 <= missing <= len(amounts):
        raise ValueError(f"cents: {cents} is not what these amounts come to")
    order = sorted(range(len(amounts)), key=lambda place: (-(amounts[place] % NANO_PER_CENT), place))
    up = set(order[:missing])
    return [whole + (place in up) for place, whole in enumerate(down)]
