"""The Python package `litellm`, as a client: `python -m tests.clients.drivers.litellm_python URL KEY SCENE`."""

import dataclasses
import json
import os
import time
import uuid
from typing import Any

# Before the import, which otherwise looks for a table of prices on the network.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # type: ignore[import-not-found]

from tests.clients.drivers import reporting
from tests.clients.drivers.openai_chat import TIME, WEATHER, Verdict
from tests.clients.drivers.reporting import PATIENCE_S, PIXEL, QUESTION, Check, Scene

ASKED = [{"role": "user", "content": QUESTION}]
# What LiteLLM itself makes of our statuses and codes.
CLASSES = {
    "refused.INVALID_MODEL": "NotFoundError",
    "refused.AUTHENTICATION_ERROR": "AuthenticationError",
    "refused.MODEL_NOT_ALLOWED": "APIError",
    "refused.CONTEXT_LENGTH_EXCEEDED": "ContextWindowExceededError",
    "refused.PROVIDER_ERROR": "BadGatewayError",
    "refused.INTERNAL_ERROR": "InternalServerError",
    "refused.UNAVAILABLE": "ServiceUnavailableError",
    # It goes by the type before the status.
    "refused.REQUEST_TIMEOUT": "BadRequestError",
}


def ask(scene: Scene, model: str = "sandbox/chat", *, provider: str = "openai", **fields: Any) -> Any:
    """Return the answer, or the stream, of a chat that is tried once."""
    base = scene.origin if provider == "anthropic" else scene.base_url
    given = {"messages": ASKED, "api_key": scene.key, "num_retries": 0, "max_retries": 0, "timeout": 30}
    return litellm.completion(model=f"{provider}/{model}", api_base=base, **{**given, **fields})


def listen(scene: Scene, model: str = "sandbox/chat", **fields: Any) -> tuple[list[Any], Any]:
    """Return the chunks of a stream, and the answer that the client builds from them."""
    chunks = list(ask(scene, model, stream=True, **fields))
    return chunks, litellm.stream_chunk_builder(chunks, messages=ASKED)


def plain(scene: Scene) -> None:
    answer = ask(scene)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens > 0


def streamed(scene: Scene) -> None:
    _, answer = listen(scene)
    assert answer.choices[0].message.content == ask(scene).choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"


def usage_asked(scene: Scene) -> None:
    chunks, _ = listen(scene, stream_options={"include_usage": True})
    assert chunks[-1].usage.completion_tokens == ask(scene).usage.completion_tokens


def _are_calls(answer: Any, *names: str) -> None:
    calls = answer.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == list(names)
    assert len({call.id for call in calls}) == len(names)
    assert all("location" in json.loads(call.function.arguments) for call in calls)


def tools(scene: Scene) -> None:
    _are_calls(ask(scene, "sandbox/tool-call", tools=[WEATHER]), "get_weather")


def tools_streamed(scene: Scene) -> None:
    _are_calls(listen(scene, "sandbox/tool-call", tools=[WEATHER])[1], "get_weather")


def tools_parallel(scene: Scene) -> None:
    both = [WEATHER, TIME]
    _are_calls(ask(scene, "sandbox/parallel-tool-calls", tools=both), "get_weather", "get_time")


def tools_parallel_streamed(scene: Scene) -> None:
    both = [WEATHER, TIME]
    _are_calls(listen(scene, "sandbox/parallel-tool-calls", tools=both)[1], "get_weather", "get_time")


def tool_results(scene: Scene) -> None:
    message = ask(scene, "sandbox/tool-call", tools=[WEATHER]).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Sunny"}
    second = ask(scene, "sandbox/tool-call", tools=[WEATHER], messages=[*ASKED, message, result])
    assert second.choices[0].message.content


def structured(scene: Scene) -> None:
    answer = ask(scene, response_format=Verdict)
    assert Verdict.model_validate_json(answer.choices[0].message.content)


def vision(scene: Scene) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    content = [{"type": "text", "text": QUESTION}, picture]
    answer = ask(scene, scene.models["seeing"], messages=[{"role": "user", "content": content}])
    assert answer.usage.prompt_tokens > 85, "the upstream counts 85 tokens for an image"


def reasoning(scene: Scene) -> None:
    thought = ask(scene, "sandbox/reasoning").choices[0].message.reasoning_content
    _, answer = listen(scene, "sandbox/reasoning")
    assert thought
    assert answer.choices[0].message.reasoning_content == thought


def keep_alive(scene: Scene) -> None:
    began = time.monotonic()
    _, answer = listen(scene, scene.models["waiting"], max_tokens=1)
    assert time.monotonic() - began > 10, "the model did not keep the client waiting"
    assert answer.choices[0].message.content


def completion(scene: Scene) -> None:
    model = "text-completion-openai/sandbox/chat"
    answer = litellm.text_completion(
        model=model, prompt=QUESTION, max_tokens=20, api_base=scene.base_url, api_key=scene.key
    )
    assert answer.choices[0].text


