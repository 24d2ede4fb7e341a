"""Tests of billing.admission: the pure rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.admission import Ask, State, decide
from kernel import ids

MINUTE = 29_000_000
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
        (STATE, ""),
    ],
)
def test_names_the_first_rule_that_refuses(state: State, code: str) -> None:
    assert codes([ask(stream=True, hold=100)], state) == [code]


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
