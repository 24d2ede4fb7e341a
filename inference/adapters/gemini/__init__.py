"""Gemini's dialect, as the Gemini API and Vertex AI speak it: a chat becomes contents, candidates become choices."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from catalog.snapshot import Hop

from .. import Call, Refusal, Unsupported
from . import answering, asking, embedding, refusing
from .credentials import Credentials
from .reading import Reading

__all__ = ["GEMINI", "Gemini"]


class Gemini:
    """The dialect of generateContent."""

    def __init__(self) -> None:
        self._credentials = Credentials()

    async def call(
        self, hop: Hop, path: str, body: dict[str, Any], *, secret: str | None, stream: bool
    ) -> Call:
        """Return the call that asks for a chat or for embeddings. Raises Unsupported."""
        model = hop.upstream_model.removeprefix("models/")
        if path == "/chat/completions":
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            asked = asking.request(body, model)
        elif path == "/embeddings":
            verb, asked = embedding.request(body, model, vertex="/publishers/" in hop.base_url)
        else:
            raise Unsupported("model", "This provider serves chats and embeddings only.")
        url = f"{hop.base_url}/models/{quote(model, safe='@')}:{verb}"
        return Call(url, await self._credentials.headers(secret), orjson.dumps(asked))

    def answer(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return a chat completion, or a list of embeddings. Raises ValueError for neither."""
        return embedding.answer(said) or answering.answer(said)

    def reader(self) -> Reading:
        """Return what reads a stream."""
        return Reading()

    def refusal(self, status: int, said: Mapping[str, Any]) -> Refusal:
        """Return whose fault an error is."""
        return refusing.refusal(status, said)


GEMINI = Gemini()
