"""Embeddings, as read and as written back."""

import struct
from base64 import b64encode
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.embeddings import EMBEDDINGS, EmbeddingsAsk, packed, unpacked
from inference.errors import Failure
from inference.meter import Reading
from tests.fakes.hops import ONE
from tests.inference.anything import ANYTHING, taken

TOLD = Told(uuid4(), "route/e", "p", 3, Reading(Counts(input=7), "upstream"), cost=350)
FLOATS_32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


def ask(**fields: Any) -> EmbeddingsAsk:
    return EMBEDDINGS.read(orjson.dumps({"model": "route/x", "input": "Hello", **fields}))


def sent(asked: EmbeddingsAsk) -> Any:
    return asked.outgoing(ONE, max_tokens=0)


def answered(*vectors: Any) -> dict[str, Any]:
    return {"data": [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]}


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"model": ""}, "model", "model must be"),
        ({"model": None}, "model", "model must be"),
        ({"input": None}, "input", "input must be"),
        ({"input": ""}, "input", "non-empty string"),
        ({"input": []}, "input", "non-empty list"),
        ({"input": {"text": "x"}}, "input", "input must be"),
        ({"input": ["a", ""]}, "input[1]", "non-empty string"),
        ({"input": ["a", 5]}, "input[1]", "non-empty string"),
        ({"input": ["a", [5]]}, "input[1]", "non-empty string"),
        ({"input": [True]}, "input[0]", "non-empty string"),
        ({"input": [[5], []]}, "input[1]", "non-empty list of tokens"),
        ({"input": [[5], "a"]}, "input[1]", "non-empty list of tokens"),
        ({"input": [[5, "a"]]}, "input[0][1]", "must be a token"),
        ({"input": [5, -1]}, "input[1]", "must be a token"),
        ({"input": [5, 2**31]}, "input[1]", "must be a token"),
        ({"input": ["a"] * 2049}, "input", "at most 2048"),
        ({"input": [1] * 1_000_001}, "input", "at most 1000000 tokens"),
        ({"input": [[1] * 600_000] * 2}, "input", "at most 1000000 tokens"),
        ({"encoding_format": "int8"}, "encoding_format", "one of float, base64"),
        ({"encoding_format": {}}, "encoding_format", "one of float, base64"),
        ({"dimensions": 0}, "dimensions", "whole number from 1"),
        ({"dimensions": 2.5}, "dimensions", "whole number from 1"),
        ({"stream": True}, "stream", "stream must be false"),
        ({"stream": 1}, "stream", "true or false"),
    ],
)
def test_names_the_field_that_is_wrong(fields: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(Failure) as refused:
        ask(**fields)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)
    assert said in refused.value.message


def test_refuses_a_field_given_twice() -> None:
    with pytest.raises(Failure, match="input is given twice"):
        EMBEDDINGS.read(b'{"model":"route/x","input":"a","input":"b"}')


@pytest.mark.parametrize("name", ["model", "input", "encoding_format", "dimensions", "user", "stream"])
@given(value=ANYTHING)
def test_reads_or_refuses_whatever_stands_in_a_field(name: str, value: Any) -> None:
    asked = taken(lambda: ask(**{name: value}))
    if asked is not None:
        assert asked.prompt_bound >= 1
        assert isinstance(asked.prompt_text(), str)
        sent(asked)


def test_passes_on_what_it_does_not_know_and_keeps_back_what_is_ours() -> None:
    fields = {"user": "u", "dimensions": 8, "encoding_format": "base64", "input_type": "query"}
    asked = ask(**fields, stream=False, provider={}, api_base="http://x")
    assert sent(asked) == {"model": ONE.upstream_model, "input": "Hello", **fields}


@pytest.mark.parametrize(
    ("given_input", "number", "least", "text"),
    [
        ("漢字", 1, 6, "漢字"),
        (["ab", "c"], 2, 3, "ab\nc"),
        ([1, 2, 3], 1, 3, ""),
        ([[1, 2], [3]], 2, 3, ""),
    ],
)
def test_knows_how_much_goes_in(given_input: Any, number: int, least: int, text: str) -> None:
    asked = ask(input=given_input)
    assert (asked.number, asked.prompt_text()) == (number, text)
    assert least + 16 * number == asked.prompt_bound


