"""How a chat is asked for: the body of a call to /messages. Only fields that are known there are sent."""

from collections.abc import Mapping
from typing import Any

from .. import Unsupported
from . import schema, thinking, tools
from .turns import signed_before_calls, turns_of

__all__ = ["DROPPED", "PASSED", "REFUSED", "written"]

USER_LENGTH = 256
# Sampling from the top of the distribution may be set beside thinking down to here.
LEAST_TOP_P = 0.95
PASSED = ("cache_control",)
# What Anthropic cannot do is said, so that another upstream is asked; by which values a field asks for nothing.
REFUSED: Mapping[str, tuple[Any, ...]] = {
    "n": (None, 1),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
    "audio": (None,),
    "modalities": (None, [], ["text"]),
    "web_search_options": (None,),
    "functions": (None, []),
    "function_call": (None, "none", "auto"),
}
# What only nudges an answer, or concerns how OpenAI keeps and serves it, is left out.
DROPPED = (
    *("frequency_penalty", "presence_penalty", "logit_bias", "seed", "min_p", "repetition_penalty"),
    *("store", "metadata", "service_tier", "prediction", "verbosity", "prompt_cache_key"),
    *("prompt_cache_retention", "stream_options"),
)
_AS_JSON = {"type": "text", "text": "Answer with one JSON object and with nothing else."}


def written(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that asks for a chat. Raises Unsupported."""
    for name, idle in REFUSED.items():
        if body.get(name) not in idle:
            raise Unsupported(name, f"Anthropic's models have nothing for {name}.")
    model, most = body["model"], body.get("max_completion_tokens") or body["max_tokens"]
    manner, choice = thinking.manner_of(model), tools.choice_of(body)
    system, turns = turns_of(body["messages"])
    thought = thinking.thinking_of(
        body,
        manner,
        max_tokens=most,
        forced=tools.forced(choice),
        resumes_unsigned=not signed_before_calls(turns),
    )
    form, in_words = _form(body.get("response_format"))
    config = {**thought.pop("output_config", {}), **form}
    fields: dict[str, Any] = {
        "model": model,
        "max_tokens": most,
        "system": [*system, *in_words],
        "messages": turns,
        "tools": tools.tools_of(body),
        "tool_choice": choice,
        "stop_sequences": _stops(body.get("stop")),
        "metadata": _metadata(body),
        "output_config": config,
        **thought,
        **_sampling(body, manner, thinks="thinking" in thought and thought["thinking"]["type"] != "disabled"),
        **{name: body.get(name) for name in PASSED},
    }
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _sampling(body: Mapping[str, Any], manner: thinking.Manner, *, thinks: bool) -> dict[str, Any]:
    if not manner.samples:
        return {}
    heat, top_p = _number(body, "temperature"), _number(body, "top_p")
    if thinks:
        return {"top_p": top_p if top_p is not None and top_p >= LEAST_TOP_P else None}
    # The newer of those that take both one by one refuse them together.
    both = heat is not None and top_p is not None
    return {
        "temperature": min(heat, 1.0) if heat is not None else None,
        "top_p": None if both else top_p,
        "top_k": body.get("top_k"),
    }


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise Unsupported(name, f"{name} must be a number.")


def _stops(stop: Any) -> list[str]:
    listed = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise Unsupported("stop", "stop must be a string or a list of strings.")
    if not all(each.strip() for each in listed):
        raise Unsupported("stop", "Anthropic's models do not stop at white space.")
    return listed


def _metadata(body: Mapping[str, Any]) -> dict[str, str]:
    user = body.get("safety_identifier") or body.get("user")
    return {"user_id": user} if isinstance(user, str) and 0 < len(user) <= USER_LENGTH else {}


def _form(wanted: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the form that an answer is held to, and what is only said about it."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind in (None, "text"):
        return {}, []
    if kind == "json_object":
        return {}, [_AS_JSON]
    given = wanted.get("json_schema")
    inner = given.get("schema") if isinstance(given, dict) else None
    if kind != "json_schema" or not isinstance(inner, dict):
        raise Unsupported("response_format", "Anthropic's models take text, json_object, or json_schema.")
    return {"format": {"type": "json_schema", "schema": schema.narrowed(inner)}}, []
