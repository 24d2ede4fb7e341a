"""One accepted call: what was asked, what has left for the caller, and how it ended."""

import asyncio
import time
from typing import Literal

from aiohttp import web

from inference.sandbox.behaviour import Behaviour
from inference.sandbox.witness import Witness

__all__ = ["Call", "Ended"]

Ended = Literal["done", "client_gone", "cut"]


class Call:
    """Counts what leaves and writes the call's single line: the first ending that is told stays."""

    def __init__(
        self, request: web.Request, witness: Witness, *, model: str, behaviour: Behaviour, stream: bool
    ) -> None:
        self.request = request
        self.behaviour = behaviour
        self.model = model
        self.stream = stream
        self.prompt_tokens = 0
        self.asked = ""
        self.status = 200
        self.tokens = 0
        self.bytes = 0
        self.witnessed = not witness.mute
        self._witness = witness
        self._started_at = time.time()
        self._ended = False

    def leaving(self, *, tokens: int, size: int) -> None:
        """Count tokens and bytes just before they are handed to the network.

        Raises ConnectionResetError when the caller has gone, and then counts nothing.
        """
        transport = self.request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the caller has gone")
        self.tokens += tokens
        self.bytes += size

    def end(self, ended: Ended) -> asyncio.Future[None] | None:
        """Write the line, unless it was written before; the future is done when it is on disk."""
        if self._ended or not self.witnessed:
            return None
        self._ended = True
        return self._witness.append(
            {
                "started_at": self._started_at,
                "request_id": self.request.headers.get("X-Request-Id"),
                "path": self.request.path,
                "model": self.model,
                "stream": self.stream,
                "asked": self.asked,
                "status": self.status,
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.tokens,
                "bytes": self.bytes,
                "ended": ended,
            }
        )

    async def ended(self, ended: Ended) -> None:
        """Write the line and wait until it is on disk: to be awaited before the last byte leaves."""
        if written := self.end(ended):
            await written
