"""The body of a chat completion."""

from collections.abc import Mapping

from ... import ask, pseudonyms, reasoning, wishes
from ...fitting import TRUNCATE
from ..fields import Body, Field, listing, needed, optional
from ..schemas import (
    ANY,
    FLAG,
    TEXT,
    USD_TEXT,
    WORD,
    Schema,
    choice,
    fixed,
    listed,
    named,
    nullable,
    open_record,
    record,
    whole,
)

__all__ = ["CHAT", "FORWARDED", "GREATEST", "MODEL", "SCHEMAS"]

GREATEST = 2**31 - 1
MODEL = needed(
    WORD, "An id or alias of `GET /v1/models`; `route/` may be left out where that is unambiguous."
)
FORWARDED = (
    "Every other field goes upstream as it came; what it does is the model's to say. "
    f"{listing(pseudonyms.NAMES)} go as a stand-in, unless on a key of the workspace's own."
)

_TEXTS = ("text", "input_text", "output_text")
_PICTURES = ("image_url", "input_image", "image")
_OTHER: Schema = {"type": "string", "not": {"enum": [*_TEXTS, *_PICTURES]}}
_SOURCES: Schema = {
    "anyOf": [
        open_record(type=fixed("url"), url=TEXT),
        open_record(type=fixed("base64"), media_type=TEXT, data=TEXT),
    ]
}
_PART: Schema = {
    "description": "A part of a message, in OpenAI's or Anthropic's spelling; types unknown here pass as they are.",
    "anyOf": [
        open_record(type=choice(_TEXTS), text=TEXT),
        open_record(
            ("detail", "source"),
            type=choice(_PICTURES),
            image_url={"anyOf": [TEXT, open_record(url=TEXT)]},
            detail=ANY,
            source={"not": {}},
        ),
        open_record(type=choice(_PICTURES), source=_SOURCES),
        open_record(type=_OTHER),
    ],
}
_CALL: Schema = {
    "description": "A call of a tool; `arguments` is JSON text, or an object that is written as such.",
    "anyOf": [
        open_record(
            ("type", "id"),
            type=fixed("function"),
            id=ANY,
            function=open_record(("arguments",), name=TEXT, arguments=ANY),
        ),
        open_record(type={"not": fixed("function")}),
    ],
}
_MEMBERS: Mapping[str, Schema] = {
    "role": WORD,
    "content": {"anyOf": [TEXT, {"type": "null"}, listed(named("ChatPart"))]},
    "tool_calls": nullable(listed(named("ChatToolCall"))),
}
_MESSAGE: Schema = {
    "description": "A message. `developer` is written `system` for providers that do not know it.",
    "anyOf": [
        open_record(
            ("content", "tool_calls"),
            **{**_MEMBERS, "role": {**WORD, "not": fixed("tool")}},
        ),
        open_record(("content", "tool_calls"), **{**_MEMBERS, "role": fixed("tool"), "tool_call_id": WORD}),
    ],
}
SCHEMAS: Mapping[str, Schema] = {"ChatMessage": _MESSAGE, "ChatPart": _PART, "ChatToolCall": _CALL}

_EFFORT = choice(reasoning.EFFORTS)
_REASONING = open_record(
    ("enabled", "effort", "max_tokens"),
    enabled=nullable(FLAG),
    effort=nullable(_EFFORT),
    max_tokens=nullable(whole(1, GREATEST)),
)
_THINKING = open_record(
    ("budget_tokens",),
    type=choice(reasoning.THINKING),
    budget_tokens=nullable(whole(1, GREATEST)),
)
_NAME: Schema = {**WORD, "maxLength": wishes.LONGEST_NAME}
_SLUGS = nullable(listed(_NAME, most=wishes.MOST_PROVIDERS))
_USD: Schema = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 10**9}, USD_TEXT]}
_PROVIDER: Schema = {
    "type": "object",
    "properties": {
        "order": {**_SLUGS, "description": "Providers to try first, in this order."},
        "only": {**_SLUGS, "description": "No others."},
        "ignore": {**_SLUGS, "description": "None of these."},
        "allow_fallbacks": {
            **nullable(FLAG),
            "description": "false: only those of `order`, or only the first.",
        },
        "require_parameters": {
            **nullable(FLAG),
            "description": "true: only models that support every parameter of the request.",
        },
        "sort": {
            **nullable(choice(wishes.SORTS)),
            "description": "Cheapest, fastest or promptest first; a model's suffix `:floor` or `:nitro` asks the same.",
        },
        "max_price": {
            **nullable({**record(wishes.PRICES, **dict.fromkeys(wishes.PRICES, _USD)), "minProperties": 1}),
            "description": "Most USD per million tokens, or per request or image, after all multipliers.",
        },
        "data_collection": nullable(fixed("allow")),
    },
    "additionalProperties": False,
}
_LIMIT = (
    "Most output tokens, thinking included; clamped to the model's maximum. Equal to the other of the two."
)
_FIELDS: Mapping[str, Field] = {
    "model": MODEL,
    "messages": needed(
        listed(named("ChatMessage"), 1),
        "Checked part by part, image and text parts brought to OpenAI's spelling; role `tool` needs `tool_call_id`.",
    ),
    "stream": optional(FLAG, "Answers with server-sent events."),
    "stream_options": optional(
        open_record(),
        "`include_usage: true` asks for a last chunk with the usage; upstreams are always asked.",
    ),
    "max_tokens": optional(whole(1, GREATEST), _LIMIT),
    "max_completion_tokens": optional(whole(1, GREATEST), _LIMIT),
    "n": optional(whole(1, ask.GREATEST_N), "How many choices; each is held and paid for."),
    "tools": optional(listed(open_record()), "Forwarded, and counted as part of the prompt."),
    "reasoning_effort": optional(_EFFORT, "How much to think; rewritten to what the provider takes."),
    "reasoning": optional(_REASONING, "The same in OpenRouter's words; the three must not contradict."),
    "thinking": optional(_THINKING, "The same in Anthropic's words."),
    "transforms": optional(
        listed(fixed(TRUNCATE)),
        '`["truncate"]` drops the oldest turns of a prompt that does not fit, `[]` never does.'
        " Without it the model's own setting counts.",
    ),
    "models": optional(
        listed(_NAME, most=wishes.MOST_MODELS),
        "Models to fall back on, in order, when none of the first one's providers answers. The one that answers is"
        " charged; the hold is for the dearest.",
    ),
    "provider": optional(
        _PROVIDER, "Who may serve the request; a wish that leaves nobody is refused, none is dropped."
    ),
}

CHAT = Body(
    name="ChatCompletionRequest",
    fields=_FIELDS,
    rest=f"{FORWARDED} Never sent: {listing(sorted(ask.STRIPPED - _FIELDS.keys()))}.",
    rules=("A field that the gateway acts on must not be given twice.",),
    example={
        "model": "route/deepseek-v3.2",
        "messages": [{"role": "user", "content": "What is a rate limiter?"}],
        "max_tokens": 200,
    },
)
