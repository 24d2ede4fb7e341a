"""Requests that are answered whole and go upstream as they came: their fields checked, their prompt read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from catalog.pricing import Counts
from catalog.snapshot import Hop

from .. import tokens, wishes
from ..ask import STRIPPED, invalid, read_object
from ..meter import Reading
from ..wishes import Wishes
from . import Voice

__all__ = [
    "AnsweredWhole",
    "Forwarded",
    "choice_of",
    "flag",
    "meter",
    "read_body",
    "required_text",
    "size_of",
    "whole_number",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What was asked, and the body that goes upstream but for the model's name.

    `texts` is what goes in as text; `prompt_bound` is never less than the tokens that go in, and `prompt_extra`
    the part of it that is not text.
    """

    prompt_field: ClassVar[str]

    body: Mapping[str, Any]
    model: str
    texts: tuple[str, ...]
    prompt_bound: int
    prompt_extra: int
    images: int = 0

    @property
    def stream(self) -> bool:
        """Such an answer comes whole."""
        return False

    @property
    def n(self) -> int:
        """There is one answer."""
        return 1

    @property
    def chat(self) -> None:
        """No chat goes upstream."""
        return None

    @property
    def limit(self) -> int | None:
        """No output tokens are sold."""
        return None

    @property
    def wishes(self) -> Wishes:
        """What is wished about models and providers."""
        return wishes.read(self.body)

    def prompt_text(self) -> str:
        """Return what goes in as one text, for counting."""
        return "\n".join(self.texts)

    def outgoing(self, hop: Hop, *, max_tokens: int) -> dict[str, Any]:
        """Return the body for an upstream that calls the model so."""
        body = {name: value for name, value in self.body.items() if name not in STRIPPED}
        return {**body, "model": hop.upstream_model}


class AnsweredWhole:
    """What the dialects of such requests have in common."""

    name = "openai"

    def voice(self, ask: Any, request_id: UUID, model: str) -> Voice:
        """Raise TypeError: no such ask wants a stream."""
        raise TypeError("this is answered whole")


def read_body(raw: bytes, *, acted_on: Collection[str]) -> dict[str, Any]:
    """Read a body that names a model and does not ask for a stream. Raises Failure."""
    body = read_object(raw, acted_on=("model", "stream", *acted_on))
    wished = wishes.read(body)
    if not body.get("model") and wished.models:
        body["model"] = wished.models[0]
    required_text(body, "model")
    if flag(body, "stream"):
        raise invalid("stream", "stream must be false: this answer comes whole.")
    body.pop("stream", None)
    return body


def required_text(body: Mapping[str, Any], name: str) -> str:
    """Return a field that must be given as text. Raises Failure."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(name, f"{name} must be a non-empty string.")
    return value


def whole_number(body: Mapping[str, Any], name: str, *, least: int = 1, greatest: int) -> int | None:
    """Return a field that is a whole number within bounds, None where it is not given. Raises Failure."""
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= greatest:
        raise invalid(name, f"{name} must be a whole number from {least} to {greatest}.")
    return value


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Return a field that is true or false, false where it is not given. Raises Failure."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(name, f"{name} must be true or false.")
    return bool(value)


def choice_of(body: Mapping[str, Any], name: str, choices: Collection[str]) -> str | None:
    """Return a field that is one of a few words, None where it is not given. Raises Failure."""
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or value not in choices):
        raise invalid(name, f"{name} must be one of {', '.join(choices)}.")
    return value


def size_of(text: str) -> int:
    """Return the bytes of a text: a byte-level tokenizer makes no token shorter than a byte."""
    return len(text) if text.isascii() else len(text.encode())


def meter(
    ask: Forwarded, usage: Any, names: Collection[str], *, given_tokens: int = 0, images: int = 0
) -> Reading:
    """Return what went in, and the images that came out: the upstream's figure if it is possible, else our count.

    The figure has the first of these names that `usage` holds. `given_tokens` came as numbers, not as text.
    """
    told = next((usage[name] for name in names if name in usage), None) if isinstance(usage, dict) else None
    if type(told) is int and 0 < told <= ask.prompt_bound:
        return Reading(Counts(input=told, image=images), "upstream")
    counted = sum(tokens.count(ask.texts)) + given_tokens
    return Reading(Counts(input=counted, image=images), "counted", suspect=told is not None)
