"""Chat completions and the list of models through the Python package `openai`."""

import json
import time
from typing import Any

import openai
from pydantic import BaseModel

from tests.clients.drivers.reporting import PIXEL, QUESTION, WEATHER_SCHEMA, Check, Scene

ASKED: Any = [{"role": "user", "content": QUESTION}]
WEATHER: Any = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather of a place", "parameters": WEATHER_SCHEMA},
}
TIME: Any = {
    "type": "function",
    "function": {"name": "get_time", "description": "Time of a place", "parameters": WEATHER_SCHEMA},
}


def client(scene: Scene, key: str = "", **options: Any) -> openai.OpenAI:
    """Return a client of a scene; it tries nothing twice unless told otherwise."""
    given = {"max_retries": 0, "timeout": 30, **options}
    return openai.OpenAI(base_url=scene.base_url, api_key=key or scene.key, **given)


def models_list(scene: Scene) -> None:
    with client(scene) as api:
        listed = {model.id: model for model in api.models.list()}
    model = listed["sandbox/chat"]
    assert (model.object, type(model.created)) == ("model", int)
    assert model.owned_by


def models_retrieve(scene: Scene) -> None:
    with client(scene) as api:
        model = api.models.retrieve("sandbox/chat")
    assert (model.id, model.object) == ("sandbox/chat", "model")


def models_unknown(scene: Scene) -> None:
    raised = None
    with client(scene) as api:
        try:
            api.models.retrieve("route/none")
        except openai.NotFoundError as error:
            raised = error
    assert raised is not None, "it was found"
    assert raised.response.json() == {"error": "Model not found"}
    assert raised.request_id


def plain(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.chat.completions.create(model="sandbox/chat", messages=ASKED)
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.object, answer.model) == ("chat.completion", "sandbox/chat")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.cost > 0
    assert answer.provider
    assert answer.latency_ms >= 0
    assert answer._request_id


def stream(scene: Scene) -> None:
    with client(scene) as api:
        whole = api.chat.completions.create(model="sandbox/chat", messages=ASKED).choices[0].message.content
        chunks = list(api.chat.completions.create(model="sandbox/chat", messages=ASKED, stream=True))
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {"sandbox/chat"}
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert chunks[-1].choices[0].finish_reason == "stop"


def usage_unasked(scene: Scene) -> None:
    with client(scene) as api:
        chunks = list(api.chat.completions.create(model="sandbox/chat", messages=ASKED, stream=True))
    assert all(chunk.choices for chunk in chunks)
    assert not any(getattr(chunk, "usage", None) for chunk in chunks)


def usage_asked(scene: Scene) -> None:
    options: Any = {"include_usage": True}
    with client(scene) as api:
        chunks: Any = list(
            api.chat.completions.create(
                model="sandbox/chat", messages=ASKED, stream=True, stream_options=options
            )
        )
    assert [bool(chunk.choices) for chunk in chunks[-2:]] == [True, False]
    assert chunks[-1].usage.completion_tokens > 0
    assert sum(not chunk.choices for chunk in chunks) == 1


def _calls(scene: Scene, model: str, tools: Any) -> Any:
    with client(scene) as api:
        answer = api.chat.completions.create(model=model, messages=ASKED, tools=tools)
    assert answer.choices[0].finish_reason == "tool_calls"
    return answer.choices[0].message.tool_calls


def _streamed_calls(scene: Scene, model: str, tools: Any) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    with client(scene) as api:
        for chunk in api.chat.completions.create(model=model, messages=ASKED, tools=tools, stream=True):
            for piece in chunk.choices[0].delta.tool_calls or ():
                call = found.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                assert piece.function is not None
                call["id"] += piece.id or ""
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments or ""
    return found


def tools(scene: Scene) -> None:
    (call,) = _calls(scene, "sandbox/tool-call", [WEATHER])
    assert call.id
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert "location" in json.loads(call.function.arguments)


def tools_streamed(scene: Scene) -> None:
    (call,) = _streamed_calls(scene, "sandbox/tool-call", [WEATHER]).values()
    assert call["id"]
    assert call["name"] == "get_weather"
    assert "location" in json.loads(call["arguments"])


def tools_parallel(scene: Scene) -> None:
    calls = _calls(scene, "sandbox/parallel-tool-calls", [WEATHER, TIME])
    assert len({call.id for call in calls}) == len(calls) == 2
    assert all(json.loads(call.function.arguments) for call in calls)


def tools_parallel_streamed(scene: Scene) -> None:
    calls = _streamed_calls(scene, "sandbox/parallel-tool-calls", [WEATHER, TIME])
    assert sorted(calls) == [0, 1]
    assert len({call["id"] for call in calls.values()}) == 2
    assert all(json.loads(call["arguments"]) for call in calls.values())


