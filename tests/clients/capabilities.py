"""What is asked of the clients: the rows of the table, in order, and which client has to show which."""

from collections.abc import Iterable, Mapping

from tests.clients.drivers.reporting import refusals

__all__ = ["CLAIMS", "TITLES", "claims"]

_CHAT = {
    "models.list": "lists models",
    "models.retrieve": "retrieves a model",
    "models.unknown": "unknown model is not found",
    "chat.plain": "chat",
    "chat.stream": "chat, streamed",
    "chat.usage_unasked": "no usage chunk unasked",
    "chat.usage_asked": "usage chunk when asked for",
    "chat.tools": "tool call",
    "chat.tools_streamed": "tool call, streamed",
    "chat.tools_parallel": "parallel tool calls",
    "chat.tools_parallel_streamed": "parallel tool calls, streamed",
    "chat.tool_results": "tool result on the next turn",
    "chat.structured": "structured output by a JSON schema",
    "chat.vision": "picture in a message",
    "chat.several": "two choices, whole and streamed",
    "chat.logprobs": "log-probabilities passed through",
    "chat.reasoning": "reasoning, whole and streamed",
    "chat.unknown_fields": "unknown fields passed through",
    "chat.keep_alive": "ten silent seconds in a stream",
    "chat.hang_up": "hang-up in a stream frees its slot",
}
_OTHERS = {
    "completions.plain": "text completion",
    "completions.stream": "text completion, streamed",
    "embeddings.float": "embeddings as numbers",
    "embeddings.base64": "embeddings as base64",
    "rerank": "ranking",
    "images": "images",
}
_RESPONSES = {
    "responses.plain": "response",
    "responses.stream": "response, streamed",
    "responses.stream_manager": "response by the client's stream helper",
    "responses.tools": "tool call and its result",
    "responses.tools_streamed": "tool call, streamed",
    "responses.structured": "structured output",
    "responses.reasoning": "reasoning item",
    "responses.stateless": "previous_response_id is refused",
    "responses.in_a_stream": "upstream breaks off in a stream",
}
_MESSAGES = {
    "messages.plain": "message",
    "messages.stream": "message, streamed",
    "messages.stream_events": "every event of a stream, in order",
    "messages.tools": "tool use",
    "messages.tools_streamed": "tool use, streamed",
    "messages.tools_parallel": "parallel tool use",
    "messages.tool_results": "tool result on the next turn",
    "messages.thinking": "thinking",
    "messages.thinking_streamed": "thinking, streamed",
    "messages.vision": "picture in a message",
    "messages.system": "system prompt in blocks, with a cache mark",
    "messages.stop_sequence": "stop sequence",
    "messages.count_tokens": "tokens counted",
    "messages.base_with_v1": "base URL that ends in /v1",
    "messages.bearer": "key as a bearer token",
    "messages.beta": "unknown beta header",
    "messages.keep_alive": "ten silent seconds in a stream",
    "messages.hang_up": "hang-up in a stream frees its slot",
}
_REFUSALS = {
    **{name: name.removeprefix("refused.").replace("/", ": ") for name in refusals("openai")},
    "refused.in_a_stream": "upstream breaks off in a stream",
    "refused.tried_again": "tries again by itself what is worth it",
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "OpenAI: chat": _CHAT,
    "OpenAI: other routes": _OTHERS,
    "OpenAI: Responses": _RESPONSES,
    "Anthropic: Messages": _MESSAGES,
    "Errors": _REFUSALS,
}
TITLES = {name: title for group in GROUPS.values() for name, title in group.items()}

_OPENAI = (*_CHAT, *_OTHERS, *_RESPONSES, *_REFUSALS)
_ANTHROPIC = (*_MESSAGES, *(name for name in _REFUSALS if name != "refused.AUTHORIZATION_ERROR"))


def _some(group: str, names: str) -> list[str]:
    return [f"{group}.{name}" for name in names.split()]


_TROUBLE = "INTERNAL_ERROR UNAVAILABLE REQUEST_TIMEOUT"
_LANGCHAIN = (
    *_some(
        "chat",
        "keep_alive plain stream usage_unasked usage_asked tools tools_streamed tools_parallel tools_parallel_streamed tool_results structured vision logprobs",
    ),
    *_some("embeddings", "float"),
    *_some("responses", "plain stream"),
    *_some(
        "refused",
        f"INVALID_MODEL AUTHENTICATION_ERROR CONTEXT_LENGTH_EXCEEDED PROVIDER_ERROR in_a_stream {_TROUBLE}",
    ),
)
_LITELLM = (
    *_some(
        "chat",
        "keep_alive plain stream usage_asked tools tools_streamed tools_parallel tools_parallel_streamed tool_results structured vision reasoning",
    ),
    *_some("completions", "plain"),
    *_some("embeddings", "float"),
    "images",
    *_some("responses", "plain"),
    *_some("messages", "plain stream tools"),
    *_some(
        "refused",
        f"INVALID_MODEL AUTHENTICATION_ERROR MODEL_NOT_ALLOWED CONTEXT_LENGTH_EXCEEDED PROVIDER_ERROR in_a_stream {_TROUBLE}",
    ),
)
_LLM = (
    *_some("chat", "keep_alive plain stream usage_asked tools tools_streamed tool_results structured vision"),
    *_some("refused", f"INVALID_MODEL AUTHENTICATION_ERROR PROVIDER_ERROR in_a_stream {_TROUBLE}"),
)
# The AI SDK has no lists, choices or log-probabilities of models, and refuses by itself what would be refused.
_BEYOND_AI_SDK = {
    *("models.list", "models.retrieve", "models.unknown"),
    *("chat.usage_unasked", "chat.several", "chat.logprobs"),
    *("embeddings.base64", "rerank", *_RESPONSES),
    *("refused.VALIDATION_ERROR", "refused.AUTHORIZATION_ERROR"),
    *("refused.NOT_FOUND", "refused.METHOD_NOT_ALLOWED", "refused.RATE_LIMIT_ERROR"),
}

CLAIMS: Mapping[str, tuple[str, ...]] = {
    "openai-python": _OPENAI,
    "openai-python-1": _OPENAI,
    "anthropic-python": _ANTHROPIC,
    "anthropic-python-0": _ANTHROPIC,
    "langchain-openai": _LANGCHAIN,
    "litellm": _LITELLM,
    "llm": _LLM,
    "openai-node": _OPENAI,
    "ai-sdk": tuple(name for name in _OPENAI if name not in _BEYOND_AI_SDK),
    "anthropic-node": _ANTHROPIC,
}


def claims(clients: Iterable[str]) -> list[tuple[str, str]]:
    """Return each client with each capability it has to show, in the order of the table."""
    return [(client, name) for client in clients for name in TITLES if name in CLAIMS[client]]
