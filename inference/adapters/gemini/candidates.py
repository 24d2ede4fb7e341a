"""One candidate of an answer: its parts as they come, told as what an assistant's message gains by them."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

from . import signatures

__all__ = ["Candidate", "objects"]

_FINISH = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    # The model meant to call a tool and failed at it. It is an answer, empty and so free, and no fault of the
    # place: were it counted as one, a caller with an odd tool could have a healthy place taken out of use.
    "MALFORMED_FUNCTION_CALL": "stop",
}
_PLAIN = ("STOP", "MAX_TOKENS")
_UNFINISHED = ("", "FINISH_REASON_UNSPECIFIED")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Candidate:
    """What one candidate has told so far."""

    def __init__(self, index: int, *, nonce: str) -> None:
        """`nonce` differs from answer to answer; ids of calls that came without one are made from it."""
        self.index = index
        self.finish: str | None = None
        self._nonce = nonce
        self._calls = 0
        self._images = 0
        self._details = 0

    def gains(self, candidate: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an event, or a whole answer, adds to the message: OpenAI's delta, without a role."""
        delta: dict[str, Any] = {}
        content = candidate.get("content")
        for part in objects(content.get("parts") if isinstance(content, dict) else None):
            self._part(part, delta)
        self._end(candidate.get("finishReason"))
        return delta

    def choice(self, candidate: Mapping[str, Any], name: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the choice with this message or delta in it."""
        choice: dict[str, Any] = {"index": self.index, name: message, "finish_reason": self.finish}
        if scores := _scores(candidate.get("logprobsResult")):
            choice["logprobs"] = {"content": scores, "refusal": None}
        native = candidate.get("finishReason")
        if self.finish and native in _FINISH and native not in _PLAIN:
            choice["native_finish_reason"] = native
        return choice

    def _end(self, reason: Any) -> None:
        if not isinstance(reason, str) or reason in _UNFINISHED:
            return
        finish = _FINISH.get(reason, "stop")
        self.finish = "tool_calls" if finish == "stop" and self._calls else finish

    def _part(self, part: Mapping[str, Any], delta: dict[str, Any]) -> None:
        signature, call = part.get("thoughtSignature"), part.get("functionCall")
        name = None
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            name = self._call(call, signature, delta)
        elif isinstance(part.get("text"), str):
            field = "reasoning_content" if part.get("thought") is True else "content"
            if part["text"]:
                delta[field] = delta.get(field, "") + part["text"]
        elif (image := _image(part.get("inlineData"))) is not None:
            delta.setdefault("images", []).append(image)
            name, self._images = signatures.image_id(self._images), self._images + 1
        if isinstance(signature, str) and signature:
            entry = signatures.detail(signature, index=self._details, name=name)
            delta.setdefault("reasoning_details", []).append(entry)
            self._details += 1

    def _call(self, call: Mapping[str, Any], signature: Any, delta: dict[str, Any]) -> str:
        number, self._calls = self._calls, self._calls + 1
        given = call.get("id")
        known = isinstance(given, str) and _ID.fullmatch(given)
        call_id = str(given) if known else self._made_id(number)
        arguments = call.get("args")
        made: dict[str, Any] = {
            "index": number,
            "id": call_id,
            "type": "function",
            "function": {"name": call["name"], "arguments": orjson.dumps(arguments or {}).decode()},
        }
        if isinstance(signature, str) and signature:
            made["extra_content"] = signatures.extra(signature)
        delta.setdefault("tool_calls", []).append(made)
        return call_id

    def _made_id(self, number: int) -> str:
        seed = f"{self._nonce}/{self.index}/{number}"
        return f"call_{hashlib.sha256(seed.encode(errors='replace')).hexdigest()[:24]}"


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _image(data: Any) -> dict[str, Any] | None:
    kind, text = (data.get("mimeType"), data.get("data")) if isinstance(data, dict) else (None, None)
    if not (isinstance(kind, str) and isinstance(text, str) and kind.startswith("image/")):
        return None
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{text}"}}


def _scores(told: Any) -> list[dict[str, Any]]:
    if not isinstance(told, dict):
        return []
    tops = objects(told.get("topCandidates"))
    return [
        {**_score(chosen), "top_logprobs": [_score(each) for each in _at(tops, number)]}
        for number, chosen in enumerate(objects(told.get("chosenCandidates")))
    ]


def _at(tops: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return objects(tops[number].get("candidates")) if number < len(tops) else []


def _score(told: Mapping[str, Any]) -> dict[str, Any]:
    token, score = told.get("token"), told.get("logProbability")
    text = token if isinstance(token, str) else ""
    score = score if isinstance(score, (int, float)) else 0
    return {"token": text, "logprob": score, "bytes": list(text.encode(errors="replace"))}
