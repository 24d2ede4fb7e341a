"""A chat's messages as Gemini's contents: turns of user and model by turns, instructions apart from them."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from ... import marks
from .. import Unsupported
from . import media, signatures
from .families import LEVELLED, generation
from .media import Part

__all__ = ["NO_SIGNATURE", "Conversation", "conversation"]

Message = Mapping[str, Any]

# What Google lets stand for the signature of a call that another model made, or whose signature was lost.
NO_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()


class Conversation:
    """The turns of one chat, built message by message."""

    def __init__(self, model: str) -> None:
        self.instructions: list[Part] = []
        self.contents: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}
        # From generation 3 on calls have ids and must be signed; before, a field for ids is an error.
        self._strict = (generation(model) or (0, 0)) >= LEVELLED

    def add(self, message: Message, place: str) -> None:
        """Take in one message. Raises Unsupported for what has no words here."""
        role = message["role"]
        if role in ("system", "developer"):
            self.instructions += media.parts(message.get("content"), f"{place}.content")
        elif role == "user":
            self._say("user", media.parts(message.get("content"), f"{place}.content"))
        elif role == "assistant":
            self._say("model", self._spoken(message, place))
        elif role in ("tool", "function"):
            self._say("user", self._result(message, place))
        else:
            raise Unsupported(f"{place}.role", f"{place}.role is one that this provider does not know.")

    def _say(self, role: str, parts: list[Part]) -> None:
        if not parts:
            return
        if self.contents and self.contents[-1]["role"] == role:
            self.contents[-1]["parts"] += parts
        else:
            self.contents.append({"role": role, "parts": parts})

    def _spoken(self, message: Message, place: str) -> list[Part]:
        held = signatures.kept(message)
        texts = media.parts(message.get("content") or message.get("refusal"), f"{place}.content")
        drawn = message.get("images")
        images = media.parts(drawn if isinstance(drawn, list) else None, f"{place}.images")
        for number, image in enumerate(images):
            if signature := held.of_image(number):
                image["thoughtSignature"] = signature
        given = message.get("tool_calls") or ()
        calls = [self._call(call, f"{place}.tool_calls[{number}]") for number, call in enumerate(given)]
        for part, call in zip(calls, given, strict=True):
            if signature := held.of_call(call):
                part["thoughtSignature"] = signature
        self._sign(texts, calls, held.loose)
        return texts + images + calls

    def _sign(self, texts: list[Part], calls: list[Part], loose: str | None) -> None:
        # Of calls made at once the first alone is signed.
        if calls and not any("thoughtSignature" in call for call in calls):
            signature = loose or (NO_SIGNATURE if self._strict else None)
            if signature:
                calls[0]["thoughtSignature"] = signature
        elif loose:
            if not texts:
                texts.append({"text": ""})
            texts[-1]["thoughtSignature"] = loose

    def _call(self, call: Message, place: str) -> Part:
        function = call.get("function")
        if call.get("type", "function") != "function" or not isinstance(function, dict):
            raise Unsupported(place, f"{place} is no call of a function.")
        name, call_id = function["name"], call.get("id")
        if isinstance(call_id, str):
            self._names[call_id] = name
        given = function["arguments"]
        arguments = _object(given) if given else {}
        if arguments is None:  # a model's mistake, which the chat must be able to go on from
            arguments = {marks.UNPARSED: given}
        return {"functionCall": {"name": name, "args": arguments, **self._id(call_id)}}

    def _result(self, message: Message, place: str) -> list[Part]:
        call_id = message.get("tool_call_id")
        name = self._names.get(str(call_id)) or message.get("name")
        if not isinstance(name, str) or not name:
            raise Unsupported(f"{place}.tool_call_id", f"{place}.tool_call_id names no call of this chat.")
        given = media.parts(message.get("content"), f"{place}.content")
        beside = [part for part in given if "text" not in part]
        response = _response("\n".join(part["text"] for part in given if "text" in part))
        result: Part = {"name": name, "response": response, **self._id(call_id)}
        if self._strict and all("inlineData" in part for part in beside):
            return [{"functionResponse": {**result, **({"parts": beside} if beside else {})}}]
        return [{"functionResponse": result}, *beside]

    def _id(self, call_id: Any) -> dict[str, str]:
        return {"id": call_id} if self._strict and isinstance(call_id, str) else {}


def conversation(messages: list[dict[str, Any]], model: str) -> Conversation:
    """Return the turns of a chat. Raises Unsupported for what Gemini has no words for."""
    made = Conversation(model)
    for number, message in enumerate(messages):
        made.add(message, f"messages[{number}]")
    if not made.contents and made.instructions:  # instructions alone are no question
        made.contents, made.instructions = [{"role": "user", "parts": made.instructions}], []
    if not made.contents:
        raise Unsupported("messages", "messages must say something.")
    return made


def _response(text: str) -> dict[str, Any]:
    found = _object(text)
    return {"output": text} if found is None else found


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
