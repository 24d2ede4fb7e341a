"""Clients that keep calling whatever dies, and write down what they heard: the first witness."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from .asked import Asked

__all__ = ["Heard", "play"]

AT_ONCE = 64
PATIENCE_SECONDS = 90.0
DONE = b"data: [DONE]\n"


@dataclass
class Heard:
    """What one client heard so far; `moments` are (Unix time, characters heard by then)."""

    asked: Asked
    began: float = field(default_factory=time.time)
    request_id: str = ""
    status: int = 0
    ended: str = "unreached"
    usage: dict[str, Any] | None = None
    size: int = 0
    text: str = ""
    moments: list[tuple[float, int]] = field(default_factory=list)

    def line(self) -> bytes:
        """Return the line of the log. The text of a complete answer is left out: its usage says it all."""
        whole = self.ended == "complete"
        return orjson.dumps(
            {
                "marker": self.asked.marker,
                "model": self.asked.model,
                "stream": self.asked.stream,
                "prompt": self.asked.prompt,
                "began": self.began,
                "ended_at": time.time(),
                "request_id": self.request_id,
                "status": self.status,
                "ended": self.ended,
                "usage": self.usage,
                "bytes": self.size,
                "text": "" if whole else self.text,
                "moments": [] if whole else self.moments,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )


async def play(asked: Sequence[Asked], *, base_url: str, keys: Sequence[str], log: Path) -> None:
    """Send each request when it is due, at most 64 at once, and append a line for each when it has ended."""
    began, room = time.monotonic(), asyncio.Semaphore(AT_ONCE)
    timeout, connector = aiohttp.ClientTimeout(PATIENCE_SECONDS), aiohttp.TCPConnector(limit=0)
    with log.open("ab", buffering=0) as lines:

        async def send(one: Asked) -> None:
            heard = Heard(one)
            try:
                await _call(session, heard, base_url, keys[one.workspace])
            finally:
                lines.write(heard.line())
                room.release()

        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
            asyncio.TaskGroup() as tasks,
        ):
            for one in asked:
                await asyncio.sleep(max(0.0, began + one.due - time.monotonic()))
                await room.acquire()
                tasks.create_task(send(one))


async def _call(session: aiohttp.ClientSession, heard: Heard, base_url: str, key: str) -> None:
    asked = heard.asked
    body = {
        "model": asked.model,
        "messages": [{"role": "user", "content": asked.prompt}],
        "stream": asked.stream,
        **({} if asked.max_tokens is None else {"max_tokens": asked.max_tokens}),
        **({"stream_options": {"include_usage": True}} if asked.stream else {}),
    }
    try:
        async with session.post(
            f"{base_url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}
        ) as response:
            heard.status, heard.ended = response.status, "broken"
            heard.request_id = response.headers.get("X-Request-Id", "")
            if response.status != 200:
                await response.read()
                heard.ended = "refused"
            elif asked.stream:
                await _stream(response, heard)
            else:
                raw = await response.read()
                heard.size, heard.usage, heard.ended = len(raw), orjson.loads(raw)["usage"], "complete"
    except (aiohttp.ClientError, OSError, TimeoutError):
        return  # `ended` says how far it came


async def _stream(response: aiohttp.ClientResponse, heard: Heard) -> None:
    pieces, failed = 0, False
    async for line in response.content:
        heard.size += len(line)
        if line == DONE:
            heard.ended = "failed" if failed else "complete"
        elif line.startswith(b"data: {"):
            event = orjson.loads(line[6:])
            failed = failed or "error" in event
            heard.usage = event.get("usage") or heard.usage
            pieces += _piece(event, heard)
        if pieces == heard.asked.hang_up_after:
            heard.ended = "hung_up"
            response.close()
            return
    if failed:
        heard.ended = "failed"


def _piece(event: dict[str, Any], heard: Heard) -> bool:
    choices = event.get("choices")
    delta = choices[0].get("delta", {}) if choices else {}
    text = (delta.get("reasoning_content") or "") + (delta.get("content") or "")
    if text:
        heard.text += text
        heard.moments.append((time.time(), len(heard.text)))
    return bool(text)
