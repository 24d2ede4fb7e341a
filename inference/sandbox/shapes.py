"""How an answer is written as chat or text completion: whole, or as the events of a stream."""

import itertools
from collections.abc import Iterator
from typing import Any

import orjson

from inference.sandbox import answer as answers
from inference.sandbox import asking
from inference.sandbox.answer import Answer, Choice
from inference.sandbox.asking import Ask
from inference.sandbox.behaviour import Behaviour
from inference.sandbox.reply import Event, Reply

__all__ = ["CREATED", "FINGERPRINT", "chat", "completion"]

# Fixed, so that the same request is answered with the same bytes.
CREATED = 1_767_225_600
FINGERPRINT = "sandbox"
ENDLESS_TOKENS = 1_000_000

_ROLE = b'"delta":{"role":"assistant","content":""},'
_NOTHING = b'"delta":{},'


def chat(body: dict[str, Any], behaviour: Behaviour) -> Reply:
    """The reply to /v1/chat/completions. Raises asking.Invalid."""
    ask = asking.chat(body)
    answer = answers.compose(ask, behaviour)
    return Reply(
        prompt_tokens=ask.prompt_tokens,
        tokens=answer.tokens,
        asked=ask.last_text,
        whole=lambda: _whole(answer, behaviour, "chatcmpl", "chat.completion", _message),
        events=(lambda: _chat_events(ask, answer, behaviour)) if ask.stream else None,
    )


def completion(body: dict[str, Any], behaviour: Behaviour) -> Reply:
    """The reply to /v1/completions. Raises asking.Invalid."""
    ask = asking.completion(body)
    answer = answers.compose(ask, behaviour)
    return Reply(
        prompt_tokens=ask.prompt_tokens,
        tokens=answer.tokens,
        asked=ask.last_text,
        whole=lambda: _whole(answer, behaviour, "cmpl", "text_completion", _text),
        events=(lambda: _text_events(ask, answer, behaviour)) if ask.stream else None,
    )


def _identity(answer: Answer, behaviour: Behaviour, prefix: str, kind: str) -> dict[str, Any]:
    if behaviour.stranger:
        return {"object": kind, "model": "another-model", "system_fingerprint": FINGERPRINT}
    return {
        "id": f"{prefix}-{answer.seed:016x}",
        "object": kind,
        "created": CREATED,
        "model": answer.model,
        "system_fingerprint": FINGERPRINT,
    }


def _whole(answer: Answer, behaviour: Behaviour, prefix: str, kind: str, choice_body: Any) -> bytes:
    body = _identity(answer, behaviour, prefix, kind)
    body["choices"] = [
        {
            "index": index,
            **choice_body(choice),
            "logprobs": None,
            "finish_reason": choice.finish if behaviour.finishes else None,
        }
        for index, choice in enumerate(answer.choices)
    ]
    if behaviour.figures != "absent":
        body["usage"] = answer.usage()
    return orjson.dumps(body)


def _message(choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(choice.content), "refusal": None}
    if choice.reasoning:
        message["reasoning_content"] = "".join(choice.reasoning)
    if choice.calls:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.arguments)},
            }
            for call in choice.calls
        ]
    return {"message": message}


def _text(choice: Choice) -> dict[str, Any]:
    return {"text": "".join(choice.content)}


class _Writer:
    """Splices events from a head and a tail made once: what runs per token is three concatenations."""

    def __init__(self, ask: Ask, answer: Answer, behaviour: Behaviour, prefix: str, kind: str) -> None:
        self._answer = answer
        self._figures = behaviour.figures
        self._running = behaviour.figures == "running"
        self._head = orjson.dumps(_identity(answer, behaviour, prefix, kind))[:-1] + b',"choices":[{"index":'
        self._wants_usage = ask.include_usage and self._figures != "absent"
        self._tail = b',"usage":null}' if self._wants_usage else b"}"
        self._sent = 0

    def event(self, index: int, body: bytes, tokens: int, finish: bytes = b"null") -> Event:
        self._sent += tokens
        tail = self._tail
        if self._running:
            tail = b',"usage":' + orjson.dumps(self._answer.usage(self._sent)) + b"}"
        data = b'%b%d,%b"logprobs":null,"finish_reason":%b}]%b' % (self._head, index, body, finish, tail)
        return Event(data, tokens, finish != b"null")

    def usage(self) -> Iterator[Event]:
        """The last event, with usage and no choices, if the caller asked for it."""
        if self._wants_usage:
            start = self._head.removesuffix(b'[{"index":')
            yield Event(start + b'[],"usage":' + orjson.dumps(self._answer.usage()) + b"}", closing=True)


def _chat_events(ask: Ask, answer: Answer, behaviour: Behaviour) -> Iterator[Event]:
    writer = _Writer(ask, answer, behaviour, "chatcmpl", "chat.completion.chunk")
    for index in range(len(answer.choices)):
        yield writer.event(index, _ROLE, 0)
    for index, (body, tokens) in _in_turn([_deltas(c, behaviour.endless) for c in answer.choices]):
        yield writer.event(index, body, tokens)
    if behaviour.finishes:
        for index, choice in enumerate(answer.choices):
            yield writer.event(index, _NOTHING, 0, b'"%b"' % choice.finish.encode())
    yield from writer.usage()


def _text_events(ask: Ask, answer: Answer, behaviour: Behaviour) -> Iterator[Event]:
    writer = _Writer(ask, answer, behaviour, "cmpl", "text_completion")
    texts: list[Iterator[tuple[bytes, int]]] = [
        ((b'"text":%b,' % orjson.dumps(piece), 1) for piece in _content(choice, behaviour.endless))
        for choice in answer.choices
    ]
    for index, (body, tokens) in _in_turn(texts):
        yield writer.event(index, body, tokens)
    if behaviour.finishes:
        for index, choice in enumerate(answer.choices):
            yield writer.event(index, b'"text":"",', 0, b'"%b"' % choice.finish.encode())
    yield from writer.usage()


def _in_turn(
    parts: list[Iterator[tuple[bytes, int]]],
) -> Iterator[tuple[int, tuple[bytes, int]]]:
    """The parts of all choices, one of each in turn, with the index of the choice."""
    for row in itertools.zip_longest(*parts):
        for index, part in enumerate(row):
            if part is not None:
                yield index, part


def _content(choice: Choice, endless: bool) -> Iterator[str]:
    if endless and choice.content:
        return itertools.islice(itertools.cycle(choice.content), ENDLESS_TOKENS)
    return iter(choice.content)


def _deltas(choice: Choice, endless: bool) -> Iterator[tuple[bytes, int]]:
    for piece in choice.reasoning:
        yield b'"delta":{"reasoning_content":%b},' % orjson.dumps(piece), 1
    for piece in _content(choice, endless):
        yield b'"delta":{"content":%b},' % orjson.dumps(piece), 1
    for index, call in enumerate(choice.calls):
        opening = {
            "index": index,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield b'"delta":{"tool_calls":[%b]},' % orjson.dumps(opening), call.tokens - len(call.arguments)
        for piece in call.arguments:
            part = b'{"index":%d,"function":{"arguments":%b}}' % (index, orjson.dumps(piece))
            yield b'"delta":{"tool_calls":[%b]},' % part, 1
