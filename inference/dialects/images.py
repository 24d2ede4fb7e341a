"""OpenAI's image generation: a prompt goes in, pictures come back as addresses or as base64, sold by the piece."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from kernel import money

from ..ask import invalid
from . import Measured, Told
from .forwarded import (
    AnsweredWhole,
    Forwarded,
    choice_of,
    meter,
    read_body,
    required_text,
    size_of,
    whole_number,
)

__all__ = ["FORMATS", "IMAGES", "RATIO", "SIZE", "Images", "ImagesAsk"]

GREATEST_N = 10
GREATEST_SIDE = 16_384
PROMPT_EXTRA = 64
FORMATS = ("url", "b64_json", "base64")
SIZE = re.compile(r"auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4}|[1-9]K")
RATIO = re.compile(r"[1-9][0-9]{0,2}:[1-9][0-9]{0,2}")
_SHAPES = (("size",), ("aspect_ratio",), ("width", "height"))
_TOLD = ("background", "output_format", "quality", "size")
# How base64 begins for each kind of picture: what a data URL has to say.
_KINDS = {"iVBORw0KGgo": "png", "/9j/": "jpeg", "UklGR": "webp", "R0lGOD": "gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesAsk(Forwarded):
    """Pictures that were asked for, and the key of the answer that must hold them, if the caller named one."""

    prompt_field = "prompt"

    key: str | None


class Images(AnsweredWhole):
    """The dialect of /images/generations."""

    capability = "image"
    path = "/images/generations"

    def read(self, raw: bytes) -> ImagesAsk:
        """Read a body. Raises Failure naming the field that is wrong."""
        body = read_body(raw, acted_on=("prompt", "n", "response_format", *sum(_SHAPES, ())))
        prompt = required_text(body, "prompt")
        number = whole_number(body, "n", greatest=GREATEST_N) or 1
        _check_shape(body)
        key = choice_of(body, "response_format", FORMATS)
        if key == "base64":
            key = body["response_format"] = "b64_json"
        return ImagesAsk(
            body=body,
            model=body["model"],
            texts=(prompt,),
            prompt_bound=PROMPT_EXTRA + size_of(prompt),
            prompt_extra=PROMPT_EXTRA,
            images=number,
            key=key,
        )

    def accepts(self, ask: ImagesAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there is a picture, and each in the form that was asked for."""
        data = answer.get("data")
        return (
            isinstance(data, list)
            and bool(data)
            and all(isinstance(item, dict) and _picture(item, ask.key) for item in data)
        )

    def measure(self, ask: ImagesAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return how many pictures came, of those that were asked for; more were never ordered."""
        came = len(answer["data"])
        names = ("input_tokens", "prompt_tokens")
        reading = meter(ask, answer.get("usage"), names, images=min(came, ask.images))
        return Measured(reading, finish="", empty=False)

    def whole(self, ask: ImagesAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the pictures with what they cost, in credits of one USD."""
        created, usage = answer.get("created"), answer.get("usage")
        return orjson.dumps(
            {
                "created": created if type(created) is int else int(time.time()),
                "data": [_shown(item, ask.key) for item in answer["data"][: ask.images]],
                "model": told.model,
                "provider": told.provider,
                "credits_charged": told.cost / money.NANO_PER_USD,
                **{name: answer[name] for name in _TOLD if isinstance(answer.get(name), str)},
                **({"usage": usage} if isinstance(usage, dict) else {}),
            }
        )


def _check_shape(body: Mapping[str, Any]) -> None:
    for name, form, like in (("size", SIZE, "1024x1024"), ("aspect_ratio", RATIO, "16:9")):
        value = body.get(name)
        if value is not None and not (isinstance(value, str) and form.fullmatch(value)):
            raise invalid(name, f"{name} must be written like {like}.")
    sides = [whole_number(body, name, greatest=GREATEST_SIDE) for name in ("width", "height")]
    if sides.count(None) == 1:
        missing = ("width", "height")[sides.index(None)]
        raise invalid(missing, f"{missing} is missing: width and height go together.")
    given = [names for names in _SHAPES if body.get(names[0]) is not None]
    if len(given) > 1:
        raise invalid(given[1][0], f"{given[1][0]} contradicts {given[0][0]}: give one of them.")


def _picture(item: Mapping[str, Any], key: str | None) -> dict[str, str]:
    """Return a picture under the key that was asked for, or as it came if none was; nothing if that cannot be."""
    found = {name: item[name] for name in ("url", "b64_json") if _is_text(item.get(name))}
    if key is None or key in found:
        return found if key is None else {key: found[key]}
    if key == "url" and "b64_json" in found:
        kind = next((kind for start, kind in _KINDS.items() if found["b64_json"].startswith(start)), None)
        return {"url": f"data:image/{kind};base64,{found['b64_json']}"} if kind else {}
    head, comma, data = found.get("url", "").partition(";base64,")
    return {"b64_json": data} if comma and head.startswith("data:image/") and data else {}


def _shown(item: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    revised = item.get("revised_prompt")
    return _picture(item, key) | ({"revised_prompt": revised} if _is_text(revised) else {})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


IMAGES = Images()
