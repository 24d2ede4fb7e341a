"""How the parts of a chat's message become content blocks."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from .. import Unsupported

__all__ = ["Block", "blocks", "marked"]

Block = dict[str, Any]

_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.IGNORECASE)
_PDF = "application/pdf"
# Blocks that a caller may have written in Anthropic's own form.
_OWN = frozenset(("document", "search_result"))


def blocks(content: Any) -> list[Block]:
    """Return the content of a message as blocks; empty text is none. Raises Unsupported."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    found = [_block(part) for part in content]
    return [block for block in found if block.get("text") != "" or block["type"] != "text"]


def marked(block: Block, source: Mapping[str, Any]) -> Block:
    """Return a block with the mark for the cache that stands at its source, if there is one."""
    mark = source.get("cache_control")
    return {**block, "cache_control": mark} if isinstance(mark, dict) else block


def _block(part: dict[str, Any]) -> Block:
    kind = part["type"]
    if kind in _OWN:
        return part
    write = _WRITTEN.get(kind)
    if write is None:
        raise Unsupported("messages", f"Anthropic's models take no parts of type {str(kind)[:64]!r}.")
    return marked(write(part), part)


def _text(part: dict[str, Any]) -> Block:
    return {"type": "text", "text": part["text"]}


def _refusal(part: dict[str, Any]) -> Block:
    refusal = part.get("refusal")
    return {"type": "text", "text": refusal if isinstance(refusal, str) else ""}


def _image(part: dict[str, Any]) -> Block:
    url = part["image_url"]["url"]
    if url.startswith(("http://", "https://")):
        return {"type": "image", "source": {"type": "url", "url": url}}
    media, data = _decoded(url)
    return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}


def _file(part: dict[str, Any]) -> Block:
    file = part.get("file")
    file = file if isinstance(file, dict) else {}
    name, data = file.get("filename"), file.get("file_data")
    titled = {"title": name} if isinstance(name, str) and name else {}
    if not isinstance(data, str):
        raise Unsupported("messages", "Anthropic's models take files only as file_data.")
    if data.startswith(("http://", "https://")):
        return {"type": "document", "source": {"type": "url", "url": data}, **titled}
    media, encoded = _decoded(data)
    if media == _PDF:
        source = {"type": "base64", "media_type": _PDF, "data": encoded}
    elif media.startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": _plain(encoded)}
    else:
        raise Unsupported("messages", f"Anthropic's models take no files of type {media[:64]!r}.")
    return {"type": "document", "source": source, **titled}


def _decoded(url: str) -> tuple[str, str]:
    """Return the media type of a data URL and its content as base64."""
    found = _DATA.match(url)
    if found is None or not found[3]:
        raise Unsupported("messages", "Anthropic's models take content as an http(s) URL or as base64 data.")
    return found[1].lower(), url[found.end() :]


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise Unsupported("messages", "A text file is not valid base64 of UTF-8.") from error


_WRITTEN: Mapping[str, Callable[[dict[str, Any]], Block]] = {
    "text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "file": _file,
}
