"""The bodies of Anthropic's Messages: one that wants an answer, and one that wants its prompt counted."""

from collections.abc import Mapping

from ...dialects.messages import asking
from ..fields import Body, Field, listing, needed, optional, without
from ..schemas import FLAG, TEXT, WORD, Schema, choice, fixed, listed, named, nullable, open_record, whole
from .chat import FORWARDED, GREATEST, MODEL

__all__ = ["COUNT", "MESSAGES", "SCHEMAS"]

_BLOCK = open_record(type=WORD)
_BLOCK["description"] = (
    "A content block. Of users: text, image (base64, url), document (text, content, base64 PDF), search_result,"
    " tool_result. Of the assistant: text, thinking, redacted_thinking, tool_use."
)
_CONTENT: Schema = {"anyOf": [TEXT, listed(named("MessagesBlock"))]}
_SYSTEM_BLOCK = open_record(type=fixed("text"), text=TEXT)
_TOOL = open_record(
    ("type", "description", "strict"),
    name=WORD,
    input_schema=open_record(),
    type=nullable(fixed("custom")),
    description=nullable(TEXT),
    strict=nullable(FLAG),
)
SCHEMAS: Mapping[str, Schema] = {"MessagesBlock": _BLOCK}

_FORMAT = open_record(type=fixed("json_schema"), schema=open_record())
_OUTPUT = open_record(("effort", "format"), effort=nullable(choice(asking.EFFORTS)), format=nullable(_FORMAT))
_THINKING: Schema = {
    "anyOf": [
        open_record(type=fixed("enabled"), budget_tokens=whole(1, GREATEST)),
        open_record(type=choice(["adaptive", "between_tools", "disabled"])),
    ]
}
_FIELDS: Mapping[str, Field] = {
    "model": MODEL,
    "max_tokens": needed(whole(1, GREATEST), "Most output tokens; clamped to the model's maximum."),
    "messages": needed(
        listed(open_record(role=choice(["user", "assistant", "system"]), content=_CONTENT), 1),
        "Turns of text or content blocks, told to the provider as a chat; a block it cannot hold is refused.",
    ),
    "system": optional(
        {"anyOf": [TEXT, listed(_SYSTEM_BLOCK)]}, "The system prompt; text blocks are joined."
    ),
    "stream": optional(FLAG, "Answers with Anthropic's events."),
    "tools": optional(
        listed(_TOOL), "Tools with an `input_schema`, run by the caller; those of servers are refused."
    ),
    "tool_choice": optional(
        open_record(("disable_parallel_tool_use",), type=WORD, disable_parallel_tool_use=nullable(FLAG)),
        "`auto`, `any`, `none`, or `tool` with a `name`.",
    ),
    "stop_sequences": optional(listed(WORD), "Forwarded as `stop`."),
    "metadata": optional(open_record(), "`user_id` is forwarded as `user`, as its SHA-256 if it is long."),
    "thinking": optional(_THINKING, "How much to think; rewritten to what the provider takes."),
    "output_config": optional(_OUTPUT, "Effort, and the JSON schema of the answer."),
    "output_format": optional(_FORMAT, "The JSON schema of the answer, in the older place."),
    "transforms": optional(listed(fixed("truncate")), "As for chat completions."),
}
_REST = f"{FORWARDED} Refused: {listing(asking.REFUSED)}. Accepted and left out: {listing(asking.LEFT_OUT)}."
_EXAMPLE = {
    "model": "route/deepseek-v3.2",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "What is a rate limiter?"}],
}

MESSAGES = Body(
    name="MessagesRequest",
    fields=_FIELDS,
    rest=_REST,
    rules=("No field may be given twice.",),
    example=_EXAMPLE,
)
COUNT = Body(
    name="CountTokensRequest",
    fields={
        **without(_FIELDS, ["stream", "transforms"]),
        "max_tokens": optional(whole(1, GREATEST), "Not needed to count."),
    },
    rest="Other fields are read as those of a message and count for nothing.",
    rules=("No field may be given twice.",),
    example={name: value for name, value in _EXAMPLE.items() if name != "max_tokens"},
)
