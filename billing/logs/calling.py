"""A request as a command to be sent again, and the one that asks why it cost what it did: never with a secret or content."""

import json
from uuid import UUID

__all__ = ["as_curl", "explained"]

_PATHS = {
    "chat": "chat/completions",
    "embedding": "embeddings",
    "rerank": "rerank",
    "image": "images/generations",
}
_CONTENT: dict[str, dict[str, object]] = {
    "chat": {"messages": [{"role": "user", "content": "…"}]},
    "embedding": {"input": "…"},
    "rerank": {"query": "…", "documents": ["…"]},
    "image": {"prompt": "…"},
}


def as_curl(base: str, *, model: str, capability: str, stream: bool, tag: str) -> str:
    """Return the call with what is known of it: content is not, so … stands for it."""
    kind = capability if capability in _PATHS else "chat"
    body: dict[str, object] = {"model": model, **_CONTENT[kind], **({"stream": True} if stream else {})}
    return _curl(f"{base}/{_PATHS[kind]}", body, tag)


def explained(base: str, request_id: UUID) -> str:
    """Return the call that tells by the API how a charge came about."""
    return _curl(f"{base}/explain/charge", {"request_id": str(request_id)}, "")


def _curl(url: str, body: dict[str, object], tag: str) -> str:
    heads = ['-H "Authorization: Bearer $TOLLWAY_API_KEY"', '-H "Content-Type: application/json"']
    if tag:
        heads.append(f"-H {_quoted(f'X-Tollway-Tag: {tag}')}")
    lines = [f"curl {url}", *heads, f"-d {_quoted(json.dumps(body, ensure_ascii=False))}"]
    return " \\\n  ".join(lines)


def _quoted(text: str) -> str:
    """Quote a text for a shell, whatever it holds."""
    return "'" + text.replace("'", "'\\''") + "'"
