"""The parts of a message as Gemini's parts: text, and pictures, sound, films and papers as data or as an address."""

import base64
import binascii
import mimetypes
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from .. import Unsupported

__all__ = ["Part", "from_url", "parts"]

Part = dict[str, Any]

_SOUNDS = {
    "mp3": "audio/mp3",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
}
_SKIPPED = ("thinking", "redacted_thinking", "reasoning")


def parts(content: Any, place: str) -> list[Part]:
    """Return content, a string or a list of parts, as Gemini's parts. Raises Unsupported naming the part."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [
        made
        for number, part in enumerate(content or ())
        if (made := _part(part, f"{place}[{number}]")) is not None
    ]


def from_url(url: Any, place: str, *, otherwise: str) -> Part:
    """Return what a URL holds or names; `otherwise` is its type where neither it nor its name tells. Raises Unsupported.

    Addresses in Google's own storage are refused: they would be opened with the rights of our account, not the caller's.
    """
    if not isinstance(url, str):
        raise Unsupported(place, f"{place} must hold a URL.")
    scheme = url[:8].partition(":")[0].lower()
    if scheme == "data":
        kind, data = _unwrapped(url, place)
        return {"inlineData": {"mimeType": kind or otherwise, "data": data}}
    if scheme not in ("http", "https"):
        raise Unsupported(place, f"{place} must hold a data: or an https: URL.")
    kind = mimetypes.guess_type(urlsplit(url).path)[0] or otherwise
    return {"fileData": {"mimeType": kind, "fileUri": url}}


def _part(part: Mapping[str, Any], place: str) -> Part | None:
    kind = part["type"]
    if kind in _SKIPPED:
        return None
    write = _WRITTEN.get(kind)
    if write is None:
        raise Unsupported(place, f"{place} is of a type that this provider does not take: {str(kind)[:32]}.")
    return write(part, place)


def _text(part: Mapping[str, Any], place: str) -> Part | None:
    text = part.get("text") or part.get("refusal")
    return {"text": text} if isinstance(text, str) and text else None


def _image(part: Mapping[str, Any], place: str) -> Part:
    return from_url(_named(part.get("image_url"), "url"), place, otherwise="image/jpeg")


def _film(part: Mapping[str, Any], place: str) -> Part:
    return from_url(_named(part.get("video_url"), "url"), place, otherwise="video/mp4")


def _sound(part: Mapping[str, Any], place: str) -> Part:
    sound = part.get("input_audio")
    data, form = (_named(sound, "data"), _named(sound, "format")) if isinstance(sound, dict) else (None, None)
    if not isinstance(data, str) or not isinstance(form, str):
        raise Unsupported(place, f"{place}.input_audio must hold data and a format.")
    return {"inlineData": {"mimeType": _SOUNDS.get(form.lower(), f"audio/{form.lower()}"), "data": data}}


def _file(part: Mapping[str, Any], place: str) -> Part:
    file = part.get("file")
    if not isinstance(file, dict) or not isinstance(file.get("file_data"), str):
        raise Unsupported(
            place, f"{place}.file must hold file_data; ids of files mean nothing to this provider."
        )
    named = mimetypes.guess_type(str(file.get("filename", "")))[0]
    data = file["file_data"]
    if ":" not in data[:8]:  # OpenAI takes bare base64 too
        data = f"data:{named or 'application/pdf'};base64,{data}"
    return from_url(data, place, otherwise=named or "application/pdf")


_WRITTEN: Mapping[str, Callable[[Mapping[str, Any], str], Part | None]] = {
    "text": _text,
    "refusal": _text,
    "image_url": _image,
    "video_url": _film,
    "input_audio": _sound,
    "file": _file,
}


def _named(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else value


def _unwrapped(url: str, place: str) -> tuple[str, str]:
    head, comma, data = url[5:].partition(",")
    kind, *marks = (mark.strip() for mark in head.split(";"))
    if not comma:
        raise Unsupported(place, f"{place} holds a data: URL without data.")
    if any(mark.lower() == "base64" for mark in marks):
        return kind.lower(), _standard(data, place)
    return kind.lower(), base64.b64encode(unquote_to_bytes(data)).decode()


def _standard(data: str, place: str) -> str:
    """Return base64 as it came where it is well formed, else without what strict readers trip over."""
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        text = unquote_to_bytes("".join(data.split())).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        try:
            return base64.b64encode(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)).decode()
        except (binascii.Error, ValueError) as error:
            raise Unsupported(place, f"{place} holds a data: URL that is no base64.") from error
    return data
