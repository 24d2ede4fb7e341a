"""OpenAI's own dialect, and that of every server compatible with it: what is asked and answered stays as it is."""

from collections.abc import Mapping
from typing import Any

import orjson

from catalog.snapshot import Hop

from . import Call, Refusal

__all__ = ["OPENAI", "OpenAI"]

# 404 is not among them: a model that we sell and the provider does not know is our mistake or theirs.
_CALLERS_FAULT = frozenset((400, 413, 422))


class OpenAI:
    """The dialect that needs no translation."""

    async def call(
        self, hop: Hop, path: str, body: dict[str, Any], *, secret: str | None, stream: bool
    ) -> Call:
        """Return the call with the body as it is."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return Call(hop.base_url + path, headers, orjson.dumps(body))

    def answer(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return the answer as it came."""
        return said

    def reader(self) -> None:
        """Return nothing: events pass as they come."""
        return None

    def refusal(self, status: int, said: Mapping[str, Any]) -> Refusal:
        """Return whose fault it is, and the code that the error names."""
        error = said.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return Refusal(status in _CALLERS_FAULT, code if isinstance(code, str) else "")


OPENAI = OpenAI()
