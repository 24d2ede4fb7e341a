"""Tests of billing.admission: the pure rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.admission import Ask, Budget, State, decide
from kernel import clock, ids

MINUTE = 29_000_000
HOUR_ENDS, DAY_ENDS = clock.start_of_minute(29_000_040), clock.start_of_minute(29_000_160)
STATE = State(
    status=0, minute=MINUTE, minute_used=0, hour_used=0, day_used=0, open_streams=0, funds=1000, held=0
)


def ask(**changes: object) -> Ask:
    fields: dict[str, object] = {
        "request_id": ids.request_id(),
        "workspace_id": 1,
        "api_key_id": 1,
        "model_id": 1,
        "chain_id": 1,
        "price_version_id": 1,
        "multipliers": "",
        "hold": 0,
        "weight": 1,
        "stream": False,
        "tag": "",
        "minute_cap": 10,
        "hour_cap": 100,
        "day_cap": 1000,
        "stream_cap": 5,
    }
    return Ask(**{**fields, **changes})  # type: ignore[arg-type]


def codes(asks: list[Ask], state: State) -> list[str]:
    return [refusal.code if refusal else "" for refusal in decide(asks, state)]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (replace(STATE, status=1), "WORKSPACE_SUSPENDED"),
        (replace(STATE, minute_used=10), "MINUTE_REQUEST_LIMIT_EXCEEDED"),
        (replace(STATE, hour_used=100), "HOURLY_REQUEST_LIMIT_EXCEEDED"),
        (replace(STATE, day_used=1000), "DAILY_REQUEST_LIMIT_EXCEEDED"),
        (replace(STATE, open_streams=5), "CONCURRENT_STREAM_LIMIT_EXCEEDED"),
        (replace(STATE, funds=99), "INSUFFICIENT_CREDITS"),
        (replace(STATE, held=901), "CREDITS_HELD"),
        (replace(STATE, funds=100, held=1), "CREDITS_HELD"),
        (STATE, ""),
    ],
)
def test_names_the_first_rule_that_refuses(state: State, code: str) -> None:
    assert codes([ask(stream=True, hold=100)], state) == [code]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (replace(STATE, status=1), {}),
        (
            replace(STATE, minute_used=9),
            {"limit": 10, "used": 9, "resets_at": clock.start_of_minute(MINUTE + 1)},
        ),
        (replace(STATE, hour_used=99), {"limit": 100, "used": 99, "resets_at": HOUR_ENDS}),
        (replace(STATE, day_used=999), {"limit": 1000, "used": 999, "resets_at": DAY_ENDS}),
        (replace(STATE, open_streams=5), {"limit": 5, "used": 5}),
        (
            replace(STATE, budgets={1: Budget(limit=150, used=60, ends=29_000_160)}),
            {"limit": 150, "used": 60, "resets_at": DAY_ENDS, "required": 100, "available": 90},
        ),
        (
            replace(STATE, budgets={1: Budget(limit=150, used=160, ends=None)}),
            {"limit": 150, "used": 160, "required": 100},
        ),
        (replace(STATE, held=901), {"required": 100, "available": 99, "held": 901}),
        (replace(STATE, funds=99, held=9), {"required": 100, "available": 90, "held": 9}),
    ],
)
def test_a_refusal_tells_what_there_is(state: State, told: dict[str, object]) -> None:
    (refusal,) = decide([ask(stream=True, hold=100, weight=2)], state)
    assert refusal is not None
    plain = dict.fromkeys(("limit", "used", "required", "available", "held"), 0) | {"resets_at": None}
    assert {name: getattr(refusal, name) for name in plain} == plain | told


@pytest.mark.parametrize(
    "state",
    [
        replace(STATE, minute_used=6),
        replace(STATE, hour_used=96),
        replace(STATE, day_used=996),
        replace(STATE, open_streams=3),
        replace(STATE, funds=200),
        replace(STATE, held=800),
        replace(STATE, budgets={1: Budget(limit=200, used=0, ends=None)}),
    ],
)
def test_requests_pass_up_to_a_limit_and_none_beyond(state: State) -> None:
    first, second, third = decide([ask(stream=True, hold=100, weight=2)] * 3, state)
    assert (first, second) == (None, None)
    assert third is not None


def test_what_one_key_takes_leaves_other_keys_their_budgets() -> None:
    state = replace(STATE, budgets={key: Budget(limit=100, used=0, ends=None) for key in (1, 2)})
    asks = [ask(api_key_id=key, hold=100) for key in (1, 2, 1, 2, 3)]
    refused = "KEY_BUDGET_EXCEEDED"
    assert codes(asks, state) == ["", "", refused, refused, ""]


def test_a_small_request_passes_where_a_large_one_before_it_did_not() -> None:
    assert codes([ask(hold=2000), ask(hold=600), ask(hold=600), ask(hold=400)], STATE) == [
        "INSUFFICIENT_CREDITS",
        "",
        "CREDITS_HELD",
        "",
    ]


def test_a_window_ends_at_its_own_border() -> None:
    (refusal,) = decide([ask()], replace(STATE, hour_used=100))
    assert refusal is not None
    assert refusal.resets_at is not None
    assert refusal.resets_at.minute == 0
    assert 0 < (refusal.resets_at.timestamp() / 60 - MINUTE) <= 60


def test_a_free_request_passes_on_a_budget_that_is_spent() -> None:
    spent = replace(STATE, budgets={1: Budget(limit=4, used=5, ends=None)})
    assert codes([ask(hold=0), ask(hold=1)], spent) == ["", "KEY_BUDGET_EXCEEDED"]


def test_a_free_request_passes_on_a_negative_balance() -> None:
    assert codes([ask(hold=0), ask(hold=1)], replace(STATE, funds=-5)) == ["", "INSUFFICIENT_CREDITS"]


@given(
    st.lists(st.tuples(st.integers(0, 800), st.integers(1, 5), st.booleans()), max_size=40),
    st.integers(0, 12),
    st.integers(-500, 3000),
    st.integers(0, 2000),
)
def test_what_is_taken_never_passes_a_limit(
    wanted: list[tuple[int, int, bool]], used: int, funds: int, held: int
) -> None:
    state = replace(STATE, minute_used=used, funds=funds, held=held)
    asks = [ask(hold=hold, weight=weight, stream=stream) for hold, weight, stream in wanted]
    taken = [item for item, refusal in zip(asks, decide(asks, state), strict=True) if refusal is None]
    assert used + sum(item.weight for item in taken) <= 10 or not taken
    assert sum(item.stream for item in taken) <= 5
    assert held + sum(item.hold for item in taken) <= funds or not any(item.hold for item in taken)


def test_a_share_asks_for_more_than_the_hold() -> None:
    quarter = ask(hold=250, share=4)
    assert codes([quarter], STATE) == [""]
    assert codes([quarter], replace(STATE, funds=999)) == ["CREDITS_HELD"]
    assert codes([quarter, ask(hold=750)], STATE) == ["", ""]
    assert codes([ask(hold=1), quarter], STATE) == ["", "CREDITS_HELD"]
    assert codes([ask(hold=0, share=4)], replace(STATE, funds=0)) == [""]
