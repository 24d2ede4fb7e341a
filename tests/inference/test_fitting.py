"""A prompt fits its model's context, is cut to fit, or is refused."""

import itertools
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import tokens
from inference.ask import ChatAsk, read_chat
from inference.errors import Failure
from inference.fitting import fit, wants_truncation

WORDS = "word " * 100  # about a hundred tokens


def asked(*messages: dict[str, Any], **fields: Any) -> ChatAsk:
    return read_chat(orjson.dumps({"model": "m", "messages": list(messages), **fields}))


def said(role: str, text: str = WORDS, **fields: Any) -> dict[str, Any]:
    return {"role": role, "content": text, **fields}


SYSTEM = said("system", "Be brief.")
CALL = said("assistant", "", tool_calls=[{"id": "1", "type": "function", "function": {"name": "f"}}])
RESULT = said("tool", tool_call_id="1")


def roles(ask: ChatAsk) -> list[str]:
    return [message["role"] for message in ask.body["messages"]]


def test_short_prompts_are_not_even_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = asked(said("user", "Hi"))
    monkeypatch.setattr(tokens, "count", lambda texts: pytest.fail("counted"))
    found = fit(ask, context=1000, reserved=500, truncating=False)
    assert (found.ask, found.dropped, found.room) == (ask, 0, 500)


def test_a_prompt_that_leaves_no_room_for_a_token_is_refused() -> None:
    ask = asked(*(said("user") for _ in range(10)))
    with pytest.raises(Failure) as refused:
        fit(ask, context=1000, reserved=1, truncating=False)
    assert (refused.value.code, refused.value.param) == ("CONTEXT_LENGTH_EXCEEDED", "messages")
    assert "This model's maximum context length is 1000 tokens." in refused.value.message


def test_a_prompt_that_fits_gets_the_room_that_is_left() -> None:
    ask = asked(said("user"))
    found = fit(ask, context=200, reserved=150, truncating=False)
    assert found.ask is ask
    assert 50 < found.room < 100


def test_the_newest_turns_stay_with_all_system_messages() -> None:
    late = said("system", "Mind the cost.")
    ask = asked(SYSTEM, *(said("user") for _ in range(5)), late, said("assistant"), said("user", "Last."))
    found = fit(ask, context=530, reserved=100, truncating=True)
    assert roles(found.ask) == ["system", "user", "user", "system", "assistant", "user"]
    assert (found.dropped, found.ask.body["messages"][-1]["content"]) == (3, "Last.")
    assert found.ask.prompt_bound < ask.prompt_bound


def test_calls_of_tools_go_and_stay_with_their_results() -> None:
    ask = asked(said("user"), CALL, RESULT, CALL, RESULT, said("user", "Go on."))
    kept = [
        roles(fit(ask, context=context, reserved=10, truncating=True).ask) for context in range(80, 500, 5)
    ]
    assert {tuple(each) for each in kept} == {
        ("user",),
        ("assistant", "tool", "user"),
        ("assistant", "tool", "assistant", "tool", "user"),
        ("user", "assistant", "tool", "assistant", "tool", "user"),
    }


def test_the_last_turn_stays_and_is_refused_where_it_alone_is_too_long() -> None:
    with pytest.raises(Failure) as refused:
        fit(asked(SYSTEM, said("user", "a"), said("user")), context=60, reserved=5, truncating=True)
    assert refused.value.code == "CONTEXT_LENGTH_EXCEEDED"


@given(
    texts=st.lists(
        st.tuples(st.sampled_from(["user", "assistant", "system"]), st.integers(0, 60)), min_size=1
    ),
    context=st.integers(50, 600),
    reserved=st.integers(1, 100),
)
def test_what_is_kept_fits_and_is_in_order(texts: list[tuple[str, int]], context: int, reserved: int) -> None:
    number = itertools.count()
    ask = asked(*(said(role, f"{next(number)} " + "word " * size) for role, size in texts))
    try:
        found = fit(ask, context=context, reserved=reserved, truncating=True)
    except Failure:
        return  # when that is right, other tests say
    places = [ask.body["messages"].index(message) for message in found.ask.body["messages"]]
    assert places == sorted(set(places))
    assert len(texts) - len(places) == found.dropped
    assert found.room >= 1
    last = max((n for n, (role, _) in enumerate(texts) if role != "system"), default=0)
    assert last in places


@pytest.mark.parametrize(
    ("transforms", "by_default", "wanted"),
    [(None, False, False), (None, True, True), ([], True, False), (["truncate"], False, True)],
)
def test_transforms_switch_it(transforms: Any, by_default: bool, wanted: bool) -> None:
    assert wants_truncation({"transforms": transforms}, by_default=by_default) is wanted


@pytest.mark.parametrize("transforms", ["truncate", ["middle-out"], [5], {"truncate": True}])
def test_other_transforms_are_refused(transforms: Any) -> None:
    with pytest.raises(Failure) as refused:
        wants_truncation({"transforms": transforms}, by_default=False)
    assert refused.value.param == "transforms"
