"""Messages through the Python package `anthropic`."""

import time
from typing import Any

import anthropic

from tests.clients.drivers.reporting import PIXEL, QUESTION, WEATHER_SCHEMA, Check, Scene

ASKED: Any = [{"role": "user", "content": QUESTION}]
WEATHER: Any = {"name": "get_weather", "description": "Weather of a place", "input_schema": WEATHER_SCHEMA}
TIME: Any = {"name": "get_time", "description": "Time of a place", "input_schema": WEATHER_SCHEMA}
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}
SLOT_SECONDS = 4


def client(scene: Scene, key: str = "", **options: Any) -> anthropic.Anthropic:
    """Return a client of a scene; it tries nothing twice unless told otherwise."""
    given = {"max_retries": 0, "timeout": 30, "base_url": scene.origin, "api_key": key or scene.key}
    return anthropic.Anthropic(**{**given, **options})


def ask(scene: Scene, **fields: Any) -> Any:
    """Return the message that answers the question, unless `fields` says otherwise."""
    with client(scene) as api:
        return api.messages.create(
            **{"model": "sandbox/chat", "max_tokens": 1024, "messages": ASKED, **fields}
        )


def listen(scene: Scene, **fields: Any) -> tuple[list[Any], Any]:
    """Return the raw events of a stream, and the message that the client put together from them."""
    asked = {"model": "sandbox/chat", "max_tokens": 1024, "messages": ASKED, **fields}
    with client(scene) as api:
        events: list[Any] = list(api.messages.create(**asked, stream=True))
        with api.messages.stream(**asked) as stream:
            return events, stream.get_final_message()


def plain(scene: Scene) -> None:
    answer = ask(scene)
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", "sandbox/chat")
    assert [block.type for block in answer.content] == ["text"]
    assert answer.content[0].text
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer.usage.cache_read_input_tokens is not None
    assert answer.usage.cache_creation_input_tokens is not None
    assert answer.credits_charged > 0
    assert answer._request_id, "no header request-id"


def streamed(scene: Scene) -> None:
    whole = ask(scene)
    with client(scene) as api:
        asked: Any = {"model": "sandbox/chat", "max_tokens": 1024, "messages": ASKED}
        with api.messages.stream(**asked) as stream:
            heard = "".join(stream.text_stream)
            final: Any = stream.get_final_message()
    assert heard == final.content[0].text == whole.content[0].text != ""
    assert final.stop_reason == "end_turn"
    assert final.usage.input_tokens == whole.usage.input_tokens
    assert final.usage.output_tokens == whole.usage.output_tokens


def events(scene: Scene) -> None:
    heard, _ = listen(scene)
    kinds = [event.type for event in heard if event.type != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    usage = heard[0].message.usage
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    last = next(event for event in heard if event.type == "message_delta")
    assert last.usage.output_tokens > 0
    assert last.delta.stop_reason == "end_turn"


def tools(scene: Scene) -> None:
    answer = ask(scene, model="sandbox/tool-call", tools=[WEATHER])
    (call,) = [block for block in answer.content if block.type == "tool_use"]
    assert answer.stop_reason == "tool_use"
    assert call.id
    assert call.name == "get_weather"
    assert "location" in call.input


def tools_streamed(scene: Scene) -> None:
    heard, final = listen(scene, model="sandbox/tool-call", tools=[WEATHER])
    (call,) = [block for block in final.content if block.type == "tool_use"]
    deltas = [
        event.delta.type
        for event in heard
        if event.type == "content_block_delta" and event.delta.type == "input_json_delta"
    ]
    assert deltas
    assert call.name == "get_weather"
    assert "location" in call.input
    assert final.stop_reason == "tool_use"


def tools_parallel(scene: Scene) -> None:
    _, final = listen(scene, model="sandbox/parallel-tool-calls", tools=[WEATHER, TIME])
    whole = ask(scene, model="sandbox/parallel-tool-calls", tools=[WEATHER, TIME])
    for answer in (whole, final):
        calls = [block for block in answer.content if block.type == "tool_use"]
        assert len({call.id for call in calls}) == len(calls) == 2
        assert all("location" in call.input for call in calls)


def tool_results(scene: Scene) -> None:
    first = ask(scene, model="sandbox/tool-call", tools=[WEATHER])
    call = next(block for block in first.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "Sunny"}]}
    turns = [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = ask(scene, model="sandbox/tool-call", tools=[WEATHER], messages=[*ASKED, *turns])
    assert second.content[0].text
    assert second.stop_reason == "end_turn"


def thinking(scene: Scene) -> None:
    answer = ask(scene, model="sandbox/reasoning", max_tokens=4096, thinking=THINKING)
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[0].thinking
    assert isinstance(answer.content[0].signature, str)
    turns = [{"role": "assistant", "content": answer.content}, {"role": "user", "content": "And now?"}]
    again = ask(
        scene, model="sandbox/reasoning", max_tokens=4096, thinking=THINKING, messages=[*ASKED, *turns]
    )
    assert again.content[-1].text


def thinking_streamed(scene: Scene) -> None:
    heard, final = listen(scene, model="sandbox/reasoning", max_tokens=4096, thinking=THINKING)
    thoughts = [
        event.delta.thinking
        for event in heard
        if event.type == "content_block_delta" and event.delta.type == "thinking_delta"
    ]
    assert "".join(thoughts) == final.content[0].thinking != ""
    assert final.content[1].text


def vision(scene: Scene) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "text", "text": QUESTION}, {"type": "image", "source": source}]
    answer = ask(scene, model=scene.models["seeing"], messages=[{"role": "user", "content": parts}])
    assert answer.content[0].text
    assert answer.usage.input_tokens > 85, "the upstream counts 85 tokens for an image"


