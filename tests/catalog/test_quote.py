"""Tests of catalog.quote."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import CLASSES, Counts, Factor, RateCard, cost
from catalog.quote import FIELDS, PER_UNIT, Quote, decimal_text, quote
from catalog.timetable import EVERY_DAY, Timetable, Version, Window
from kernel import money

HALF = Factor(id=1, ppm=500_000)
LONG = RateCard(
    1,
    {
        "input": ((0, 2_000_000), (200_000, 4_000_000)),
        "cached": ((0, 200_000),),
        "output": ((0, 12_000_000), (200_000, 18_000_000), (400_000, 20_000_000)),
        "request": ((0, 500_000_000),),
    },
)

rates = st.integers(0, 10**15)
thresholds = st.sampled_from([1, 7, 200_000, 2**20])
steps = st.builds(
    lambda base, more: ((0, base), *sorted(more.items())),
    rates,
    st.dictionaries(thresholds, rates, max_size=3),
)
factors = st.lists(st.builds(Factor, id=st.integers(1, 9), ppm=st.integers(0, 10**9)), max_size=7)


@st.composite
def cards_with_counts(draw: st.DrawFn) -> tuple[RateCard, Counts]:
    """Return a rate card, and counts of no class it lacks."""
    names = draw(st.sets(st.sampled_from(CLASSES), min_size=1))
    card = {name: draw(steps) for name in names} | ({"request": draw(steps)} if draw(st.booleans()) else {})
    counts = {name: draw(st.integers(0, 10) | st.integers(0, 2**21)) for name in names}
    return RateCard(1, card), Counts(**counts)


def reckoned(quoted: Quote, counts: Counts) -> int:
    """Return the cost in nano-USD as a customer works it out from the published prices alone."""
    prices = dict(quoted.prices)
    for step in quoted.steps:
        if counts.prompt_tokens > step.min_prompt_tokens:
            prices = {**quoted.prices, **step.prices}
    usd = Fraction(prices.get("per_request", "0"))
    for name in CLASSES:
        count = getattr(counts, name)
        if count:
            usd += count * Fraction(prices[FIELDS[name]]) / (1 if name in PER_UNIT else 1_000_000)
    nano = usd * money.NANO_PER_USD
    return money.half_up(nano.numerator, nano.denominator)


@given(cards_with_counts(), factors)
def test_prices_reckon_up_to_the_charge(pair: tuple[RateCard, Counts], chain: list[Factor]) -> None:
    card, counts = pair
    assert reckoned(quote(card, chain), counts) == cost(card, counts, chain)


MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
moments = st.integers(0, 14 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))
nights = st.builds(
    Window, st.integers(0, 719), st.integers(720, 1440), st.integers(1, EVERY_DAY)
) | st.builds(Window, st.integers(720, 1439), st.integers(1, 719), st.integers(1, EVERY_DAY))


@given(
    st.lists(cards_with_counts(), min_size=3, max_size=3),
    factors,
    nights,
    st.tuples(moments, moments).map(sorted),
    moments,
)
def test_prices_of_every_kind_reckon_up_to_the_charge_at_any_moment(
    pairs: list[tuple[RateCard, Counts]],
    chain: list[Factor],
    night: Window,
    sale: list[datetime],
    moment: datetime,
) -> None:
    cards = [RateCard(number, card.rates) for number, (card, _) in enumerate(pairs)]
    prices = Timetable(
        (
            Version(cards[0], MONDAY),
            Version(cards[1], MONDAY, kind="time_of_day", window=night, label="Night rate"),
            Version(cards[2], sale[0], sale[1], "promotion", label="Launch offer"),
        )
    )
    version = prices.at(moment)
    assert version is not None
    counts = pairs[version.card.version_id][1]
    assert reckoned(quote(version.card, chain), counts) == cost(version.card, counts, chain)


@pytest.mark.parametrize(
    ("counts", "nano"),
    [
        (Counts(input=128_000), 128_000_000 + 250),
        (Counts(input=128_001), 256_002_000 + 250),
        (Counts(input=100_000, cached=28_001, output=7), 200_000_000 + 2_800_100 + 7 * 9_000 + 250),
        (Counts(image=3), 3 * 40_000_000 + 250),
        (Counts(web_search=2), 2 * 10_000_000 + 250),
        (Counts(), 250),
    ],
    ids=[
        "at-the-border",
        "beyond-it",
        "cached-counts-to-it",
        "by-the-picture",
        "by-the-search",
        "by-the-request",
    ],
)
def test_steps_and_units_are_charged_as_they_are_quoted(counts: Counts, nano: int) -> None:
    card = RateCard(
        1,
        {
            "input": ((0, 1_000_000), (128_000, 2_000_000)),
            "cached": ((0, 100_000),),
            "output": ((0, 8_000_000), (128_000, 9_000_000)),
            "request": ((0, 250_000),),
            "image": ((0, 40_000_000_000),),
            "web_search": ((0, 10_000_000_000),),
        },
    )
    assert cost(card, counts, ()) == nano == reckoned(quote(card, ()), counts)


@pytest.mark.parametrize("prompt", [199_999, 200_000, 200_001, 400_000, 400_001])
def test_prices_reckon_up_at_the_border_of_a_step(prompt: int) -> None:
    counts = Counts(input=prompt - 10, cached=10, output=3)
    assert reckoned(quote(LONG, (HALF,)), counts) == cost(LONG, counts, (HALF,))


def test_writes_exact_decimals_without_an_exponent() -> None:
    quoted = quote(LONG, (Factor(id=1, ppm=1), Factor(id=2, ppm=1_400_000)))
    assert quoted.prices == {
        "input_per_million": "0.0000028",
        "cached_input_per_million": "0.00000028",
        "output_per_million": "0.0000168",
        "per_request": "0.0000000007",
    }


def test_has_one_order_whatever_that_of_the_rates_is() -> None:
    turned = RateCard(1, dict(reversed(list(LONG.rates.items()))))
    assert list(quote(turned, ()).prices.items()) == list(quote(LONG, ()).prices.items())


def test_names_only_what_the_model_has() -> None:
    assert quote(RateCard(1, {"image": ((0, 50_000_000_000),)}), ()).prices == {"per_image": "0.05"}


def test_a_step_holds_all_that_differs_beyond_it() -> None:
    low, high = quote(LONG, ()).steps
    assert (low.min_prompt_tokens, dict(low.prices)) == (
        200_000,
        {"input_per_million": "4", "output_per_million": "18"},
    )
    assert (high.min_prompt_tokens, dict(high.prices)) == (
        400_000,
        {"input_per_million": "4", "output_per_million": "20"},
    )


def test_a_factor_of_nothing_makes_everything_free() -> None:
    assert set(quote(LONG, (Factor(id=1, ppm=0),)).prices.values()) == {"0"}


@pytest.mark.parametrize(
    ("numerator", "decimals", "at_least", "text"),
    [
        (0, 12, 8, "0"),
        (1_250_000, 12, 8, "0.00000125"),
        (5_000_000, 12, 8, "0.00000500"),
        (1_250_001, 12, 8, "0.000001250001"),
        (10**12, 12, 8, "1.00000000"),
        (10**13, 12, 0, "10"),
        (25, 0, 0, "25"),
    ],
)
def test_decimals_are_plain(numerator: int, decimals: int, at_least: int, text: str) -> None:
    assert decimal_text(numerator, decimals=decimals, at_least=at_least) == text


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        decimal_text(-1, decimals=6)