@pytest.mark.parametrize(
    ("usage", "given_input", "counted", "source", "suspect"),
    [
        ({"prompt_tokens": 4}, "one two", 4, "upstream", False),
        ({"total_tokens": 5}, "one two", 5, "upstream", False),
        (None, "one two", 2, "counted", False),
        ({}, "one two", 2, "counted", False),
        ({"prompt_tokens": 0}, "one two", 2, "counted", True),
        ({"prompt_tokens": -4}, "one two", 2, "counted", True),
        ({"prompt_tokens": True}, "one two", 2, "counted", True),
        ({"prompt_tokens": "4"}, "one two", 2, "counted", True),
        ({"prompt_tokens": 24}, "one two", 2, "counted", True),
        ({"prompt_tokens": 99}, [[7, 8], [9]], 3, "counted", True),
        ([], [7, 8], 2, "counted", False),
    ],
)
def test_believes_the_figure_of_an_upstream_where_it_is_possible(
    usage: Any, given_input: Any, counted: int, source: str, suspect: bool
) -> None:
    found = EMBEDDINGS.measure(ask(input=given_input), {"usage": usage}, output_bound=0)
    assert found.reading == Reading(Counts(input=counted), source, suspect)
    assert not found.empty


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        [{"embedding": [0.5]}],
        [{"embedding": [0.5]}] * 3,
        [{"embedding": [0.5]}, None],
        [{"embedding": [0.5]}, {"embedding": []}],
        [{"embedding": [0.5]}, {"embedding": ["x"]}],
        [{"embedding": [0.5]}, {"embedding": [1e300]}],
        [{"embedding": [0.5]}, {"embedding": None}],
        [{"embedding": [0.5]}, {"embedding": ""}],
        [{"embedding": [0.5]}, {"embedding": "AAA"}],
        [{"embedding": [0.5]}, {"embedding": "AAAA"}],
        [{"embedding": [0.5]}, {"embedding": "漢字漢字"}],
        [{"embedding": [0.5]}, {"embedding": "AADAfw=="}],
        [{"embedding": [0.5]}, {"embedding": "AACAfwAAgP8="}],
        [{"index": 0, "embedding": [0.5]}, {"index": 0, "embedding": [0.5]}],
        [{"index": 1, "embedding": [0.5]}, {"index": 2, "embedding": [0.5]}],
        [{"index": [], "embedding": [0.5]}, {"index": {}, "embedding": [0.5]}],
    ],
)
def test_takes_nothing_but_one_vector_for_each_input(data: Any) -> None:
    assert not EMBEDDINGS.accepts(ask(input=["a", "b"]), {"data": data})


def test_puts_vectors_in_the_order_of_their_inputs() -> None:
    asked = ask(input=["a", "b"])
    answer = {"data": [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]}
    assert EMBEDDINGS.accepts(asked, answer)
    written = orjson.loads(EMBEDDINGS.whole(asked, answer, TOLD))
    assert written == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [1.0]},
            {"object": "embedding", "index": 1, "embedding": [2.0]},
        ],
        "model": "route/e",
        "provider": "p",
        "usage": {"prompt_tokens": 7, "total_tokens": 7, "cost": 3.5e-7},
    }


@pytest.mark.parametrize("form", ["float", "base64", None])
@pytest.mark.parametrize("came", ["float", "base64"])
def test_gives_the_form_that_was_asked_for_whatever_came(form: str | None, came: str) -> None:
    vector = [0.5, -1.25, 3.0]
    base64 = b64encode(struct.pack("<3f", *vector)).decode()
    asked = ask(encoding_format=form)
    answer = answered(vector if came == "float" else base64)
    assert EMBEDDINGS.accepts(asked, answer)
    (item,) = orjson.loads(EMBEDDINGS.whole(asked, answer, TOLD))["data"]
    assert item["embedding"] == (base64 if form == "base64" else vector)


@given(st.lists(FLOATS_32, min_size=1))
def test_changes_no_bit_between_the_forms(vector: list[float]) -> None:
    assert packed(unpacked(packed(vector))) == packed(vector)
    assert unpacked(packed(vector)) == vector
