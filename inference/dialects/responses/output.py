"""The output items of one response as they grow: what a chat says goes in, events come out, the items stay."""

from collections.abc import Mapping
from typing import Any

from ...marks import details_in
from .calls import Call, CustomCall, FunctionCall, built_in
from .events import Event, Slot, Status
from .speech import Message, Reasoning
from .tools import Toolbox

__all__ = ["Output"]

GREATEST_CALLS = 1000


class Output:
    """All items of one answer. Whether it comes in one piece or in many, the same items are there at the end.

    Reasoning and messages follow each other as they come. Calls stay open to the end, since their pieces may come
    interleaved; those of tools with a form of their own become items only then, when their arguments are whole.
    """

    def __init__(self, answer: str, toolbox: Toolbox, *, sealing: bool) -> None:
        self._answer = answer
        self._toolbox = toolbox
        self._sealing = sealing
        self._slots: list[Slot] = []
        self._speech: Reasoning | Message | None = None
        self._calls: list[Call] = []
        self._by_index: dict[int, Call] = {}
        self._ids: set[str] = set()

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items as far as they are written."""
        return [slot.item for slot in self._slots]

    def add(self, said: Mapping[str, Any], logprobs: Any = None) -> list[Event]:
        """Take in a delta of a chat or a whole message; `logprobs` are those beside it."""
        events: list[Event] = []
        thought = said.get("reasoning_content") or said.get("reasoning")
        if isinstance(thought, str) and thought:
            slot, begun = self._thinking()
            events += [*begun, *slot.write(thought)]
        for detail in details_in(said):
            slot, begun = self._thinking()
            events += [*begun, *slot.sign(detail)]
        beside = _logprobs(logprobs)
        for name, kind in (("content", "output_text"), ("refusal", "refusal")):
            text = said.get(name)
            if isinstance(text, str) and text:
                events += self._say(kind, text, beside)
        calls = said.get("tool_calls")
        for place, given in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(given, dict):
                events += self._call(given, place)
        return events

    def close(self, *, cut: bool) -> list[Event]:
        """End all items; the last of an answer that was cut is incomplete."""
        events: list[Event] = []
        whole: list[Slot] = []
        for call in self._calls:
            if call.writer is None:
                events += self._begin_late(call, whole, cut=cut)
        last = self._slots[-1] if cut and self._slots else None

        def status(slot: Slot) -> Status:
            return "incomplete" if slot is last else "completed"

        if self._speech is not None:
            events += self._speech.close(status(self._speech))
            self._speech = None
        for call in self._calls:
            if call.writer is not None:
                events += call.writer.close(status(call.writer))
        for slot in whole:
            events += [slot.added(), slot.done(status(slot))]
        self._calls.clear()
        return events

    def _thinking(self) -> tuple[Reasoning, list[Event]]:
        """Return the reasoning that goes on, or a new one with the end of what was said before."""
        if isinstance(self._speech, Reasoning):
            return self._speech, []
        events = self._silence()
        index = len(self._slots)
        slot = Reasoning(index, f"rs_{self._answer}{index:04x}", sealing=self._sealing)
        self._speech = slot
        self._slots.append(slot)
        return slot, events

    def _say(self, kind: str, text: str, logprobs: list[Any]) -> list[Event]:
        if isinstance(self._speech, Message):
            return self._speech.write(kind, text, logprobs)
        events = self._silence()
        index = len(self._slots)
        self._speech = Message(index, f"msg_{self._answer}{index:04x}")
        self._slots.append(self._speech)
        return [*events, *self._speech.write(kind, text, logprobs)]

    def _silence(self) -> list[Event]:
        if self._speech is None:
            return []
        speech, self._speech = self._speech, None
        return speech.close("completed")

    def _call(self, given: Mapping[str, Any], place: int) -> list[Event]:
        index = given.get("index")
        index = index if type(index) is int else place
        call = self._by_index.get(index)
        if call is None or call.follows(given):
            if len(self._calls) >= GREATEST_CALLS:
                return []
            call = self._by_index[index] = Call(len(self._calls))
            self._calls.append(call)
        piece = call.take(given, self._toolbox)
        if not piece:
            return []
        if call.writer is not None:
            return call.writer.write(piece)
        call.arguments.append(piece)
        if self._comes_whole(call):
            return []
        return self._begin(call)

    def _comes_whole(self, call: Call) -> bool:
        tool = self._toolbox.find(call.name)
        return tool is not None and tool.kind not in ("function", "custom")

    def _begin(self, call: Call) -> list[Event]:
        """Begin the item of a call, and write what came of its arguments so far."""
        tool = self._toolbox.find(call.name)
        index = len(self._slots)
        form = CustomCall if tool is not None and tool.kind == "custom" else FunctionCall
        writer = form(
            index,
            self._answer,
            self._id_of(call),
            name=tool.name if tool is not None else call.name,
            namespace=tool.namespace if tool is not None else None,
        )
        call.writer = writer
        self._slots.append(writer)
        events = [*self._silence(), writer.added()]
        return events + [event for piece in call.arguments for event in writer.write(piece)]

    def _begin_late(self, call: Call, whole: list[Slot], *, cut: bool) -> list[Event]:
        """Begin the item of a call that came without arguments, or whose tool wants them whole."""
        tool = self._toolbox.find(call.name)
        if not call.name and not call.arguments:
            return []
        if tool is not None and self._comes_whole(call):
            index = len(self._slots)
            slot = built_in(tool, self._answer, index, self._id_of(call), "".join(call.arguments) or "{}")
            if slot is not None:
                self._slots.append(slot)
                whole.append(slot)
                return []
        return self._begin(call)

    def _id_of(self, call: Call) -> str:
        """Return the id of a call, one of our own where there is none or it is another's already."""
        found = call.id if call.id and call.id not in self._ids else f"call_{self._answer}{call.number:04x}"
        self._ids.add(found)
        return found


def _logprobs(given: Any) -> list[Any]:
    content = given.get("content") if isinstance(given, dict) else None
    return [_logprob(each) for each in _objects(content)]


def _logprob(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**_likely(given), "top_logprobs": [_likely(each) for each in _objects(given.get("top_logprobs"))]}


def _likely(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": given.get("token"), "logprob": given.get("logprob"), "bytes": given.get("bytes") or []}


def _objects(given: Any) -> list[dict[str, Any]]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
