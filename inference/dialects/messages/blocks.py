"""How the content blocks of a user, of a tool's result and of the system prompt become parts of chat messages."""

from typing import Any

from . import checks
from .checks import wrong

__all__ = ["Part", "content", "is_text", "marked", "parts"]

Part = dict[str, Any]

_PDF = "application/pdf"


def parts(block: dict[str, Any], *, at: str) -> list[Part]:
    """Return a block as parts of a chat message, the last with the block's mark for the cache.

    Raises Failure for one that chat completions cannot hold.
    """
    found = _parts(block, at=at)
    return [*found[:-1], marked(found[-1], block)] if found else found


def marked(made: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """Return what a block became with the mark for the cache that stands in the block, if there is one."""
    mark = block.get("cache_control")
    return {**made, "cache_control": mark} if isinstance(mark, dict) else made


def _parts(block: dict[str, Any], *, at: str) -> list[Part]:
    kind = checks.text(block, "type", at=at)
    if kind == "text":
        return [_text(checks.string(block, "text", at=at))]
    if kind == "image":
        return [_image(_source(block, at=at), at=f"{at}.source")]
    if kind == "document":
        return _document(block, at=at)
    if kind == "search_result":
        found = [
            checks.string(each, "text", at=place)
            for place, each in _each(block.get("content"), f"{at}.content")
        ]
        head = [checks.text(block, name, at=at) for name in ("title", "source")]
        return [_text("\n".join([*head, *found]))]
    raise wrong(f"{at}.type", f"Blocks of type {kind[:64]!r} are not available here")


def content(found: list[Part], *, between: str = "\n") -> str | list[Part]:
    """Return parts as the content of a chat message: plain text where there is nothing else, as every upstream reads it."""
    plain = all(is_text(part) and "cache_control" not in part for part in found)
    return between.join(part["text"] for part in found) if plain else found


def is_text(part: Part) -> bool:
    """Tell whether a part is text."""
    return bool(part["type"] == "text")


def _text(text: str) -> Part:
    return {"type": "text", "text": text}


def _each(value: Any, at: str) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{at}.{number}", item) for number, item in enumerate(checks.listed(value, at=at))]


def _source(block: dict[str, Any], *, at: str) -> dict[str, Any]:
    source = block.get("source")
    if not isinstance(source, dict):
        raise wrong(f"{at}.source", "Field required" if source is None else "Input should be an object")
    return source


def _image(source: dict[str, Any], *, at: str) -> Part:
    kind = checks.text(source, "type", at=at)
    if kind == "url":
        return {"type": "image_url", "image_url": {"url": checks.text(source, "url", at=at)}}
    if kind == "base64":
        media = checks.text(source, "media_type", at=at)
        if not media.startswith("image/"):
            raise wrong(f"{at}.media_type", "Input should be the media type of an image")
        data = checks.text(source, "data", at=at)
        return {"type": "image_url", "image_url": {"url": f"data:{media};base64,{data}"}}
    raise wrong(f"{at}.type", f"Sources of type {kind[:64]!r} are not available here: send base64 or url")


def _document(block: dict[str, Any], *, at: str) -> list[Part]:
    if isinstance(cited := block.get("citations"), dict) and cited.get("enabled"):
        raise wrong(f"{at}.citations.enabled", "Citations are not available here")
    head = [
        _text(words) for name in ("title", "context") if isinstance(words := block.get(name), str) and words
    ]
    source, path = _source(block, at=at), f"{at}.source"
    kind = checks.text(source, "type", at=path)
    if kind == "text":
        return [*head, _text(checks.text(source, "data", at=path))]
    if kind == "content":
        inside = source.get("content")
        if isinstance(inside, str):
            return [*head, _text(inside)]
        return head + [
            part for place, each in _each(inside, f"{path}.content") for part in parts(each, at=place)
        ]
    if kind == "base64":
        return [_file(block, source, at=path)]
    raise wrong(f"{path}.type", f"Sources of type {kind[:64]!r} are not available here: send text or base64")


def _file(block: dict[str, Any], source: dict[str, Any], *, at: str) -> Part:
    if checks.text(source, "media_type", at=at) != _PDF:
        raise wrong(f"{at}.media_type", f"Input should be {_PDF!r}")
    title = block.get("title")
    named = title if isinstance(title, str) and title else "document.pdf"
    data = f"data:{_PDF};base64,{checks.text(source, 'data', at=at)}"
    return {"type": "file", "file": {"filename": named, "file_data": data}}
