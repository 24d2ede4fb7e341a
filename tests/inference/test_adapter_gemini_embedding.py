"""Embeddings, as they are asked of Google's two services and come back."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from inference.adapters import Unsupported
from inference.adapters.gemini import GEMINI
from tests.fakes.hops import ONE
from tests.inference.gemini_asking import API, VERTEX


def asked(base_url: str = API, **body: Any) -> tuple[str, Any]:
    hop = replace(ONE, dialect="gemini", base_url=base_url, upstream_model="gemini-embedding-001")
    call = asyncio.run(GEMINI.call(hop, "/embeddings", body, secret="k", stream=False))
    return call.url.removeprefix(base_url), orjson.loads(call.body)


def test_are_asked_in_a_batch() -> None:
    url, body = asked(input=["a", "b"], dimensions=256, encoding_format="base64")
    assert url == "/models/gemini-embedding-001:batchEmbedContents"
    assert body["requests"] == [
        {
            "model": "models/gemini-embedding-001",
            "content": {"parts": [{"text": text}]},
            "outputDimensionality": 256,
        }
        for text in ("a", "b")
    ]


def test_are_predicted_at_vertex() -> None:
    url, body = asked(VERTEX, input="a")
    assert url == "/models/gemini-embedding-001:predict"
    assert body == {"instances": [{"content": "a"}], "parameters": {}}


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2]]])
def test_are_of_text_only(tokens: list[Any]) -> None:
    with pytest.raises(Unsupported) as refused:
        asked(input=tokens)
    assert refused.value.param == "input"


DATA = [
    {"object": "embedding", "index": 0, "embedding": [0.5, 1]},
    {"object": "embedding", "index": 1, "embedding": [0.25]},
]


def test_come_back_in_order() -> None:
    said = {"embeddings": [{"values": [0.5, 1]}, {"values": [0.25]}]}
    assert GEMINI.answer(said) == {"object": "list", "data": DATA}
    told = GEMINI.answer({**said, "usageMetadata": {"promptTokenCount": 7}})
    assert told["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


def test_come_back_from_vertex_with_their_count() -> None:
    said = {
        "predictions": [
            {"embeddings": {"values": [0.5, 1], "statistics": {"token_count": 3.0, "truncated": False}}},
            {"embeddings": {"values": [0.25], "statistics": {"token_count": 2}}},
        ]
    }
    assert GEMINI.answer(said) == {
        "object": "list",
        "data": DATA,
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
    }
    del said["predictions"][1]["embeddings"]["statistics"]
    assert "usage" not in GEMINI.answer(said)
