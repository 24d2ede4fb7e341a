"""Whether a caller has an answer already, and who may keep it: ETags, 304 and the rules of caching."""

import hashlib

from .. import answers
from ..answers import Answer, Headers
from ..arrival import Arrival

__all__ = ["answer", "whole"]

PUBLIC = "public, max-age=60"


def answer(request: Arrival, body: bytes, *, kind: tuple[str, str] = answers.JSON, public: bool) -> Answer:
    """Answer with a body, or say that the caller's copy is still good. `public` lets anybody keep it for a minute."""
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = [("ETag", tag), *_standing(request, public=public)]
    if _has(request.header("if-none-match"), tag):
        return Answer(304, headers, b"")
    return Answer(200, [kind, *headers], body)


def whole(request: Arrival, body: bytes, *, public: bool) -> Answer:
    """Answer with a body that is never the same twice, so that comparing is of no use."""
    return Answer(200, [answers.JSON, *_standing(request, public=public)], body)


def _standing(request: Arrival, *, public: bool) -> Headers:
    return [
        (name, PUBLIC if public and name == "Cache-Control" else value)
        for name, value in answers.standing(request)
    ]


def _has(condition: str, tag: str) -> bool:
    """Tell whether If-None-Match names a tag; weak and strong tags are alike for this."""
    opaque = tag.removeprefix("W/")
    named = (part.strip().removeprefix("W/") for part in condition.split(","))
    return any(part in {"*", opaque} for part in named)
