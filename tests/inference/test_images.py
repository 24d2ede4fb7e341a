"""Image generation, as read and as written back."""

from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.images import IMAGES, ImagesAsk
from inference.errors import Failure
from inference.meter import Reading
from tests.fakes.hops import ONE
from tests.inference.anything import ANYTHING, taken

TOLD = Told(uuid4(), "route/i", "p", 3, Reading(Counts(image=1), "counted"), cost=50_000_000)
PNG = "iVBORw0KGgoAAA"
FIELDS = ("model", "prompt", "n", "size", "aspect_ratio", "width", "height", "response_format", "stream")


def ask(**fields: Any) -> ImagesAsk:
    return IMAGES.read(orjson.dumps({"model": "route/x", "prompt": "A fox", **fields}))


def sent(asked: ImagesAsk) -> Any:
    return asked.outgoing(ONE, max_tokens=0)


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"prompt": ""}, "prompt", "non-empty string"),
        ({"prompt": ["A fox"]}, "prompt", "non-empty string"),
        ({"n": 0}, "n", "from 1 to 10"),
        ({"n": 11}, "n", "from 1 to 10"),
        ({"n": "2"}, "n", "from 1 to 10"),
        ({"size": "large"}, "size", "like 1024x1024"),
        ({"size": 1024}, "size", "like 1024x1024"),
        ({"size": "1024x1024\n"}, "size", "like 1024x1024"),
        ({"aspect_ratio": "wide"}, "aspect_ratio", "like 16:9"),
        ({"aspect_ratio": "0:1"}, "aspect_ratio", "like 16:9"),
        ({"width": 0, "height": 1}, "width", "from 1 to 16384"),
        ({"width": 1024}, "height", "height is missing"),
        ({"height": 1024}, "width", "width is missing"),
        ({"size": "auto", "aspect_ratio": "1:1"}, "aspect_ratio", "contradicts size"),
        ({"size": "64x64", "width": 64, "height": 64}, "width", "contradicts size"),
        ({"aspect_ratio": "1:1", "width": 64, "height": 64}, "width", "contradicts aspect_ratio"),
        ({"response_format": "png"}, "response_format", "one of url, b64_json, base64"),
        ({"stream": True}, "stream", "stream must be false"),
    ],
)
def test_names_the_field_that_is_wrong(fields: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(Failure) as refused:
        ask(**fields)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)
    assert said in refused.value.message


@pytest.mark.parametrize("name", FIELDS)
@given(value=ANYTHING)
def test_reads_or_refuses_whatever_stands_in_a_field(name: str, value: Any) -> None:
    asked = taken(lambda: ask(**{name: value}))
    if asked is not None:
        assert 1 <= asked.images <= 10
        sent(asked)


@pytest.mark.parametrize(
    "shape", [{"size": "1536x1024"}, {"size": "2K"}, {"aspect_ratio": "16:9"}, {"width": 640, "height": 480}]
)
def test_passes_on_the_shape_and_what_it_does_not_know(shape: dict[str, Any]) -> None:
    fields = {"n": 3, "quality": "high", "user": "u", "style": {"a": 1}, **shape}
    asked = ask(**fields, provider={})
    assert sent(asked) == {"model": ONE.upstream_model, "prompt": "A fox", **fields}
    assert asked.images == 3


def test_asks_for_base64_under_its_only_name() -> None:
    asked = ask(response_format="base64")
    assert (sent(asked)["response_format"], asked.key) == ("b64_json", "b64_json")


@pytest.mark.parametrize(
    ("key", "item", "shown"),
    [
        (None, {"url": "https://x"}, {"url": "https://x"}),
        (None, {"b64_json": PNG, "url": None}, {"b64_json": PNG}),
        ("url", {"url": "https://x", "b64_json": PNG}, {"url": "https://x"}),
        ("url", {"b64_json": PNG}, {"url": f"data:image/png;base64,{PNG}"}),
        ("url", {"b64_json": "unknown"}, None),
        ("b64_json", {"b64_json": PNG, "url": ""}, {"b64_json": PNG}),
        ("b64_json", {"url": f"data:image/png;base64,{PNG}"}, {"b64_json": PNG}),
        ("b64_json", {"url": "data:image/png;base64,"}, None),
        ("b64_json", {"url": "https://x/a;base64,b"}, None),
        ("b64_json", {"url": "https://x"}, None),
        (None, {"url": ""}, None),
        (None, {"url": 5}, None),
        (None, {}, None),
    ],
)
def test_gives_the_form_that_was_asked_for_or_takes_it_for_a_failure(
    key: str | None, item: dict[str, Any], shown: dict[str, str] | None
) -> None:
    asked, answer = ask(response_format=key), {"data": [item]}
    assert IMAGES.accepts(asked, answer) is (shown is not None)
    if shown is not None:
        assert orjson.loads(IMAGES.whole(asked, answer, TOLD))["data"] == [shown]


@pytest.mark.parametrize("data", [None, {}, [], "x", [None], [{"url": "https://x"}, 5]])
def test_takes_nothing_for_an_answer_that_holds_no_pictures(data: Any) -> None:
    assert not IMAGES.accepts(ask(), {"data": data})


@pytest.mark.parametrize(("asked", "came", "charged"), [(1, 1, 1), (4, 2, 2), (2, 3, 2)])
def test_charges_the_pictures_that_came_and_none_beyond_those_asked_for(
    asked: int, came: int, charged: int
) -> None:
    wanted, answer = ask(n=asked), {"data": [{"url": "https://x"}] * came}
    found = IMAGES.measure(wanted, answer, output_bound=0)
    assert (found.reading.counts.image, found.empty) == (charged, False)
    assert len(orjson.loads(IMAGES.whole(wanted, answer, TOLD))["data"]) == charged


@pytest.mark.parametrize(
    ("usage", "tokens", "source", "suspect"),
    [
        (None, 2, "counted", False),
        ({"input_tokens": 9, "output_tokens": 4160}, 9, "upstream", False),
        ({"prompt_tokens": 9}, 9, "upstream", False),
        ({"input_tokens": 10_000}, 2, "counted", True),
    ],
)
def test_believes_the_prompt_of_an_upstream_where_it_is_possible(
    usage: Any, tokens: int, source: str, suspect: bool
) -> None:
    answer = {"data": [{"url": "https://x"}], "usage": usage}
    reading = IMAGES.measure(ask(), answer, output_bound=0).reading
    assert reading == Reading(Counts(input=tokens, image=1), source, suspect)


def test_tells_what_it_cost_and_what_the_upstream_told_of_the_pictures() -> None:
    answer = {
        "created": 7,
        "model": "theirs",
        "data": [{"url": "https://x", "revised_prompt": "A red fox", "seed": 5}],
        "quality": "high",
        "usage": {"input_tokens": 2},
    }
    assert orjson.loads(IMAGES.whole(ask(), answer, TOLD)) == {
        "created": 7,
        "data": [{"url": "https://x", "revised_prompt": "A red fox"}],
        "model": "route/i",
        "provider": "p",
        "credits_charged": 0.05,
        "quality": "high",
        "usage": {"input_tokens": 2},
    }
