"""What a request used: the upstream's figures where they are possible, our own count where they are not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.pricing import Counts

from . import tokens

__all__ = ["MOST_SEARCHES", "Reading", "Tally", "prompt_told", "read", "usage_object"]

GREATEST = 2**40
BYTES_TO_TOKENS = 10
SLACK = 64
# Providers put words of their own around a prompt; more than this is no prompt of ours.
PROMPT_FACTOR = 2
PROMPT_SLACK = 8192
MOST_SEARCHES = 20
"""Searches of the web that one request is charged for at most; so many are held where they have a price."""
# Classes of tokens, and what usage objects call them.
_WRITTEN = {"cache_write": "cache_write_tokens", "cache_write_1h": "cache_write_1h_tokens"}
_SENSES_IN = {"image_in": "image_tokens", "audio_in": "audio_tokens"}
_SENSES_OUT = {"image_out": "image_tokens", "audio_out": "audio_tokens"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Disjoint counts, where they come from, and whether the upstream told something impossible."""

    counts: Counts
    source: str
    suspect: bool = False


@dataclass(slots=True)
class Tally:
    """What one answer has delivered so far: its text, its ends, and the usage told last."""

    choices: int = 1
    usage: Mapping[str, Any] | None = None
    finish: str = ""
    bytes: int = 0
    counted: int = 0
    _pieces: list[str] = field(default_factory=list)
    _finished: set[int] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Whether each choice that was asked for has told why it ended."""
        return len(self._finished) >= self.choices

    def event(self, event: Mapping[str, Any]) -> None:
        """Take in one event of a stream: usage, finish reason and the text of each delta."""
        usage = event.get("usage")
        if isinstance(usage, dict):
            self.usage = usage
        choices = event.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                if isinstance(choice, dict):
                    self._choice(choice, choice.get("delta"))

    def whole(self, answer: Mapping[str, Any]) -> None:
        """Take in a whole answer."""
        usage = answer.get("usage")
        self.usage = usage if isinstance(usage, dict) else None
        for choice in answer["choices"]:
            if isinstance(choice, dict):
                self._choice(choice, choice.get("message"))

    def text(self, text: str, *, size: int) -> None:
        """Take in a text of so many bytes: what `event` takes from events of one choice with nothing else."""
        self._pieces.append(text)
        self.bytes += size

    def fresh(self) -> str:
        """Return the text that came since the last call; its tokens are to be added to `counted`."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return text

    def output(self) -> int:
        """Return the tokens delivered so far by our own count."""
        if self._pieces:
            self.counted += tokens.count([self.fresh()])[0]
        return self.counted

    def _choice(self, choice: Mapping[str, Any], body: Any) -> None:
        if not isinstance(body, dict):
            body = choice  # the legacy form holds its text in the choice itself
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finish = reason[:64]
            index = choice.get("index")
            self._finished.add(index if isinstance(index, int) else 0)
        for name in ("content", "reasoning_content", "reasoning", "refusal", "text"):
            self._text(body.get(name))
        self._bytes_of_senses(body)
        calls = body.get("tool_calls")
        if isinstance(calls, list):
            for call in calls:
                function = call.get("function") if isinstance(call, dict) else None
                if isinstance(function, dict):
                    self._text(function.get("name"))
                    self._text(function.get("arguments"))

    def _bytes_of_senses(self, body: Mapping[str, Any]) -> None:
        # Pictures and sound are no text to count, but what is told of them is only believed of an answer with bytes.
        images = body.get("images")
        for image in images if isinstance(images, list) else ():
            source = image.get("image_url") if isinstance(image, dict) else None
            url = source.get("url") if isinstance(source, dict) else None
            self.bytes += len(url) if isinstance(url, str) else 0
        audio = body.get("audio")
        data = audio.get("data") if isinstance(audio, dict) else None
        self.bytes += len(data) if isinstance(data, str) else 0

    def _text(self, text: Any) -> None:
        if isinstance(text, str) and text:
            self._pieces.append(text)
            self.bytes += len(text) if text.isascii() else len(text.encode(errors="replace"))
        elif isinstance(text, list):
            self._parts(text)

    def _parts(self, parts: list[Any]) -> None:
        # Mistral's thinking models send content as parts, and thinking as parts of a part.
        waiting = list(parts)
        while waiting:
            part = waiting.pop(0)
            if isinstance(part, dict):
                self._text(part.get("text") if isinstance(part.get("text"), str) else None)
                inner = part.get("thinking")
                waiting[:0] = inner if isinstance(inner, list) else [{"text": inner}] if inner else []


