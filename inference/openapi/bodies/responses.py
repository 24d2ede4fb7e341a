"""The body of a response that is to be created."""

from collections.abc import Mapping

from ...dialects.responses import asking
from ..fields import Body, Field, listing, needed, optional
from ..schemas import FLAG, TEXT, WORD, Schema, choice, fixed, listed, open_record, whole
from .chat import FORWARDED, GREATEST, MODEL

__all__ = ["RESPONSES"]

_CHOICE: Schema = {"anyOf": [choice(["none", "auto", "required"]), open_record(type=WORD)]}
_FORMAT: Schema = {
    "anyOf": [
        open_record(type=choice(["text", "json_object"])),
        open_record(type=fixed("json_schema"), name=TEXT, schema=open_record()),
    ]
}
_FIELDS: Mapping[str, Field] = {
    "model": MODEL,
    "input": needed(
        {"anyOf": [TEXT, listed(open_record(), 1)]},
        "A text or items: messages, reasoning, calls of tools and their outputs. Each call needs its output.",
    ),
    "instructions": optional(TEXT, "Becomes the system message."),
    "stream": optional(FLAG, "Answers with the events of Responses; there is no `[DONE]`."),
    "max_output_tokens": optional(whole(1, GREATEST), "Most output tokens; clamped to the model's maximum."),
    "tools": optional(
        listed(open_record(type=WORD)),
        "function, custom, namespace, shell, local_shell, apply_patch, tool_search: those that callers run.",
    ),
    "tool_choice": optional(_CHOICE, "Also `{type: function|custom, name}` and `allowed_tools`."),
    "parallel_tool_calls": optional(FLAG, "Forwarded where there are tools."),
    "reasoning": optional(open_record(), "`effort` is rewritten to what the provider takes."),
    "text": optional(
        {"type": "object", "properties": {"format": {"anyOf": [_FORMAT, {"type": "null"}]}}},
        "`format` and `verbosity` of the answer.",
    ),
    "truncation": optional(
        choice(["auto", "disabled"]), "`auto` drops the oldest turns of what does not fit."
    ),
    "include": optional(
        listed(TEXT), f"`{asking.ENCRYPTED}` gives reasoning to carry along; others as OpenAI's."
    ),
    "top_logprobs": optional(whole(0, asking.GREATEST_LOGPROBS), "Alternatives to tell for each token."),
    "store": optional(FLAG, "Accepted; nothing is stored, and the answer says so."),
}
_RULES = (
    "A field that the gateway acts on must not be given twice.",
    f"Refused, as this API is stateless: {listing(asking.STATEFUL)}.",
    f"Refused as fields of chats: {listing(asking.OF_CHATS)}.",
)

RESPONSES = Body(
    name="ResponsesRequest",
    fields=_FIELDS,
    rest=FORWARDED,
    rules=_RULES,
    example={"model": "route/deepseek-v3.2", "input": "What is a rate limiter?", "max_output_tokens": 200},
)
