"""What the sandbox answers: an `Ask` and a `Behaviour` make the same tokens every time."""

import itertools
from dataclasses import dataclass
from typing import Any

import orjson

from inference.sandbox import schema, words
from inference.sandbox.asking import Ask, Invalid, Tool
from inference.sandbox.behaviour import Behaviour

__all__ = ["Answer", "Choice", "ToolCall", "compose"]

BIG_PIECE_BYTES = 10 * 2**20
GREATEST_OVERRUN = 200_000
_ANOTHER = 0x9E3779B97F4A7C15  # an odd number spreads the seeds of the choices


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function; its arguments are JSON text in pieces of one token."""

    id: str
    name: str
    arguments: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the name and of the arguments."""
        return words.count(self.name) + len(self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice, each piece of text one token."""

    reasoning: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"

    @property
    def tokens(self) -> int:
        """All output tokens, reasoning included."""
        return len(self.reasoning) + len(self.content) + sum(call.tokens for call in self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The whole answer to an ask, and the figures reported for it."""

    seed: int
    model: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    cached_tokens: int
    factor: int

    @property
    def tokens(self) -> int:
        """True output tokens of all choices."""
        return sum(choice.tokens for choice in self.choices)

    def usage(self, completion_tokens: int | None = None) -> dict[str, Any]:
        """OpenAI's usage object, multiplied by the behaviour's lie; of so many output tokens if given."""
        completion = self.tokens if completion_tokens is None else completion_tokens
        reasoning = min(completion, sum(len(choice.reasoning) for choice in self.choices))
        return {
            "prompt_tokens": self.prompt_tokens * self.factor,
            "completion_tokens": completion * self.factor,
            "total_tokens": (self.prompt_tokens + completion) * self.factor,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens * self.factor},
            "completion_tokens_details": {"reasoning_tokens": reasoning * self.factor},
        }


def compose(ask: Ask, behaviour: Behaviour) -> Answer:
    """The answer to an ask. Raises Invalid when a schema in it cannot be read."""
    number = behaviour.choices or ask.n
    return Answer(
        seed=ask.seed,
        model=ask.model,
        choices=tuple(
            _choice(ask, behaviour, (ask.seed + index * _ANOTHER) % 2**64) for index in range(number)
        ),
        prompt_tokens=ask.prompt_tokens,
        cached_tokens=ask.prompt_tokens // 2 if behaviour.cached else 0,
        factor=behaviour.figure_factor,
    )


def _choice(ask: Ask, behaviour: Behaviour, seed: int) -> Choice:
    reasoning = words.thoughts(seed >> 7) if behaviour.reasons else ()
    calls = _calls(ask, behaviour, seed)
    content = () if calls else _stopped(_content(ask, behaviour, seed), ask.stop)
    whole = Choice(
        reasoning=reasoning,
        content=content,
        calls=calls,
        finish="content_filter" if behaviour.refuses else "tool_calls" if calls else "stop",
    )
    if behaviour.overrun > 1 or ask.limit is None or whole.tokens <= ask.limit:
        return whole
    return _shortened(whole, ask.limit)


def _shortened(choice: Choice, limit: int) -> Choice:
    left = limit
    reasoning = choice.reasoning[:left]
    left -= len(reasoning)
    content = choice.content[:left]
    left -= len(content)
    calls = []
    for call in choice.calls:
        # The name goes whole or not at all: half a name is not a call of anything.
        if (room := left - words.count(call.name)) < 0:
            break
        calls.append(ToolCall(call.id, call.name, call.arguments[:room]))
        left = max(0, room - len(call.arguments))
    return Choice(reasoning=reasoning, content=content, calls=tuple(calls), finish="length")


def _content(ask: Ask, behaviour: Behaviour, seed: int) -> tuple[str, ...]:
    if ask.schema is not None:
        return words.pieces(_filled(ask.schema, "response_format"))
    match behaviour.text:
        case "none":
            return ()
        case "echo":
            return words.pieces(ask.last_text)
        case "world":
            return words.world(seed)
        case "big":
            return ("a" * BIG_PIECE_BYTES,)
    if behaviour.overrun > 1:
        natural = ask.limit or len(words.prose(seed))
        return words.prose(seed, min(natural * behaviour.overrun, GREATEST_OVERRUN))
    return words.prose(seed, behaviour.tokens)


def _stopped(content: tuple[str, ...], stop: tuple[str, ...]) -> tuple[str, ...]:
    if not stop:
        return content
    text = "".join(content)
    ends = [place for each in stop if (place := text.find(each)) >= 0]
    return words.pieces(text[: min(ends)]) if ends else content


def _calls(ask: Ask, behaviour: Behaviour, seed: int) -> tuple[ToolCall, ...]:
    number = behaviour.calls or int(ask.tool_required)
    if not ask.tools or not number:
        return ()
    number = number if ask.parallel else 1
    chosen = itertools.islice(itertools.cycle(ask.tools), number)
    return tuple(
        ToolCall(f"call_{(seed + index) % 2**64:016x}", tool.name, words.pieces(_arguments(tool, behaviour)))
        for index, tool in enumerate(chosen)
    )


def _arguments(tool: Tool, behaviour: Behaviour) -> str:
    if behaviour.broken_call:
        return '{"unfinished": [1, 2'
    return _filled(tool.parameters or {"type": "object"}, "tools")


def _filled(wanted: dict[str, Any], param: str) -> str:
    try:
        return orjson.dumps(schema.instance(wanted)).decode()
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Invalid(param, f"{param} holds a JSON schema that cannot be read.") from error
