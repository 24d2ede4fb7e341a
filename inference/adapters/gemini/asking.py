"""A chat as a request to generate content: what has a word there, what is let go, and what cannot be asked."""

from collections.abc import Mapping
from typing import Any

from .. import Unsupported
from . import thinking, tooling
from .turns import conversation

__all__ = ["request"]

MOST_CANDIDATES = 8
_SAME = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_LIMITS = ("max_tokens", "max_completion_tokens")
# Fields of Gemini's own that go on as they came, by each of the names in use for them.
_OWN = {
    "safetySettings": "safetySettings",
    "safety_settings": "safetySettings",
    "cachedContent": "cachedContent",
    "cached_content": "cachedContent",
}
_THINKING = {
    "include_thoughts": "includeThoughts",
    "thinking_budget": "thinkingBudget",
    "thinking_level": "thinkingLevel",
}
# What would change the answer and has no word here. All other unknown fields are let go: Gemini refuses them.
_NO_WORD = ("logit_bias", "web_search_options", "functions", "function_call", "audio")
_MODALITIES = {"text": "TEXT", "image": "IMAGE"}


def request(body: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Return the body of generateContent for a chat. Raises Unsupported naming the field."""
    for name in _NO_WORD:
        if body.get(name):
            raise Unsupported(name, f"{name} has no equal at this provider.")
    spoken = conversation(body["messages"], model)
    google = _google(body)
    own = {_OWN[name]: value for source in (google, body) for name, value in source.items() if name in _OWN}
    asked: dict[str, Any] = {"contents": spoken.contents, **tooling.fields(body), **own}
    if spoken.instructions:
        asked["systemInstruction"] = {"parts": spoken.instructions}
    config = _config(body) | _thinking(body, google, model)
    return {**asked, "generationConfig": config} if config else asked


def _config(body: Mapping[str, Any]) -> dict[str, Any]:
    config = {name: body[field] for field, name in _SAME.items() if body.get(field) is not None}
    limits = [body[name] for name in _LIMITS if body.get(name) is not None]
    if limits:
        config["maxOutputTokens"] = min(limits)
    if type(body.get("seed")) is int:
        config["seed"] = body["seed"] % 2**31  # Gemini's are 32 bits wide
    if (stop := body.get("stop")) is not None:
        config["stopSequences"] = [stop] if isinstance(stop, str) else stop
    if (body.get("n") or 1) > 1:
        if body["n"] > MOST_CANDIDATES:
            raise Unsupported("n", f"n can be at most {MOST_CANDIDATES} at this provider.")
        config["candidateCount"] = body["n"]
    if body.get("logprobs"):
        config["responseLogprobs"] = True
        if body.get("top_logprobs"):
            config["logprobs"] = body["top_logprobs"]
    return config | _modalities(body.get("modalities")) | _format(body.get("response_format"))


def _modalities(wanted: Any) -> dict[str, Any]:
    if not wanted or wanted == ["text"]:
        return {}
    if not isinstance(wanted, list) or not all(name in _MODALITIES for name in wanted):
        raise Unsupported("modalities", "modalities can be text and image at this provider.")
    return {"responseModalities": [_MODALITIES[name] for name in wanted]}


def _format(wanted: Any) -> dict[str, Any]:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return {}
    if kind == "json_object":
        return {"responseMimeType": "application/json"}
    described = wanted.get("json_schema") if kind == "json_schema" else None
    if not isinstance(described, dict):
        raise Unsupported("response_format", "response_format must be text, json_object or json_schema.")
    schema = described.get("schema")
    return {"responseMimeType": "application/json", **({"responseJsonSchema": schema} if schema else {})}


def _thinking(body: Mapping[str, Any], google: Mapping[str, Any], model: str) -> dict[str, Any]:
    given = google.get("thinking_config")
    if isinstance(given, dict):
        return {"thinkingConfig": {_THINKING.get(name, name): value for name, value in given.items()}}
    config = thinking.config(body, model)
    return {"thinkingConfig": config} if config else {}


def _google(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a request says in the place where Google's own OpenAI-compatible service reads Gemini's fields."""
    outer = body.get("extra_body")
    inner = outer.get("google") if isinstance(outer, dict) else None
    return inner if isinstance(inner, dict) else {}
