"""Embeddings of Gemini's two services: a batch at the Gemini API, a prediction at Vertex AI."""

from collections.abc import Mapping
from typing import Any

from .. import Unsupported
from .candidates import objects

__all__ = ["answer", "request"]


def request(body: Mapping[str, Any], model: str, *, vertex: bool) -> tuple[str, dict[str, Any]]:
    """Return the verb and the body that ask for embeddings. Raises Unsupported naming the field."""
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    if not all(isinstance(text, str) for text in texts):
        raise Unsupported("input", "input must be text at this provider: it knows no tokens of other makers.")
    width = {"outputDimensionality": body["dimensions"]} if body.get("dimensions") else {}
    if vertex:
        return "predict", {"instances": [{"content": text} for text in texts], "parameters": width}
    asked = [{"model": f"models/{model}", "content": {"parts": [{"text": text}]}, **width} for text in texts]
    return "batchEmbedContents", {"requests": asked}


def answer(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return OpenAI's list of vectors; None for an answer that holds none."""
    if "embeddings" in said:
        vectors = [each.get("values") for each in objects(said["embeddings"])]
        counted = said.get("usageMetadata")
        tokens = counted.get("promptTokenCount") if isinstance(counted, dict) else None
    elif "predictions" in said:
        held = [each.get("embeddings") for each in objects(said["predictions"])]
        vectors = [each.get("values") for each in objects(held)]
        tokens = _counted(objects(held))
    else:
        return None
    data = [
        {"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)
    ]
    usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if type(tokens) is int else {}
    return {"object": "list", "data": data, **usage}


def _counted(held: list[dict[str, Any]]) -> int | None:
    numbers = [stats.get("token_count") for each in held if isinstance(stats := each.get("statistics"), dict)]
    # Vertex writes whole numbers as 7.0 here.
    whole = [int(number) for number in numbers if isinstance(number, (int, float)) and number == number // 1]
    return sum(whole) if held and len(whole) == len(held) else None
