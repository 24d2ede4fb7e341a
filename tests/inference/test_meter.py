"""Reading off what a request used."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Counts
from inference import tokens
from inference.meter import Reading, Tally, read, usage_object

DETAILS = (
    *("cached_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("image_tokens", "audio_tokens", "reasoning_tokens"),
)
PROMPT = "What is a rate limiter, in one sentence?"


def answer(usage: dict[str, Any] | None, text: str = "It holds requests back. " * 20) -> Tally:
    tally = Tally()
    tally.whole({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage})
    return tally


def reading(tally: Tally, *, bound: int = 1000) -> Reading:
    return read(tally, prompt=lambda: PROMPT, prompt_bound=len(PROMPT), output_bound=bound)


def test_takes_the_upstreams_figures() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 30},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    assert reading(answer(usage)) == Reading(Counts(input=70, cached=30, output=30, reasoning=20), "upstream")


def test_takes_searches_as_told_up_to_what_is_held() -> None:
    for told, count, suspect in (
        (0, 0, False),
        (3, 3, False),
        (20, 20, False),
        (21, 20, True),
        (-1, 0, False),
    ):
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "server_tool_use": {"web_search_requests": told}}
        found = reading(answer(usage))
        assert (found.counts.web_search, found.suspect) == (count, suspect)
    assert usage_object(Counts(web_search=2))["server_tool_use"] == {"web_search_requests": 2}
    assert "server_tool_use" not in usage_object(Counts(input=2))


def test_keeps_details_within_their_whole() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"image_tokens": 8, "audio_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 99, "audio_tokens": 1},
    }
    counts = Counts(image_in=8, audio_in=2, reasoning=5)
    assert reading(answer(usage)) == Reading(counts, "upstream")


@pytest.mark.parametrize(
    ("details", "counts"),
    [
        ({"cached_tokens": 99}, Counts(cached=10)),
        ({"cached_tokens": 8, "cache_write_tokens": 3}, Counts(cached=8, cache_write=2)),
        (
            {"cached_tokens": 1, "cache_write_tokens": 8, "cache_write_1h_tokens": 2**40},
            Counts(cached=1, cache_write=8, cache_write_1h=1),
        ),
    ],
)
def test_mends_a_cache_greater_than_the_prompt_and_marks_it(details: dict[str, int], counts: Counts) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": details}
    assert reading(answer(usage)) == Reading(counts, "upstream", suspect=True)


def test_takes_each_class_apart_from_the_others() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {
            "cached_tokens": 30,
            "cache_write_tokens": 20,
            "cache_write_1h_tokens": 10,
            "image_tokens": 5,
            "audio_tokens": 4,
        },
        "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 3, "image_tokens": 2},
    }
    counts = Counts(
        input=31,
        cached=30,
        cache_write=20,
        cache_write_1h=10,
        image_in=5,
        audio_in=4,
        output=25,
        reasoning=20,
        audio_out=3,
        image_out=2,
    )
    assert reading(answer(usage)) == Reading(counts, "upstream")
    assert usage_object(counts) == {**usage, "total_tokens": 150}


@given(st.dictionaries(st.sampled_from(DETAILS), st.integers(-9, 2**41)), st.integers(0, 2**13))
def test_never_comes_to_more_or_less_than_was_told(details: dict[str, int], prompt: int) -> None:
    usage = {"prompt_tokens": prompt, "completion_tokens": 9, "prompt_tokens_details": details}
    counts = reading(answer({**usage, "completion_tokens_details": details})).counts
    assert (counts.prompt_tokens, counts.completion_tokens) == (prompt, 9)
    assert all(count >= 0 for count in asdict(counts).values())


def test_takes_what_went_in_from_an_answer_that_broke_off() -> None:
    text = "It holds requests back."
    usage = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 90}}
    counts = Counts(input=10, cached=90, output=tokens.count([text])[0])
    assert reading(answer(usage, text)) == Reading(counts, "counted")


@pytest.mark.parametrize("details", [None, 3, [], {"cached_tokens": None}, {"cached_tokens": -1}])
def test_ignores_details_that_are_none(details: Any) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": details}
    assert reading(answer(usage)) == Reading(Counts(input=10, output=5), "upstream")


@pytest.mark.parametrize("wrong", [-1, 2**40 + 1, "7", 7.0, True, None])
def test_counts_itself_where_a_figure_is_impossible(wrong: Any) -> None:
    tally = answer({"prompt_tokens": wrong, "completion_tokens": 5})
    counted = tokens.count([PROMPT])[0]
    assert reading(tally) == Reading(Counts(input=counted, output=5), "counted", suspect=True)


def test_counts_content_that_comes_in_parts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hold on. "}, {"type": "text"}]},
        {"type": "thinking", "thinking": "And on. "},
        {"type": "text", "text": "Done."},
        "stray",
        {"type": "reference", "reference_ids": [1]},
    ]
    for kind in ("message", "delta"):
        tally = Tally()
        choice = {"index": 0, kind: {"content": parts}, "finish_reason": "stop"}
        tally.event({"choices": [choice]}) if kind == "delta" else tally.whole({"choices": [choice]})
        assert tally.fresh() == "Hold on. And on. Done."
        assert tally.bytes == len("Hold on. And on. Done.")


def test_does_not_believe_a_prompt_longer_than_was_sent() -> None:
    most = 2 * len(PROMPT) + 8192
    believed, doubted = (
        reading(answer({"prompt_tokens": n, "completion_tokens": 5})) for n in (most, most + 1)
    )
    assert (believed.counts.input, believed.source) == (most, "upstream")
    assert doubted == Reading(Counts(input=tokens.count([PROMPT])[0], output=5), "counted", suspect=True)


def test_does_not_believe_more_output_than_was_delivered() -> None:
    text = "A short answer."
    tally = answer({"prompt_tokens": 9, "completion_tokens": 10 * len(text) + 65}, text)
    output = tokens.count([text])[0]
    assert reading(tally) == Reading(Counts(input=9, output=output), "counted", suspect=True)


def test_believes_hidden_reasoning_within_the_limit_that_was_set() -> None:
    usage = {"completion_tokens": 900, "completion_tokens_details": {"reasoning_tokens": 895}}
    tally = answer({"prompt_tokens": 9, **usage}, "Short.")
    assert reading(tally, bound=1000).counts == Counts(input=9, output=5, reasoning=895)
    assert reading(answer({"prompt_tokens": 9, **usage}, "Short."), bound=100).suspect


def test_counts_all_without_usage_and_suspects_nothing() -> None:
    text = "It holds requests back."
    counts = Counts(input=tokens.count([PROMPT])[0], output=tokens.count([text])[0])
    assert reading(answer(None, text)) == Reading(counts, "counted")


def test_counts_reasoning_and_tool_calls_as_delivered() -> None:
    tally = Tally()
    for delta in (
        {"reasoning_content": "Think."},
        {"content": "Say."},
        {"tool_calls": [{"function": {"name": "look", "arguments": '{"a":'}}]},
        {"tool_calls": [{"function": {"arguments": "1}"}}]},
    ):
        tally.event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    assert tally.output() == tokens.count(['Think.Say.look{"a":1}'])[0]


def test_remembers_the_usage_told_last() -> None:
    tally = Tally()
    for told in (1, 2, 3):
        tally.event({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": told}})
    tally.event({"choices": [], "usage": None})
    assert reading(tally).counts == Counts(input=5, output=3)


def test_is_complete_once_every_choice_has_ended() -> None:
    tally = Tally(choices=2)
    tally.event({"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]})
    assert not tally.complete
    tally.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
    assert (tally.complete, tally.finish) == (True, "length")


@pytest.mark.parametrize(
    "event",
    [{}, {"choices": 3}, {"choices": [3, None, {}]}, {"choices": [{"delta": 3}], "usage": 3}],
)
def test_lets_nonsense_pass(event: dict[str, Any]) -> None:
    tally = Tally()
    tally.event(event)
    assert (tally.usage, tally.finish, tally.output()) == (None, "", 0)


def test_counts_in_pieces_without_counting_twice() -> None:
    tally = Tally()
    tally.event({"choices": [{"delta": {"content": "one two"}}]})
    tally.counted += tokens.count([tally.fresh()])[0]
    tally.event({"choices": [{"delta": {"content": " three"}}]})
    assert tally.output() == tokens.count(["one two"])[0] + tokens.count([" three"])[0]
    assert tally.output() == tally.counted


def test_believes_what_pictures_took_where_pictures_came() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}}
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 1290,
        "completion_tokens_details": {"image_tokens": 1290},
    }
    tally = Tally()
    tally.whole({"choices": [{"message": {"content": "", "images": [picture]}}], "usage": usage})
    found = read(tally, prompt=lambda: "Draw.", prompt_bound=20, output_bound=2000)
    assert (found.counts.image_out, found.counts.output, found.suspect) == (1290, 0, False)
    bare = Tally()
    bare.whole({"choices": [{"message": {"content": ""}}], "usage": usage})
    assert read(bare, prompt=lambda: "Draw.", prompt_bound=20, output_bound=2000).suspect
