"""The parts of content in input items, and the parts that chat messages have for them."""

from collections.abc import Callable, Mapping
from typing import Any

from ...ask import invalid

__all__ = ["Parts", "only_text", "read", "text_of"]

Parts = list[dict[str, Any]]

_FILE = "send its bytes in file_data as a data URL"


def read(content: Any, place: str, *, only: tuple[str, ...] = ()) -> Parts:
    """Return content, a string or a list of parts, as chat parts. Raises Failure naming the part that is wrong.

    `only` are the types of parts that may stand here, all if empty.
    """
    if isinstance(content, str):
        return [_written(content)]
    if not isinstance(content, list):
        raise invalid(place, f"{place} must be a string or a list of parts.")
    return [_part(part, f"{place}[{number}]", only) for number, part in enumerate(content)]


def only_text(parts: Parts) -> bool:
    """Tell whether there is nothing but text."""
    return all(part["type"] == "text" for part in parts)


def text_of(parts: Parts, *, between: str) -> str:
    """Return the texts of parts as one."""
    return between.join(part["text"] for part in parts if part["type"] == "text")


def _part(part: Any, place: str, only: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise invalid(place, f"{place} must be an object.")
    kind = part.get("type")
    write = _WRITERS.get(kind) if isinstance(kind, str) else None
    if write is None or (only and kind not in only):
        known = ", ".join(only or _WRITERS)
        raise invalid(f"{place}.type", f"{place}.type must be one of {known}.")
    return write(part, place)


def _written(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _text(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    return _written(_string(part, "text", place))


def _refusal(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    return _written(_string(part, "refusal", place))


def _image(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    if part.get("file_id") is not None:
        raise invalid(
            f"{place}.file_id", f"{place}.file_id names a file, and no files are kept here; send image_url."
        )
    image: dict[str, Any] = {"url": _string(part, "image_url", place)}
    detail = part.get("detail")
    if detail not in (None, "auto", "low", "high", "original"):
        raise invalid(f"{place}.detail", f"{place}.detail must be auto, low, high or original.")
    if detail not in (None, "auto"):
        image["detail"] = "low" if detail == "low" else "high"  # chats know no `original`
    return {"type": "image_url", "image_url": image}


def _file(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    for name in ("file_id", "file_url"):
        if part.get(name) is not None:
            raise invalid(f"{place}.{name}", f"{place}.{name} cannot be read from here; {_FILE}.")
    file = {"file_data": _string(part, "file_data", place)}
    if part.get("filename") is not None:
        file["filename"] = _string(part, "filename", place)
    return {"type": "file", "file": file}


def _audio(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    audio = part.get("input_audio")
    if not isinstance(audio, dict):
        raise invalid(f"{place}.input_audio", f"{place}.input_audio must be an object with data and format.")
    return {"type": "input_audio", "input_audio": audio}


def _string(part: Mapping[str, Any], name: str, place: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise invalid(f"{place}.{name}", f"{place}.{name} must be a string.")
    return value


_WRITERS: Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}
