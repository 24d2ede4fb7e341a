"""Completions, embeddings, ranking and images through the Python package `openai`."""

import base64
import math
from typing import Any

from tests.clients.drivers.openai_chat import client
from tests.clients.drivers.reporting import QUESTION, Check, Scene

TEXTS = ["a limit on requests", "a red bicycle"]
PNG = b"\x89PNG"


def completion(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.completions.create(model="sandbox/chat", prompt=QUESTION, max_tokens=20)
    assert (answer.object, answer.model) == ("text_completion", "sandbox/chat")
    assert answer.choices[0].text
    assert answer.usage.completion_tokens > 0


def completion_streamed(scene: Scene) -> None:
    with client(scene) as api:
        whole = api.completions.create(model="sandbox/chat", prompt=QUESTION, max_tokens=20).choices[0].text
        chunks = list(
            api.completions.create(model="sandbox/chat", prompt=QUESTION, max_tokens=20, stream=True)
        )
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole
    assert chunks[-1].choices[0].finish_reason == "length"


def embeddings(scene: Scene) -> None:
    with client(scene) as api:
        answer = api.embeddings.create(model="sandbox/embedding", input=TEXTS, encoding_format="float")
        tokens = api.embeddings.create(model="sandbox/embedding", input=[[1, 2, 3]], encoding_format="float")
    assert [item.index for item in answer.data] == [0, 1]
    assert all(math.isclose(sum(x * x for x in item.embedding), 1, rel_tol=1e-3) for item in answer.data)
    assert (answer.object, answer.model) == ("list", "sandbox/embedding")
    assert answer.usage.prompt_tokens > 0
    assert len(tokens.data) == 1


def embeddings_base64(scene: Scene) -> None:
    with client(scene) as api:
        plain = api.embeddings.create(model="sandbox/embedding", input=TEXTS[0], encoding_format="float")
        packed: Any = api.embeddings.create(
            model="sandbox/embedding", input=TEXTS[0], encoding_format="base64"
        )
        unsaid = api.embeddings.create(model="sandbox/embedding", input=TEXTS[0])
    vector = plain.data[0].embedding
    assert len(base64.b64decode(packed.data[0].embedding)) == 4 * len(vector)
    # The client asks for base64 by itself and unpacks it.
    pairs = zip(unsaid.data[0].embedding, vector, strict=True)
    assert all(math.isclose(one, other, abs_tol=1e-6) for one, other in pairs)


def rerank(scene: Scene) -> None:
    body = {"model": "sandbox/rerank", "query": TEXTS[0], "documents": TEXTS[::-1], "top_n": 1}
    with client(scene) as api:
        answer: Any = api.post("/rerank", body={**body, "return_documents": True}, cast_to=object)
    (best,) = answer["results"]
    assert best["index"] == 1
    assert 0 <= best["relevance_score"] <= 1
    assert TEXTS[0] in str(best["document"])
    assert {"id", "model", "usage", "provider"} <= answer.keys()


def images(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.images.generate(
            model="sandbox/image", prompt="A toll gate", n=2, size="1024x1024", response_format="b64_json"
        )
        by_url: Any = api.images.generate(model="sandbox/image", prompt="A toll gate", response_format="url")
    assert [base64.b64decode(image.b64_json)[:4] for image in answer.data] == [PNG, PNG]
    assert answer.credits_charged > 0
    assert by_url.data[0].url


CHECKS: dict[str, Check] = {
    "completions.plain": completion,
    "completions.stream": completion_streamed,
    "embeddings.float": embeddings,
    "embeddings.base64": embeddings_base64,
    "rerank": rerank,
    "images": images,
}