def tool_results(scene: Scene) -> None:
    with client(scene) as api:
        first = api.chat.completions.create(model="sandbox/tool-call", messages=ASKED, tools=[WEATHER])
        message: Any = first.choices[0].message
        result: Any = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Sunny"}
        second = api.chat.completions.create(
            model="sandbox/tool-call",
            messages=[*ASKED, message.model_dump(exclude_none=True), result],
            tools=[WEATHER],
        )
    assert second.choices[0].message.content


class Verdict(BaseModel):
    """What the structured answers are."""

    approved: bool
    reason: str


def structured(scene: Scene) -> None:
    with client(scene) as api:
        answer = api.beta.chat.completions.parse(
            model="sandbox/chat", messages=ASKED, response_format=Verdict
        )
    assert isinstance(answer.choices[0].message.parsed, Verdict)


def vision(scene: Scene) -> None:
    parts: Any = [
        {"type": "text", "text": QUESTION},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    with client(scene) as api:
        answer: Any = api.chat.completions.create(
            model=scene.models["seeing"], messages=[{"role": "user", "content": parts}]
        )
    assert answer.choices[0].message.content
    assert answer.usage.prompt_tokens > 85, "the upstream counts 85 tokens for an image"


def several(scene: Scene) -> None:
    with client(scene) as api:
        answer = api.chat.completions.create(model="sandbox/chat", messages=ASKED, n=2)
        chunks = list(api.chat.completions.create(model="sandbox/chat", messages=ASKED, n=2, stream=True))
    texts = [choice.message.content for choice in answer.choices]
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert len(set(texts)) == 2
    for index, text in enumerate(texts):
        pieces = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
        assert "".join(piece.delta.content or "" for piece in pieces) == text


def logprobs(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.chat.completions.create(
            model=scene.models["mirror"], messages=ASKED, logprobs=True, top_logprobs=0
        )
        chunks: Any = list(
            api.chat.completions.create(
                model=scene.models["mirror"], messages=ASKED, logprobs=True, stream=True
            )
        )
    assert [entry.token for entry in answer.choices[0].logprobs.content] == ["It ", "is ", "mirrored."]
    assert chunks[0].choices[0].logprobs.content[0].logprob == -0.25


def reasoning(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.chat.completions.create(
            model="sandbox/reasoning", messages=ASKED, reasoning_effort="low"
        )
        chunks: Any = list(
            api.chat.completions.create(model="sandbox/reasoning", messages=ASKED, stream=True)
        )
    thought = answer.choices[0].message.reasoning_content
    assert thought
    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    pieces = [getattr(chunk.choices[0].delta, "reasoning_content", None) for chunk in chunks]
    assert "".join(piece for piece in pieces if piece) == thought


def unknown_fields(scene: Scene) -> None:
    made_up = {"made_up": {"deep": [1, {"er": None}]}, "top_k": 7}
    with client(scene) as api:
        answer: Any = api.chat.completions.create(
            model=scene.models["mirror"], messages=ASKED, extra_body=made_up, seed=7
        )
        chunks: Any = list(
            api.chat.completions.create(
                model=scene.models["mirror"], messages=ASKED, extra_body=made_up, stream=True
            )
        )
    assert {**answer.received, **made_up} == answer.received
    assert answer.received["seed"] == 7
    assert {**chunks[0].received, **made_up} == chunks[0].received


def keep_alive(scene: Scene) -> None:
    began = time.monotonic()
    with client(scene) as api:
        chunks = list(
            api.chat.completions.create(
                model=scene.models["waiting"], messages=ASKED, stream=True, max_tokens=1
            )
        )
    assert time.monotonic() - began > 10, "the model did not keep the client waiting"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "length"


def hang_up(scene: Scene) -> None:
    def begin(api: openai.OpenAI) -> None:
        stream = api.chat.completions.create(model=scene.models["endless"], messages=ASKED, stream=True)
        with stream:
            for number, _ in enumerate(stream):
                if number == 2:
                    return

    # The plan allows one stream: a second is let in only when the first was noticed to have ended.
    with client(scene, scene.keys["leaver"]) as api:
        begin(api)
        for _ in range(40):
            try:
                return begin(api)
            except openai.RateLimitError:
                time.sleep(0.1)
    raise AssertionError("the slot of a stream that the client left was not free after 4 seconds")


CHECKS: dict[str, Check] = {
    "chat.keep_alive": keep_alive,
    "models.list": models_list,
    "models.retrieve": models_retrieve,
    "models.unknown": models_unknown,
    "chat.plain": plain,
    "chat.stream": stream,
    "chat.usage_unasked": usage_unasked,
    "chat.usage_asked": usage_asked,
    "chat.tools": tools,
    "chat.tools_streamed": tools_streamed,
    "chat.tools_parallel": tools_parallel,
    "chat.tools_parallel_streamed": tools_parallel_streamed,
    "chat.tool_results": tool_results,
    "chat.structured": structured,
    "chat.vision": vision,
    "chat.several": several,
    "chat.logprobs": logprobs,
    "chat.reasoning": reasoning,
    "chat.unknown_fields": unknown_fields,
    "chat.hang_up": hang_up,
}
