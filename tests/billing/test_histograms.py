"""Histograms: percentiles read off a few buckets are near those of the figures themselves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.histograms import ADDED_MS, BUCKETS, ERROR, FIRST_BYTE_MS, GROWTH, TOKENS_PER_SECOND, Scale

SCALES = {"first byte": FIRST_BYTE_MS, "speed": TOKENS_PER_SECOND}
scales = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)


def counted(scale: Scale, figures: list[float]) -> list[int]:
    counts = [0] * BUCKETS
    for figure in figures:
        counts[scale.bucket(figure)] += 1
    return counts


def furthest(scale: Scale) -> float:
    return scale.least * GROWTH ** (BUCKETS - 1)


def test_promise_no_more_than_fifteen_percent() -> None:
    assert ERROR < 0.15


def test_reach_as_far_as_we_wait() -> None:
    assert FIRST_BYTE_MS.least == 5
    assert furthest(FIRST_BYTE_MS) > 120_000  # the wait for a first byte, unless an endpoint has its own
    assert furthest(TOKENS_PER_SECOND) > 10_000
    assert ADDED_MS.least == 0.1
    assert 2_000 < furthest(ADDED_MS) < 3_000


def test_begin_a_bucket_at_the_least_of_their_scale() -> None:
    for least in (0.1, 1.0, 7.0):
        scale = Scale(least)
        assert [scale.bucket(least * GROWTH**power * 1.001) for power in range(3)] == [1, 2, 3]
        assert scale.percentile([0, 1], 0.5) == pytest.approx(least * GROWTH**0.5)


@scales
@pytest.mark.parametrize("share", [0.5, 0.75, 0.9, 0.95, 0.99])
def test_tell_the_percentiles_of_a_known_distribution(scale: Scale, share: float) -> None:
    # Log-normal, by its quantiles: most within a decade, a long tail, as waiting times are.
    figures = [scale.least * 40 * math.exp(2.2 * (2 * n / 10_000 - 1) ** 3) for n in range(10_001)]
    true = figures[math.ceil(share * len(figures)) - 1]
    told = scale.percentile(counted(scale, figures), share)
    assert told is not None
    assert abs(told - true) <= ERROR * true * 1.000001


@scales
@given(data=st.data())
def test_are_within_their_error_whatever_is_counted(scale: Scale, data: st.DataObject) -> None:
    figures = data.draw(
        st.lists(st.floats(scale.least, furthest(scale) * 0.999), min_size=1, max_size=200), "figures"
    )
    share = data.draw(st.floats(0, 1), "share")
    true = sorted(figures)[max(1, math.ceil(share * len(figures))) - 1]
    told = scale.percentile(counted(scale, figures), share)
    assert told is not None
    assert abs(told - true) <= ERROR * true * 1.000001


@scales
def test_take_what_is_off_their_ends(scale: Scale) -> None:
    assert scale.bucket(0) == scale.bucket(scale.least * 0.99) == 0
    assert scale.bucket(furthest(scale) * 1e6) == BUCKETS - 1
    assert scale.percentile(counted(scale, [0.0]), 0.5) == scale.least


@scales
def test_tell_nothing_of_nothing(scale: Scale) -> None:
    assert scale.percentile([0] * BUCKETS, 0.5) is None
    assert scale.percentile([], 0.5) is None
