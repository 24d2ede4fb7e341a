"""The rule of changes: an upgrade counts now and brings the difference, a downgrade waits for what is paid."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.subscriptions import rule
from billing.subscriptions.periods import Span
from billing.subscriptions.rule import Course, Now, Step
from catalog.models import Plan, PlanVersion
from kernel.money import NANO_PER_USD as USD

JUNE = Span(date(2026, 6, 1), date(2026, 7, 1))
DAY_10 = date(2026, 6, 10)
CENT = USD // 100


def terms(
    usd: int = 0, credits_usd: int = 0, period: str = "month", rank: int = 1, pk: int = 0
) -> PlanVersion:
    return PlanVersion(
        pk=pk or hash((usd, credits_usd, period, rank)),
        plan=Plan(rank=rank),
        price_nano=usd * USD,
        credits_nano=credits_usd * USD,
        period=period,
    )


LITE, MAX = terms(10, 10), terms(50, 70, rank=3)
FREE, PAYG = terms(period="none", rank=0), terms(period="none", rank=5)
WEEKLY = terms(7, 7, "week", rank=2)


@pytest.mark.parametrize(
    ("now", "to", "expected"),
    [
        # 21 of 30 days are left of June on the 10th: 60 × 21 / 30 = 42.
        (Now(LITE, JUNE), MAX, Course(Step.AT_ONCE, DAY_10, JUNE, credits=42 * USD)),
        (Now(MAX, JUNE), LITE, Course(Step.AT_END, JUNE.end)),
        (Now(MAX, JUNE), FREE, Course(Step.AT_END, JUNE.end)),
        (Now(MAX, JUNE), PAYG, Course(Step.AT_END, JUNE.end)),
        (Now(FREE, None), PAYG, Course(Step.AT_ONCE, DAY_10)),
        (Now(PAYG, None), FREE, Course(Step.AT_ONCE, DAY_10)),
        (
            Now(FREE, None),
            MAX,
            Course(Step.AT_ONCE, DAY_10, Span(DAY_10, date(2026, 7, 10)), begins=True, credits=70 * USD),
        ),
        (
            Now(LITE, JUNE),
            WEEKLY,  # 364 a year, Lite is 120
            Course(Step.AT_ONCE, DAY_10, Span(DAY_10, date(2026, 6, 17)), begins=True, credits=7 * USD),
        ),
        (Now(MAX, JUNE), MAX, Course(Step.NONE, DAY_10, JUNE)),
        (Now(MAX, JUNE, LITE), MAX, Course(Step.KEEP, DAY_10, JUNE)),
    ],
)
def test_decides_when_and_what(now: Now, to: PlanVersion, expected: Course) -> None:
    assert rule.course(now, to, today=DAY_10) == expected


def test_lets_an_operator_bring_a_downgrade_forward_without_credits() -> None:
    course = rule.course(Now(MAX, JUNE), LITE, today=DAY_10, at_once=True)
    assert course == Course(Step.AT_ONCE, DAY_10, JUNE, credits=0)
    assert rule.course(Now(MAX, JUNE), FREE, today=DAY_10, at_once=True) == Course(Step.AT_ONCE, DAY_10)


def test_terms_are_ordered_by_what_a_year_costs() -> None:
    assert rule.worth(terms(13)) == (156 * USD, 0, 1)  # twelve months
    assert rule.worth(terms(3, 1, "week")) == (156 * USD, 52 * USD, 1)
    assert rule.worth(terms(13)) < rule.worth(terms(3, 1, "week")) < rule.worth(terms(13, 5))


def test_rounds_down_to_the_cent() -> None:
    ten, eleven = terms(10, 0), terms(11, 1)
    course = rule.course(Now(ten, JUNE), eleven, today=date(2026, 6, 20))  # 11 of 30 days: 0.3666…
    assert course.credits == 36 * CENT


@given(
    steps=st.lists(st.integers(1, 50), min_size=1, max_size=4),
    day=st.dates(JUNE.start, date(2026, 6, 30)),
)
def test_never_grants_more_in_steps_than_at_once(steps: list[int], day: date) -> None:
    worth, before, granted = 10, LITE, 0
    for step in steps:
        worth += step
        after = terms(worth, worth, rank=worth)
        granted += rule.course(Now(before, JUNE), after, today=day).credits
        before = after
    straight = rule.course(Now(LITE, JUNE), before, today=day).credits
    assert straight - len(steps) * CENT < granted <= straight
