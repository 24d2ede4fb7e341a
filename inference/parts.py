"""The parts of a message's content: OpenAI's and Anthropic's spellings brought to the one that upstreams read."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from .errors import Failure

__all__ = ["checked"]


def checked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with their parts in OpenAI's spelling; what needs no change stays the same object.

    Parts of a type that is not known here pass as they are. Raises Failure naming the part that is wrong.
    """
    return [_message(message, f"messages[{number}]") for number, message in enumerate(messages)]


def _message(message: dict[str, Any], place: str) -> dict[str, Any]:
    content, calls = message.get("content"), message.get("tool_calls")
    changes: dict[str, Any] = {}
    if isinstance(content, list):
        parts = [_part(part, f"{place}.content[{number}]") for number, part in enumerate(content)]
        if any(new is not old for new, old in zip(parts, content, strict=True)):
            changes["content"] = parts
    elif content is not None and not isinstance(content, str):
        raise _invalid(f"{place}.content", "must be a string, a list of parts, or null")
    if calls is not None:
        changes |= _calls(calls, f"{place}.tool_calls")
    return {**message, **changes} if changes else message


def _part(part: Any, place: str) -> dict[str, Any]:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise _invalid(place, "must be an object with a type")
    write = _WRITTEN.get(part["type"])
    return write(part, place) if write else part


def _text(part: dict[str, Any], place: str) -> dict[str, Any]:
    if not isinstance(part.get("text"), str):
        raise _invalid(f"{place}.text", "must be a string")
    return part if part["type"] == "text" else {"type": "text", "text": part["text"]}


def _image(part: dict[str, Any], place: str) -> dict[str, Any]:
    if "source" in part:
        return {"type": "image_url", "image_url": {"url": _source(part["source"], f"{place}.source")}}
    given = part.get("image_url")
    if isinstance(given, dict) and isinstance(given.get("url"), str):
        return part if part["type"] == "image_url" else {"type": "image_url", "image_url": given}
    if not isinstance(given, str):
        raise _invalid(f"{place}.image_url", "must be a URL, or an object with a url")
    detail = {"detail": part["detail"]} if "detail" in part else {}
    return {"type": "image_url", "image_url": {"url": given, **detail}}


def _source(source: Any, place: str) -> str:
    if not isinstance(source, Mapping):
        raise _invalid(place, "must be an object")
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    kind, data = source.get("media_type"), source.get("data")
    if source.get("type") == "base64" and isinstance(kind, str) and isinstance(data, str):
        return f"data:{kind};base64,{data}"
    raise _invalid(place, "must have type url with a url, or type base64 with media_type and data")


_WRITTEN: Mapping[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "image_url": _image,
    "input_image": _image,
    "image": _image,
}


def _calls(calls: Any, place: str) -> dict[str, Any]:
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise _invalid(place, "must be a list of objects")
    written = [_call(call, f"{place}[{number}]") for number, call in enumerate(calls)]
    return {"tool_calls": written} if any(n is not o for n, o in zip(written, calls, strict=True)) else {}


def _call(call: dict[str, Any], place: str) -> dict[str, Any]:
    function = call.get("function")
    if call.get("type", "function") != "function":
        return call
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise _invalid(f"{place}.function", "must be an object with a name")
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        return call
    text = orjson.dumps(arguments).decode() if arguments is not None else "{}"
    return {**call, "function": {**function, "arguments": text}}


def _invalid(place: str, wanted: str) -> Failure:
    return Failure("VALIDATION_ERROR", f"{place} {wanted}.", param=place)
