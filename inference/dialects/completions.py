"""OpenAI's legacy text completions: the prompt is asked as a chat of one message, and what it says is the text."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from .. import sse
from ..ask import chat_ask, invalid, read_object
from ..errors import Failure, envelope
from . import Measured, Told
from .chat import CHAT, DONE, KEEP_ALIVE, usage_of
from .forwarded import flag, whole_number
from .translated import Translated

__all__ = ["COMPLETIONS", "Completions", "CompletionsAsk", "CompletionsVoice"]

USUAL_MAX_TOKENS = 16
GREATEST_LOGPROBS = 5
# A model that thinks is silent here for as long: what it thinks is no part of the text.
SILENT_SECONDS = 10.0
_ACTED_ON = ("model", "prompt", "echo", "best_of", "suffix", "logprobs", "max_tokens", "n", "stream")
_OURS = frozenset(("prompt", "echo", "best_of", "suffix", "logprobs", "top_logprobs"))
_OF_CHATS = ("messages", "tools", "functions")
_LIMITS = ("max_tokens", "max_completion_tokens")
_ENDS = {"tool_calls": "stop", "function_call": "stop"}


@dataclass(frozen=True, slots=True)
class CompletionsAsk(Translated):
    """A text that was asked for: the chat that asks for it, what the text begins with, and the log probabilities.

    `logprobs` is how many alternatives are wanted for each token, None for no log probabilities at all.
    """

    prompt_field = "prompt"

    echo: str
    logprobs: int | None


class CompletionsVoice:
    """Writes the text of each choice, and nothing of what the model thinks."""

    steady = False
    keep_alive = KEEP_ALIVE

    def __init__(self, ask: CompletionsAsk, request_id: UUID, model: str) -> None:
        self._ask = ask
        self._head = {"id": f"cmpl-{request_id.hex}", "object": "text_completion", "model": model}
        self._created = 0
        self._lengths: dict[int, int] = {}
        self._usage: Any = None
        self._wrote_at = time.monotonic()

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the text that an event adds, or nothing."""
        self._created = self._created or _created(event)
        self._usage = event.get("usage") or self._usage
        choices = list(self._pieces(event.get("choices")))
        if choices:
            return self._frame(choices)
        if time.monotonic() - self._wrote_at < SILENT_SECONDS:
            return b""
        self._wrote_at = time.monotonic()
        return KEEP_ALIVE

    def end(self, told: Told) -> bytes:
        """Return the usage for who asked for it, and the end marker."""
        return self._told(told) + DONE

    def killed(self, told: Told | None = None) -> bytes:
        """Return the usage for who asked for it, and the end marker."""
        return self._told(told) + DONE

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return the usage for who asked for it, one error event, and no end marker."""
        return self._told(told) + sse.frame(envelope(failure))

    def _told(self, told: Told | None) -> bytes:
        if told is None or not self._ask.chat.include_usage:
            return b""
        return self._frame([], usage=usage_of({"usage": self._usage}, told))

    def _frame(self, choices: list[dict[str, Any]], **fields: Any) -> bytes:
        self._wrote_at = time.monotonic()
        written = {**self._head, "created": self._created, "choices": choices, **fields}
        return sse.frame(orjson.dumps(written))

    def _pieces(self, choices: Any) -> Iterator[dict[str, Any]]:
        for choice in _objects(choices):
            index = _index(choice)
            text = _text(choice.get("delta"))
            begun = index in self._lengths
            if not begun:
                text = self._ask.echo + text
            offset = self._lengths.get(index, 0)
            logprobs = _logprobs(choice.get("logprobs"), self._ask.logprobs, offset=offset)
            self._lengths[index] = offset + len(text)
            if text or logprobs or choice.get("finish_reason"):
                yield _choice(index, text, logprobs, choice.get("finish_reason"))


class Completions:
    """The dialect of /completions."""

    name = "openai"
    capability = "chat"
    path = "/chat/completions"

    def read(self, raw: bytes) -> CompletionsAsk:
        """Read the body of a text completion. Raises Failure naming the field that is wrong."""
        body = read_object(raw, acted_on=_ACTED_ON)
        for name in _OF_CHATS:
            if body.get(name):
                raise invalid(name, f"{name} belongs to /chat/completions, not to a text completion.")
        prompt, echo = _prompt(body.get("prompt")), flag(body, "echo")
        logprobs = whole_number(body, "logprobs", least=0, greatest=GREATEST_LOGPROBS)
        _check_unsupported(body, echo=echo, logprobs=logprobs)
        chat = {name: value for name, value in body.items() if name not in _OURS}
        chat["messages"] = [{"role": "user", "content": prompt}]
        if all(chat.get(name) is None for name in _LIMITS):
            chat["max_tokens"] = USUAL_MAX_TOKENS
        if logprobs is not None:
            chat |= {"logprobs": True} | ({"top_logprobs": logprobs} if logprobs else {})
        return CompletionsAsk(chat_ask(chat, size=len(raw)), prompt if echo else "", logprobs)

    def accepts(self, ask: CompletionsAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there are choices in it."""
        return CHAT.accepts(ask.chat, answer)

    def measure(self, ask: CompletionsAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what the answer used: the upstream's figures where they are possible, else our count."""
        return CHAT.measure(ask.chat, answer, output_bound=output_bound)

    def whole(self, ask: CompletionsAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the texts with our id, model, provider, time and cost."""
        return orjson.dumps(
            {
                "id": f"cmpl-{told.request_id.hex}",
                "object": "text_completion",
                "created": _created(answer),
                "model": told.model,
                "choices": [_whole_choice(ask, choice) for choice in answer["choices"]],
                "usage": usage_of(answer, told),
                "provider": told.provider,
                "latency_ms": told.milliseconds,
            }
        )

    def voice(self, ask: CompletionsAsk, request_id: UUID, model: str) -> CompletionsVoice:
        """Return what writes a stream."""
        return CompletionsVoice(ask, request_id, model)


def _prompt(given: Any) -> str:
    prompt = given[0] if isinstance(given, list) and len(given) == 1 else given
    if isinstance(prompt, str) and prompt:
        return prompt
    if isinstance(prompt, list) and prompt:
        raise invalid("prompt", "prompt must be one text: send a request for each; tokens are not taken.")
    raise invalid("prompt", "prompt must be a non-empty string.")


def _check_unsupported(body: Mapping[str, Any], *, echo: bool, logprobs: int | None) -> None:
    if body.get("suffix") not in (None, ""):
        raise invalid("suffix", "suffix is not supported: models that chat cannot write what comes between.")
    if whole_number(body, "best_of", greatest=2**31 - 1) not in (None, 1):
        raise invalid("best_of", "best_of must be 1: ask for n texts and choose.")
    if echo and logprobs is not None:
        raise invalid("logprobs", "logprobs cannot be told of a prompt: leave out logprobs or echo.")


def _whole_choice(ask: CompletionsAsk, choice: Mapping[str, Any]) -> dict[str, Any]:
    logprobs = _logprobs(choice.get("logprobs"), ask.logprobs, offset=0)
    text = ask.echo + _text(choice.get("message"))
    return _choice(_index(choice), text, logprobs, choice.get("finish_reason"))


def _choice(index: int, text: str, logprobs: dict[str, Any] | None, finish: Any) -> dict[str, Any]:
    reason = _ENDS.get(finish, finish) if isinstance(finish, str) else None
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": reason}


def _text(body: Any) -> str:
    content = body.get("content") if isinstance(body, dict) else None
    return content if isinstance(content, str) else ""


def _logprobs(given: Any, wanted: int | None, *, offset: int) -> dict[str, Any] | None:
    """Return a chat's log probabilities in the lists that a text has; `offset` is the text before, in characters."""
    if wanted is None or not isinstance(given, dict):
        return None
    tokens = [token for token in _objects(given.get("content")) if isinstance(token.get("token"), str)]
    if not tokens:
        return None
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token["token"])
    return {
        "tokens": [token["token"] for token in tokens],
        "token_logprobs": [token.get("logprob") for token in tokens],
        "top_logprobs": [_alternatives(token.get("top_logprobs")) for token in tokens] if wanted else None,
        "text_offset": offsets,
    }


def _alternatives(given: Any) -> dict[str, Any]:
    return {
        each["token"]: each.get("logprob") for each in _objects(given) if isinstance(each.get("token"), str)
    }


def _objects(given: Any) -> list[dict[str, Any]]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _index(choice: Mapping[str, Any]) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


def _created(answer: Mapping[str, Any]) -> int:
    created = answer.get("created")
    return created if type(created) is int else int(time.time())


COMPLETIONS = Completions()
