"""Embeddings and ranks without a model: texts that share words point in similar directions."""

import base64
import collections
import hashlib
import math
import operator
import struct
from collections.abc import Callable
from typing import Any

import orjson

from inference.sandbox import asking, words
from inference.sandbox.asking import Invalid
from inference.sandbox.behaviour import Behaviour
from inference.sandbox.reply import Reply

__all__ = ["embeddings", "rerank", "vector"]

USUAL_DIMENSIONS = 256
GREATEST_DIMENSIONS = 4_096
GREATEST_INPUTS = 2_048
GREATEST_TOP = 1_000_000


def vector(text: str, dimensions: int = USUAL_DIMENSIONS) -> tuple[float, ...]:
    """A unit vector of floats that fit 32 bits. Each different word adds to one place; empty texts get one too."""
    places = [0.0] * dimensions
    for word, times in collections.Counter(words.TOKEN.findall(text.lower()) or [""]).items():
        hashed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
        # All positive: words never cancel out, so no text has length zero.
        places[hashed % dimensions] += 1.0 + math.log(times)
    length = math.sqrt(sum(place * place for place in places))
    packed = struct.pack(f"<{dimensions}f", *(place / length for place in places))
    return struct.unpack(f"<{dimensions}f", packed)


def embeddings(body: dict[str, Any], behaviour: Behaviour) -> Reply:
    """The reply to /v1/embeddings, as floats or base64 of little-endian 32-bit floats. Raises Invalid."""
    texts = asking.inputs(body, "input")
    if len(texts) > GREATEST_INPUTS:
        raise Invalid("input", f"input must hold at most {GREATEST_INPUTS} texts.")
    dimensions = asking.number(body, "dimensions", GREATEST_DIMENSIONS) or USUAL_DIMENSIONS
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise Invalid("encoding_format", "encoding_format must be float or base64.")
    write: Callable[[tuple[float, ...]], Any] = _base64 if encoding == "base64" else list
    tokens = sum(number for _, number in texts)
    answer: dict[str, Any] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": write(vector(text, dimensions))}
            for index, (text, _) in enumerate(texts)
        ],
        "model": asking.model_of(body),
    }
    return _reply(answer, {"prompt_tokens": tokens, "total_tokens": tokens}, tokens, behaviour)


def rerank(body: dict[str, Any], behaviour: Behaviour) -> Reply:
    """The reply to /v1/rerank: documents by the share of words they have in common with the query. Raises Invalid."""
    query, documents = body.get("query"), body.get("documents")
    if not isinstance(query, str) or not query:
        raise Invalid("query", "query must be a non-empty string.")
    if not isinstance(documents, list) or not 1 <= len(documents) <= GREATEST_INPUTS:
        raise Invalid("documents", f"documents must be a list of 1 to {GREATEST_INPUTS} documents.")
    found = [document.get("text") if isinstance(document, dict) else document for document in documents]
    texts = [text for text in found if isinstance(text, str)]
    if len(texts) < len(documents):
        raise Invalid("documents", "each of documents must be a string or an object with a text.")
    top = asking.number(body, "top_n", GREATEST_TOP)
    asked = vector(query)
    scores = [min(1.0, round(sum(map(operator.mul, asked, vector(text))), 6)) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: (-scores[index], index))[:top]
    results: list[dict[str, Any]] = [{"index": index, "relevance_score": scores[index]} for index in order]
    if body.get("return_documents"):
        for result in results:
            result["document"] = {"text": texts[result["index"]]}
    tokens = words.count(query) + sum(words.count(text) for text in texts)
    answer = {
        "id": f"rerank-{asking.seed_of(asking.model_of(body), [query, texts]):016x}",
        "model": asking.model_of(body),
        "results": results,
    }
    return _reply(
        answer, {"search_units": 1, "prompt_tokens": tokens, "total_tokens": tokens}, tokens, behaviour
    )


def _reply(answer: dict[str, Any], usage: dict[str, int], tokens: int, behaviour: Behaviour) -> Reply:
    if behaviour.figures != "absent":
        factor = behaviour.figure_factor
        answer["usage"] = {name: figure * factor for name, figure in usage.items()}
    return Reply(prompt_tokens=tokens, tokens=0, whole=lambda: orjson.dumps(answer))


def _base64(values: tuple[float, ...]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
