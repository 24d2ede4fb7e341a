"""Lots: spent in order, for days before their end only, to the last nano-dollar."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.credits import lots
from billing.credits.lots import Credit, Lot, Part, Source
from kernel import ids

TODAY = date(2026, 11, 21)
BORN = datetime(2026, 11, 1, tzinfo=UTC)


def lot(
    remaining: int = 100, *, priority: int = 50, ends: int | None = None, age: int = 0, **fields: object
) -> Lot:
    return Lot(
        id=ids.request_id(),
        transaction_id=ids.request_id(),
        source="grant",
        priority=priority,
        remaining=remaining,
        expires_on=None if ends is None else TODAY + timedelta(days=ends),
        created_at=BORN - timedelta(days=age),
        **fields,
    )


def given_by(parts: list[Part]) -> dict[UUID | None, int]:
    return {part.lot_id: part.amount for part in parts}


def test_lots_are_spent_by_priority_then_earliest_end_then_age() -> None:
    late, soon, endless, old = lot(ends=9), lot(ends=2), lot(), lot(age=5)
    balance, plan = lot(priority=100), lot(priority=10, ends=30)
    assert lots.in_order([balance, late, endless, old, soon, plan]) == [
        plan,
        soon,
        late,
        old,
        endless,
        balance,
    ]


def test_priorities_are_those_that_stored_lots_have() -> None:
    given = {Source.PLAN: 10, Source.VOUCHER: 20, Source.GRANT: 50}
    own = dict.fromkeys((Source.TOP_UP, Source.RECHARGE, Source.CORRECTION), 100)
    assert {source: Credit(source).priority for source in Source} == given | own


def test_what_one_lot_cannot_pay_the_next_one_pays() -> None:
    plan, balance = lot(30, priority=10), lot(100, priority=100)
    parts, left = lots.take([balance, plan], 50, day=TODAY)
    assert parts == [Part(plan.id, 30), Part(balance.id, 20)]
    assert {kept.id: kept.remaining for kept in left} == {plan.id: 0, balance.id: 80}


@pytest.mark.parametrize(("ends", "pays"), [(1, True), (0, False), (-1, False)])
def test_a_lot_pays_the_days_before_its_end(ends: int, pays: bool) -> None:
    ending = lot(100, ends=ends)
    assert lots.take([ending], 10, day=TODAY)[0] == [Part(ending.id if pays else None, 10)]


def test_what_no_lot_covers_is_said() -> None:
    small = lot(30)
    assert lots.take([small], 50, day=TODAY)[0] == [Part(small.id, 30), Part(None, 20)]


def test_the_lot_of_a_named_transaction_gives_first_even_after_its_end() -> None:
    ended, plan = lot(30, priority=100, ends=-3), lot(100, priority=10)
    parts, _ = lots.take([plan, ended], 50, day=TODAY, first=ended.transaction_id)
    assert parts == [Part(ended.id, 30), Part(plan.id, 20)]


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_cannot_be_taken(amount: int) -> None:
    with pytest.raises(ValueError, match=r"^amount: "):
        lots.take([lot()], amount, day=TODAY)


LOTS = st.lists(
    st.builds(
        lot,
        st.integers(1, 10**12),
        priority=st.sampled_from([10, 50, 100]),
        ends=st.none() | st.integers(-2, 3),
        age=st.integers(0, 3),
    ),
    max_size=6,
)


@given(LOTS, st.integers(1, 10**13))
def test_taking_neither_makes_nor_loses_a_nano(held: list[Lot], amount: int) -> None:
    parts, left = lots.take(held, amount, day=TODAY)
    assert sum(part.amount for part in parts) == amount
    taken = given_by(parts)
    assert [before.remaining - taken.get(before.id, 0) for before in held] == [
        kept.remaining for kept in left
    ]
    assert all(kept.remaining >= 0 for kept in left)


@given(LOTS, st.integers(1, 10**13))
def test_nothing_is_uncovered_while_a_usable_lot_has_something_left(held: list[Lot], amount: int) -> None:
    parts, left = lots.take(held, amount, day=TODAY)
    if given_by(parts).get(None):
        assert not any(kept.remaining for kept in left if lots.usable(kept, TODAY))


def test_what_ends_next_is_summed_with_what_should_have_ended() -> None:
    assert lots.lapsing([lot(5, ends=-2), lot(7, ends=0), lot(11, ends=4), lot(13)], TODAY) == (
        12,
        TODAY - timedelta(days=2),
    )
    assert lots.lapsing([lot(7, ends=3), lot(11, ends=4)], TODAY) == (7, TODAY + timedelta(days=3))


@pytest.mark.parametrize("held", [[], [lot(13)], [lot(0, ends=1)]])
def test_nothing_lapses_without_an_end_or_a_rest(held: list[Lot]) -> None:
    assert lots.lapsing(held, TODAY) is None