def read(tally: Tally, *, prompt: Callable[[], str], prompt_bound: int, output_bound: int) -> Reading:
    """Return what is charged for: each figure of the upstream if it is possible, else our own count of it.

    `prompt` gives what went in as text, `prompt_bound` the most tokens it can have, and `output_bound` the most that
    were allowed to come out.
    """
    usage = tally.usage or {}
    told_in, told_out = _figure(usage, "prompt_tokens"), _figure(usage, "completion_tokens")
    reasoning = min(_detail(usage, "completion_tokens_details", "reasoning_tokens"), told_out or 0)
    visible = BYTES_TO_TOKENS * tally.bytes + SLACK
    if told_out is not None and told_out > max(visible, min(reasoning, output_bound) + visible):
        told_out = None
    if told_in is not None and told_in > PROMPT_FACTOR * prompt_bound + PROMPT_SLACK:
        told_in = None
    # A figure that is missing is no impossible one: what broke off may have told only what went in.
    suspect = (told_in is None and "prompt_tokens" in usage) or (
        told_out is None and "completion_tokens" in usage
    )
    came_in = told_in if told_in is not None else tokens.count([prompt()])[0]
    came_out = told_out if told_out is not None else tally.output()
    went_in, too_much = _prompt_side(usage if told_in is not None else {}, came_in)
    came = _output_side(usage, came_out, reasoning) if told_out is not None else {"output": came_out}
    told = told_in is not None and told_out is not None
    searches = _detail(usage, "server_tool_use", "web_search_requests")
    counts = Counts(**went_in, **came, web_search=min(searches, MOST_SEARCHES))
    suspect = suspect or too_much or searches > MOST_SEARCHES
    return Reading(counts, "upstream" if told else "counted", suspect)


def prompt_told(usage: Mapping[str, Any]) -> Counts | None:
    """Return the prompt that a usage object tells, by its classes; None if it tells none that is possible."""
    told = _figure(usage, "prompt_tokens")
    return Counts(**_prompt_side(usage, told)[0]) if told is not None else None


def usage_object(counts: Counts) -> dict[str, Any]:
    """Return counts as OpenAI's usage object; of the classes that few requests have only those that this one has."""
    searched = {"server_tool_use": {"web_search_requests": counts.web_search}} if counts.web_search else {}
    return {
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cached, **_rare(counts, _WRITTEN, _SENSES_IN)},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning, **_rare(counts, _SENSES_OUT)},
        **searched,
    }


def _prompt_side(usage: Mapping[str, Any], came_in: int) -> tuple[dict[str, int], bool]:
    """Return the prompt by its classes, and whether its cache is told to be greater than it."""
    classes, left, too_much = {}, came_in, False
    for name, field_name in (("cached", "cached_tokens"), *_WRITTEN.items()):
        told = _detail(usage, "prompt_tokens_details", field_name)
        classes[name] = min(told, left)
        too_much |= told > left
        left -= classes[name]
    for name, field_name in _SENSES_IN.items():
        # Pictures and sound may lie in the cache too, so more than is left of them is no contradiction.
        classes[name] = min(_detail(usage, "prompt_tokens_details", field_name), left)
        left -= classes[name]
    return {"input": left, **classes}, too_much


def _output_side(usage: Mapping[str, Any], came_out: int, reasoning: int) -> dict[str, int]:
    classes, left = {"reasoning": reasoning}, came_out - reasoning
    for name, field_name in _SENSES_OUT.items():
        classes[name] = min(_detail(usage, "completion_tokens_details", field_name), left)
        left -= classes[name]
    return {"output": left, **classes}


def _rare(counts: Counts, *groups: Mapping[str, str]) -> dict[str, int]:
    return {
        told: count for group in groups for name, told in group.items() if (count := getattr(counts, name))
    }


def _figure(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    return value if type(value) is int and 0 <= value <= GREATEST else None


def _detail(usage: Mapping[str, Any], group: str, name: str) -> int:
    details = usage.get(group)
    return (_figure(details, name) or 0) if isinstance(details, dict) else 0
