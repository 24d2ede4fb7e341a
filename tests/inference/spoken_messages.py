"""A stream of a message, spoken and read by Anthropic's own client."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import anthropic
import httpx2
import orjson
from anthropic.types import Message

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.messages import MESSAGES
from inference.dialects.messages.voice import MessagesVoice
from inference.meter import Reading

REQUEST = UUID(int=7)
MODEL = "route/m"
COUNTS = Counts(input=60, cached=40, output=30, reasoning=20)
TOLD = Told(
    request_id=REQUEST,
    model=MODEL,
    provider="p",
    milliseconds=1,
    reading=Reading(COUNTS, "upstream"),
    cost=2_500,
)
ASK = MESSAGES.read(
    orjson.dumps({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]})
)


def event(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None, **choice}]}


def calling(index: int, **function: str) -> dict[str, Any]:
    return event({"tool_calls": [{"index": index, "id": f"c{index}", "function": function}]})


def spoken(events: list[dict[str, Any]], end: Callable[[MessagesVoice], bytes] | None = None) -> bytes:
    """The stream that these chat events become."""
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    frames = [speaker.event(orjson.dumps(each), each) for each in events]
    return b"".join([*frames, end(speaker) if end else speaker.end(TOLD)])


def parsed(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, after a look at how each is framed."""
    found = []
    for block in stream.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        told = json.loads(data.removeprefix("data: "))
        assert name == f"event: {told['type']}"
        found.append(told)
    return found


def deltas_of(stream: bytes, kind: str) -> list[dict[str, Any]]:
    found = [told["delta"] for told in parsed(stream) if told["type"] == "content_block_delta"]
    return [delta for delta in found if delta["type"] == kind]


def read(body: bytes, *, streamed: bool, heard: list[Message] | None = None) -> Message:
    """What Anthropic's client makes of an answer with this body; `heard` takes in the message after each event."""
    kind = "text/event-stream" if streamed else "application/json"

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"Content-Type": kind})

    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        anthropic.Anthropic(api_key="k", base_url="http://x", http_client=http, max_retries=0) as client,
    ):
        if not streamed:
            return client.messages.create(**asked)  # type: ignore[no-any-return]
        with client.messages.stream(**asked) as told:
            for _ in told:
                if heard is not None:
                    heard.append(told.current_message_snapshot)
            return told.get_final_message()
