"""Clients that keep calling whatever dies, and write down what they were told."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import aiohttp
import orjson

__all__ = ["Heard", "Load"]

PLAIN, STREAM = "route/deepseek-v3.2", "sandbox/slow-10ms"


@dataclass
class Heard:
    """One answer that reached its end: the request id, and the tokens its usage named."""

    request_id: str
    prompt_tokens: int
    completion_tokens: int


@dataclass
class Load:
    """Calls from many clients at once until told to stop; only complete answers are kept."""

    base_url: str
    api_key: str
    clients: int = 24
    complete: list[Heard] = field(default_factory=list)
    broken: int = 0
    refused: int = 0
    _stop: bool = False

    async def run(self, seconds: float) -> None:
        """Call for so many seconds, then let what is open end."""
        deadline = time.monotonic() + seconds
        headers = {"Authorization": f"Bearer {self.api_key}", "Accept": "application/json"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(30)) as session:
            await asyncio.gather(*(self._client(session, number, deadline) for number in range(self.clients)))

    async def _client(self, session: aiohttp.ClientSession, number: int, deadline: float) -> None:
        turn = number
        while time.monotonic() < deadline:
            turn += 1
            try:
                await self._call(session, turn)
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                self.broken += 1
                await asyncio.sleep(0.1)

    async def _call(self, session: aiohttp.ClientSession, turn: int) -> None:
        stream = turn % 3 != 0
        body = {
            "model": STREAM if stream else PLAIN,
            "messages": [{"role": "user", "content": f"{turn}: what is a toll road?"}],
            "max_tokens": 30 + turn % 40,
            "stream": stream,
            **({"stream_options": {"include_usage": True}} if stream else {}),
        }
        async with session.post(f"{self.base_url}/chat/completions", json=body) as response:
            if response.status != 200:
                self.refused += 1
                await response.read()
                await asyncio.sleep(0.2)
                return
            usage = await (_streamed(response) if stream else _plain(response))
        if usage is None:
            self.broken += 1
        else:
            request_id = response.headers["X-Request-Id"]
            self.complete.append(Heard(request_id, usage["prompt_tokens"], usage["completion_tokens"]))


async def _plain(response: aiohttp.ClientResponse) -> dict[str, int] | None:
    usage: dict[str, int] = orjson.loads(await response.read())["usage"]
    return usage


async def _streamed(response: aiohttp.ClientResponse) -> dict[str, int] | None:
    usage, ended = None, False
    async for line in response.content:
        if line == b"data: [DONE]\n":
            ended = True
        elif line.startswith(b"data: "):
            with contextlib.suppress(orjson.JSONDecodeError):
                usage = orjson.loads(line[6:]).get("usage") or usage
    return usage if ended else None
