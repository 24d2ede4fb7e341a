"""OpenAI's embeddings: texts or tokens go in, one vector for each comes back, as numbers or as base64 of them."""

import math
import struct
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from kernel import money

from .. import tokens
from ..ask import invalid
from . import Measured, Told
from .forwarded import AnsweredWhole, Forwarded, choice_of, meter, read_body, size_of, whole_number

__all__ = ["EMBEDDINGS", "FORMATS", "Embeddings", "EmbeddingsAsk", "packed", "unpacked"]

GREATEST_INPUTS = 2048
GREATEST_DIMENSIONS = 65_536
GREATEST_TOKEN = 2**31 - 1
GREATEST_TOKENS = 1_000_000
FORMATS = ("float", "base64")
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsAsk(Forwarded):
    """Vectors that were asked for: how many, in which form, and how many tokens came as numbers."""

    prompt_field = "input"

    number: int
    given_tokens: int
    base64: bool


class Embeddings(AnsweredWhole):
    """The dialect of /embeddings."""

    capability = "embedding"
    path = "/embeddings"

    def read(self, raw: bytes) -> EmbeddingsAsk:
        """Read a body. Raises Failure naming the field, or the one input, that is wrong."""
        body = read_body(raw, acted_on=("input", "encoding_format", "dimensions"))
        texts, lists = _inputs(body.get("input"))
        form = choice_of(body, "encoding_format", FORMATS)
        whole_number(body, "dimensions", greatest=GREATEST_DIMENSIONS)
        number, given = len(texts) + len(lists), sum(map(len, lists))
        extra = given + tokens.beside_text(messages=number, images=0)
        return EmbeddingsAsk(
            body=body,
            model=body["model"],
            texts=tuple(texts),
            prompt_bound=extra + sum(map(size_of, texts)),
            prompt_extra=extra,
            number=number,
            given_tokens=given,
            base64=form == "base64",
        )

    def accepts(self, ask: EmbeddingsAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there is one vector for each input."""
        found = _in_order(answer.get("data"))
        if found is None or len(found) != ask.number:
            return False
        # Base64 for a caller who wants base64 passes as it is: megabytes of it need not be taken apart.
        return all(_is_vector(vector, numbers=not ask.base64) for vector in found)

    def measure(self, ask: EmbeddingsAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what went in; nothing comes out as tokens, and yet no such answer is empty."""
        names = ("prompt_tokens", "total_tokens")
        reading = meter(ask, answer.get("usage"), names, given_tokens=ask.given_tokens)
        return Measured(reading, finish="", empty=False)

    def whole(self, ask: EmbeddingsAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return OpenAI's list, its vectors in the form that was asked for."""
        write = packed if ask.base64 else unpacked
        vectors = _in_order(answer["data"]) or []
        count = told.reading.counts.prompt_tokens
        return orjson.dumps(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": index, "embedding": write(vector)}
                    for index, vector in enumerate(vectors)
                ],
                "model": told.model,
                "provider": told.provider,
                "usage": {
                    "prompt_tokens": count,
                    "total_tokens": count,
                    "cost": told.cost / money.NANO_PER_USD,
                },
            }
        )


def packed(vector: str | list[float]) -> str:
    """Return a vector as base64 of its numbers in 32 bits, the lowest byte first."""
    if isinstance(vector, str):
        return vector
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def unpacked(vector: str | list[float]) -> list[float]:
    """Return a vector as numbers, to the last bit."""
    if isinstance(vector, list):
        return vector
    return list(_floats(a2b_base64(vector)))


def _inputs(given: Any) -> tuple[list[str], list[list[int]]]:
    """Return the texts, or the lists of tokens, that an input holds."""
    if isinstance(given, str):
        return [_text(given, "input")], []
    if not isinstance(given, list) or not given:
        raise invalid(
            "input", "input must be a string, or a non-empty list of strings, tokens or token lists."
        )
    if type(given[0]) is int:
        return [], _token_lists([(given, "input")])
    if len(given) > GREATEST_INPUTS:
        raise invalid("input", f"input must hold at most {GREATEST_INPUTS} texts.")
    places = [(each, f"input[{number}]") for number, each in enumerate(given)]
    if isinstance(given[0], list):
        return [], _token_lists(places)
    return [_text(each, place) for each, place in places], []


def _token_lists(places: list[tuple[Any, str]]) -> list[list[int]]:
    if sum(len(each) for each, _ in places if isinstance(each, list)) > GREATEST_TOKENS:
        raise invalid("input", f"input must hold at most {GREATEST_TOKENS} tokens in all.")
    return [_tokens(each, place) for each, place in places]


def _text(given: Any, place: str) -> str:
    if not isinstance(given, str) or not given:
        raise invalid(place, f"{place} must be a non-empty string.")
    return given


def _tokens(given: Any, place: str) -> list[int]:
    if not isinstance(given, list) or not given:
        raise invalid(place, f"{place} must be a non-empty list of tokens.")
    for number, token in enumerate(given):
        if type(token) is not int or not 0 <= token <= GREATEST_TOKEN:
            raise invalid(f"{place}[{number}]", f"{place}[{number}] must be a token: a whole number from 0.")
    return given


def _in_order(data: Any) -> list[Any] | None:
    """Return the vectors of an answer by their index, None if they have none or not each its own."""
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return None
    places = [item.get("index", place) for place, item in enumerate(data)]
    if any(type(place) is not int for place in places) or sorted(places) != list(range(len(data))):
        return None
    found = {place: item.get("embedding") for place, item in zip(places, data, strict=True)}
    return [found[place] for place in range(len(data))]


def _is_vector(given: Any, *, numbers: bool) -> bool:
    """Tell whether this is a vector; `numbers` looks at each number of one that came as base64."""
    try:
        if isinstance(given, str):
            raw = a2b_base64(given, strict_mode=True)
            whole = bool(raw) and len(raw) % _FLOAT_BYTES == 0
            return whole and (not numbers or math.isfinite(sum(_floats(raw))))
        return isinstance(given, list) and bool(struct.pack(f"<{len(given)}f", *given))
    except (ValueError, struct.error, OverflowError):
        return False


def _floats(raw: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(raw) // _FLOAT_BYTES}f", raw)


EMBEDDINGS = Embeddings()
