"""Images without a model: a tiny valid PNG whose colour the prompt decides."""

import base64
import struct
import zlib
from typing import Any

import orjson

from inference.sandbox import asking, words
from inference.sandbox.asking import Invalid
from inference.sandbox.behaviour import Behaviour
from inference.sandbox.reply import Reply
from inference.sandbox.shapes import CREATED

__all__ = ["generations", "png"]

SIDE = 16
GREATEST_N = 10


def png(colour: tuple[int, int, int], side: int = SIDE) -> bytes:
    """A square PNG of one colour (red, green, blue, each 0 to 255) and `side` pixels."""
    row = b"\0" + bytes(colour) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * side)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def generations(body: dict[str, Any], behaviour: Behaviour) -> Reply:
    """The reply to /v1/images/generations: base64, or a data URL for `response_format: url`. Raises Invalid.

    It reports no usage, as images are sold by the piece.
    """
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Invalid("prompt", "prompt must be a non-empty string.")
    number = asking.number(body, "n", GREATEST_N) or 1
    style = body.get("response_format") or "b64_json"
    if style not in ("b64_json", "base64", "url"):
        raise Invalid("response_format", "response_format must be b64_json or url.")
    seed = asking.seed_of(asking.model_of(body), prompt)
    images = [base64.b64encode(png(_colour(seed + index))).decode() for index in range(number)]
    data = [
        {"url": f"data:image/png;base64,{image}"} if style == "url" else {"b64_json": image}
        for image in images
    ]
    answer = {"created": CREATED, "model": body["model"], "data": data}
    return Reply(prompt_tokens=words.count(prompt), tokens=0, whole=lambda: orjson.dumps(answer))


def _colour(seed: int) -> tuple[int, int, int]:
    # An odd factor moves neighbouring seeds to distant colours.
    mixed = seed * 0x9E3779B1 % 2**32
    return (mixed & 255, mixed >> 8 & 255, mixed >> 16 & 255)
