"""Rates compared: properties of the arithmetic, for any rates."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Counts, RateCard, cost, fold
from catalog.proposals import figures
from catalog.proposals.figures import Rates

AMOUNTS = st.integers(0, 10**9)
PROMPT = ("cached", "cache_write", "image_in")


@st.composite
def some_rates(draw: st.DrawFn, least: int = 0) -> Rates:
    names = ["input", "output", *draw(st.lists(st.sampled_from([*PROMPT, "reasoning"]), unique=True))]
    found = {}
    for name in names:
        borders = sorted(draw(st.sets(st.integers(1, 5_000), max_size=2)))
        found[name] = tuple((border, draw(st.integers(least, 10**9))) for border in (0, *borders))
    return found


@given(some_rates(), some_rates(), st.integers(0, 6_000), st.integers(0, 6_000))
def test_rates_that_do_not_move_cost_the_same(before: Rates, after: Rates, prompt: int, output: int) -> None:
    for name in ("input", *PROMPT):
        counts = Counts(**{name: prompt, "output": output})
        old, new = (RateCard(1, rates) for rates in (before, after))
        same = cost(old, fold(old, counts)[0], ()) == cost(new, fold(new, counts)[0], ())
        if not figures.moves(before, after, [name, "output"]):
            assert same
    assert figures.moves(before, before) == []


@given(some_rates(1), some_rates(1), some_rates(1), st.integers(0, 6_000))
def test_a_kept_margin_is_kept_at_every_length_of_a_prompt(
    sell: Rates, old: Rates, new: Rates, prompt: int
) -> None:
    kept = figures.margin_kept(sell, old, new)
    assert kept.untouched == ()
    for name in sell:
        was, cost_was, costs = (
            figures.at(figures.effective(rates, name), max(0, prompt - 1)) for rates in (sell, old, new)
        )
        became = figures.at(kept.rates[name], max(0, prompt - 1))
        assert was is not None
        assert became is not None
        assert abs(Fraction(was * (costs or 0), cost_was or 1) - became) <= Fraction(1, 2)


@given(some_rates(1), some_rates())
def test_a_margin_that_cannot_be_told_leaves_the_sell_price(sell: Rates, new: Rates) -> None:
    nothing = dict.fromkeys(sell, ((0, 0),))
    assert figures.margin_kept(sell, nothing, new).rates == sell
    assert set(figures.margin_kept(sell, nothing, new).untouched) == set(sell)
    assert set(figures.margin_kept(sell, {}, new).untouched) == set(sell)


@given(some_rates(1), some_rates(1))
def test_the_same_cost_again_leaves_every_sell_rate(sell: Rates, same: Rates) -> None:
    kept = figures.margin_kept(sell, same, same)
    assert figures.moves(sell, kept.rates) == []


@given(some_rates())
def test_rates_come_back_as_they_were_kept(rates: Rates) -> None:
    assert figures.read_back(figures.written(rates)) == rates


@given(AMOUNTS, AMOUNTS)
def test_a_move_is_told_in_millionths_and_not_at_all_from_or_to_zero(old: int, new: int) -> None:
    move = figures.Move("input", 0, old, new).ppm
    if not old or not new:
        assert move is None
    else:
        assert move is not None
        exact = Fraction(10**6 * (new - old), old)
        assert abs(move) - abs(exact) < 1
        assert abs(move) >= abs(exact)
        assert (move > 0) == (exact > 0)