def embeddings(scene: Scene) -> None:
    answer = litellm.embedding(
        model="openai/sandbox/embedding",
        input=["a limit on requests", "a red bicycle"],
        api_base=scene.base_url,
        api_key=scene.key,
        encoding_format="float",
    )
    assert len(answer.data) == 2
    assert answer.usage.prompt_tokens > 0


def images(scene: Scene) -> None:
    answer = litellm.image_generation(
        model="openai/sandbox/image", prompt="A toll gate", api_base=scene.base_url, api_key=scene.key
    )
    assert answer.data[0].url or answer.data[0].b64_json


def responses(scene: Scene) -> None:
    answer = litellm.responses(
        model="openai/sandbox/chat", input=QUESTION, api_base=scene.base_url, api_key=scene.key
    )
    assert answer.status == "completed"
    assert answer.output[0].content[0].text


def message(scene: Scene) -> None:
    answer = ask(scene, provider="anthropic", max_tokens=1024)
    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens > 0


def message_streamed(scene: Scene) -> None:
    whole = ask(scene, provider="anthropic", max_tokens=1024)
    chunks = list(ask(scene, provider="anthropic", max_tokens=1024, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content != ""


def message_tools(scene: Scene) -> None:
    answer = ask(scene, "sandbox/tool-call", provider="anthropic", max_tokens=1024, tools=[WEATHER])
    _are_calls(answer, "get_weather")


def _raises(scene: Scene, name: str, model: str, **fields: Any) -> None:
    raised = None
    try:
        ask(scene, model, **fields)
    except Exception as error:
        raised = error
    assert raised is not None, "it was answered"
    assert type(raised).__name__ == CLASSES[name], repr(raised)


def refused(scene: Scene) -> None:
    _raises(scene, "refused.INVALID_MODEL", "route/none")


def unauthenticated(scene: Scene) -> None:
    _raises(scene, "refused.AUTHENTICATION_ERROR", "sandbox/chat", api_key=scene.keys["unknown"])


def not_allowed(scene: Scene) -> None:
    _raises(scene, "refused.MODEL_NOT_ALLOWED", scene.models["premium"], api_key=scene.keys["free"])


def too_long(scene: Scene) -> None:
    words = [{"role": "user", "content": "word " * 4000}]
    _raises(scene, "refused.CONTEXT_LENGTH_EXCEEDED", scene.models["short"], messages=words)


def failed(scene: Scene) -> None:
    _raises(scene, "refused.PROVIDER_ERROR", scene.models["broken"])


def broken(scene: Scene) -> None:
    _raises(scene, "refused.INTERNAL_ERROR", scene.models["damaged"])


def unavailable(scene: Scene) -> None:
    marked = {"Idempotency-Key": str(uuid.uuid4())}
    _raises(
        scene,
        "refused.UNAVAILABLE",
        "sandbox/chat",
        api_key=scene.keys["unlucky"],
        extra_headers=marked,
    )


def timed_out(scene: Scene) -> None:
    place = dataclasses.replace(scene, base_url=scene.stalling)
    _raises(place, "refused.REQUEST_TIMEOUT", "sandbox/chat", timeout=PATIENCE_S)


def cut(scene: Scene) -> None:
    heard, raised = 0, None
    try:
        for _ in ask(scene, scene.models["cut"], stream=True):
            heard += 1
    except Exception as error:
        raised = error
    assert raised is not None, "the stream ended as if it were whole"
    assert heard > 0


CHECKS: dict[str, Check] = {
    "chat.keep_alive": keep_alive,
    "chat.plain": plain,
    "chat.stream": streamed,
    "chat.usage_asked": usage_asked,
    "chat.tools": tools,
    "chat.tools_streamed": tools_streamed,
    "chat.tools_parallel": tools_parallel,
    "chat.tools_parallel_streamed": tools_parallel_streamed,
    "chat.tool_results": tool_results,
    "chat.structured": structured,
    "chat.vision": vision,
    "chat.reasoning": reasoning,
    "completions.plain": completion,
    "embeddings.float": embeddings,
    "images": images,
    "responses.plain": responses,
    "messages.plain": message,
    "messages.stream": message_streamed,
    "messages.tools": message_tools,
    "refused.INVALID_MODEL": refused,
    "refused.AUTHENTICATION_ERROR": unauthenticated,
    "refused.MODEL_NOT_ALLOWED": not_allowed,
    "refused.CONTEXT_LENGTH_EXCEEDED": too_long,
    "refused.PROVIDER_ERROR": failed,
    "refused.INTERNAL_ERROR": broken,
    "refused.UNAVAILABLE": unavailable,
    "refused.REQUEST_TIMEOUT": timed_out,
    "refused.in_a_stream": cut,
}

if __name__ == "__main__":
    reporting.main(CHECKS)
