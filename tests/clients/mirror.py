"""An upstream that answers with what it was sent, and with fields that no sandbox has: log-probabilities, unknown ones."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("It ", "is ", "mirrored.")
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a chat completion, whole or as a stream."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.get("stream"):
            events = [*_chunks(asked), {**_head("chat.completion.chunk"), "choices": [], "usage": USAGE}]
            lines = [*map(json.dumps, events), "[DONE]"]
            self._say("text/event-stream", "".join(f"data: {line}\n\n" for line in lines))
        else:
            self._say("application/json", json.dumps(_whole(asked)))

    def _say(self, content_type: str, text: str) -> None:
        payload = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Keep quiet."""


def _head(kind: str) -> dict[str, Any]:
    return {"id": "mirror-1", "object": kind, "created": 1, "model": "mirror"}


def _logprobs(asked: dict[str, Any], words: tuple[str, ...]) -> dict[str, Any] | None:
    if not asked.get("logprobs"):
        return None
    return {
        "content": [
            {"token": word, "logprob": -0.25, "bytes": list(word.encode()), "top_logprobs": []}
            for word in words
        ],
        "refusal": None,
    }


def _whole(asked: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "message": message, "logprobs": _logprobs(asked, WORDS), "finish_reason": "stop"}
    return {**_head("chat.completion"), "choices": [choice], "usage": USAGE, "received": asked}


def _chunks(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number, word in enumerate(WORDS):
        choice = {
            "index": 0,
            "delta": {"role": "assistant", "content": word},
            "logprobs": _logprobs(asked, (word,)),
            "finish_reason": "stop" if number == len(WORDS) - 1 else None,
        }
        yield {**_head("chat.completion.chunk"), "choices": [choice], "received": asked}


@contextmanager
def running_mirror() -> Iterator[str]:
    """Serve on a free port while the block lasts; gives the base URL, which ends in /v1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            serving.join(10)
