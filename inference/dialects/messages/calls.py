"""The calls of tools in an answer: each as far as it came, and whose turn it is to be told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from ...marks import UNPARSED
from .partial import Partial

__all__ = ["Call", "Calls"]


@dataclass(slots=True)
class Call:
    """A call of a tool as far as it came; the arguments are JSON text, of which `seen` characters were looked at."""

    id: str = ""
    name: str = ""
    arguments: str = ""
    begun: bool = False
    seen: int = 0
    _partial: Partial = field(default_factory=Partial)

    @property
    def complete(self) -> bool:
        """Whether the arguments are a whole JSON object."""
        try:
            return isinstance(orjson.loads(self.arguments), dict)
        except orjson.JSONDecodeError:
            return False

    @property
    def tellable(self) -> bool:
        """Whether the arguments can be told as they come: a client wants nothing but an object."""
        return bool(self.name) and self.arguments[:64].lstrip().startswith("{")

    def add(self, given: Mapping[str, Any]) -> None:
        """Take in a piece of the call, or all of it."""
        self.id = self.id or _string(given, "id")
        function = given.get("function")
        if not isinstance(function, dict):
            return
        name, arguments = function.get("name"), function.get("arguments")
        # Once there are arguments the name is whole; some upstreams repeat it with each piece of them.
        if isinstance(name, str) and not self.arguments:
            self.name += name
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        if isinstance(arguments, str):
            self.arguments += arguments

    def fresh(self, *, ended: bool) -> str:
        """Return what can be told of the arguments since this was last asked; at the end all that makes them whole."""
        begin, self.seen = self.seen, len(self.arguments)
        text = self._partial.feed(self.arguments[begin:])
        return text + self._partial.finish() if ended else text

    def input(self) -> str:
        """Return the input as the text of a JSON object."""
        if not self.arguments.strip():
            return "{}"
        return self.arguments if self.complete else orjson.dumps({UNPARSED: self.arguments}).decode()

    def block(self, content: Any, *, request_id: UUID, number: int) -> dict[str, Any]:
        """Return the call as a content block with this input; where the upstream gave no id it gets one of ours."""
        name = self.id or f"toolu_{request_id.hex}_{number}"
        return {"type": "tool_use", "id": name, "name": self.name, "input": content}


class Calls:
    """The calls of one answer. One at a time is told; those that begin meanwhile wait until it is whole."""

    def __init__(self) -> None:
        self._by_key: dict[int | str, Call] = {}
        self._row: list[Call] = []
        self._turn = 0

    @property
    def waiting(self) -> bool:
        """Whether there are calls that are not told to their end."""
        return self._turn < len(self._row)

    def add(self, given: Mapping[str, Any]) -> None:
        """Take in a piece of a call, told apart by its index, or by its id, or as one more piece of the last."""
        key = next((key for name in ("index", "id") if isinstance(key := given.get(name), int | str)), "")
        if key == "" and self._by_key:
            key = next(reversed(self._by_key))
        if key not in self._by_key:
            self._by_key[key] = Call()
            self._row.append(self._by_key[key])
        self._by_key[key].add(given)

    def telling(self, *, over: bool) -> Iterator[tuple[int, Call, bool]]:
        """Yield each call whose turn it is, with its number and whether it is over.

        A call is over once another has begun and it is a whole object, or all of the answer is.
        """
        while self.waiting:
            call, followed = self._row[self._turn], self._turn + 1 < len(self._row)
            ended = over or (followed and call.arguments.rstrip().endswith("}") and call.complete)
            yield self._turn, call, ended
            if not ended:
                return
            self._turn += 1


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