def system(scene: Scene) -> None:
    block = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    marked = ask(scene, system=[block])
    assert marked.content[0].text == ask(scene, system="Be brief.").content[0].text
    assert marked.usage.input_tokens > ask(scene).usage.input_tokens


def stop_sequence(scene: Scene) -> None:
    word = ask(scene).content[0].text.split()[4]
    answer = ask(scene, stop_sequences=[word])
    assert word not in answer.content[0].text
    assert answer.stop_reason in ("stop_sequence", "end_turn")


def count_tokens(scene: Scene) -> None:
    with client(scene) as api:
        short = api.messages.count_tokens(model="sandbox/chat", messages=ASKED)
        long = api.messages.count_tokens(model="sandbox/chat", messages=ASKED, tools=[WEATHER])
    assert 0 < short.input_tokens < long.input_tokens


def base_with_v1(scene: Scene) -> None:
    with client(scene, base_url=scene.base_url) as api:
        answer: Any = api.messages.create(model="sandbox/chat", max_tokens=20, messages=ASKED)
        counted = api.messages.count_tokens(model="sandbox/chat", messages=ASKED)
    assert answer.content[0].text
    assert counted.input_tokens > 0


def bearer(scene: Scene) -> None:
    with client(scene, api_key=None, auth_token=scene.key) as api:
        answer: Any = api.messages.create(model="sandbox/chat", max_tokens=20, messages=ASKED)
    assert answer.content[0].text


def beta(scene: Scene) -> None:
    answer = ask(scene, extra_headers={"anthropic-beta": "made-up-2099-01-01,other-2099-01-01"})
    assert answer.content[0].text


def keep_alive(scene: Scene) -> None:
    began = time.monotonic()
    asked: Any = {"model": scene.models["waiting"], "max_tokens": 1, "messages": ASKED}
    with client(scene) as api, api.messages.stream(**asked) as stream:
        final: Any = stream.get_final_message()
    assert time.monotonic() - began > 10, "the model did not keep the client waiting"
    assert final.content[0].text
    assert final.stop_reason == "max_tokens"


def hang_up(scene: Scene) -> None:
    asked: Any = {"model": scene.models["endless"], "max_tokens": 4096, "messages": ASKED}

    def begin(api: anthropic.Anthropic) -> None:
        with api.messages.stream(**asked) as stream:
            for number, _ in enumerate(stream.text_stream):
                if number == 2:
                    return

    # The plan allows one stream: a second is let in only when the first was noticed to have ended.
    with client(scene, scene.keys["leaver"]) as api:
        begin(api)
        for _ in range(10 * SLOT_SECONDS):
            try:
                return begin(api)
            except anthropic.RateLimitError:
                time.sleep(0.1)
    raise AssertionError(f"the slot of a stream that was left was not free after {SLOT_SECONDS} seconds")


CHECKS: dict[str, Check] = {
    "messages.keep_alive": keep_alive,
    "messages.plain": plain,
    "messages.stream": streamed,
    "messages.stream_events": events,
    "messages.tools": tools,
    "messages.tools_streamed": tools_streamed,
    "messages.tools_parallel": tools_parallel,
    "messages.tool_results": tool_results,
    "messages.thinking": thinking,
    "messages.thinking_streamed": thinking_streamed,
    "messages.vision": vision,
    "messages.system": system,
    "messages.stop_sequence": stop_sequence,
    "messages.count_tokens": count_tokens,
    "messages.base_with_v1": base_with_v1,
    "messages.bearer": bearer,
    "messages.beta": beta,
    "messages.hang_up": hang_up,
}
