"""What requests would cost at another price, as SQL: the same sum as catalog.pricing makes, for many at once."""

from billing.sums import COUNTS, PROMPT
from catalog.pricing import CLASSES, OUTPUT_CLASSES, PROMPT_CLASSES, RateCard
from kernel.money import PICO_PER_NANO

__all__ = ["NOTHING_COUNTED", "nano", "pico"]

_COLUMNS = dict(zip(CLASSES, COUNTS, strict=True))
_SIDES = (PROMPT_CLASSES, OUTPUT_CLASSES)
NOTHING_COUNTED = "(" + " AND ".join(f"{column} = 0" for column in COUNTS) + ")"
"""Whether a row has no count of any class."""


def pico(card: RateCard) -> str:
    """Return the SQL of what a row's counts cost at a price, in pico-USD; null where a count has no rate.

    Counts of classes without a rate are those of the plain class of their side, as pricing.fold has it.
    """
    fee = card.rate("request", 0) if "request" in card.rates else 0
    terms = [
        f"CASE WHEN {units} = 0 THEN 0 ELSE ({units})::numeric * ({_rate(card, name)}) END"
        for name, units in _units(card)
    ]
    return f"({' + '.join(terms)} + {fee})"


def nano(pico: str, numerator: str, denominator: str) -> str:
    """Return the SQL of pico-USD × a factor in nano-USD, rounded once, half up; none of them is negative."""
    top, bottom = f"({pico} * {numerator})", f"({denominator} * {PICO_PER_NANO}::numeric)"
    return f"div(2 * {top} + {bottom}, 2 * {bottom})"


def _units(card: RateCard) -> list[tuple[str, str]]:
    units = []
    for name, column in _COLUMNS.items():
        side = next((side for side in _SIDES if name in side), (name,))
        if name == side[0]:
            folded = [_COLUMNS[each] for each in side[1:] if each not in card.rates]
            units.append((name, " + ".join([column, *folded])))
        elif name in card.rates:
            units.append((name, column))
    return [(name, f"({expression})") for name, expression in units]


def _rate(card: RateCard, name: str) -> str:
    steps = sorted(card.rates.get(name, ()), reverse=True)
    cases = "".join(
        f" WHEN {PROMPT} > {above} THEN {micro}::numeric" if above else f" ELSE {micro}::numeric"
        for above, micro in steps
    )
    if not cases:
        return "NULL::numeric"
    return f"CASE{cases} END" if steps[0][0] else f"{steps[0][1]}::numeric"
