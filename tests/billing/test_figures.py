"""Figures: what people read is exact where it is strong, and dim only past that."""

import datetime
from decimal import Decimal

import pytest

from billing import figures
from billing.templatetags.figures import money

NOW = datetime.datetime(2026, 11, 21, 14, 0, tzinfo=datetime.UTC)


def written(nano: int, decimals: int) -> str:
    """Write an amount with a space for each gap and a bar where the dim digits begin."""
    return spelled(figures.amount(nano, decimals=decimals))


def spelled(amount: figures.Amount) -> str:
    strong, dim = (
        "".join(" " * piece.gap + piece.digits for piece in pieces) for pieces in (amount.strong, amount.dim)
    )
    return f"{amount.sign}{amount.whole}.{strong}|{dim}"


@pytest.mark.parametrize(
    ("nano", "decimals", "expected"),
    [
        (394_547_748_123, 9, "394.54|7 748 123"),
        (149_763_545_112, 6, "149.76|3 545"),
        (148_270_000_000, 2, "148.27|"),
        (1_000_000_000, 9, "1.00|0 000 000"),
        (999_999_999, 9, "0.999 999| 999"),
        (2_835_645, 9, "0.002 835| 645"),
        (2_835_645, 6, "0.002 836|"),
        (12_345_678_901_234, 6, "12,345.67|8 901"),
        (-2_835_645, 9, "−0.002 835| 645"),
        (-499, 6, "0.000 000|"),
        (-1_200_000_000, 0, "−1.|"),
        (-2_500_000_000, 2, "−2.50|"),
        (0, 9, "0.000 000| 000"),
    ],
)
def test_set_money_strong_through_the_cents_or_through_micro_below_a_dollar(
    nano: int, decimals: int, expected: str
) -> None:
    assert written(nano, decimals) == expected


@pytest.mark.parametrize(
    ("usd", "expected", "exact"),
    [
        ("0", "0.000 000| 000", "0.000000000"),
        ("1", "1.00|0 000 000", "1.000000000"),
        ("0.00000012345", "0.000 000| 123 45", "0.00000012345"),
        ("1234.5", "1,234.50|0 000 000", "1234.500000000"),
        ("-12.000000000001", "−12.00|0 000 000 001", "-12.000000000001"),
    ],
)
def test_set_money_of_any_decimals_without_rounding(usd: str, expected: str, exact: str) -> None:
    amount = figures.exact(Decimal(usd))
    assert (spelled(amount), amount.exact) == (expected, exact)


def test_keep_money_whole_for_copying_and_the_exact_value_in_the_title() -> None:
    html = money(-2_835_645, 6)
    assert 'title="−$0.002835645"' in html
    assert " " not in html.split(">", 1)[1].replace('span class="', "")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (9_999_999, "9,999,999"),
        (10_000_000, "10.0\u00a0M"),
        (1_940_000_000, "1.94\u00a0B"),
        (100_000_000, "100\u00a0M"),
        (999_000_000, "999\u00a0M"),
        (10**9, "1.00\u00a0B"),
        (10**10, "10.0\u00a0B"),
        (123_456_789_012, "123\u00a0B"),
        (10**12, "1.00\u00a0T"),
        (25 * 10**12, "25.0\u00a0T"),
    ],
)
def test_write_counts_out_up_to_seven_digits(number: int, expected: str) -> None:
    assert figures.compact(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (990_000, "990,000"),
        (1_000_000, "1.0\u00a0M"),
        (7_500_000, "7.5\u00a0M"),
        (270_000_000, "270\u00a0M"),
        (10_000_000, "10\u00a0M"),
        (10**9, "1.0\u00a0B"),
        (42 * 10**9, "42\u00a0B"),
        (10**12, "1.0\u00a0T"),
    ],
)
def test_a_rough_number_is_written_short(number: int, expected: str) -> None:
    assert figures.rough(number) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (31, 10_000, "0.3\u00a0%"),
        (1, 2, "50.0\u00a0%"),
        (-49, 1000, "−4.9\u00a0%"),
        (-1, 1000, "−0.1\u00a0%"),
        (5, 0, "—"),
    ],
)
def test_write_shares_and_a_dash_where_there_is_no_whole(part: int, whole: int, expected: str) -> None:
    assert figures.percent(part, whole) == expected


@pytest.mark.parametrize(
    ("part", "decimals", "expected"),
    [
        (1, 0, "1\u00a0%"),
        (-999, 0, "−100\u00a0%"),
        (0, 0, "0\u00a0%"),
        (1, 2, "0.10\u00a0%"),
        (-1, 2, "−0.10\u00a0%"),
    ],
)
def test_write_shares_as_finely_as_asked(part: int, decimals: int, expected: str) -> None:
    assert figures.percent(part, 1000 if decimals or part < 0 else 100, decimals=decimals) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (52, "0:52"),
        (60, "1:00"),
        (3107, "51:47"),
        (3599, "59:59"),
        (3600, "1 h 0 min"),
        (7199, "1 h 59 min"),
        (39_060, "10 h 51 min"),
        (0, "0:00"),
        (-3, "0:00"),
    ],
)
def test_write_spans_as_a_countdown(seconds: int, expected: str) -> None:
    assert figures.span(seconds) == expected


def test_write_a_moment_as_clock_and_age_within_a_day_and_as_a_date_after() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=1))
    near, far = NOW - datetime.timedelta(seconds=17), NOW - datetime.timedelta(days=18)
    assert figures.moment(near, now=NOW, zone=zone) == ("14:59:43", "17 s ago")
    assert figures.moment(far, now=NOW, zone=zone) == ("3 Nov 2026", "15:00")
    assert figures.moment(NOW - datetime.timedelta(days=1), now=NOW, zone=zone)[0] == "20 Nov 2026"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s ago"),
        (0, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (7199, "1 h ago"),
        (2 * 86_400, "48 h ago"),
    ],
)
def test_write_how_long_ago_something_was(seconds: int, expected: str) -> None:
    assert figures.age(datetime.timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0\u00a0ms"), (999, "999\u00a0ms"), (1000, "1.00\u00a0s"), (1040, "1.04\u00a0s")],
)
def test_write_latencies_in_seconds_from_one_on(value: int, expected: str) -> None:
    assert figures.milliseconds(value) == expected


def test_write_a_day_with_its_year_where_asked() -> None:
    assert figures.day(datetime.date(2026, 11, 3)) == "3 Nov"
    assert figures.day(datetime.date(2026, 11, 3), year=True) == "3 Nov 2026"
